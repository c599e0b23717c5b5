#include "weft/coro/acceptor.h"

#include <exception>
#include <optional>

#include "weft/coro/loop_root.h"
#include "weft/coro/result.h"
#include "weft/coro/root.h"
#include "weft/coro/task.h"
#include "weft/loop/mailbox.h"
#include "weft/server/http/late_answer.h"
#include "weft/server/kept_request.h"

namespace weft::coro::internal {
namespace {

using weft::internal::ApplicationFailed;
using weft::internal::LatePageRequest;
using weft::internal::LateUpgradeRequest;

// The task of one request of the kind `Late`, whose coroutine returns a `Result`. The task and the
// request's end keep it.
template <typename Late, typename Result>
class RequestRoot : public LoopRoot {
 public:
  // `function` is what the coroutine runs in.
  RequestRoot(std::shared_ptr<Late> late, std::shared_ptr<const void> function)
      : LoopRoot(late->loop(), std::move(function)), late_(std::move(late)) {}

  // `call` makes the coroutine. Once.
  template <typename Call>
  void Start(std::shared_ptr<RequestRoot> self, Call call) {
    if (!late_->waits()) return;  // the client left before this call was posted to the loop
    Task<Result> task = call();
    late_->WhenOver([self = std::move(self)] { self->EndWaits(); });
    Ref();
    Root::Start(KeepResult(std::move(task), result_));
    RunCoroutines();
  }

 protected:
  const Late& late() const { return *late_; }

  virtual const char* what() const = 0;
  virtual void Give(Late& late, Result result) = 0;

 private:
  void OnDone(bool /*returned*/, std::exception_ptr exception, bool /*in_callback*/) final {
    LeaveLoop();
    if (mailbox()->OnLoopThread()) {
      const bool has_result = late_->guard().Run(what(), [&exception] {
        if (exception != nullptr) std::rethrow_exception(exception);
      });
      Give(*late_, has_result ? *std::move(result_) : ApplicationFailed());
    }
    result_.reset();
    late_.reset();
    Unref();
  }

  std::shared_ptr<Late> late_;  // until the task has ended
  std::optional<Result> result_;
};

class AcceptorRoot final : public RequestRoot<LateUpgradeRequest, AcceptorResult> {
 public:
  using RequestRoot::RequestRoot;

  Task<AcceptorResult> Call(const AcceptorCoroutine& function) {
    return function(late().request(), response_);
  }

 private:
  const char* what() const override { return "the acceptor"; }
  void Give(LateUpgradeRequest& late, AcceptorResult result) override {
    late.Give({std::move(result), std::move(response_)});
  }

  UpgradeResponse response_;
};

class PageRoot final : public RequestRoot<LatePageRequest, absl::StatusOr<PageResponse>> {
 public:
  using RequestRoot::RequestRoot;

  Task<absl::StatusOr<PageResponse>> Call(const PageCoroutine& function) {
    return function(late().request());
  }

 private:
  const char* what() const override { return "a page"; }
  void Give(LatePageRequest& late, absl::StatusOr<PageResponse> result) override {
    late.Give(std::move(result));
  }
};

// Starts a coroutine on the loop of its request; at once, unless another thread calls this.
template <typename RootOfIt, typename Late, typename Request, typename Function>
absl::Status StartFor(const Request& request, std::shared_ptr<const Function> function) {
  absl::StatusOr<std::shared_ptr<Late>> late = Late::Of(request);
  if (!late.ok()) return late.status();
  const std::shared_ptr<Mailbox>& mailbox = (*late)->loop().mailbox();
  const std::shared_ptr<RootOfIt> root(new RootOfIt(*late, function),
                                       [](RootOfIt* it) { it->Unref(); });
  const auto start = [root, function] { root->Start(root, [&] { return root->Call(*function); }); };
  if (mailbox->OnLoopThread()) {
    start();
  } else {
    mailbox->Post([start, late = *late] { late->guard().Run("a coroutine", start); });
  }
  return absl::OkStatus();
}

}  // namespace

AcceptorResult StartAcceptor(const SessionRequest& request,
                             std::shared_ptr<const AcceptorCoroutine> function) {
  const absl::Status status =
      StartFor<AcceptorRoot, LateUpgradeRequest>(request, std::move(function));
  if (!status.ok()) return status;
  return nullptr;  // is ignored
}

absl::StatusOr<PageResponse> StartPage(const PageRequest& request,
                                       std::shared_ptr<const PageCoroutine> function) {
  const absl::Status status = StartFor<PageRoot, LatePageRequest>(request, std::move(function));
  if (!status.ok()) return status;
  return PageResponse();  // is ignored
}

}  // namespace weft::coro::internal
