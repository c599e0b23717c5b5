#include "weft/sending/shared_queue.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "weft/loop/budget.h"
#include "weft/transport/deadline.h"

namespace weft {

SharedQueue::SharedQueue(std::shared_ptr<Mailbox> mailbox, size_t max_bytes, WhenFull when_full)
    : mailbox_(std::move(mailbox)), max_bytes_(max_bytes), when_full_(when_full) {}

// Under the lock, so that a sender that takes room counts the message exactly once.
void SharedQueue::Arrive(size_t cost) {
  const std::lock_guard<std::mutex> lock(taking_);
  queued_bytes_ += cost;
  posted_bytes_ -= cost;
}

void SharedQueue::SetQueuedBytes(size_t bytes) {
  queued_bytes_ = bytes;
  waiters_.Wake();
}

void SharedQueue::SetClosed() {
  open_ = false;
  waiters_.Wake();
  mailbox_->budget().waiters().Wake();  // senders that wait for the budget also check open_
}

// Bytes on their way count as queued, so that the limit holds for all senders together. With
// kDropOldest only these count: the session can drop messages in its queue to make room.
size_t SharedQueue::WaitingBytes(WhenFull policy) const {
  return posted_bytes_ + (policy == WhenFull::kDropOldest ? 0 : queued_bytes_.load());
}

bool SharedQueue::HasRoom(const Request& request) const {
  const size_t waiting = WaitingBytes(request.policy);
  return waiting < request.limit && request.payload_size <= request.limit - waiting;
}

// Takes room in both the queue and the budget, or in neither: the lock keeps the room in the queue
// while the budget is asked.
absl::StatusOr<Reservation> SharedQueue::TryTakeRoom(const Request& request) {
  if (!open_) return absl::FailedPreconditionError("the session has ended");
  const std::lock_guard<std::mutex> lock(taking_);
  if (!HasRoom(request)) {
    return absl::ResourceExhaustedError(
        absl::StrCat("the send queue is full: ", WaitingBytes(request.policy), " of ",
                     request.limit, " bytes wait"));
  }
  absl::StatusOr<Reservation> reservation = Reserve(request.cost);
  if (reservation.ok()) posted_bytes_ += request.cost;
  return reservation;
}

absl::StatusOr<Reservation> SharedQueue::Reserve(size_t cost) {
  std::optional<Reservation> reservation = mailbox_->Reserve(cost);
  if (reservation.has_value()) return *std::move(reservation);
  return absl::ResourceExhaustedError(
      "the messages that wait for the sessions of this thread exceed limits.max_buffered_bytes");
}

absl::StatusOr<Reservation> SharedQueue::TakeRoom(size_t payload_size, size_t cost,
                                                  const SendOptions& options) {
  const Request request = {.payload_size = payload_size,
                           .cost = cost,
                           .policy = PolicyOf(options),
                           .limit = std::min(max_bytes_, options.max_queue_bytes)};
  Budget& budget = mailbox_->budget();
  const bool can_fit = payload_size <= request.limit && cost <= budget.most_taken();
  const bool waits =
      options.timeout > absl::ZeroDuration() && can_fit && !Mailbox::OnAnyLoopThread();
  const Deadline deadline = waits ? Deadline::After(options.timeout) : Deadline::Never();
  while (true) {
    absl::StatusOr<Reservation> room = TryTakeRoom(request);
    if (!waits || !absl::IsResourceExhausted(room.status())) return room;
    if (deadline.HasPassed()) {
      return absl::DeadlineExceededError(absl::StrCat(
          "no room within ", absl::FormatDuration(options.timeout), ": ", room.status().message()));
    }
    waiters_.Wait(deadline, [&] { return !open_ || HasRoom(request); });
    budget.waiters().Wait(deadline, [&] { return !open_ || budget.HasRoom(cost); });
  }
}

}  // namespace weft
