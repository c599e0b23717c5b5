#include "weft/server/pooled_handler.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "weft/core/frame/frame.h"
#include "weft/server/server_options.h"
#include "weft/server/session.h"
#include "weft/server/worker.h"

namespace weft {

PooledHandler::PooledHandler(Worker& worker, Session& session, std::unique_ptr<Handler> handler)
    : worker_(worker),
      session_(session),
      ref_(session.ref()),
      pool_(*worker.group().handler_pool()),
      handler_(std::move(handler)) {}

PooledHandler::~PooledHandler() = default;

// ---- What the loop says ----

void PooledHandler::OnOpen(Session& /*session*/) {
  std::unique_lock<std::mutex> lock(mutex_);
  open_due_ = true;
  StartTurn(std::move(lock));
}

void PooledHandler::OnMessage(Session& /*session*/, const Message& message) {
  const size_t cost = SendQueue::CostOf(message.payload.size(), "");
  Budget& budget = worker_.mailbox()->budget();
  if (!budget.Take(cost)) {
    worker_.DropLargest(&session_, cost);
    if (!budget.Take(cost)) return session_.OutOfMemory();
  }
  Reservation reservation(&budget, cost);
  std::list<Waiting> waiting;
  waiting.push_back({message, std::string(message.payload), std::move(reservation)});
  waiting.front().message.payload = waiting.front().payload;
  const ServerOptions& options = worker_.options();

  std::unique_lock<std::mutex> lock(mutex_);
  if (discards_) return;
  bytes_ += message.payload.size();
  messages_.splice(messages_.end(), waiting);
  if (messages_.size() >= options.max_waiting_messages || bytes_ >= options.max_waiting_bytes) {
    resumes_at_half_ = true;
    session_.Hold();
  }
  StartTurn(std::move(lock));
}

void PooledHandler::OnWritable(Session& /*session*/) {
  std::unique_lock<std::mutex> lock(mutex_);
  if (ending_.has_value()) return;
  writable_due_ = true;
  StartTurn(std::move(lock));
}

void PooledHandler::OnClose(Session& /*session*/, CloseCode code, absl::string_view reason) {
  std::unique_lock<std::mutex> lock(mutex_);
  ending_ = Ending{code, std::string(reason)};
  StartTurn(std::move(lock));
}

void PooledHandler::KeepClose(CloseCode code, absl::string_view reason) {
  const std::lock_guard<std::mutex> lock(mutex_);
  kept_close_ = Ending{code, std::string(reason)};
  resumes_when_idle_ = at_work_;
  // An answer of a handler that is idle again may still be on its way: this arrives after it.
  if (!at_work_) ResumeSession();
}

size_t PooledHandler::waiting_bytes() {
  const std::lock_guard<std::mutex> lock(mutex_);
  return bytes_;
}

Moment PooledHandler::LastAtWork(int64_t now_ms) {
  const std::lock_guard<std::mutex> lock(mutex_);
  return at_work_ ? Moment(now_ms) : last_at_work_;
}

void PooledHandler::Discard() {
  std::list<Waiting> discarded;
  const std::lock_guard<std::mutex> lock(mutex_);
  discards_ = true;
  bytes_ = 0;
  discarded.swap(messages_);
  // `discarded` outlives the lock: what it holds is freed after that is released.
}

// ---- Turns ----

void PooledHandler::StartTurn(std::unique_lock<std::mutex> lock) {
  if (std::exchange(at_work_, true)) return;
  lock.unlock();
  pool_.Schedule([this] { TakeTurn(); });
}

// One call for each turn, where others wait for theirs.
void PooledHandler::TakeTurn() {
  do {
    if (!CallHandler()) return;  // and this may be gone
  } while (!pool_.has_waiting());
  pool_.Schedule([this] { TakeTurn(); });
}

// Calls the handler; one that throws is called for the end only.
template <typename Function>
void PooledHandler::Guarded(const char* what, Function call) {
  if (failed_ || worker_.guard().Run(what, call)) return;
  failed_ = closing_ = true;
  Discard();
  worker_.mailbox()->Post([&session = session_] {
    session.HandlerFailed();
    session.Flush();
  });
}

// False when there was nothing to call it for, or never will be again.
bool PooledHandler::CallHandler() {
  std::list<Waiting> message;
  switch (Next(&message)) {
    case Call::kNone:
      return false;
    case Call::kOpen:
      Guarded("OnOpen", [&] { handler_->OnOpen(session_); });
      return true;
    case Call::kWritable:
      asked_for_writable_ = false;
      Guarded("OnWritable", [&] { handler_->OnWritable(session_); });
      return true;
    case Call::kMessage:
      Guarded("OnMessage", [&] { handler_->OnMessage(session_, message.front().message); });
      return true;
    case Call::kClose:
      break;
  }
  closing_ = true;
  worker_.guard().Run("OnClose",
                      [this] { handler_->OnClose(session_, ending_->code, ending_->reason); });
  handler_.reset();
  // The session, and this with it, is destroyed as soon as the loop knows.
  const std::shared_ptr<Mailbox> mailbox = worker_.mailbox();
  mailbox->Post([&session = session_] { session.HandlerIsDone(); });
  return false;
}

PooledHandler::Call PooledHandler::Next(std::list<Waiting>* message) {
  std::list<Waiting> discarded;
  const std::lock_guard<std::mutex> lock(mutex_);
  if (std::exchange(open_due_, false)) return Call::kOpen;
  if (std::exchange(writable_due_, false)) return Call::kWritable;
  if (worker_.stopping()) discarded.swap(messages_);
  if (!messages_.empty()) {
    TakeMessage(message);
    return Call::kMessage;
  }
  if (ending_.has_value()) return Call::kClose;
  at_work_ = false;
  last_at_work_ = Moment(worker_.options().clock->NowMs());
  // Under the lock: without it the session could be told its end, and be destroyed, meanwhile.
  if (std::exchange(resumes_when_idle_, false)) ResumeSession();
  return Call::kNone;
}

void PooledHandler::TakeMessage(std::list<Waiting>* message) {
  message->splice(message->begin(), messages_, messages_.begin());
  bytes_ -= message->front().payload.size();
  const ServerOptions& options = worker_.options();
  if (resumes_at_half_ && messages_.size() <= options.max_waiting_messages / 2 &&
      bytes_ <= options.max_waiting_bytes / 2) {
    resumes_at_half_ = false;
    ResumeSession();
  }
}

void PooledHandler::ResumeSession() {
  worker_.mailbox()->Post([&session = session_] { session.Resume(); });
}

// ---- What the handler asks of its session ----

absl::Status PooledHandler::CheckOpen() const {
  if (closing_) return absl::FailedPreconditionError("the session is closing");
  return absl::OkStatus();
}

absl::Status PooledHandler::Send(WaitingMessage message, const SendOptions& options) {
  if (absl::Status status = CheckOpen(); !status.ok()) return status;
  return DidSend(ref_.Send(std::move(message), options));
}

absl::Status PooledHandler::SendFragment(Opcode opcode, absl::string_view payload, bool fin,
                                         Compress compress) {
  if (absl::Status status = CheckOpen(); !status.ok()) return status;
  FragmentedMessage next = fragments_;  // one that is refused changes nothing
  if (absl::Status status = next.Add(opcode, payload, fin); !status.ok()) return status;
  absl::Status status = ref_.PostSized(
      payload.size(), [opcode, payload = std::string(payload), fin, compress](Session& session) {
        session.QueueFragment(opcode, payload, fin, compress).IgnoreError();
      });
  if (status.ok()) fragments_ = next;
  return DidSend(std::move(status));
}

absl::Status PooledHandler::SendPing(absl::string_view payload) {
  if (absl::Status status = CheckOpen(); !status.ok()) return status;
  if (payload.size() > kMaxControlPayload) {
    return absl::InvalidArgumentError(
        absl::StrCat("a ping carries at most 125 bytes, not ", payload.size()));
  }
  return ref_.PostSized(payload.size(), [payload = std::string(payload)](Session& session) {
    session.SendPing(payload).IgnoreError();
  });
}

absl::Status PooledHandler::Close(CloseCode code, absl::string_view reason) {
  if (absl::Status status = CheckOpen(); !status.ok()) return status;
  absl::Status status = ref_.Close(code, reason);
  closing_ = status.ok();
  return status;
}

void PooledHandler::Terminate() {
  closing_ = true;
  Discard();
  ref_.Post([](Session& session) { session.Terminate(); }).IgnoreError();
}

size_t PooledHandler::queued_bytes() {
  const size_t queued = ref_.queued_bytes();
  // Who sees this stops, and waits for OnWritable, even if the loop never saw so much at once.
  if (queued >= worker_.high_mark_bytes()) AskForWritable();
  return queued;
}

// Handler::OnWritable follows where the queue was at its high mark, or a send was refused for want
// of room.
absl::Status PooledHandler::DidSend(absl::Status status) {
  const bool full = queued_bytes() > worker_.low_mark_bytes();
  const bool refused = absl::IsResourceExhausted(status) || absl::IsDeadlineExceeded(status);
  if (refused && full) AskForWritable();
  return status;
}

void PooledHandler::AskForWritable() {
  if (std::exchange(asked_for_writable_, true)) return;
  ref_.Post([](Session& session) { session.TellWhenWritable(); }).IgnoreError();
}

}  // namespace weft
