// How other threads speak to an event loop.

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
#include "weft/transport/fd.h"

namespace weft {

// Tasks for one loop's thread, in the order in which they were posted. It outlives the loop for
// whoever still holds it: a post then is refused. Thread-safe.
class Mailbox {
 public:
  using Task = absl::AnyInvocable<void()>;

  Mailbox();

  // False, and the task is destroyed unrun, when the loop is gone. A burst of posts wakes the loop
  // once.
  bool Post(Task task);

  // Whether the caller is on the loop's thread, or on that of any loop, which must not block.
  bool OnLoopThread() const { return std::this_thread::get_id() == loop_thread_; }
  static bool OnAnyLoopThread();

  // The memory for all that waits for the loop's clients, here or with them.
  Budget& budget() { return budget_; }

  // Takes `bytes` of the budget for what is about to be posted; none when less is left. The task
  // keeps what it got: its end gives them back.
  std::optional<Reservation> Reserve(size_t bytes);

  // Messages that found no room before they could be posted: their senders were told, or they were
  // dropped.
  void CountRefused() { refused_.fetch_add(1, std::memory_order_relaxed); }
  void CountDropped() { dropped_.fetch_add(1, std::memory_order_relaxed); }
  uint64_t refused() const { return refused_.load(std::memory_order_relaxed); }
  uint64_t dropped() const { return dropped_.load(std::memory_order_relaxed); }

  // ---- For the loop ----

  // Readable when there is something to take. Negative, with an errno in error(), when the system
  // had no descriptors left: nobody is woken then.
  int fd() const { return read_end_.get(); }
  int error() const { return error_; }
  void BindToThisThread();

  // Runs what was posted before the call.
  void RunTasks();

  // Refuses further posts, and destroys the tasks that were not run.
  void Close();

 private:
  Budget budget_;  // tasks hold parts of it
  std::mutex mutex_;
  std::vector<Task> tasks_;
  bool closed_ = false;
  std::vector<Task> running_;  // the loop's; keeps its memory for the next turn
  std::atomic<std::thread::id> loop_thread_;
  std::atomic<uint64_t> refused_{0};
  std::atomic<uint64_t> dropped_{0};
  int error_ = 0;
  UniqueFd read_end_;  // of a pipe
  UniqueFd write_end_;
};

}  // namespace weft

#endif  // WEFT_LOOP_MAILBOX_H_
