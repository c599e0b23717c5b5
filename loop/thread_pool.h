// A pool of threads that run tasks.

#ifndef WEFT_LOOP_THREAD_POOL_H_
#define WEFT_LOOP_THREAD_POOL_H_

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace weft {

// A fixed number of threads and one queue of tasks, which they take in order. Thread-safe. A server
// runs one event loop on each thread; the pool can run any task.
//
//   absl::StatusOr<std::unique_ptr<ThreadPool>> pool = ThreadPool::Make(4);
//   if (pool.ok()) (*pool)->Schedule([] { Work(); });
class ThreadPool {
 public:
  using Task = absl::AnyInvocable<void()>;

  // Starts the threads, at least one. Unavailable if the system has no more.
  static absl::StatusOr<std::unique_ptr<ThreadPool>> Make(int threads);

  // Runs the tasks still queued, then joins the threads.
  ~ThreadPool();

  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  void Schedule(Task task);

  // Whether a task waits for a thread.
  bool has_waiting() const { return waiting_.load(std::memory_order_relaxed) > 0; }

  // Whether the caller runs in one of the pool's tasks.
  bool IsCurrent() const;

  int size() const { return static_cast<int>(threads_.size()); }

 private:
  ThreadPool() = default;

  absl::Status StartThreads(int count);
  void RunTasks();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Task> tasks_;
  std::atomic<size_t> waiting_{0};  // tasks_.size(), for readers that do not hold the lock
  bool ending_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace weft

#endif  // WEFT_LOOP_THREAD_POOL_H_
