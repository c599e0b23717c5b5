// Runs coroutines on a loop of clients.

#ifndef WEFT_CORO_SPAWN_H_
#define WEFT_CORO_SPAWN_H_

#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

#include "absl/status/status.h"
#include "weft/client/async/client_loop.h"
#include "weft/coro/result.h"
#include "weft/coro/task.h"

namespace weft::coro {

namespace internal {

// `function` is kept until the task has ended: one that is a lambda uses its captures.
void SpawnTask(ClientLoop& loop, Task<> task, std::shared_ptr<const void> function);

// Returns when the task has ended, and throws what it threw. An error if it did not run to its end.
absl::Status RunTask(ClientLoop& loop, Task<> task);

template <typename Function>
inline constexpr bool kReturnsTask = std::is_invocable_r_v<Task<>, const Function&>;
template <typename Function>
concept TaskFunction = kReturnsTask<Function>;

}  // namespace internal

// Starts a task on one of the loop's threads, and returns at once. The task stays on that thread:
// the connections that it opens on `loop` by coro::Connect live there too, and it may await the
// application's awaitables, after which it continues there. It must not block. May be called by any
// thread.
//
//   weft::coro::Spawn(loop, Talk("ws://one.example/"));
//   weft::coro::Spawn(loop, [&table]() -> weft::Task<> { ... });  // kept while it runs
//
// When the loop is stopped or destroyed, its connections end, and then whatever the task still
// waits for returns FailedPrecondition (Connect, Sleep and the like) or, for Receive(), nullopt.
// The task then finishes; one that continues in spite of 1,000 such answers is destroyed where it
// waits. That is logged (ClientLoopOptions::log), as is an exception that leaves the task. A task
// for a loop that has ended is destroyed without having run.
inline void Spawn(ClientLoop& loop, Task<> task) {
  internal::SpawnTask(loop, std::move(task), nullptr);
}
template <internal::TaskFunction Function>
void Spawn(ClientLoop& loop, Function function) {
  auto kept = std::make_shared<const Function>(std::move(function));
  Task<> task = (*kept)();
  internal::SpawnTask(loop, std::move(task), std::move(kept));
}

// Runs a task as Spawn() does, waits until it has ended, and gives its result: a Status or StatusOr
// as it is, a Status for void, and a StatusOr<T> for any other T. Throws what the task threw. For a
// thread that may block, as main().
//
//   absl::Status status = weft::coro::Run(loop, Main());
//
// With ClientLoopOptions::threads == 0 the task runs on this thread, by ClientLoop::Run(), and the
// loop has ended afterwards. Cancelled if the loop had ended before, and FailedPrecondition on the
// thread of a loop, which would wait for itself.
template <typename T>
typename internal::OrError<T>::Type Run(ClientLoop& loop, Task<T> task) {
  std::optional<typename internal::OrError<T>::Type> result;
  absl::Status status = internal::RunTask(loop, internal::KeepResult<T>(std::move(task), result));
  if (!status.ok()) return status;
  return *std::move(result);
}

}  // namespace weft::coro

#endif  // WEFT_CORO_SPAWN_H_
