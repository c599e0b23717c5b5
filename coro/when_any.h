// Awaits the first of several.

#ifndef WEFT_CORO_WHEN_ANY_H_
#define WEFT_CORO_WHEN_ANY_H_

#include <array>
#include <coroutine>
#include <cstddef>
#include <exception>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>

#include "weft/coro/branch.h"
#include "weft/coro/strand.h"
#include "weft/coro/task.h"

namespace weft::coro {

// See WhenAny.
template <typename... Ts>
class [[nodiscard]] WhenAnyAwaitable final : private internal::BranchOwner {
 public:
  using Result = std::variant<std::conditional_t<std::is_void_v<Ts>, std::monostate, Ts>...>;

  explicit WhenAnyAwaitable(Task<Ts>... tasks) : branches_(std::move(tasks)...) {}
  WhenAnyAwaitable(const WhenAnyAwaitable&) = delete;
  WhenAnyAwaitable& operator=(const WhenAnyAwaitable&) = delete;

  void Bind(internal::Coroutine& coroutine) { coroutine_ = &coroutine; }
  void Abandon() {
    ForgetStarter();
    std::apply([](auto&... branches) { (branches.Destroy(), ...); }, branches_);
  }
  bool await_ready() const { return false; }
  void await_suspend(std::coroutine_handle<> /*coroutine*/) { starter_.Run(); }

  Result await_resume() {
    if (std::exception_ptr exception = Exception()) std::rethrow_exception(exception);
    return Take(std::index_sequence_for<Ts...>());
  }

 private:
  static constexpr size_t kNone = sizeof...(Ts);

  internal::Strand& strand() const { return coroutine_->scope().strand(); }

  // Starts the branches one after the other: none after one that has already ended.
  struct Starter final : internal::Node {
    explicit Starter(WhenAnyAwaitable& owner) : owner(owner) {}
    void Run() override {
      queued = false;
      owner.StartNext(std::index_sequence_for<Ts...>());
    }
    WhenAnyAwaitable& owner;
    bool queued = false;
  };

  template <size_t... I>
  void StartNext(std::index_sequence<I...> /*indices*/) {
    const size_t index = started_++;
    ++running_;
    if (started_ < kNone) starter_.queued = true;
    ((I == index ? std::get<I>(branches_).Start(*this, coroutine_->scope()) : void()), ...);
    if (starter_.queued) strand().Push(starter_);
  }

  void ForgetStarter() {
    if (std::exchange(starter_.queued, false)) strand().Forget(starter_);
  }

  void OnBranchEnd(const void* branch) noexcept override {
    --running_;
    if (first_ == kNone) SetFirst(branch, std::index_sequence_for<Ts...>());
    if (running_ > 0) return;
    ForgetStarter();
    strand().Push(*coroutine_);
  }

  template <size_t... I>
  void SetFirst(const void* branch, std::index_sequence<I...> /*indices*/) {
    ((&std::get<I>(branches_) == branch ? void(first_ = I) : void()), ...);
    ForgetStarter();
    ((I != first_ ? std::get<I>(branches_).Cancel() : void()), ...);
  }

  // That of the first; or another that was thrown while it was cancelled.
  std::exception_ptr Exception() const {
    std::array<std::exception_ptr, kNone> all = std::apply(
        [](const auto&... branches) {
          return std::array<std::exception_ptr, kNone>{branches.exception()...};
        },
        branches_);
    if (all[first_] != nullptr) return all[first_];
    for (std::exception_ptr& each : all) {
      if (each != nullptr) return each;
    }
    return nullptr;
  }

  template <size_t I>
  Result TakeOne() {
    if constexpr (std::is_void_v<std::tuple_element_t<I, std::tuple<Ts...>>>) {
      std::get<I>(branches_).Take();
      return Result(std::in_place_index<I>);
    } else {
      return Result(std::in_place_index<I>, std::get<I>(branches_).Take());
    }
  }

  template <size_t... I>
  Result Take(std::index_sequence<I...> /*indices*/) {
    using Function = Result (WhenAnyAwaitable::*)();
    constexpr std::array<Function, kNone> kTake = {&WhenAnyAwaitable::TakeOne<I>...};
    return (this->*kTake[first_])();
  }

  std::tuple<internal::Branch<Ts>...> branches_;
  Starter starter_{*this};
  internal::Coroutine* coroutine_ = nullptr;
  size_t started_ = 0;
  size_t running_ = 0;
  size_t first_ = kNone;
};

// Awaits all of them, tasks or other awaitables, until the first has a result: a variant whose
// index() says which. std::monostate stands for void. The others are then cancelled: what they wait
// for returns CancelledError, and Receive() nullopt, without having taken a message. The call
// returns when they have ended, so they may refer to the caller's variables.
//
//   auto first = co_await coro::WhenAny(s.Receive(), s.Sleep(absl::Seconds(30)));
//   if (first.index() == 1) co_await s.SendText("are you still there?");
//
// An awaitable of the application is not cancelled but awaited, like a task that ignores it. A task
// that continues in spite of 1,000 cancelled waits is destroyed where it waits, without a line in
// the log: the caller continues. Allocates a coroutine for each argument that is not a task.
template <typename... Awaitables>
WhenAnyAwaitable<internal::ResultOf<Awaitables>...> WhenAny(Awaitables&&... awaitables) {
  static_assert(sizeof...(Awaitables) > 0, "weft: WhenAny needs something to wait for");
  return WhenAnyAwaitable<internal::ResultOf<Awaitables>...>(
      internal::AsTask(std::forward<Awaitables>(awaitables))...);
}

}  // namespace weft::coro

#endif  // WEFT_CORO_WHEN_ANY_H_
