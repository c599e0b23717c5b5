// The coroutines of sessions and of clients.

#ifndef WEFT_CORO_TASK_H_
#define WEFT_CORO_TASK_H_

#include <coroutine>
#include <exception>
#include <optional>
#include <stdexcept>
#include <type_traits>
#include <utility>

#include "weft/coro/foreign.h"
#include "weft/coro/strand.h"

namespace weft {

template <typename T>
class Task;

namespace coro::internal {

template <typename T>
class TaskAwaiter;

// The awaitables of this library. Bind() comes before the co_await, with the coroutine that awaits
// it. Abandon() comes when it has returned, or when that coroutine is destroyed.
template <typename T>
concept Bindable = requires(T& awaitable, Coroutine& coroutine) {
  awaitable.Bind(coroutine);
  awaitable.Abandon();
};

// Awaits one of them where it is: g++ would copy what a reference refers to. It may outlive the
// coroutine, as the argument of a WhenAny or WithTimeout whose branch is destroyed. This does not.
template <typename Awaitable>
class Bound {
 public:
  Bound(Awaitable& awaitable, Coroutine& coroutine) : awaitable_(awaitable) {
    awaitable_.Bind(coroutine);
  }
  Bound(const Bound&) = delete;
  Bound& operator=(const Bound&) = delete;
  ~Bound() { awaitable_.Abandon(); }

  bool await_ready() { return awaitable_.await_ready(); }
  auto await_suspend(std::coroutine_handle<> coroutine) {
    return awaitable_.await_suspend(coroutine);
  }
  decltype(auto) await_resume() { return awaitable_.await_resume(); }

 private:
  Awaitable& awaitable_;
};

template <typename T>
inline constexpr bool kIsTask = false;
template <typename T>
inline constexpr bool kIsTask<Task<T>> = true;

// The part of a task's promise that does not depend on its type. It is the node by which the strand
// resumes the coroutine.
class PromiseBase : public Coroutine {
 public:
  struct Final {
    bool await_ready() const noexcept { return false; }
    template <typename Promise>
    void await_suspend(std::coroutine_handle<Promise> handle) const noexcept {
      handle.promise().parent_->OnTaskEnd();
    }
    void await_resume() const noexcept {}
  };

  std::suspend_always initial_suspend() const noexcept { return {}; }
  Final final_suspend() const noexcept { return {}; }
  void unhandled_exception() noexcept { exception_ = std::current_exception(); }

  // Queues the first step of the task. `parent` continues when it has ended.
  void Start(Parent& parent, Scope& scope) {
    parent_ = &parent;
    scope_ = &scope;
    scope.strand().Push(*this);
  }

  // Before the coroutine is destroyed.
  void Stop() {
    if (scope_ != nullptr) scope_->strand().Forget(*this);
  }

  const std::exception_ptr& exception() const { return exception_; }
  void OnTaskEnd() noexcept override { scope_->strand().Push(*this); }

  template <typename Awaitable>
  decltype(auto) await_transform(Awaitable&& awaitable) {
    using Type = std::remove_cvref_t<Awaitable>;
    if constexpr (kIsTask<Type>) {
      static_assert(!std::is_lvalue_reference_v<Awaitable>,
                    "weft: a task is awaited once: co_await std::move(task)");
      return TaskAwaiter<typename Type::Result>(std::forward<Awaitable>(awaitable), *this, *scope_);
    } else if constexpr (Bindable<Type>) {
      return Bound<Type>(awaitable, *this);
    } else {
      return Foreign<Awaitable&&>(std::forward<Awaitable>(awaitable), *this, *scope_);
    }
  }

 protected:
  ~PromiseBase() = default;

 private:
  Parent* parent_ = nullptr;
  std::exception_ptr exception_;
};

template <typename T>
class Promise final : public PromiseBase {
 public:
  Task<T> get_return_object();
  void return_value(T value) { value_.emplace(std::move(value)); }

  T Take() {
    if (exception() != nullptr) std::rethrow_exception(exception());
    return *std::move(value_);
  }
  void Run() override { std::coroutine_handle<Promise>::from_promise(*this).resume(); }

 private:
  std::optional<T> value_;
};

template <>
class Promise<void> final : public PromiseBase {
 public:
  Task<void> get_return_object();
  void return_void() const {}

  void Take() const {
    if (exception() != nullptr) std::rethrow_exception(exception());
  }
  void Run() override { std::coroutine_handle<Promise>::from_promise(*this).resume(); }
};

}  // namespace coro::internal

// A coroutine of a session, or of a part of its work. It starts when it is awaited, by another Task
// or as the argument of WhenAny or WithTimeout, and is awaited once; the first one of a session is
// started by coro::Handler. Inside it every awaitable can be awaited: those of coro::Session,
// tasks, and the application's own, after which the coroutine continues on its own loop.
//
//   weft::Task<absl::StatusOr<Order>> ReadOrder(weft::coro::Session& session);
//   ...
//   absl::StatusOr<Order> order = co_await ReadOrder(session);
//
// An exception that leaves the coroutine leaves the co_await; an empty Task, which has no
// coroutine, throws std::logic_error. A lambda that is a coroutine must outlive it: pass what it
// needs as parameters instead of capturing it.
template <typename T = void>
class [[nodiscard]] Task {
 public:
  using Result = T;
  using promise_type = coro::internal::Promise<T>;

  Task() = default;
  Task(Task&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  Task& operator=(Task&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }
  ~Task() {
    if (!handle_) return;
    if (!handle_.done()) handle_.promise().Stop();
    handle_.destroy();
  }

 private:
  friend promise_type;
  template <typename>
  friend class coro::internal::TaskAwaiter;
  friend class coro::internal::TaskAccess;

  explicit Task(std::coroutine_handle<promise_type> handle) : handle_(handle) {}

  std::coroutine_handle<promise_type> handle_;
};

namespace coro::internal {

// For those that run tasks.
class TaskAccess {
 public:
  template <typename T>
  static Promise<T>& PromiseOf(const Task<T>& task) {
    return task.handle_.promise();
  }
  template <typename T>
  static bool IsDone(const Task<T>& task) {
    return task.handle_.done();
  }
  template <typename T>
  static bool Exists(const Task<T>& task) {
    return static_cast<bool>(task.handle_);
  }
};

template <typename T>
Task<T> Promise<T>::get_return_object() {
  return Task<T>(std::coroutine_handle<Promise>::from_promise(*this));
}
inline Task<void> Promise<void>::get_return_object() {
  return Task<void>(std::coroutine_handle<Promise>::from_promise(*this));
}

// Instead of an empty task.
template <typename T>
Task<T> ThrowEmptyTask() {
  throw std::logic_error("an empty weft::Task was started");
  if constexpr (std::is_void_v<T>) {
    co_return;
  } else {
    co_return std::optional<T>().value();
  }
}

// The task; or, if it is empty, one that throws std::logic_error.
template <typename T>
Task<T> NotEmpty(Task<T> task) {
  return TaskAccess::Exists(task) ? std::move(task) : ThrowEmptyTask<T>();
}

// Awaits a task in another.
template <typename T>
class TaskAwaiter {
 public:
  TaskAwaiter(Task<T> task, Parent& parent, Scope& scope)
      : task_(NotEmpty(std::move(task))), parent_(parent), scope_(scope) {}

  bool await_ready() const { return false; }
  void await_suspend(std::coroutine_handle<> /*parent*/) {
    TaskAccess::PromiseOf(task_).Start(parent_, scope_);
  }
  T await_resume() { return TaskAccess::PromiseOf(task_).Take(); }

 private:
  const Task<T> task_;
  Parent& parent_;
  Scope& scope_;
};

}  // namespace coro::internal
}  // namespace weft

#endif  // WEFT_CORO_TASK_H_
