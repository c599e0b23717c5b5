#include "weft/server/session_ref.h"

#include <string>
#include <utility>
#include <variant>

#include "weft/core/frame/check_message.h"
#include "weft/core/frame/close_payload.h"
#include "weft/server/loop_session.h"
#include "weft/server/topics/topics.h"

namespace weft {
namespace {

absl::Status Gone() { return absl::FailedPreconditionError("the session has ended"); }

}  // namespace

size_t SessionRef::queued_bytes() const { return open() ? shared_->bytes() : 0; }

// ---- Sending ----

absl::Status SessionRef::Submit(WaitingMessage message, const SendOptions& options) const {
  if (!open()) return Gone();
  if (!std::holds_alternative<EncodedMessage>(message.payload)) {
    absl::Status status = CheckMessage(message.opcode, message.view());
    if (!status.ok()) return status;
  }
  // On the session's own thread a task would run too late: after later sends by the Session.
  if (shared_->mailbox().OnLoopThread()) {
    if (shared_->session == nullptr) return Gone();
    return static_cast<Session*>(shared_->session)->Submit(std::move(message), options);
  }
  const size_t size = message.size();
  const size_t cost = size + options.key.size() + kMessageOverhead;
  absl::StatusOr<Reservation> room = shared_->TakeRoom(size, cost, options);
  if (!room.ok()) {
    if (absl::IsFailedPrecondition(room.status())) return room.status();
    const WhenFull policy = shared_->PolicyOf(options);
    if (policy == WhenFull::kDropNewest || policy == WhenFull::kDropOldest) {
      shared_->mailbox().CountDropped();
      return absl::OkStatus();
    }
    if (policy == WhenFull::kDisconnect) {
      PostTask([](LoopSession& session) { session.Disconnect(); }).IgnoreError();
    } else {
      shared_->mailbox().CountRefused();
    }
    return room.status();
  }
  if (const auto* view = std::get_if<absl::string_view>(&message.payload)) {
    message.payload = std::string(*view);
  }
  return PostInto(*std::move(room), cost,
                  [message = std::move(message), key = std::string(options.key),
                   options = SendOptions(options)](LoopSession& session) mutable {
                    options.key = key;
                    session.SendReserved(std::move(message), options);
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
  return PostInto(*std::move(room), cost, std::move(task));
}

// Posts a task that has taken room, which it returns when it arrives.
template <typename Task>
absl::Status SessionRef::PostInto(Reservation room, size_t cost, Task task) const {
  const bool posted = shared_->mailbox().Post(
      [shared = shared_, task = std::move(task), cost, room = std::move(room)]() mutable {
        // Messages that were published before take their room before this returns its own.
        if (shared->session != nullptr) shared->session->DeliverPublished();
        shared->Arrive(cost);
        if (shared->session == nullptr) return;
        task(*shared->session);
        shared->SetQueuedBytes(shared->session->queued_bytes());
      });
  return posted ? absl::OkStatus() : Gone();
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
  if (!open()) return Gone();
  if (shared_->mailbox().OnLoopThread()) {
    if (shared_->session == nullptr) return Gone();
    task(*shared_->session);
    return absl::OkStatus();
  }
  const bool posted = shared_->mailbox().Post([shared = shared_, task = std::move(task)]() mutable {
    if (shared->session != nullptr) task(*shared->session);
  });
  return posted ? absl::OkStatus() : Gone();
}

}  // namespace weft
