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
#include "weft/coro/result.h"
#include "weft/coro/strand.h"
#include "weft/coro/task.h"
#include "weft/loop/deadline_queue.h"

namespace weft::coro {

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

  void Bind(internal::Coroutine& coroutine) { coroutine_ = &coroutine; }
  void Abandon() {
    CancelAlarm();
    branch_.Destroy();
  }
  bool await_ready() const { return false; }

  bool await_suspend(std::coroutine_handle<> /*coroutine*/) {
    if (timeout_ < absl::InfiniteDuration()) {
      absl::StatusOr<DeadlineKey> alarm = strand().SetAlarm(timeout_, *this);
      if (alarm.ok()) {
        alarm_ = *alarm;
      } else if (!absl::IsFailedPrecondition(alarm.status()) || strand().ended()) {
        status_ = alarm.status();
        internal::Scope* const cancelled = coroutine_->scope().FindCancelled();
        return cancelled != nullptr && cancelled->IsStuck();
      }
      // Otherwise the stream is closed, and the session ends in this turn: that ends the branch.
    }
    branch_.Start(*this, coroutine_->scope());
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
  internal::Strand& strand() const { return coroutine_->scope().strand(); }

  void OnBranchEnd(const void* /*branch*/) noexcept override {
    CancelAlarm();
    strand().Push(*coroutine_);
  }

  void OnAlarm() override {
    alarm_ = DeadlineKey();
    status_ = absl::DeadlineExceededError("the timeout has passed");
    branch_.Cancel();
  }

  void CancelAlarm() {
    if (alarm_ == DeadlineKey()) return;
    strand().CancelAlarm(std::exchange(alarm_, DeadlineKey()));
  }

  const absl::Duration timeout_;
  internal::Branch<T> branch_;
  internal::Coroutine* coroutine_ = nullptr;
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
