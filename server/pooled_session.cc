#include "weft/server/pooled_session.h"

#include <algorithm>
#include <map>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "weft/core/frame/frame.h"
#include "weft/server/server_options.h"

namespace weft {

PooledSession::PooledSession(LoopContext& context, LoopSession& session,
                             std::unique_ptr<Handler> handler)
    : context_(context),
      session_(session),
      ref_(session.ref()),
      pool_(*context.group().handler_pool()),
      compressed_(session.compressed()),
      handler_(std::move(handler)) {}

PooledSession::~PooledSession() = default;

// ---- Callbacks of the loop ----

void PooledSession::OnOpen(Session& /*session*/) {
  std::unique_lock<std::mutex> lock(mutex_);
  open_due_ = true;
  StartTurn(std::move(lock));
}

void PooledSession::OnMessage(Session& /*session*/, const Message& message) {
  std::optional<Reservation> reservation =
      session_.ReserveForHandler(SendQueue::CostOf(message.payload.size(), ""));
  if (!reservation.has_value()) return;
  std::list<Waiting> waiting;
  waiting.push_back({message, std::string(message.payload), *std::move(reservation)});
  waiting.front().message.payload = waiting.front().payload;
  const ServerOptions& options = context_.options();

  std::unique_lock<std::mutex> lock(mutex_);
  if (discards_) return;
  bytes_ += message.payload.size();
  messages_.splice(messages_.end(), waiting);
  if (messages_.size() >= options.limits.max_waiting_messages ||
      bytes_ >= options.limits.max_waiting_bytes) {
    resumes_at_half_ = true;
    session_.HoldReading();
  }
  StartTurn(std::move(lock));
}

void PooledSession::OnWritable(Session& /*session*/) {
  std::unique_lock<std::mutex> lock(mutex_);
  if (ending_.has_value()) return;
  writable_due_ = true;
  StartTurn(std::move(lock));
}

void PooledSession::OnClose(Session& /*session*/, const CloseInfo& info) {
  std::unique_lock<std::mutex> lock(mutex_);
  ending_ = info;
  StartTurn(std::move(lock));
}

void PooledSession::KeepClose() {
  keeps_close_ = true;
  const std::lock_guard<std::mutex> lock(mutex_);
  resumes_when_idle_ = at_work_;
  // An answer of a handler that is idle may still be in the mailbox: the task is posted after it.
  if (!at_work_) ResumeSession();
}

size_t PooledSession::waiting_bytes() {
  const std::lock_guard<std::mutex> lock(mutex_);
  return bytes_;
}

Moment PooledSession::LastServed(int64_t now_ms) {
  const std::lock_guard<std::mutex> lock(mutex_);
  return serves_client_ || open_due_ || !messages_.empty() ? Moment(now_ms) : last_served_;
}

void PooledSession::Discard() {
  std::list<Waiting> discarded;
  const std::lock_guard<std::mutex> lock(mutex_);
  discards_ = true;
  bytes_ = 0;
  discarded.swap(messages_);
  // `discarded` outlives the lock, so its messages are freed after the lock is released. Callbacks
  // are destroyed by the handler's thread: DropCallbacks().
}

// ---- Callbacks ----

void PooledSession::TakePosted(SessionRef::HeldCallback posted) {
  std::list<Due> due;
  due.push_back({TimerId(), std::move(posted)});
  std::unique_lock<std::mutex> lock(mutex_);
  if (discards_ || ending_.has_value()) return lock.unlock();
  due_.splice(due_.end(), due);
  StartTurn(std::move(lock));
}

void PooledSession::TellTopic(absl::string_view topic, const TopicEvent& event, uint64_t number) {
  const auto call = [this, topic = std::string(topic), event, number](Session& /*session*/) {
    handler_->OnTopic(*this, topic, event);
    // After the messages that the handler has sent.
    context_.mailbox()->Post(
        [&session = session_, topic, number] { session.TopicTold(topic, number); });
  };
  TakePosted({call, Reservation(&context_.mailbox()->budget(), /*bytes=*/0)});
}

void PooledSession::TakeDueTimers(int64_t now_ms) {
  std::unique_lock<std::mutex> lock(mutex_);
  if (discards_ || ending_.has_value()) return;
  while (auto node = timers_.TakeDue(now_ms)) {
    due_.push_back({node.key(), std::move(node.mapped())});
  }
  if (!due_.empty()) StartTurn(std::move(lock));
}

int64_t PooledSession::first_timer_ms() {
  const std::lock_guard<std::mutex> lock(mutex_);
  return timers_.next_ms();
}

absl::StatusOr<TimerId> PooledSession::RunAfter(absl::Duration delay, SessionCallback callback) {
  absl::StatusOr<SessionRef::HeldCallback> held =
      HoldCallback<Session>(*context_.mailbox(), std::move(callback));
  if (!held.ok()) return held.status();
  TimerId id;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (discards_ || ending_.has_value()) {
      return absl::FailedPreconditionError("the session has ended");
    }
    const int64_t now_ms = context_.options().for_tests.clock->NowMs();
    id = timers_.Add(EventLoop::DeadlineAfter(delay, now_ms), *std::move(held));
    if (timers_.next_ms() < id.deadline_ms) return id;
  }
  ref_.PostTask([](LoopSession& session) { session.ArmCallbackTimer(); }).IgnoreError();
  return id;
}

bool PooledSession::CancelTimer(TimerId timer) {
  std::list<Due> cancelled;  // destroyed after the lock is released, as is the node
  DeadlineQueue<SessionRef::HeldCallback>::Node node;
  const std::lock_guard<std::mutex> lock(mutex_);
  node = timers_.Remove(timer);
  if (!node.empty() || timer == TimerId()) return !node.empty();
  const auto due =
      std::find_if(due_.begin(), due_.end(), [&](const Due& each) { return each.timer == timer; });
  if (due == due_.end()) return false;
  cancelled.splice(cancelled.begin(), due_, due);
  return true;
}

void PooledSession::DropCallbacks() {
  std::list<Due> due;
  std::map<TimerId, SessionRef::HeldCallback> timers;
  const std::lock_guard<std::mutex> lock(mutex_);
  due.swap(due_);
  timers = timers_.TakeAll();
}

// ---- Turns ----

void PooledSession::StartTurn(std::unique_lock<std::mutex> lock) {
  if (std::exchange(at_work_, true)) return;
  lock.unlock();
  pool_.Schedule([this] { TakeTurn(); });
}

// Makes one call if other sessions wait for a thread, and further calls otherwise.
void PooledSession::TakeTurn() {
  do {
    if (!CallHandler()) return;  // and this may be gone
  } while (!pool_.has_waiting());
  pool_.Schedule([this] { TakeTurn(); });
}

// Calls the handler. After it has thrown once, only OnClose is called.
template <typename Function>
void PooledSession::Guarded(const char* what, Function call) {
  if (failed_ || context_.guard().Run(what, call)) return;
  failed_ = closing_ = true;
  Discard();
  context_.mailbox()->Post([&session = session_] { session.HandlerFailed(); });
}

// False if there was nothing to call, or after OnClose, which is the last call.
bool PooledSession::CallHandler() {
  Next next;
  switch (FindNext(next)) {
    case Call::kNone:
      return false;
    case Call::kOpen:
      Guarded("OnOpen", [&] { handler_->OnOpen(*this); });
      return true;
    case Call::kWritable:
      asked_for_writable_ = false;
      Guarded("OnWritable", [&] { handler_->OnWritable(*this); });
      return true;
    case Call::kCallback:
      Guarded("a callback", [&] { next.callback.front().callback.call(*this); });
      return true;
    case Call::kMessage:
      Guarded("OnMessage", [&] { handler_->OnMessage(*this, next.message.front().message); });
      return true;
    case Call::kClose:
      break;
  }
  DropCallbacks();
  closing_ = true;
  status_ = ToStatus(*ending_, "the client");
  context_.guard().Run("OnClose", [&] { handler_->OnClose(*this, *ending_); });
  handler_.reset();
  // The loop destroys the session, and this with it, as soon as it runs the task.
  const std::shared_ptr<Mailbox> mailbox = context_.mailbox();
  mailbox->Post([&session = session_] { session.HandlerIsDone(); });
  return false;
}

PooledSession::Call PooledSession::FindNext(Next& next) {
  std::list<Waiting> discarded;
  const std::lock_guard<std::mutex> lock(mutex_);
  if (std::exchange(serves_client_, false)) {
    last_served_ = Moment(context_.options().for_tests.clock->NowMs());
  }
  if (std::exchange(open_due_, false)) {
    serves_client_ = true;
    return Call::kOpen;
  }
  if (std::exchange(writable_due_, false)) return Call::kWritable;
  if (context_.stopping()) discarded.swap(messages_);
  // In turns, so that neither waits for an endless number of the other.
  if (due_.empty() || discards_ || context_.stopping()) {
    callback_was_last_ = false;
  } else if (messages_.empty() || !std::exchange(callback_was_last_, false)) {
    callback_was_last_ = true;
    next.callback.splice(next.callback.begin(), due_, due_.begin());
    return Call::kCallback;
  }
  if (!messages_.empty()) {
    serves_client_ = true;
    TakeMessage(&next.message);
    return Call::kMessage;
  }
  if (ending_.has_value()) return Call::kClose;
  at_work_ = false;
  // Under the lock: otherwise OnClose could be called, and the session destroyed, before this.
  if (std::exchange(resumes_when_idle_, false)) ResumeSession();
  return Call::kNone;
}

void PooledSession::TakeMessage(std::list<Waiting>* message) {
  message->splice(message->begin(), messages_, messages_.begin());
  bytes_ -= message->front().payload.size();
  const ServerOptions& options = context_.options();
  if (resumes_at_half_ && messages_.size() <= options.limits.max_waiting_messages / 2 &&
      bytes_ <= options.limits.max_waiting_bytes / 2) {
    resumes_at_half_ = false;
    ResumeSession();
  }
}

void PooledSession::ResumeSession() {
  context_.mailbox()->Post([&session = session_] { session.ResumeReading(); });
}

// ---- Calls of the handler ----

absl::Status PooledSession::CheckOpen() const {
  if (closing_) return absl::FailedPreconditionError("the session is closing");
  return absl::OkStatus();
}

absl::Status PooledSession::Submit(WaitingMessage message, const SendOptions& options) {
  if (absl::Status status = CheckOpen(); !status.ok()) return status;
  return DidSend(ref_.Submit(std::move(message), options));
}

absl::Status PooledSession::Send(const Message& message) {
  return Session::Send(message, SendOptions());
}

absl::Status PooledSession::SendMessage(Opcode opcode, absl::string_view payload) {
  return Session::SendMessage(opcode, payload, SendOptions());
}

absl::Status PooledSession::Send(const EncodedMessage& message, const SendOptions& options) {
  return Submit({.payload = message}, options);
}

absl::Status PooledSession::SendFragment(Opcode opcode, absl::string_view payload, bool fin,
                                         Compress compress) {
  if (absl::Status status = CheckOpen(); !status.ok()) return status;
  FragmentedMessage next = fragments_;  // a refused fragment changes nothing
  if (absl::Status status = next.Add(opcode, payload, fin); !status.ok()) return status;
  absl::Status status = ref_.PostSized(payload.size(), [opcode, payload = std::string(payload), fin,
                                                        compress](LoopSession& session) {
    session.SendReservedFragment(opcode, payload, fin, compress);
  });
  if (status.ok()) fragments_ = next;
  return DidSend(std::move(status));
}

absl::Status PooledSession::SendPing(absl::string_view payload) {
  if (absl::Status status = CheckOpen(); !status.ok()) return status;
  if (payload.size() > kMaxControlPayload) {
    return absl::InvalidArgumentError(
        absl::StrCat("a ping carries at most 125 bytes, not ", payload.size()));
  }
  return ref_.PostSized(payload.size(), [payload = std::string(payload)](LoopSession& session) {
    session.SendPing(payload).IgnoreError();
  });
}

absl::Status PooledSession::Close(CloseCode code, absl::string_view reason) {
  if (absl::Status status = CheckOpen(); !status.ok()) return status;
  absl::Status status = ref_.Close(code, reason);
  closing_ = status.ok();
  return status;
}

void PooledSession::Terminate() {
  closing_ = true;
  Discard();
  ref_.PostTask([](LoopSession& session) { session.Terminate(); }).IgnoreError();
}

absl::Status PooledSession::Publish(absl::string_view topic, const EncodedMessage& message,
                                    const SendOptions& options) {
  return context_.group().Publish(topic, message, options);
}

void PooledSession::Publish(absl::string_view topic, const EncodedMessage& message,
                            const SendOptions& options, PublishCallback done) {
  context_.group().Publish(topic, message, options, std::move(done));
}

size_t PooledSession::subscribers(absl::string_view topic) const {
  return context_.group().topics().Subscribers(topic);
}

size_t PooledSession::queued_bytes() const {
  const size_t queued = ref_.queued_bytes();
  // A handler that sees a full queue stops, and waits for OnWritable; the loop may never see it
  // full.
  if (queued >= context_.sending().limits.high_mark_bytes) AskForWritable();
  return queued;
}

// Asks for Handler::OnWritable if the queue is at its high mark, or a send was refused because
// there was no room.
absl::Status PooledSession::DidSend(absl::Status status) {
  const bool full = queued_bytes() > context_.sending().limits.low_mark_bytes;
  const bool refused = absl::IsResourceExhausted(status) || absl::IsDeadlineExceeded(status);
  if (refused && full) AskForWritable();
  return status;
}

void PooledSession::AskForWritable() const {
  if (std::exchange(asked_for_writable_, true)) return;
  ref_.PostTask([](LoopSession& session) { session.AskForWritable(); }).IgnoreError();
}

}  // namespace weft
