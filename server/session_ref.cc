#include "weft/server/session_ref.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "weft/core/check_message.h"
#include "weft/core/connection.h"
#include "weft/server/session.h"
#include "weft/transport/deadline.h"

namespace weft {
namespace {

// What a posted message costs beside its payload, about: even empty ones must not pile up for ever.
constexpr size_t kPostedOverhead = 128;

absl::Status NoBudget() {
  return absl::ResourceExhaustedError(
      "too much waits for the sessions of this thread: see max_buffered_bytes");
}

absl::Status Gone() { return absl::FailedPreconditionError("the session is gone"); }

}  // namespace

// ---- Room ----

void SessionRef::Shared::SetQueuedBytes(size_t bytes) {
  queued_bytes = bytes;
  if (waiters > 0) TellWaiters();
}

void SessionRef::Shared::SetClosed() {
  open = false;
  if (waiters > 0) TellWaiters();
}

// Who waits has looked, under the lock, before this, and sleeps; or looks after it.
void SessionRef::Shared::TellWaiters() {
  { const std::lock_guard<std::mutex> lock(mutex); }
  changed.notify_all();
}

// What is on its way counts as queued, so that the bound holds whoever sends. Where the session can
// make room by dropping what waits with it, only what is on its way counts.
absl::StatusOr<Reservation> SessionRef::Shared::TakeRoom(size_t payload_size, size_t cost,
                                                         WhenFull policy, size_t limit) {
  if (!open) return Gone();
  const size_t posted = posted_bytes.fetch_add(cost);
  const size_t waiting = posted + (policy == WhenFull::kDropOldest ? 0 : queued_bytes.load());
  const bool room = waiting < limit && payload_size <= limit - waiting;
  if (room) {
    if (std::optional<Reservation> reservation = mailbox->Reserve(cost)) {
      return *std::move(reservation);
    }
  }
  posted_bytes -= cost;
  if (room) return NoBudget();
  return absl::ResourceExhaustedError(
      absl::StrCat("the send queue is full: ", waiting, " of ", limit, " bytes wait"));
}

// TakeRoom, by the deadline if there is one.
absl::StatusOr<Reservation> SessionRef::FindRoom(size_t payload_size, size_t cost, WhenFull policy,
                                                 const SendOptions& options) const {
  const size_t limit = std::min(shared_->max_queue_bytes, options.max_queue_bytes);
  absl::StatusOr<Reservation> room = shared_->TakeRoom(payload_size, cost, policy, limit);
  if (!absl::IsResourceExhausted(room.status()) || options.timeout <= absl::ZeroDuration() ||
      payload_size > limit || Mailbox::OnAnyLoopThread()) {
    return room;
  }
  const Deadline deadline = Deadline::After(options.timeout);
  ++shared_->waiters;
  const absl::Cleanup no_longer = [this] { --shared_->waiters; };
  std::unique_lock<std::mutex> lock(shared_->mutex);
  while (true) {
    absl::StatusOr<Reservation> late = shared_->TakeRoom(payload_size, cost, policy, limit);
    if (!absl::IsResourceExhausted(late.status())) return late;
    if (deadline.HasPassed()) {
      return absl::DeadlineExceededError(absl::StrCat(
          "no room within ", absl::FormatDuration(options.timeout), ": ", late.status().message()));
    }
    shared_->changed.wait_for(
        lock, absl::ToChronoMilliseconds(std::min(deadline.Remaining(), absl::Hours(1))));
  }
}

size_t SessionRef::queued_bytes() const {
  return shared_ == nullptr || !shared_->open ? 0 : shared_->posted_bytes + shared_->queued_bytes;
}

// ---- Sending ----

absl::Status SessionRef::Send(WaitingMessage message, const SendOptions& options) const {
  if (shared_ == nullptr || !shared_->open) return Gone();
  if (!std::holds_alternative<EncodedMessage>(message.payload)) {
    absl::Status status = CheckMessage(message.opcode, message.view());
    if (!status.ok()) return status;
  }
  // A task would arrive behind what the session's own thread sends from now on.
  if (shared_->mailbox->OnLoopThread()) {
    if (shared_->session == nullptr) return Gone();
    return shared_->session->SendWaiting(std::move(message), options);
  }
  const WhenFull policy = options.when_full.value_or(shared_->when_full);
  const size_t size = message.size(), cost = size + options.key.size() + kPostedOverhead;
  absl::StatusOr<Reservation> room = FindRoom(size, cost, policy, options);
  if (!room.ok()) {
    if (absl::IsFailedPrecondition(room.status())) return room.status();
    if (policy == WhenFull::kDropNewest || policy == WhenFull::kDropOldest) {
      shared_->mailbox->CountDropped();
      return absl::OkStatus();
    }
    if (policy == WhenFull::kDisconnect) {
      Post([](Session& session) { session.Disconnect(); }).IgnoreError();
    } else {
      shared_->mailbox->CountRefused();
    }
    return room.status();
  }
  if (const auto* view = std::get_if<absl::string_view>(&message.payload)) {
    message.payload = std::string(*view);
  }
  return PostInto(*std::move(room), cost,
                  [message = std::move(message), key = std::string(options.key),
                   options = SendOptions(options)](Session& session) mutable {
                    options.key = key;
                    session.SendPosted(std::move(message), options);
                  });
}

absl::Status SessionRef::PostSized(size_t payload_size,
                                   absl::AnyInvocable<void(Session&)> task) const {
  if (!shared_->open) return Gone();
  const size_t cost = payload_size + kPostedOverhead;
  absl::StatusOr<Reservation> room = FindRoom(payload_size, cost, WhenFull::kFail, {});
  if (!room.ok()) {
    if (absl::IsResourceExhausted(room.status())) shared_->mailbox->CountRefused();
    return room.status();
  }
  return PostInto(*std::move(room), cost, std::move(task));
}

// Posts what has taken its room, and gives that back when it has arrived.
template <typename Task>
absl::Status SessionRef::PostInto(Reservation room, size_t cost, Task task) const {
  const bool posted = shared_->mailbox->Post(
      [shared = shared_, task = std::move(task), cost, room = std::move(room)]() mutable {
        shared->posted_bytes -= cost;
        if (shared->session == nullptr) return;
        task(*shared->session);
        shared->SetQueuedBytes(shared->session->queued_bytes());
      });
  return posted ? absl::OkStatus() : Gone();
}

// ---- All else ----

absl::Status SessionRef::Close(CloseCode code, absl::string_view reason) const {
  if (absl::Status status = CheckClose(code, reason); !status.ok()) return status;
  return Post([code, reason = std::string(reason)](Session& session) {
    session.Close(code, reason).IgnoreError();
  });
}

absl::Status SessionRef::Subscribe(absl::string_view topic) const {
  return Post([topic = std::string(topic)](Session& session) { session.Subscribe(topic); });
}

absl::Status SessionRef::Unsubscribe(absl::string_view topic) const {
  return Post([topic = std::string(topic)](Session& session) { session.Unsubscribe(topic); });
}

absl::Status SessionRef::Publish(absl::string_view topic, Opcode opcode, absl::string_view payload,
                                 const SendOptions& options) const {
  if (shared_ == nullptr || !shared_->open) return Gone();
  absl::StatusOr<EncodedMessage> message = EncodedMessage::Make(opcode, payload, options.compress);
  if (!message.ok()) return message.status();
  const size_t cost = message->frame().size() + kPostedOverhead + topic.size() + options.key.size();
  std::optional<Reservation> reservation = shared_->mailbox->Reserve(cost);
  if (!reservation.has_value()) {
    shared_->mailbox->CountRefused();
    return NoBudget();
  }
  return Post([topic = std::string(topic), message = *std::move(message),
               key = std::string(options.key), options = SendOptions(options),
               reservation = *std::move(reservation)](Session& session) mutable {
    options.key = key;
    session.Publish(topic, message, options).IgnoreError();
  });
}

absl::Status SessionRef::Post(absl::AnyInvocable<void(Session&)> task) const {
  if (shared_ == nullptr || !shared_->open) return Gone();
  if (shared_->mailbox->OnLoopThread()) {
    if (shared_->session == nullptr) return Gone();
    task(*shared_->session);
    return absl::OkStatus();
  }
  const bool posted = shared_->mailbox->Post([shared = shared_, task = std::move(task)]() mutable {
    if (shared->session != nullptr) task(*shared->session);
  });
  return posted ? absl::OkStatus() : Gone();
}

}  // namespace weft
