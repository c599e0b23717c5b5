#include "weft/coro/spawn.h"

#include <condition_variable>
#include <exception>
#include <mutex>
#include <string>

#include "absl/functional/any_invocable.h"
#include "absl/strings/str_cat.h"
#include "weft/client/async/client_loop_access.h"
#include "weft/core/http/quote.h"
#include "weft/core/log.h"
#include "weft/coro/client_root.h"
#include "weft/loop/exception_guard.h"
#include "weft/loop/mailbox.h"

namespace weft::coro::internal {
namespace {

void LogException(const LogHook& log, const std::exception_ptr& exception) {
  ExceptionGuard guard([&](absl::string_view what, absl::string_view message) {
    Log(log, LogLevel::kError, absl::StrCat("an exception in ", what, ": ", Escape(message)));
  });
  guard.Run("a coroutine", [&] { std::rethrow_exception(exception); });
}

// The end of a task for which a thread waits.
class End {
 public:
  void Set(ClientRoot::Outcome outcome, std::exception_ptr exception) {
    const std::lock_guard<std::mutex> lock(mutex_);
    outcome_ = outcome;
    exception_ = std::move(exception);
    changed_.notify_all();  // under the lock: the waiting thread destroys this
  }

  absl::Status Wait() {
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait(lock, [this] { return outcome_.has_value(); });
    switch (*outcome_) {
      case ClientRoot::Outcome::kNotStarted:
        return absl::CancelledError("the client loop has ended");
      case ClientRoot::Outcome::kDestroyed:
        return absl::FailedPreconditionError("the task was destroyed, because it ignored its end");
      case ClientRoot::Outcome::kReturned:
        break;
    }
    if (exception_ != nullptr) std::rethrow_exception(exception_);
    return absl::OkStatus();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<ClientRoot::Outcome> outcome_;
  std::exception_ptr exception_;
};

}  // namespace

void SpawnTask(ClientLoop& loop, Task<> task, std::shared_ptr<const void> function) {
  // A copy of the hook: the task may end after the loop.
  ClientRoot::Start(loop, std::move(task), std::move(function),
                    [log = ClientLoopAccess::OptionsOf(loop).log](
                        ClientRoot::Outcome, const std::exception_ptr& exception) {
                      if (exception != nullptr) LogException(log, exception);
                    });
}

absl::Status RunTask(ClientLoop& loop, Task<> task) {
  if (Mailbox::OnAnyLoopThread()) {
    return absl::FailedPreconditionError("coro::Run() blocks: not for the thread of a loop");
  }
  const bool runs_loop = ClientLoopAccess::OptionsOf(loop).threads == 0;
  End end;
  ClientRoot::Start(loop, std::move(task), nullptr,
                    [&](ClientRoot::Outcome outcome, const std::exception_ptr& exception) {
                      if (runs_loop) loop.Stop();
                      end.Set(outcome, exception);
                    });
  if (runs_loop) loop.Run();
  return end.Wait();
}

}  // namespace weft::coro::internal
