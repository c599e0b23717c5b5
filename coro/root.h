// The first task of a strand, and the loop on which it runs.

#ifndef WEFT_CORO_ROOT_H_
#define WEFT_CORO_ROOT_H_

#include <exception>
#include <memory>
#include <utility>

#include "weft/coro/strand.h"
#include "weft/coro/task.h"
#include "weft/loop/mailbox.h"

namespace weft {

class ClientLoop;
class ClientWorker;

}  // namespace weft

namespace weft::coro::internal {

// A strand whose coroutines belong to one task: that of a server's session, that of a request, or
// one of coro::Spawn. Every strand is a root. Counts its references, since the task may outlive the
// session or the loop that started it. For the loop's thread, except where marked.
class Root : public Strand {
 public:
  // Any thread.
  virtual void Ref() = 0;
  virtual void Unref() = 0;

  // Whether the task has ended, and was destroyed.
  bool is_done() const { return !TaskAccess::Exists(task_); }

  // Runs the coroutines that are ready. The root may be destroyed when this returns.
  void RunCoroutines() { RunCoroutines(/*in_callback=*/false); }

  // The mailbox of its loop. Not once a server's session has ended, unless there was an
  // ExpectResume() before.
  virtual const std::shared_ptr<Mailbox>& mailbox() const = 0;

  // The worker on which its coroutines run, if that is one of `loop`. Null for any other.
  virtual ClientWorker* WorkerOf(const ClientLoop& /*loop*/) const { return nullptr; }

  // ---- Strand

  void ForgetResume() override { Unref(); }
  void ResumeLater(Node& node) override;  // any thread

 protected:
  // `function` is kept until the task, which uses its captures, has ended.
  explicit Root(std::shared_ptr<const void> function) : function_(std::move(function)) {}
  ~Root() = default;

  // Queues the first step of the task.
  void Start(Task<> task);

  // `in_callback`: the caller catches what the task has thrown.
  void RunCoroutines(bool in_callback);

  const std::shared_ptr<const void>& function() const { return function_; }

 private:
  class Resumption;

  // Coroutines have run, and the task has not ended.
  virtual void OnPause() {}

  // The task has ended, and was destroyed. `returned`: by itself, and `exception` is what it threw;
  // otherwise because it ignored its end, and `exception` says so: it is reported in the same way.
  virtual void OnDone(bool returned, std::exception_ptr exception, bool in_callback) = 0;

  // Parent: of the task.
  void Run() override {}
  void OnTaskEnd() noexcept override { task_ended_ = true; }
  void OnTaskStuck() override { task_ended_ = true; }

  void EndTask(bool in_callback);
  void Resume(Node& node);

  std::shared_ptr<const void> function_;  // of task_, which is destroyed first
  Task<> task_;
  bool task_ended_ = false;
};

}  // namespace weft::coro::internal

#endif  // WEFT_CORO_ROOT_H_
