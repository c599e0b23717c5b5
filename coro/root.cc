#include "weft/coro/root.h"

#include <mutex>
#include <stdexcept>

namespace weft::coro::internal {
namespace {

// Held while a coroutine runs on a thread of the application, because its loop has ended:
// awaitables of several branches may be ready at the same time.
std::recursive_mutex& WithoutLoop() {
  static auto* const mutex = new std::recursive_mutex;
  return *mutex;
}

}  // namespace

void Root::Start(Task<> task) {
  task_ = NotEmpty(std::move(task));
  TaskAccess::PromiseOf(task_).Start(*this, scope());
}

void Root::RunCoroutines(bool in_callback) {
  if (running()) return;  // the caller's caller continues
  RunReady();
  if (task_ended_) {
    EndTask(in_callback);
  } else {
    OnPause();
  }
}

void Root::EndTask(bool in_callback) {
  task_ended_ = false;
  // A coroutine of this one has suspended there after another was stuck: see Scope::CountForeign.
  if (scope().awaits_foreign()) return;
  const bool returned = TaskAccess::IsDone(task_);
  std::exception_ptr exception = TaskAccess::PromiseOf(task_).exception();
  if (!returned) {
    exception = std::make_exception_ptr(
        std::logic_error("the task ignored its end, and was destroyed where it waited"));
  }
  task_ = Task<>();
  function_.reset();
  OnDone(returned, std::move(exception), in_callback);
}

// A task of the mailbox that resumes a coroutine on its loop; or where it is destroyed, if the loop
// has ended.
class Root::Resumption {
 public:
  Resumption(Root& root, Node& node) : root_(&root), node_(&node) {}
  Resumption(Resumption&& other) noexcept
      : root_(std::exchange(other.root_, nullptr)), node_(other.node_) {}
  Resumption& operator=(Resumption&&) = delete;
  ~Resumption() {
    if (root_ == nullptr) return;
    const std::lock_guard<std::recursive_mutex> lock(WithoutLoop());
    root_->Resume(*node_);
  }

  void operator()() { std::exchange(root_, nullptr)->Resume(*node_); }

 private:
  Root* root_;
  Node* node_;
};

void Root::ResumeLater(Node& node) {
  // A copy: the coroutine may have continued, and ended, before Post() returns.
  const std::shared_ptr<Mailbox> mailbox = this->mailbox();
  mailbox->Post(Resumption(*this, node));
}

void Root::Resume(Node& node) {
  Push(node);
  RunCoroutines();
  Unref();
}

}  // namespace weft::coro::internal
