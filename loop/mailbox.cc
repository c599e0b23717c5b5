#include "weft/loop/mailbox.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace weft {
namespace {

thread_local bool on_a_loop = false;

}  // namespace

Mailbox::Mailbox() {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) {
    error_ = errno;
    return;
  }
  read_end_.reset(ends[0]);
  write_end_.reset(ends[1]);
}

bool Mailbox::Post(Task task) {
  bool wake;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (closed_) return false;
    wake = tasks_.empty();
    tasks_.push_back(std::move(task));
  }
  // One byte is enough, and a full pipe already holds one.
  if (wake && write(write_end_.get(), "", 1) < 0) return true;
  return true;
}

void Mailbox::BindToThisThread() {
  loop_thread_ = std::this_thread::get_id();
  on_a_loop = true;
}

bool Mailbox::OnAnyLoopThread() { return on_a_loop; }

std::optional<Reservation> Mailbox::Reserve(size_t bytes) {
  if (!budget_.Take(bytes)) return std::nullopt;
  return Reservation(&budget_, bytes);
}

void Mailbox::RunTasks() {
  char bytes[64];
  while (read(read_end_.get(), bytes, sizeof(bytes)) == sizeof(bytes)) {
  }
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    running_.swap(tasks_);
  }
  for (Task& task : running_) {
    task();
    task = nullptr;  // returns its reservation; its messages have their own by now
  }
  running_.clear();
}

void Mailbox::Close() {
  std::vector<Task> unrun;
  const std::lock_guard<std::mutex> lock(mutex_);
  CloseLocked();
  unrun.swap(tasks_);
  // `unrun` is declared before the lock, so that it is destroyed after the lock is released.
}

bool Mailbox::CloseIfEmpty() {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (!tasks_.empty()) return false;
  CloseLocked();
  return true;
}

void Mailbox::CloseLocked() {
  closed_ = true;
  if (!OnLoopThread()) return;
  loop_thread_ = std::thread::id();
  on_a_loop = false;
}

}  // namespace weft
