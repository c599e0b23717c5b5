// Awaits for a limited time.

#ifndef WEFT_CORO_WITH_TIMEOUT_H_
#define WEFT_CORO_WITH_TIMEOUT_H_

#include <coroutine>
#include <type_traits>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "weft/coro/branch.h"
#include "weft/coro/strand.h"
#include "weft/coro/task.h"
#include "weft/loop/deadline_queue.h"

namespace weft::coro {

namespace internal {

// T, with an error: Status for void and Status, and StatusOr<T> for others.
template <typename T>
struct OrError {
  using Type = absl::StatusOr<T>;
};
template <>
struct OrError<void> {
  using Type = absl::Status;
};
template <>
struct OrError<absl::Status> {
  using Type = absl::Status;
};
template <typename T>
struct OrError<absl::StatusOr<T>> {
  using Type = absl::StatusOr<T>;
};

}  // namespace internal

// See WithTimeout.
template <typename T>
class [[nodiscard]] TimeoutAwaitable final : private internal::BranchOwner,
                                             private internal::Alarm {
 public:
  using Result = typename internal::OrError<T>::Type;

  TimeoutAwaitable(absl::Duration timeout, Task<T> task)
      : timeout_(timeout), branch_(std::move(task)) {}
  TimeoutAwaitable(const TimeoutAwaitable&) = delete;
  TimeoutAwaitable& operator=(const TimeoutAwaitable&) = delete;
  ~TimeoutAwaitable() { CancelAlarm(); }

  void Bind(internal::Node& coroutine, internal::Scope& scope) {
    coroutine_ = &coroutine;
    scope_ = &scope;
  }
  bool await_ready() const { return false; }

  bool await_suspend(std::coroutine_handle<> /*coroutine*/) {
    if (timeout_ < absl::InfiniteDuration()) {
      absl::StatusOr<DeadlineKey> alarm = scope_->strand().SetAlarm(timeout_, *this);
      if (alarm.ok()) {
        alarm_ = *alarm;
      } else if (!absl::IsFailedPrecondition(alarm.status()) || scope_->strand().ended()) {
        status_ = alarm.status();
        internal::Scope* const cancelled = scope_->FindCancelled();
        return cancelled != nullptr && cancelled->IsStuck();
      }
      // Otherwise the stream is closed, and the session ends in this turn: that ends the branch.
    }
    branch_.Start(*this, *scope_);
    return true;
  }

  Result await_resume() {
    if (std::exception_ptr exception = branch_.exception()) std::rethrow_exception(exception);
    if (!status_.ok()) return std::move(status_);
    if constexpr (std::is_void_v<T>) {
      branch_.Take();
      return absl::OkStatus();
    } else {
      return branch_.Take();
    }
  }

 private:
  void OnBranchEnd(const void* /*branch*/) noexcept override {
    CancelAlarm();
    scope_->strand().Push(*coroutine_);
  }

  void OnAlarm() override {
    alarm_ = DeadlineKey();
    status_ = absl::DeadlineExceededError("the timeout has passed");
    branch_.Cancel();
  }

  void CancelAlarm() {
    if (alarm_ == DeadlineKey()) return;
    scope_->strand().CancelAlarm(std::exchange(alarm_, DeadlineKey()));
  }

  const absl::Duration timeout_;
  internal::Branch<T> branch_;
  internal::Node* coroutine_ = nullptr;
  internal::Scope* scope_ = nullptr;
  DeadlineKey alarm_;  // none: it is not set
  absl::Status status_;
};

// Awaits a task or another awaitable for at most `timeout`, and up to 16 ms longer: the same
// result, or DeadlineExceeded. A Status or StatusOr keeps its type, void becomes a Status, and any
// other T a StatusOr<T>. After the timeout it is cancelled as by WhenAny, and the call returns
// when it has ended.
//
//   absl::StatusOr<std::optional<weft::Message>> m =
//       co_await coro::WithTimeout(absl::Seconds(30), s.Receive());
//
// FailedPrecondition, without a start, once the session has ended.
template <typename Awaitable>
TimeoutAwaitable<internal::ResultOf<Awaitable>> WithTimeout(absl::Duration timeout,
                                                            Awaitable&& awaitable) {
  return TimeoutAwaitable<internal::ResultOf<Awaitable>>(
      timeout, internal::AsTask(std::forward<Awaitable>(awaitable)));
}

}  // namespace weft::coro

#endif  // WEFT_CORO_WITH_TIMEOUT_H_
