// The results of tasks.

#ifndef WEFT_CORO_RESULT_H_
#define WEFT_CORO_RESULT_H_

#include <optional>
#include <type_traits>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "weft/coro/task.h"

namespace weft::coro::internal {

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

// The task of a Root that runs `task`, and keeps its result.
template <typename T>
Task<> KeepResult(Task<T> task, std::optional<typename OrError<T>::Type>& result) {
  if constexpr (std::is_void_v<T>) {
    co_await std::move(task);
    result.emplace();
  } else {
    result.emplace(co_await std::move(task));
  }
}

}  // namespace weft::coro::internal

#endif  // WEFT_CORO_RESULT_H_
