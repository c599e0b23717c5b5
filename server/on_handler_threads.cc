#include "weft/server/on_handler_threads.h"

#include "weft/core/http/http_status.h"
#include "weft/loop/exception_guard.h"
#include "weft/loop/thread_pool.h"
#include "weft/server/kept_request.h"

namespace weft::internal {
namespace {

absl::Status NoThreads() {
  return HttpError(500, "ServerOptions::handler_threads is 0, and this request needs one");
}

// Calls `call`, which gives the answer, on a handler thread. `Late` is the kind of the request.
template <typename Late, typename Request, typename Call>
absl::Status RunOnThread(const Request& request, Call call) {
  if (request.context == nullptr || request.context->handler_threads == nullptr) return NoThreads();
  // Before the threads are used: they may no longer exist.
  absl::StatusOr<std::shared_ptr<Late>> late = Late::Of(request);
  if (!late.ok()) return late.status();
  request.context->handler_threads->Schedule([late = *std::move(late), call = std::move(call)] {
    if (late->waits()) call(*late);
  });
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::unique_ptr<Handler>> AcceptorOnHandlerThreads::operator()(
    const SessionRequest& request, UpgradeResponse& /*response*/) const {
  const absl::Status status =
      RunOnThread<LateUpgradeRequest>(request, [acceptor = acceptor](LateUpgradeRequest& late) {
        UpgradeDecision decision = {ApplicationFailed(), {}};
        late.guard().Run("the acceptor", [&] {
          decision.handler = (*acceptor)(late.request(), decision.response);
        });
        late.Give(std::move(decision));
      });
  if (!status.ok()) return status;
  return nullptr;  // is ignored
}

absl::StatusOr<PageResponse> PagesOnHandlerThreads::operator()(const PageRequest& request) const {
  const absl::Status status =
      RunOnThread<LatePageRequest>(request, [pages = pages](LatePageRequest& late) {
        absl::StatusOr<PageResponse> answer = ApplicationFailed();
        late.guard().Run("a page", [&] { answer = (*pages)(late.request()); });
        late.Give(std::move(answer));
      });
  if (!status.ok()) return status;
  return PageResponse();  // is ignored
}

bool IsOnHandlerThreads(const Acceptor& acceptor) {
  return acceptor.target<AcceptorOnHandlerThreads>() != nullptr;
}

bool IsOnHandlerThreads(const Pages& pages) {
  return pages.target<PagesOnHandlerThreads>() != nullptr;
}

}  // namespace weft::internal
