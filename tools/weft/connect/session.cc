#include "tools/weft/connect/session.h"

#include <algorithm>
#include <csignal>
#include <optional>
#include <string>
#include <thread>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "tools/weft/connect/typed_command.h"
#include "tools/weft/exit_code.h"
#include "tools/weft/format.h"
#include "tools/weft/json_line.h"
#include "weft/core/frame/close_code.h"
#include "weft/core/frame/close_info.h"
#include "weft/core/frame/opcode.h"
#include "weft/core/message.h"
#include "weft/transport/deadline.h"

namespace weft::cli {

using Lock = std::unique_lock<std::mutex>;

namespace {

// Practically unlimited, but small enough for a clock.
constexpr absl::Duration kLongWait = absl::Hours(24 * 365);

}  // namespace

Session::Session(const ConnectOptions& options, Link& link, Console& console, LineEditor* editor,
                 int input_fd, const Notification& stop)
    : options_(options),
      link_(link),
      console_(console),
      editor_(editor),
      input_fd_(input_fd),
      stop_(stop),
      close_code_(options.close_code),
      close_reason_(options.close_reason) {}

int Session::Run() {
  std::thread receiver([this] { ReceiveAll(); });
  const absl::Status input = SendInput();
  Close();
  receiver.join();
  return Finish(input);
}

// ---- The receiving thread ----

void Session::ReceiveAll() {
  Deadline ping = Deadline::After(options_.ping);
  while (true) {
    const absl::StatusOr<Message> message = link_.Receive(ping.Remaining());
    if (message.ok()) {
      if (!Received(*message)) break;
    } else if (!link_.status().ok()) {
      break;
    }
    if (ping.HasPassed()) {
      link_.SendPing().IgnoreError();  // Receive() returns the reason
      ping = Deadline::After(options_.ping);
    }
  }
  {
    const Lock lock(mutex_);
    receiver_done_ = true;
  }
  Stop();
}

// False if it was the last message requested.
bool Session::Received(const Message& message) {
  const absl::Status shown = console_.Show(message);
  const Lock lock(mutex_);
  // A process that reads no more may still write.
  if (!absl::IsCancelled(shown) || options_.exec.empty()) output_ = shown;
  ++received_;
  changed_.notify_all();
  return output_.ok() && received_ != options_.receive;
}

// ---- The sending thread ----

// Returns when there is no more to send and no reason to wait.
absl::Status Session::SendInput() {
  // With --reconnect they are sent on each connection, by Connect().
  for (const std::string& message : options_.messages) {
    if (options_.reconnect) break;
    if (absl::Status status = Send(message); !status.ok()) return status;
  }
  return editor_ != nullptr ? SendLines() : SendPiped();
}

absl::Status Session::SendLines() {
  std::string line;
  while (true) {
    switch (editor_->ReadLine(&line)) {
      case LineEditor::Typed::kLine:
        if (line.empty() || SendTyped(line)) break;
        return absl::OkStatus();
      case LineEditor::Typed::kInterrupted: {
        const Lock lock(mutex_);
        signal_ = SIGINT;
        return absl::OkStatus();
      }
      case LineEditor::Typed::kEnd:
      case LineEditor::Typed::kStopped:
        return absl::OkStatus();
    }
  }
}

absl::Status Session::SendPiped() {
  PipedInput input(input_fd_, options_.split, stop_);
  bool first = true;
  while (true) {
    const absl::StatusOr<std::optional<PipedInput::Piece>> piece = input.Next();
    if (absl::IsCancelled(piece.status())) return absl::OkStatus();
    if (!piece.ok()) return piece.status();
    if (!piece->has_value()) break;
    if (absl::Status sent = SendPiece(**piece, first); !sent.ok()) return sent;
    first = (*piece)->last;
  }
  AwaitSilence();
  return absl::OkStatus();
}

absl::Status Session::Send(absl::string_view payload) {
  return Send(options_.binary ? Opcode::kBinary : Opcode::kText, payload);
}

// A message that could not be sent because the connection was lost is sent again on the next one.
// It may then arrive twice.
absl::Status Session::Send(Opcode opcode, absl::string_view payload) {
  while (true) {
    absl::Status sent = link_.Send(opcode, payload);
    if (!options_.reconnect || !absl::IsUnavailable(sent) || !AwaitConnection()) return sent;
  }
}

absl::Status Session::SendPiece(const PipedInput::Piece& piece, bool first) {
  if (first && piece.last) return Send(piece.bytes);
  const Opcode opcode = options_.binary ? Opcode::kBinary : Opcode::kText;
  absl::Status sent = link_.SendFragment(opcode, piece.bytes, piece.last);
  if (!options_.reconnect || !absl::IsUnavailable(sent)) return sent;
  return absl::UnavailableError(
      absl::StrCat("a message of more than ", PipedInput::kMaxPieceBytes,
                   " bytes was lost with the connection: ", sent.message()));
}

// False if there will be none, which Finish() reports.
bool Session::AwaitConnection() {
  constexpr absl::Duration kTurn = absl::Milliseconds(100);  // to look for a signal
  while (!stop_.HasBeenNotified()) {
    const absl::Status status = link_.AwaitConnection(kTurn);
    if (!absl::IsDeadlineExceeded(status)) return status.ok();
  }
  return false;
}

// Sends a typed line, or does what it says. False if it closes the connection.
bool Session::SendTyped(absl::string_view line) {
  using Kind = TypedCommand::Kind;
  const absl::StatusOr<TypedCommand> typed = ParseTyped(line);
  absl::Status status = typed.status();
  if (status.ok()) {
    switch (typed->kind) {
      case Kind::kSend:
        status = Send(typed->payload);
        break;
      case Kind::kBinary:
        status = Send(Opcode::kBinary, typed->payload);
        break;
      case Kind::kPing:
        console_.AskForRoundTrip();
        status = link_.SendPing();
        break;
      case Kind::kClose:
        close_code_ = typed->code;
        close_reason_ = typed->payload;
        return false;
      case Kind::kHelp:
        console_.Tell(TypedHelp());
        break;
    }
  }
  if (!status.ok()) console_.Complain(status.message());
  return true;
}

// Waits until no message has come for options_.wait.
void Session::AwaitSilence() {
  const auto wait = absl::ToChronoNanoseconds(std::min(options_.wait, kLongWait));
  Lock lock(mutex_);
  uint64_t received;
  do {
    received = received_;
    changed_.wait_for(lock, wait, [&] { return stopped_ || received_ != received; });
  } while (!stopped_ && (received_ != received || options_.wait >= kLongWait));
}

// ---- The end ----

// Messages that the server sends before it answers are still received.
void Session::Close() {
  link_.StartClose(close_code_, close_reason_);
  {
    Lock lock(mutex_);
    changed_.wait_for(lock, absl::ToChronoNanoseconds(options_.close_timeout),
                      [this] { return receiver_done_; });
  }
  link_.FinishClose();   // Finish() reports the error
  console_.EndOutput();  // the receiver may wait for a process that does not read
}

// For scripts: who closed is "client" or "server", or why nobody did, as in Client::close_info().
void Session::TellClose() {
  const absl::Status end = link_.status();
  const CloseInfo info = link_.close_info();
  const bool by_client = absl::IsFailedPrecondition(end) || absl::IsCancelled(end) ||
                         info.by == ClosedBy::kApplication;
  const bool by_server = !by_client && info.by == ClosedBy::kPeer;
  JsonLine line("close", absl::Now());
  line.Add("code", static_cast<int>(info.code))
      .Add("reason", info.reason)
      .Add("by", by_client   ? "client"
                 : by_server ? "server"
                             : NameOf(info.by));
  if (!absl::IsFailedPrecondition(end) && !by_server) line.Add("message", end.message());
  console_.Event(line);
}

// Reports how the connection ended, and returns the exit code.
int Session::Finish(const absl::Status& input) {
  const Lock lock(mutex_);
  if (absl::IsCancelled(output_)) return kSignal + SIGPIPE;
  if (output_.ok()) TellClose();
  if (signal_ != 0) return kSignal + signal_;
  if (!output_.ok()) {
    console_.Complain(output_.message());
    return kWrongUsage;
  }
  const absl::Status end = link_.status();
  const CloseInfo info = link_.close_info();
  const CloseCode code = info.code;
  const std::string close = DescribeClose(code, info.reason);
  const bool by_us = absl::IsFailedPrecondition(end);
  if (by_us) {
    if (!input.ok()) console_.Complain(input.message());
    console_.Note(absl::StrCat("closed: ", close));
    if (absl::IsDeadlineExceeded(input)) return kClosedOtherwise;  // the server does not read
    return input.ok() ? kOrderly : kWrongUsage;
  }
  if (!absl::IsUnavailable(end) || code == CloseCode::kAbnormal) {
    const bool too_big = absl::IsResourceExhausted(end) && code == CloseCode::kMessageTooBig;
    console_.Complain(absl::StrCat(end.message(), too_big ? "; see --max-message-bytes" : ""));
    return kClosedOtherwise;
  }
  const std::string closed = absl::StrCat("closed by the server: ", close);
  if (code == CloseCode::kNormal || code == CloseCode::kGoingAway || code == CloseCode::kNoStatus) {
    console_.Note(closed);
    return kOrderly;
  }
  console_.Complain(closed);
  return kClosedOtherwise;
}

// Ends the input. Callable from any thread.
void Session::Stop() {
  {
    const Lock lock(mutex_);
    stopped_ = true;
    changed_.notify_all();
  }
  stop_.Notify();
  if (editor_ != nullptr) editor_->Stop();
}

void Session::Signal(int signal) {
  if (signal == SIGINT && editor_ != nullptr && editor_->Interrupt()) return;
  {
    const Lock lock(mutex_);
    if (signal_ != 0) {
      link_.Cancel();
      return console_.EndOutput();
    }
    signal_ = signal;
  }
  Stop();
}

}  // namespace weft::cli
