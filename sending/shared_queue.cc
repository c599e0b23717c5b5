#include "weft/sending/shared_queue.h"

#include <algorithm>
#include <mutex>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "weft/loop/budget.h"
#include "weft/transport/deadline.h"

namespace weft {
namespace {

absl::Status OutOfBudget() {
  return absl::ResourceExhaustedError(
      "the messages that wait for the sessions of this thread exceed limits.max_buffered_bytes");
}

}  // namespace

SharedQueue::SharedQueue(std::shared_ptr<Mailbox> mailbox, size_t max_bytes, WhenFull when_full)
    : mailbox_(std::move(mailbox)), max_bytes_(max_bytes), when_full_(when_full) {}

// Under the lock, so that a sender that takes room counts the message exactly once.
void SharedQueue::Arrive(size_t cost) {
  {
    const std::lock_guard<std::mutex> lock(mailbox_->room_mutex());
    queued_bytes_ += cost;
    posted_bytes_ -= cost;
  }
  WakeWaiters();  // with kDropOldest there is more room
}

void SharedQueue::SetQueuedBytes(size_t bytes) {
  if (queued_bytes_.exchange(bytes) > bytes) WakeWaiters();
}

void SharedQueue::SetClosed() {
  open_ = false;
  WakeWaiters();
  mailbox_->budget().waiters().Wake();  // senders that wait for the budget also check open_
}

// Threads that wait for room in other queues of the loop wake up as well, but only if one waits for
// this queue.
void SharedQueue::WakeWaiters() {
  if (waiters_ > 0) mailbox_->room_waiters().Wake();
}

// Bytes on their way count as queued, so that the limit holds for all senders together. With
// kDropOldest only these count: the session can drop messages in its queue to make room.
size_t SharedQueue::WaitingBytes(WhenFull policy) const {
  return posted_bytes_ + (policy == WhenFull::kDropOldest ? 0 : queued_bytes_.load());
}

bool SharedQueue::Request::FitsBeside(size_t waiting) const {
  return waiting < limit && payload_size <= limit - waiting;
}

// Takes room in both the queue and the budget, or in neither: the lock keeps the room in the queue
// while the budget is asked. The errors are made after it, because the loop's thread takes the lock
// for each message.
absl::StatusOr<Reservation> SharedQueue::TryTakeRoom(const Request& request) {
  if (!open_) return absl::FailedPreconditionError("the session has ended");
  size_t waiting;
  {
    const std::lock_guard<std::mutex> lock(mailbox_->room_mutex());
    waiting = WaitingBytes(request.policy);
    if (request.FitsBeside(waiting)) {
      std::optional<Reservation> reservation = mailbox_->Reserve(request.cost);
      if (reservation.has_value()) {
        posted_bytes_ += request.cost;
        return *std::move(reservation);
      }
    }
  }
  if (request.FitsBeside(waiting)) return OutOfBudget();
  return absl::ResourceExhaustedError(
      absl::StrCat("the send queue is full: ", waiting, " of ", request.limit, " bytes wait"));
}

absl::StatusOr<Reservation> SharedQueue::Reserve(size_t cost) {
  std::optional<Reservation> reservation = mailbox_->Reserve(cost);
  if (reservation.has_value()) return *std::move(reservation);
  return OutOfBudget();
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
    ++waiters_;
    mailbox_->room_waiters().Wait(
        deadline, [&] { return !open_ || request.FitsBeside(WaitingBytes(request.policy)); });
    --waiters_;
    budget.waiters().Wait(deadline, [&] { return !open_ || budget.HasRoom(cost); });
  }
}

}  // namespace weft
