// Requests that are needed after the call of the acceptor or page.

#ifndef WEFT_SERVER_KEPT_REQUEST_H_
#define WEFT_SERVER_KEPT_REQUEST_H_

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "weft/core/http/http_status.h"
#include "weft/core/http/request_target.h"
#include "weft/loop/budget.h"
#include "weft/loop/event_loop.h"
#include "weft/loop/exception_guard.h"
#include "weft/loop/mailbox.h"
#include "weft/server/acceptor.h"
#include "weft/server/http/late_answer.h"
#include "weft/server/http/page.h"

namespace weft {

// A copy of a request. Its AnswerLater() must not be called: it has no context. `bytes` is the size
// of all this in memory.
struct KeptRequest {
  std::string head{};  // the views of the request point into it
  SessionRequest request{};
  size_t bytes = 0;
};

struct KeptPageRequest {
  std::string head{};
  std::string target{};
  std::string subpath{};
  std::string body{};
  PageRequest request{};
  size_t bytes = 0;
};

// `head` is the text of the request. The copy has the method, the host and the header fields of
// `head`, and everything else of `request`, as another function may have changed that.
std::unique_ptr<KeptRequest> Keep(const SessionRequest& request, absl::string_view head);
std::unique_ptr<KeptPageRequest> Keep(const PageRequest& request, absl::string_view head);

namespace internal {

// A request whose function continues, on a handler thread or as a coroutine, after the server's
// call has returned: a copy of it, and its answer. The copy takes bytes of the loop's budget. If it
// is destroyed without an answer, the client gets 500. Any thread, one at a time.
template <typename Kept, typename Answer>
class LateRequest {
 public:
  // The request is not answered later, and this is an error: 503 if the budget is used up; 500 if
  // the request comes from no server; FailedPrecondition if it is a LateRequest's that was
  // answered, or whose client no longer waits. Its function must be running.
  template <typename Request>
  static absl::StatusOr<std::shared_ptr<LateRequest>> Of(const Request& request) {
    if (request.context == nullptr) {
      return HttpError(500, "a request that comes from no server cannot be answered later");
    }
    RequestContext<Answer>& context = *request.context;
    // A coroutine may outlive the server, and so the loop and the handler threads.
    if (context.giver != nullptr && !context.giver->late().waits()) {
      return absl::FailedPreconditionError("nobody waits for an answer any more");
    }
    std::unique_ptr<Kept> kept = Keep(request, context.head);
    const std::shared_ptr<Mailbox>& mailbox = context.loop.mailbox();
    std::optional<Reservation> room = mailbox->Reserve(kept->bytes);
    if (!room.has_value()) {
      return HttpError(503, "the server has no memory left for requests that wait");
    }
    return std::shared_ptr<LateRequest>(
        new LateRequest(mailbox, *std::move(room), std::move(kept), context));
  }
  LateRequest(const LateRequest&) = delete;
  LateRequest& operator=(const LateRequest&) = delete;

  const auto& request() const { return kept_->request; }
  EventLoop& loop() const { return context_.loop; }
  ExceptionGuard& guard() const { return context_.guard; }

  // Whether the client still waits.
  bool waits() const { return context_.giver->late().waits(); }

  // The result of the function, which is ignored if that has called AnswerLater().
  void Give(Answer answer) {
    if (context_.late == nullptr) context_.giver->late().Give(std::move(answer));
  }

  // For the loop's thread. See LateAnswer::WhenOver.
  void WhenOver(absl::AnyInvocable<void()> call) {
    context_.giver->late().WhenOver(std::move(call));
  }

 private:
  LateRequest(std::shared_ptr<Mailbox> mailbox, Reservation room, std::unique_ptr<Kept> kept,
              RequestContext<Answer>& context)
      : mailbox_(std::move(mailbox)),
        room_(std::move(room)),
        kept_(std::move(kept)),
        context_{context.loop, context.late_answers, context.guard, context.handler_threads,
                 kept_->head,  context.NewGiver()} {
    kept_->request.context = &context_;
  }

  const std::shared_ptr<Mailbox> mailbox_;  // which has the budget
  const Reservation room_;
  const std::unique_ptr<Kept> kept_;
  RequestContext<Answer> context_;
};

using LateUpgradeRequest = LateRequest<KeptRequest, UpgradeDecision>;
using LatePageRequest = LateRequest<KeptPageRequest, absl::StatusOr<PageResponse>>;
}  // namespace internal
}  // namespace weft

#endif  // WEFT_SERVER_KEPT_REQUEST_H_
