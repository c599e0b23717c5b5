#include "tools/weft/session.h"

#include <algorithm>
#include <csignal>
#include <optional>
#include <string>
#include <thread>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "tools/weft/exit_code.h"
#include "tools/weft/format.h"
#include "tools/weft/piped_input.h"
#include "weft/core/frame/close_code.h"
#include "weft/core/frame/opcode.h"
#include "weft/core/message.h"
#include "weft/transport/deadline.h"

namespace weft::cli {

using Lock = std::unique_lock<std::mutex>;

namespace {

// Practically unlimited, but small enough for a clock.
constexpr absl::Duration kLongWait = absl::Hours(24 * 365);

}  // namespace

Session::Session(const ConnectOptions& options, Client& client, Console& console,
                 LineEditor* editor, int input_fd, const Notification& stop)
    : options_(options),
      client_(client),
      console_(console),
      editor_(editor),
      input_fd_(input_fd),
      stop_(stop) {}

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
    const absl::StatusOr<Message> message = client_.Receive(ping.Remaining());
    if (message.ok()) {
      if (!Received(*message)) break;
    } else if (!client_.status().ok()) {
      break;
    }
    if (ping.HasPassed()) {
      client_.SendPing().IgnoreError();  // Receive() returns the reason
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
  output_ = shown;
  ++received_;
  changed_.notify_all();
  return output_.ok() && received_ != options_.receive;
}

// ---- The sending thread ----

// Returns when there is no more to send and no reason to wait.
absl::Status Session::SendInput() {
  for (const std::string& message : options_.messages) {
    if (absl::Status status = Send(message); !status.ok()) return status;
  }
  return editor_ != nullptr ? SendLines() : SendPiped();
}

absl::Status Session::SendLines() {
  std::string line;
  while (true) {
    switch (editor_->ReadLine(&line)) {
      case LineEditor::Typed::kLine:
        if (line.empty()) break;
        if (absl::Status status = Send(line); !status.ok()) console_.Complain(status.message());
        break;
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
  const Opcode opcode = options_.binary ? Opcode::kBinary : Opcode::kText;
  PipedInput input(input_fd_, options_.split, stop_);
  bool first = true;
  while (true) {
    const absl::StatusOr<std::optional<PipedInput::Piece>> piece = input.Next();
    if (absl::IsCancelled(piece.status())) return absl::OkStatus();
    if (!piece.ok()) return piece.status();
    if (!piece->has_value()) break;
    const auto& [bytes, last] = **piece;
    absl::Status sent = first && last ? Send(bytes) : client_.SendFragment(opcode, bytes, last);
    if (!sent.ok()) return sent;
    first = last;
  }
  AwaitSilence();
  return absl::OkStatus();
}

absl::Status Session::Send(absl::string_view payload) {
  return options_.binary ? client_.SendBinary(payload) : client_.SendText(payload);
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
  client_.SendClose(options_.close_code, options_.close_reason).IgnoreError();
  {
    Lock lock(mutex_);
    changed_.wait_for(lock, absl::ToChronoNanoseconds(options_.close_timeout),
                      [this] { return receiver_done_; });
  }
  client_.Close().IgnoreError();  // Finish() reports the error
}

// Reports how the connection ended, and returns the exit code.
int Session::Finish(const absl::Status& input) {
  const Lock lock(mutex_);
  if (absl::IsCancelled(output_)) return kSignal + SIGPIPE;
  if (signal_ != 0) return kSignal + signal_;
  if (!output_.ok()) {
    console_.Complain(output_.message());
    return kWrongUsage;
  }
  const absl::Status end = client_.status();
  const CloseInfo info = client_.close_info();
  const CloseCode code = info.code;
  const std::string close = DescribeClose(code, info.reason);
  if (absl::IsFailedPrecondition(end)) {  // closed here
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
    if (signal_ != 0) return client_.Cancel();
    signal_ = signal;
  }
  Stop();
}

}  // namespace weft::cli
