#include "weft/server/session_ref.h"

#include <string>
#include <utility>

#include "weft/core/frame/close_payload.h"
#include "weft/loop/exception_guard.h"
#include "weft/sending/posting.h"
#include "weft/server/loop_session.h"
#include "weft/server/topics/topics.h"

namespace weft {

size_t SessionRef::queued_bytes() const { return open() ? shared_->bytes() : 0; }

// ---- Sending ----

absl::Status SessionRef::Submit(WaitingMessage message, const SendOptions& options) const {
  if (!open()) return SessionHasEnded();
  return PostMessage(shared_, std::move(message), options,
                     [](Session& session, WaitingMessage submitted, const SendOptions& how) {
                       return session.Submit(std::move(submitted), how);
                     });
}

absl::Status SessionRef::PostSized(size_t payload_size,
                                   absl::AnyInvocable<void(LoopSession&)> task) const {
  if (!open()) return SessionHasEnded();
  const size_t cost = payload_size + kMessageOverhead;
  absl::StatusOr<Reservation> room =
      shared_->TakeRoom(payload_size, cost, {.when_full = WhenFull::kFail});
  if (!room.ok()) {
    if (absl::IsResourceExhausted(room.status())) shared_->mailbox().CountRefused();
    return room.status();
  }
  return PostInto(shared_, *std::move(room), cost, std::move(task));
}

// ---- Callbacks ----

bool SessionRef::Callbacks::Add(HeldCallback callback) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (closed_) return false;
  callbacks_.push_back(std::move(callback));
  return true;
}

std::optional<SessionRef::HeldCallback> SessionRef::Callbacks::TakeFirst() {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (callbacks_.empty()) return std::nullopt;
  std::optional<HeldCallback> first = std::move(callbacks_.front());
  callbacks_.pop_front();
  return first;
}

void SessionRef::Callbacks::Close() {
  std::deque<HeldCallback> dropped;  // destroyed after the lock is released
  const std::lock_guard<std::mutex> lock(mutex_);
  closed_ = true;
  dropped.swap(callbacks_);
}

// One task for each callback, so that it keeps its place among the messages of its thread. Another
// thread's callback may take that place, but not one that this thread has posted later.
absl::Status SessionRef::Post(SessionCallback callback) const {
  if (!open()) return SessionHasEnded();
  absl::StatusOr<HeldCallback> held =
      HoldCallback<Session>(shared_->mailbox(), std::move(callback));
  if (!held.ok()) return held.status();
  if (!shared_->callbacks.Add(*std::move(held))) return SessionHasEnded();
  shared_->mailbox().Post([shared = shared_] {
    if (shared->session != nullptr) shared->session->RunPosted();
  });
  return absl::OkStatus();
}

// ---- Other calls ----

absl::Status SessionRef::Close(CloseCode code, absl::string_view reason) const {
  if (absl::Status status = CheckClose(code, reason); !status.ok()) return status;
  return PostTask([code, reason = std::string(reason)](LoopSession& session) {
    session.Close(code, reason).IgnoreError();
  });
}

absl::Status SessionRef::Subscribe(absl::string_view topic, const SubscribeOptions& options) const {
  if (shared_ == nullptr) return SessionHasEnded();
  absl::Status status = CheckTopic(topic, shared_->max_topic_bytes);
  status.Update(ParseSince(options).status());
  if (!status.ok()) return status;
  return PostTask([topic = std::string(topic), options](LoopSession& session) {
    const absl::Status status = session.Subscribe(topic, options);
    if (!status.ok()) session.TellRefused(topic, status);
  });
}

absl::Status SessionRef::Unsubscribe(absl::string_view topic) const {
  return PostTask(
      [topic = std::string(topic)](LoopSession& session) { session.Unsubscribe(topic); });
}

namespace {

// A callback that is called with an error unless it was taken: a task is destroyed without being
// run if its session has ended.
class OnePublish {
 public:
  explicit OnePublish(PublishCallback done) : done_(std::move(done)) {}
  OnePublish(OnePublish&& other) noexcept : done_(std::exchange(other.done_, nullptr)) {}
  OnePublish& operator=(OnePublish&&) = delete;
  ~OnePublish() {
    if (done_) Fail(std::move(done_), SessionHasEnded());
  }

  // Where no guard of a server may be left: an exception is caught, and forgotten.
  static void Fail(PublishCallback done, absl::Status status) {
    ExceptionGuard([](absl::string_view, absl::string_view) {}).Run("", [&] { done(status); });
  }

  PublishCallback Take() { return std::exchange(done_, nullptr); }

 private:
  PublishCallback done_;
};

}  // namespace

absl::Status SessionRef::Publish(absl::string_view topic, Opcode opcode, absl::string_view payload,
                                 const SendOptions& options) const {
  PublishCallback none;
  return PostPublish(topic, opcode, payload, options, none);
}

void SessionRef::Publish(absl::string_view topic, Opcode opcode, absl::string_view payload,
                         const SendOptions& options, PublishCallback done) const {
  absl::Status status = PostPublish(topic, opcode, payload, options, done);
  if (!status.ok() && done) OnePublish::Fail(std::move(done), std::move(status));
}

// Takes `done` unless it fails.
absl::Status SessionRef::PostPublish(absl::string_view topic, Opcode opcode,
                                     absl::string_view payload, const SendOptions& options,
                                     PublishCallback& done) const {
  if (!open()) return SessionHasEnded();
  absl::StatusOr<EncodedMessage> message = EncodedMessage::Make(opcode, payload, options.compress);
  if (!message.ok()) return message.status();
  const size_t cost =
      message->frame().size() + kMessageOverhead + topic.size() + options.key.size();
  absl::StatusOr<Reservation> reservation = shared_->Reserve(cost);
  if (!reservation.ok()) {
    shared_->mailbox().CountRefused();
    return reservation.status();
  }
  return PostTask([topic = std::string(topic), message = *std::move(message),
                   key = std::string(options.key), options = SendOptions(options),
                   reservation = *std::move(reservation),
                   one = OnePublish(std::exchange(done, nullptr))](LoopSession& session) mutable {
    options.key = key;
    if (PublishCallback taken = one.Take()) {
      session.Publish(topic, message, options, std::move(taken));
    } else {
      session.Publish(topic, message, options).IgnoreError();
    }
  });
}

absl::Status SessionRef::PostTask(absl::AnyInvocable<void(LoopSession&)> task) const {
  return open() ? weft::PostTask(shared_, std::move(task)) : SessionHasEnded();
}

}  // namespace weft
