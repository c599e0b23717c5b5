// How other threads speak to an event loop.

#ifndef WEFT_SERVER_MAILBOX_H_
#define WEFT_SERVER_MAILBOX_H_

#include <atomic>
#include <mutex>
#include <thread>
#include <vector>

#include "absl/functional/any_invocable.h"
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

  // Whether the caller is on the loop's thread.
  bool OnLoopThread() const { return std::this_thread::get_id() == loop_thread_; }

  // ---- For the loop ----

  // Readable when there is something to take. Negative, with an errno in error(), when the system
  // had no descriptors left: nobody is woken then.
  int fd() const { return read_end_.get(); }
  int error() const { return error_; }
  void BindToThisThread() { loop_thread_ = std::this_thread::get_id(); }

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
  int error_ = 0;
  UniqueFd read_end_;  // of a pipe
  UniqueFd write_end_;
};

}  // namespace weft

#endif  // WEFT_SERVER_MAILBOX_H_
