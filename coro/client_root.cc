#include "weft/coro/client_root.h"

#include <utility>

#include "weft/client/async/client_loop_access.h"
#include "weft/loop/mailbox.h"

namespace weft::coro::internal {

// A task on its way to its worker. If it does not arrive, because the loop has ended, it is
// destroyed here.
class ClientRoot::Starter {
 public:
  Starter(ClientRoot& root, Task<> task) : root_(&root), task_(std::move(task)) {}
  Starter(Starter&& other) noexcept
      : root_(std::exchange(other.root_, nullptr)), task_(std::move(other.task_)) {}
  Starter& operator=(Starter&&) = delete;
  ~Starter() {
    if (root_ == nullptr) return;
    task_ = Task<>();
    root_->done_(Outcome::kNotStarted, nullptr);
    root_->Unref();
  }

  // The worker keeps the reference, until the task or the loop ends.
  void operator()() {
    ClientRoot& root = *std::exchange(root_, nullptr);
    root.worker_->Add(root);
    root.Root::Start(std::move(task_));
    root.RunCoroutines();
  }

 private:
  ClientRoot* root_;
  Task<> task_;
};

ClientRoot::ClientRoot(ClientLoop& loop, ClientWorker& worker, std::shared_ptr<const void> function,
                       Done done)
    : LoopRoot(worker.context().loop(), std::move(function)),
      loop_(loop),
      worker_(&worker),
      done_(std::move(done)) {}

void ClientRoot::Start(ClientLoop& loop, Task<> task, std::shared_ptr<const void> function,
                       Done done) {
  ClientWorker& worker = ClientLoopAccess::NextWorker(loop);
  auto* const root = new ClientRoot(loop, worker, std::move(function), std::move(done));
  const std::shared_ptr<Mailbox> mailbox = root->mailbox();
  mailbox->Post(Starter(*root, std::move(task)));
}

void ClientRoot::OnDone(bool returned, std::exception_ptr exception, bool /*in_callback*/) {
  LeaveLoop();
  const bool on_loop = worker_ != nullptr;
  if (on_loop) std::exchange(worker_, nullptr)->Remove(*this);
  std::exchange(done_, nullptr)(returned ? Outcome::kReturned : Outcome::kDestroyed, exception);
  if (on_loop) Unref();
}

void ClientRoot::OnLoopEnd() {
  worker_ = nullptr;
  EndWaits();
  Unref();
}

}  // namespace weft::coro::internal
