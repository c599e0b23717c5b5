#include "weft/server/session_ref.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "weft/core/connection.h"
#include "weft/core/frame/check_message.h"
#include "weft/server/session.h"
#include "weft/server/worker.h"
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
  waiters.Wake();
}

// Under the lock, so that the message counts once at any moment for a sender that takes room.
void SessionRef::Shared::Arrive(size_t cost) {
  const std::lock_guard<std::mutex> lock(taking);
  queued_bytes += cost;
  posted_bytes -= cost;
}

void SessionRef::Shared::SetClosed() {
  open = false;
  waiters.Wake();
  mailbox->budget().waiters().Wake();  // who waits there waits for this session, too
}

// What is on its way counts as queued, so that the bound holds whoever sends. Where the session can
// make room by dropping what waits with it, only what is on its way counts.
size_t SessionRef::Shared::WaitingBytes(WhenFull policy) const {
  return posted_bytes + (policy == WhenFull::kDropOldest ? 0 : queued_bytes.load());
}

bool SessionRef::Shared::HasRoom(const Request& request) const {
  const size_t waiting = WaitingBytes(request.policy);
  return waiting < request.limit && request.payload_size <= request.limit - waiting;
}

// Takes from both, or from neither: the lock keeps the room in the queue while the budget is asked.
absl::StatusOr<Reservation> SessionRef::Shared::TakeRoom(const Request& request) {
  if (!open) return Gone();
  const std::lock_guard<std::mutex> lock(taking);
  if (!HasRoom(request)) {
    return absl::ResourceExhaustedError(
        absl::StrCat("the send queue is full: ", WaitingBytes(request.policy), " of ",
                     request.limit, " bytes wait"));
  }
  std::optional<Reservation> reservation = mailbox->Reserve(request.cost);
  if (!reservation.has_value()) return NoBudget();
  posted_bytes += request.cost;
  return *std::move(reservation);
}

// TakeRoom, by the deadline if there is one.
absl::StatusOr<Reservation> SessionRef::FindRoom(size_t payload_size, size_t cost, WhenFull policy,
                                                 const SendOptions& options) const {
  const Shared::Request request = {
      .payload_size = payload_size,
      .cost = cost,
      .policy = policy,
      .limit = std::min(shared_->max_queue_bytes, options.max_queue_bytes)};
  Shared& shared = *shared_;
  Budget& budget = shared.mailbox->budget();
  const bool can_fit = payload_size <= request.limit && cost <= budget.most_taken();
  const bool waits =
      options.timeout > absl::ZeroDuration() && can_fit && !Mailbox::OnAnyLoopThread();
  const Deadline deadline = waits ? Deadline::After(options.timeout) : Deadline::Never();
  while (true) {
    absl::StatusOr<Reservation> room = shared.TakeRoom(request);
    if (!waits || !absl::IsResourceExhausted(room.status())) return room;
    if (deadline.HasPassed()) {
      return absl::DeadlineExceededError(absl::StrCat(
          "no room within ", absl::FormatDuration(options.timeout), ": ", room.status().message()));
    }
    shared.waiters.Wait(deadline, [&] { return !shared.open || shared.HasRoom(request); });
    budget.waiters().Wait(deadline, [&] { return !shared.open || budget.HasRoom(cost); });
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
        // What was published before takes its room before this gives up its own.
        if (shared->session != nullptr) shared->session->worker_.DeliverPublished();
        shared->Arrive(cost);
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
  if (shared_ == nullptr) return Gone();
  if (absl::Status status = CheckTopic(topic, shared_->max_topic_bytes); !status.ok()) {
    return status;
  }
  return Post(
      [topic = std::string(topic)](Session& session) { session.Subscribe(topic).IgnoreError(); });
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
