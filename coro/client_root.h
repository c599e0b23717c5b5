// A task on a loop of clients.

#ifndef WEFT_CORO_CLIENT_ROOT_H_
#define WEFT_CORO_CLIENT_ROOT_H_

#include <cstdint>
#include <exception>
#include <memory>

#include "absl/functional/any_invocable.h"
#include "weft/client/async/client_loop.h"
#include "weft/client/async/client_worker.h"
#include "weft/coro/loop_root.h"
#include "weft/coro/task.h"

namespace weft::coro::internal {

// A task of coro::Spawn or coro::Run, on one worker of its loop. For that worker's thread, except
// where marked.
class ClientRoot final : public LoopRoot, private ClientGuest {
 public:
  enum class Outcome : uint8_t {
    kNotStarted,  // the loop had ended
    kReturned,    // or threw
    kDestroyed,   // it ignored its end, and `exception` says so
  };
  using Done = absl::AnyInvocable<void(Outcome outcome, const std::exception_ptr& exception)>;

  // Any thread. Calls `done` once, when the task has been destroyed: on the worker's thread; or on
  // another, if the loop has ended.
  static void Start(ClientLoop& loop, Task<> task, std::shared_ptr<const void> function, Done done);

  // ---- Root

  ClientWorker* WorkerOf(const ClientLoop& loop) const override {
    return &loop == &loop_ ? worker_ : nullptr;
  }

 private:
  class Starter;

  ClientRoot(ClientLoop& loop, ClientWorker& worker, std::shared_ptr<const void> function,
             Done done);
  ~ClientRoot() override = default;

  void OnDone(bool returned, std::exception_ptr exception, bool in_callback) override;
  void OnLoopEnd() override;

  ClientLoop& loop_;
  ClientWorker* worker_;  // null once the loop has ended
  Done done_;
};

}  // namespace weft::coro::internal

#endif  // WEFT_CORO_CLIENT_ROOT_H_
