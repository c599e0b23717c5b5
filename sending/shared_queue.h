// The size of a session's queue, for other threads.

#ifndef WEFT_SENDING_SHARED_QUEUE_H_
#define WEFT_SENDING_SHARED_QUEUE_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "weft/loop/mailbox.h"
#include "weft/sending/send_options.h"

namespace weft {

// Counts the bytes that other threads send to a session, so that the limits of its queue and of its
// loop's budget hold for them as well. For any thread, except where marked. Outlives the session.
class SharedQueue {
 public:
  // `max_bytes` limits the queue; `when_full` is the policy where SendOptions have none.
  SharedQueue(std::shared_ptr<Mailbox> mailbox, size_t max_bytes, WhenFull when_full);

  // ---- For the loop's thread ----

  // A posted message that took `cost` arrives.
  void Arrive(size_t cost);

  // The session's queue has `bytes` bytes now.
  void SetQueuedBytes(size_t bytes);

  // The session has ended.
  void SetClosed();

  // ---- Any thread ----

  bool open() const { return open_; }
  Mailbox& mailbox() const { return *mailbox_; }

  // Bytes on their way to the session, which keeps room for them.
  size_t posted_bytes() const { return posted_bytes_; }

  // Bytes on their way, plus those in the session's queue as it last reported.
  size_t bytes() const { return posted_bytes_ + queued_bytes_; }

  WhenFull PolicyOf(const SendOptions& options) const {
    return options.when_full.value_or(when_full_);
  }

  // Takes room in the queue, and `cost` bytes of the budget, for a message of `payload_size` bytes;
  // Arrive(cost) hands the room to the session. Waits up to options.timeout for room, except on a
  // thread that runs a loop. FailedPrecondition once the session has ended; without room
  // ResourceExhausted, or DeadlineExceeded after a wait.
  absl::StatusOr<Reservation> TakeRoom(size_t payload_size, size_t cost,
                                       const SendOptions& options);

  // Takes `cost` bytes of the budget for a task that takes no room in the queue. ResourceExhausted
  // if the budget has less.
  absl::StatusOr<Reservation> Reserve(size_t cost);

 private:
  struct Request {
    size_t payload_size;
    size_t cost;  // with the overhead of the message
    WhenFull policy;
    size_t limit;  // of the queue

    bool FitsBeside(size_t waiting) const;
  };

  void WakeWaiters();
  size_t WaitingBytes(WhenFull policy) const;
  absl::StatusOr<Reservation> TryTakeRoom(const Request& request);

  const std::shared_ptr<Mailbox> mailbox_;
  const size_t max_bytes_;
  std::atomic<size_t> posted_bytes_{0};  // changes under Mailbox::room_mutex()
  std::atomic<size_t> queued_bytes_{0};
  std::atomic<uint32_t> waiters_{0};  // senders that wait in Mailbox::room_waiters()
  const WhenFull when_full_;
  std::atomic<bool> open_{true};
};

}  // namespace weft

#endif  // WEFT_SENDING_SHARED_QUEUE_H_
