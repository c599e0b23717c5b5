// A task that runs beside others of its session, and can be cancelled.

#ifndef WEFT_CORO_BRANCH_H_
#define WEFT_CORO_BRANCH_H_

#include <exception>
#include <optional>
#include <type_traits>
#include <utility>

#include "weft/coro/foreign.h"
#include "weft/coro/strand.h"
#include "weft/coro/task.h"

namespace weft::coro::internal {

// The type that a co_await on it returns.
template <typename Awaitable>
struct ResultOfAwait {
  using Type = std::decay_t<decltype(AwaiterOf(std::declval<Awaitable>()).await_resume())>;
};
template <typename T>
struct ResultOfAwait<Task<T>> {
  using Type = T;
};
template <typename Awaitable>
using ResultOf = typename ResultOfAwait<std::remove_cvref_t<Awaitable>>::Type;

template <typename T>
Task<T> AsTask(Task<T>&& task) {
  return NotEmpty(std::move(task));
}

// The awaitable lives until the co_await on the branches has returned.
template <typename Awaitable>
Task<ResultOf<Awaitable>> AsTask(Awaitable&& awaitable) {
  co_return co_await std::forward<Awaitable>(awaitable);
}

// Owns branches.
class BranchOwner {
 public:
  // A branch has ended, by itself or because it was stuck.
  virtual void OnBranchEnd(const void* branch) noexcept = 0;

 protected:
  ~BranchOwner() = default;
};

template <typename T>
class Branch final : public Parent {
 public:
  explicit Branch(Task<T> task) : task_(std::move(task)) {}

  void Start(BranchOwner& owner, Scope& outer) {
    owner_ = &owner;
    scope_.emplace(outer.strand(), &outer, *this);
    TaskAccess::PromiseOf(task_).Start(*this, *scope_);
  }

  // Ends its waits. Has no effect on a branch that has not started.
  void Cancel() {
    if (scope_.has_value()) scope_->strand().Cancel(*scope_);
  }

  // Destroys the task where it waits.
  void Destroy() {
    if (std::exchange(is_stuck_, false)) scope_->strand().Forget(*this);
    task_ = Task<T>();
  }

  // Throws what the task has thrown. Only for one that has ended by itself.
  T Take() { return TaskAccess::PromiseOf(task_).Take(); }

  // Null unless it has thrown.
  std::exception_ptr exception() const {
    return TaskAccess::Exists(task_) ? TaskAccess::PromiseOf(task_).exception() : nullptr;
  }

 private:
  void OnTaskEnd() noexcept override { owner_->OnBranchEnd(this); }

  // A coroutine of the task calls this: it is destroyed when that has returned, or later if another
  // one awaits an awaitable of the application by then.
  void OnTaskStuck() override {
    if (std::exchange(is_stuck_, true)) return;
    scope_->strand().Push(*this);
  }
  void Run() override {
    is_stuck_ = false;
    if (scope_->awaits_foreign()) return;  // Scope::CountForeign calls OnTaskStuck again
    task_ = Task<T>();
    owner_->OnBranchEnd(this);
  }

  std::optional<Scope> scope_;
  Task<T> task_;  // ends before its scope
  BranchOwner* owner_ = nullptr;
  bool is_stuck_ = false;
};

}  // namespace weft::coro::internal

#endif  // WEFT_CORO_BRANCH_H_
