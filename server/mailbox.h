// How other threads speak to an event loop.

#ifndef WEFT_SERVER_MAILBOX_H_
#define WEFT_SERVER_MAILBOX_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "weft/transport/fd.h"

namespace weft {

// A part of a mailbox's budget, given back when this dies, which must be before the mailbox does.
class Reservation {
 public:
  Reservation(std::atomic<size_t>* reserved, size_t bytes) : reserved_(reserved), bytes_(bytes) {}
  Reservation(Reservation&& other) noexcept
      : reserved_(other.reserved_), bytes_(std::exchange(other.bytes_, 0)) {}
  Reservation& operator=(Reservation&&) = delete;
  ~Reservation() {
    if (bytes_ > 0) *reserved_ -= bytes_;
  }

 private:
  std::atomic<size_t>* const reserved_;
  size_t bytes_;
};

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

  // Takes `bytes` of the loop's budget for what is about to be posted; none when less is left. The
  // task keeps what it got: its end gives them back.
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

  // The budget, in bytes, of all that waits for the loop's clients, here or with it, and how much
  // is with it.
  void set_budget(size_t bytes) { budget_bytes_ = bytes; }
  void set_held_bytes(size_t bytes) { held_bytes_.store(bytes, std::memory_order_relaxed); }
  size_t reserved_bytes() const { return reserved_bytes_.load(std::memory_order_relaxed); }

  // Runs what was posted before the call.
  void RunTasks();

  // Refuses further posts, and destroys the tasks that were not run.
  void Close();

 private:
  std::mutex mutex_;
  std::vector<Task> tasks_;
  bool closed_ = false;
  std::vector<Task> running_;  // the loop's; keeps its memory for the next turn
  std::atomic<std::thread::id> loop_thread_;
  size_t budget_bytes_ = std::numeric_limits<size_t>::max();
  std::atomic<size_t> held_bytes_{0};
  std::atomic<size_t> reserved_bytes_{0};
  std::atomic<uint64_t> refused_{0};
  std::atomic<uint64_t> dropped_{0};
  int error_ = 0;
  UniqueFd read_end_;  // of a pipe
  UniqueFd write_end_;
};

}  // namespace weft

#endif  // WEFT_SERVER_MAILBOX_H_
