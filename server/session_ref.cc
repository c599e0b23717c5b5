#include "weft/server/session_ref.h"

#include <string>
#include <utility>

#include "weft/core/frame/close_payload.h"
#include "weft/sending/posting.h"
#include "weft/server/loop_session.h"
#include "weft/server/topics/topics.h"

namespace weft {
namespace {

absl::Status Gone() { return SessionHasEnded(); }

}  // namespace

size_t SessionRef::queued_bytes() const { return open() ? shared_->bytes() : 0; }

// ---- Sending ----

absl::Status SessionRef::Submit(WaitingMessage message, const SendOptions& options) const {
  if (!open()) return Gone();
  return PostMessage(shared_, std::move(message), options,
                     [](Session& session, WaitingMessage submitted, const SendOptions& how) {
                       return session.Submit(std::move(submitted), how);
                     });
}

absl::Status SessionRef::PostSized(size_t payload_size,
                                   absl::AnyInvocable<void(LoopSession&)> task) const {
  if (!open()) return Gone();
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

absl::StatusOr<SessionRef::HeldCallback> SessionRef::Hold(Mailbox& mailbox,
                                                          SessionCallback callback) {
  if (!callback) return absl::InvalidArgumentError("the callback is empty, expected a function");
  std::optional<Reservation> room = mailbox.Reserve(kMessageOverhead);
  if (room.has_value()) return HeldCallback{std::move(callback), *std::move(room)};
  return absl::ResourceExhaustedError(
      "the messages and callbacks that wait on this thread exceed limits.max_buffered_bytes");
}

// One task for each callback, so that it keeps its place among the messages of its thread. Another
// thread's callback may take that place, but not one that this thread has posted later.
absl::Status SessionRef::Post(SessionCallback callback) const {
  if (!open()) return Gone();
  absl::StatusOr<HeldCallback> held = Hold(shared_->mailbox(), std::move(callback));
  if (!held.ok()) return held.status();
  if (!shared_->callbacks.Add(*std::move(held))) return Gone();
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

absl::Status SessionRef::Subscribe(absl::string_view topic) const {
  if (shared_ == nullptr) return Gone();
  if (absl::Status status = CheckTopic(topic, shared_->max_topic_bytes); !status.ok()) {
    return status;
  }
  return PostTask([topic = std::string(topic)](LoopSession& session) {
    session.Subscribe(topic).IgnoreError();
  });
}

absl::Status SessionRef::Unsubscribe(absl::string_view topic) const {
  return PostTask(
      [topic = std::string(topic)](LoopSession& session) { session.Unsubscribe(topic); });
}

absl::Status SessionRef::Publish(absl::string_view topic, Opcode opcode, absl::string_view payload,
                                 const SendOptions& options) const {
  if (!open()) return Gone();
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
                   reservation = *std::move(reservation)](LoopSession& session) mutable {
    options.key = key;
    session.Publish(topic, message, options).IgnoreError();
  });
}

absl::Status SessionRef::PostTask(absl::AnyInvocable<void(LoopSession&)> task) const {
  return open() ? weft::PostTask(shared_, std::move(task)) : Gone();
}

}  // namespace weft
