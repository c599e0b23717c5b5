// Awaits an awaitable that is not of this library, and comes back to the session's loop.

#ifndef WEFT_CORO_FOREIGN_H_
#define WEFT_CORO_FOREIGN_H_

#include <coroutine>
#include <type_traits>
#include <utility>

#include "weft/coro/strand.h"

namespace weft::coro::internal {

class TaskAccess;

template <typename Awaitable>
concept HasMemberCoAwait = requires(Awaitable&& awaitable) {
  static_cast<Awaitable&&>(awaitable).operator co_await();
};
template <typename Awaitable>
concept HasFreeCoAwait = requires(Awaitable&& awaitable) {
  operator co_await(static_cast<Awaitable&&>(awaitable));
};

template <typename Awaitable>
decltype(auto) AwaiterOf(Awaitable&& awaitable) {
  if constexpr (HasMemberCoAwait<Awaitable>) {
    return std::forward<Awaitable>(awaitable).operator co_await();
  } else if constexpr (HasFreeCoAwait<Awaitable>) {
    return operator co_await(std::forward<Awaitable>(awaitable));
  } else {
    return std::forward<Awaitable>(awaitable);
  }
}

// A coroutine whose only step hands `node` to its strand: its handle is the one that the
// application's awaitable gets, and may be resumed by any thread. Destroys itself.
class Bridge {
 public:
  struct promise_type {
    Bridge get_return_object() {
      return Bridge(std::coroutine_handle<promise_type>::from_promise(*this));
    }
    std::suspend_always initial_suspend() const noexcept { return {}; }
    std::suspend_never final_suspend() const noexcept { return {}; }
    void return_void() const {}
    void unhandled_exception() const noexcept {}
  };

  static Bridge To(Strand& strand, Node& node) {
    strand.ResumeLater(node);
    co_return;
  }

  explicit Bridge(std::coroutine_handle<> handle) : handle_(handle) {}
  Bridge(Bridge&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  Bridge& operator=(Bridge&&) = delete;
  ~Bridge() {
    if (handle_) handle_.destroy();
  }

  std::coroutine_handle<> handle() const { return handle_; }
  void Release() { handle_ = nullptr; }

 private:
  std::coroutine_handle<> handle_;
};

// Such an awaitable cannot be cancelled: the coroutine waits until it is resumed, also when the
// session has ended meanwhile.
template <typename Awaitable>
class Foreign final : public Node {
 public:
  Foreign(Awaitable awaitable, Node& coroutine, Scope& scope)
      : awaiter_(AwaiterOf(std::forward<Awaitable>(awaitable))),
        coroutine_(coroutine),
        scope_(scope) {}

  bool await_ready() { return awaiter_.await_ready(); }

  bool await_suspend(std::coroutine_handle<> /*coroutine*/) {
    using Result = decltype(awaiter_.await_suspend(std::coroutine_handle<>()));
    Bridge bridge = Bridge::To(scope_.strand(), *this);
    const std::coroutine_handle<> handle = bridge.handle();
    Expect expect(scope_);
    // From here on another thread may resume the bridge, which destroys itself. This coroutine
    // continues only after it has returned to its strand.
    std::coroutine_handle<> next;
    if constexpr (std::is_same_v<Result, bool>) {
      if (!awaiter_.await_suspend(handle)) return false;
    } else if constexpr (std::is_void_v<Result>) {
      awaiter_.await_suspend(handle);
    } else {
      next = awaiter_.await_suspend(handle);
    }
    expect.Release();
    bridge.Release();
    if (next) next.resume();
    return true;
  }

  decltype(auto) await_resume() { return awaiter_.await_resume(); }

  // On the loop. The coroutine continues before a stuck task of its scope is destroyed.
  void Run() override {
    scope_.strand().Push(coroutine_);
    scope_.CountForeign(-1);
  }

 private:
  // Counts the wait, unless the awaitable throws or does not suspend after all.
  class Expect {
   public:
    explicit Expect(Scope& scope) : scope_(&scope) {
      scope_->strand().ExpectResume();
      scope_->CountForeign(1);
    }
    ~Expect() {
      if (scope_ == nullptr) return;
      scope_->CountForeign(-1);
      scope_->strand().ForgetResume();
    }
    void Release() { scope_ = nullptr; }

   private:
    Scope* scope_;
  };

  decltype(AwaiterOf(std::declval<Awaitable>())) awaiter_;
  Node& coroutine_;
  Scope& scope_;
};

}  // namespace weft::coro::internal

#endif  // WEFT_CORO_FOREIGN_H_
