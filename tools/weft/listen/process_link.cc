#include "tools/weft/listen/process_link.h"

#include <algorithm>
#include <exception>
#include <optional>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "tools/weft/piped_input.h"
#include "tools/weft/write_all.h"
#include "weft/core/frame/opcode.h"

namespace weft::cli {
namespace {

// std::thread throws if the system has no more threads, or no memory for them.
absl::StatusOr<std::thread> StartThread(const std::function<void()>& run) {
#if defined(__cpp_exceptions)
  try {
#endif
    return std::thread(run);
#if defined(__cpp_exceptions)
  } catch (const std::exception& exception) {
    return absl::UnavailableError(absl::StrCat("cannot start a thread: ", exception.what()));
  }
#endif
}

// The memory that bytes take while they wait; they may be few.
size_t MemoryOf(const std::string& bytes) { return bytes.size() + sizeof(bytes); }

}  // namespace

bool LinkCount::Add() {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (count_ == max_) return false;
  ++count_;
  return true;
}

void LinkCount::Remove() {
  const std::lock_guard<std::mutex> lock(mutex_);
  --count_;
  changed_.notify_all();
}

void LinkCount::AwaitNone() {
  std::unique_lock<std::mutex> lock(mutex_);
  changed_.wait(lock, [this] { return count_ == 0; });
}

absl::StatusOr<std::shared_ptr<ProcessLink>> ProcessLink::Create(const ExecOptions& options,
                                                                 SessionRef session, Hooks hooks) {
  absl::StatusOr<Notification> no_output = Notification::Create();
  if (!no_output.ok()) return no_output.status();
  absl::StatusOr<Notification> no_input = Notification::Create();
  if (!no_input.ok()) return no_input.status();
  return std::make_shared<ProcessLink>(options, std::move(session), std::move(hooks),
                                       *std::move(no_output), *std::move(no_input));
}

ProcessLink::ProcessLink(const ExecOptions& options, SessionRef session, Hooks hooks,
                         Notification no_output, Notification no_input)
    : options_(options),
      session_(std::move(session)),
      hooks_(std::move(hooks)),
      no_output_(std::move(no_output)),
      no_input_(std::move(no_input)) {}

bool ProcessLink::Start(const std::shared_ptr<ProcessLink>& link,
                        std::vector<std::string> environment,
                        const std::shared_ptr<LinkCount>& count) {
  if (!count->Add()) return false;
  // Removes the link from the count when Run() has returned, and also if no thread can be started.
  std::shared_ptr<LinkCount> counted(count.get(), [count](LinkCount* links) { links->Remove(); });
  std::thread([link, environment = std::move(environment), counted = std::move(counted)] {
    link->Run(environment, counted->hurry());
  }).detach();
  return true;
}

// ---- The session's loop ----

bool ProcessLink::Write(absl::string_view payload) {
  const Lock lock(mutex_);
  if (input_ended_) return true;  // the process reads no more
  std::string bytes = absl::StrCat(payload, options_.binary ? "" : "\n");
  if (bytes.empty()) return true;
  waiting_bytes_ += MemoryOf(bytes);
  waiting_.push_back(std::move(bytes));
  held_ = waiting_bytes_ > kMaxWaitingBytes;
  changed_.notify_all();
  return !held_;
}

void ProcessLink::OnWritable() {
  const Lock lock(mutex_);
  unsent_bytes_ -= std::exchange(parked_bytes_, 0);
  changed_.notify_all();
}

void ProcessLink::OnClose() {
  {
    const Lock lock(mutex_);
    session_ended_ = true;
    changed_.notify_all();
  }
  no_output_.Notify();
  EndInput(/*discard=*/false);
}

void ProcessLink::DidSend(size_t size, bool room) {
  const Lock lock(mutex_);
  (room ? unsent_bytes_ : parked_bytes_) += room ? -size : size;
  changed_.notify_all();
}

// ---- The thread that reads ----

void ProcessLink::Run(const std::vector<std::string>& environment, const Notification* hurry) {
  absl::StatusOr<ChildProcess> process = ChildProcess::Start(options_.command, environment);
  if (!process.ok()) return Fail(process.status().message());
  absl::StatusOr<std::thread> writer = StartThread([&] { WriteInput(*process); });
  if (!writer.ok()) {
    Fail(writer.status().message());
    process->input.reset();
    process->output.reset();
    process->End(options_.grace, hurry);
    return;
  }
  const absl::Status output = ReadOutput(*process);
  process->output.reset();
  // It may have closed its output only: its shell does for "cat >file".
  if (output.ok()) process->AwaitEnd(no_output_);
  EndInput(/*discard=*/false);
  const ChildProcess::Exit exit = process->End(options_.grace, hurry);
  no_input_.Notify();
  EndInput(/*discard=*/true);
  writer->join();
  if (absl::IsCancelled(output)) return;  // the session has ended
  if (!output.ok()) {
    options_.complain(output.message());
    return CloseSession(CloseCode::kInternalError, output.message());
  }
  if (exit.code == 0 || exit.was_told) return CloseSession(CloseCode::kNormal, "");
  options_.complain(absl::StrCat("the command ended with ", exit.ToString()));
  CloseSession(CloseCode::kInternalError, exit.ToString());
}

// The session has no process.
void ProcessLink::Fail(absl::string_view what) {
  options_.complain(what);
  CloseSession(CloseCode::kInternalError, "the command cannot be started");
  EndInput(/*discard=*/true);
  const Lock lock(mutex_);
  Resume();  // to receive a Close frame
}

// Sends the output to its end. Cancelled if the session has ended.
absl::Status ProcessLink::ReadOutput(ChildProcess& process) {
  PipedInput output(process.output.get(), options_.binary ? Split::kStream : Split::kLines,
                    no_output_);
  std::string message;
  while (true) {
    const absl::StatusOr<std::optional<PipedInput::Piece>> piece = output.Next();
    if (!piece.ok()) return piece.status();
    if (!piece->has_value()) return absl::OkStatus();
    if ((*piece)->bytes.size() > options_.max_line_bytes - message.size()) {
      return absl::ResourceExhaustedError(absl::StrCat("the command wrote a line of more than ",
                                                       options_.max_line_bytes,
                                                       " bytes; see --max-message-bytes"));
    }
    absl::StrAppend(&message, (*piece)->bytes);
    if (!(*piece)->last) continue;
    if (absl::Status status = Send(std::exchange(message, "")); !status.ok()) return status;
  }
}

// Waits for room, and sends.
absl::Status ProcessLink::Send(std::string message) {
  const size_t size = message.size() + 1;  // an empty one takes room, too
  {
    Lock lock(mutex_);
    changed_.wait(lock, [this] { return session_ended_ || unsent_bytes_ < kMaxUnsentBytes; });
    if (session_ended_) return absl::CancelledError("the session has ended");
    unsent_bytes_ += size;
  }
  // The queue may be full before unsent_bytes_ says so: a small message takes more room in it, and
  // its limit follows --max-message-bytes.
  const SendOptions wait = {.timeout = absl::InfiniteDuration()};
  const absl::Status sent = options_.binary ? session_.SendBinary(std::move(message), wait)
                                            : session_.SendText(std::move(message), wait);
  if (absl::IsFailedPrecondition(sent)) return absl::CancelledError("the session has ended");
  if (absl::IsInvalidArgument(sent)) {
    return absl::InvalidArgumentError("the command wrote a line that is not UTF-8; see --binary");
  }
  if (!sent.ok()) return sent;
  // The link outlives the session's callbacks: its handler keeps it.
  const absl::Status posted =
      session_.Post([this, size](Session& /*session*/) { DidSend(size, hooks_.has_room()); });
  return absl::IsFailedPrecondition(posted) ? absl::CancelledError("the session has ended")
                                            : posted;
}

void ProcessLink::CloseSession(CloseCode code, absl::string_view reason) {
  session_.Close(code, reason).IgnoreError();  // it may have ended
}

// ---- The thread that writes ----

void ProcessLink::WriteInput(ChildProcess& process) {
  while (true) {
    std::string bytes;
    {
      Lock lock(mutex_);
      changed_.wait(lock, [this] { return input_ended_ || !waiting_.empty(); });
      if (waiting_.empty()) break;
      bytes = std::move(waiting_.front());
      waiting_.pop_front();
    }
    const size_t size = MemoryOf(bytes);
    const absl::Status written = WriteAll(process.input.get(), bytes, "", &no_input_);
    if (!written.ok()) EndInput(/*discard=*/true);  // the process reads no more
    const Lock lock(mutex_);
    waiting_bytes_ -= std::min(waiting_bytes_, size);
    if (waiting_bytes_ <= kMaxWaitingBytes / 2) Resume();
  }
  process.input.reset();
  const Lock lock(mutex_);
  Resume();  // to receive a Close frame
}

// With the lock.
void ProcessLink::Resume() {
  if (!std::exchange(held_, false)) return;
  const absl::Status posted = session_.Post([this](Session& /*session*/) { hooks_.resume(); });
  // Otherwise nobody would read from the client again.
  if (!posted.ok()) CloseSession(CloseCode::kTryAgainLater, posted.message());
}

// Messages that wait are still written, unless they are discarded: the process reads no more.
void ProcessLink::EndInput(bool discard) {
  const Lock lock(mutex_);
  input_ended_ = true;
  if (discard) {
    waiting_.clear();
    waiting_bytes_ = 0;
  }
  changed_.notify_all();
}

}  // namespace weft::cli
