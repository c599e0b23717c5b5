// Threads that run what they are given.

#ifndef WEFT_SERVER_THREAD_POOL_H_
#define WEFT_SERVER_THREAD_POOL_H_

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

#include "absl/functional/any_invocable.h"

namespace weft {

// A fixed number of threads and one queue of tasks, which they take in order. Thread-safe. A server
// runs one event loop on each thread; the pool serves any task.
//
//   ThreadPool pool(4);
//   pool.Schedule([] { Work(); });
class ThreadPool {
 public:
  using Task = absl::AnyInvocable<void()>;

  explicit ThreadPool(int threads);

  // Runs what is still queued, then joins the threads.
  ~ThreadPool();

  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  void Schedule(Task task);

  // Whether a task waits for a thread.
  bool has_waiting() const { return waiting_.load(std::memory_order_relaxed) > 0; }

  // Whether the caller is one of its tasks.
  bool IsCurrent() const;

  int size() const { return static_cast<int>(threads_.size()); }

 private:
  void RunTasks();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Task> tasks_;
  std::atomic<size_t> waiting_{0};  // tasks_.size(), for who does not hold the lock
  bool ending_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace weft

#endif  // WEFT_SERVER_THREAD_POOL_H_
