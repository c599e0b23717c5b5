#include "weft/loop/thread_pool.h"

#include <algorithm>
#include <exception>
#include <utility>

#include "absl/strings/str_cat.h"

namespace weft {
namespace {

thread_local const ThreadPool* current = nullptr;

}  // namespace

absl::StatusOr<std::unique_ptr<ThreadPool>> ThreadPool::Make(int threads) {
  std::unique_ptr<ThreadPool> pool(new ThreadPool());
  if (absl::Status status = pool->StartThreads(std::max(threads, 1)); !status.ok()) return status;
  return pool;
}

// std::thread throws if the system has no more threads, or no memory for them.
absl::Status ThreadPool::StartThreads(int count) {
#if defined(__cpp_exceptions)
  try {
#endif
    while (size() < count) threads_.emplace_back([this] { RunTasks(); });
#if defined(__cpp_exceptions)
  } catch (const std::exception& exception) {
    return absl::UnavailableError(
        absl::StrCat("cannot start thread ", size() + 1, " of ", count, ": ", exception.what()));
  }
#endif
  return absl::OkStatus();
}

ThreadPool::~ThreadPool() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    ending_ = true;
  }
  changed_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void ThreadPool::Schedule(Task task) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    tasks_.push_back(std::move(task));
    waiting_.store(tasks_.size(), std::memory_order_relaxed);
  }
  changed_.notify_one();
}

bool ThreadPool::IsCurrent() const { return current == this; }

void ThreadPool::RunTasks() {
  current = this;
  std::unique_lock<std::mutex> lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return ending_ || !tasks_.empty(); });
    if (tasks_.empty()) return;
    Task task = std::move(tasks_.front());
    tasks_.pop_front();
    waiting_.store(tasks_.size(), std::memory_order_relaxed);
    lock.unlock();
    task();
    task = nullptr;  // destroys its captures outside the lock
    lock.lock();
  }
}

}  // namespace weft
