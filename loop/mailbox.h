// How other threads send tasks to an event loop.

#ifndef WEFT_LOOP_MAILBOX_H_
#define WEFT_LOOP_MAILBOX_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "weft/loop/budget.h"
#include "weft/loop/waiters.h"
#include "weft/transport/fd.h"

namespace weft {

// Tasks for one loop's thread, in the order in which they were posted. It may outlive the loop, for
// those that still hold it: posts are then refused. Thread-safe.
class Mailbox {
 public:
  using Task = absl::AnyInvocable<void()>;

  Mailbox();

  // Returns false, and destroys the task without running it, if the loop has ended. A burst of
  // posts wakes the loop once.
  bool Post(Task task);

  // Whether the caller runs on the loop's thread, or on the thread of any loop, which must not
  // block.
  bool OnLoopThread() const { return std::this_thread::get_id() == loop_thread_; }
  static bool OnAnyLoopThread();

  // The memory of all messages that wait for the loop's clients, here or in their queues.
  Budget& budget() { return budget_; }

  // Takes `bytes` of the budget for a task to be posted; none if fewer are available. The task
  // keeps the reservation, and returns it when it is destroyed.
  std::optional<Reservation> Reserve(size_t bytes);

  // For the queues of the loop's sessions, which share them because there are many: the lock under
  // which room is taken in a queue, and the threads that wait for room in one.
  std::mutex& room_mutex() { return room_mutex_; }
  Waiters& room_waiters() { return room_waiters_; }

  // The number of messages that found no memory before they could be posted: their senders got an
  // error, or the messages were dropped.
  void CountRefused() { refused_.fetch_add(1, std::memory_order_relaxed); }
  void CountDropped() { dropped_.fetch_add(1, std::memory_order_relaxed); }
  uint64_t refused() const { return refused_.load(std::memory_order_relaxed); }
  uint64_t dropped() const { return dropped_.load(std::memory_order_relaxed); }

  // ---- For the loop ----

  // Readable when there are tasks. Negative, with an errno in error(), if the system had no
  // descriptors left: then no post wakes the loop.
  int fd() const { return read_end_.get(); }
  int error() const { return error_; }
  void BindToThisThread();

  // Runs the tasks posted before the call.
  void RunTasks();

  // Refuses further posts, and destroys the tasks that were not run. If the loop's thread calls it,
  // that thread no longer counts as the thread of a loop, and may block.
  void Close();

  // The same, if no task waits; returns whether it did.
  bool CloseIfEmpty();

 private:
  void CloseLocked();

  Budget budget_;  // tasks hold reservations from it
  std::mutex room_mutex_;
  Waiters room_waiters_;
  std::mutex mutex_;
  std::vector<Task> tasks_;
  bool closed_ = false;
  std::vector<Task> running_;  // used by the loop only; keeps its memory for the next turn
  std::atomic<std::thread::id> loop_thread_;
  std::atomic<uint64_t> refused_{0};
  std::atomic<uint64_t> dropped_{0};
  int error_ = 0;
  UniqueFd read_end_;  // of a pipe
  UniqueFd write_end_;
};

}  // namespace weft

#endif  // WEFT_LOOP_MAILBOX_H_
