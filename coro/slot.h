// How one coroutine of a session gives a value to another.

#ifndef WEFT_CORO_SLOT_H_
#define WEFT_CORO_SLOT_H_

#include <coroutine>
#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "weft/coro/strand.h"

namespace weft::coro {

// A value that one coroutine sets and another, of the same session, awaits: for example, the answer
// to a request, which the coroutine that receives messages finds. Must not be destroyed while it is
// awaited.
//
//   coro::Slot<std::string> answer;
//   answers[id] = &answer;                            // where the receiving coroutine finds it
//   absl::StatusOr<std::string> text =
//       co_await coro::WithTimeout(absl::Seconds(5), answer.Get());
//   answers.erase(id);
template <typename T>
class Slot {
 public:
  class [[nodiscard]] GetAwaitable final : public internal::Waiter {
   public:
    explicit GetAwaitable(Slot& slot) : slot_(slot) {}

    void Abandon() {
      if (slot_.waiter_ == this) slot_.waiter_ = nullptr;
      Waiter::Abandon();
    }

    // A value is for the branch that continues.
    bool await_ready() const { return !IsCancelled() && slot_.value_.has_value(); }
    bool await_suspend(std::coroutine_handle<> /*coroutine*/) {
      slot_.waiter_ = this;
      return Wait(Event::kSlot);
    }
    absl::StatusOr<T> await_resume() {
      if (wait_ != State::kCancelled && slot_.value_.has_value()) {
        absl::StatusOr<T> value(*std::move(slot_.value_));
        slot_.value_.reset();
        return value;
      }
      absl::Status status = WaitResult();
      if (!status.ok()) return status;
      return absl::FailedPreconditionError("another coroutine has taken the value");
    }

   private:
    friend class Slot;
    void OnSet() {
      if (wait_ == State::kWaiting) strand().Wake(*this);
    }

    Slot& slot_;
  };

  Slot() = default;
  Slot(const Slot&) = delete;
  Slot& operator=(const Slot&) = delete;

  // Replaces a value that was not taken.
  void Set(T value) {
    value_.emplace(std::move(value));
    if (waiter_ != nullptr) waiter_->OnSet();
  }

  // The value, which is taken out; waits until there is one. For one coroutine at a time.
  GetAwaitable Get() { return GetAwaitable(*this); }

 private:
  std::optional<T> value_;
  GetAwaitable* waiter_ = nullptr;
};

}  // namespace weft::coro

#endif  // WEFT_CORO_SLOT_H_
