// Acceptors and pages that may block.

#ifndef WEFT_SERVER_ON_HANDLER_THREADS_H_
#define WEFT_SERVER_ON_HANDLER_THREADS_H_

#include <memory>
#include <type_traits>
#include <utility>

#include "absl/status/statusor.h"
#include "weft/server/acceptor.h"
#include "weft/server/handler.h"
#include "weft/server/http/page.h"

namespace weft {

namespace internal {

// The functions that a loop calls: they hand the request to a handler thread.
struct AcceptorOnHandlerThreads {
  absl::StatusOr<std::unique_ptr<Handler>> operator()(const SessionRequest& request,
                                                      UpgradeResponse& response) const;
  std::shared_ptr<const Acceptor> acceptor;
};

struct PagesOnHandlerThreads {
  absl::StatusOr<PageResponse> operator()(const PageRequest& request) const;
  std::shared_ptr<const Pages> pages;
};

// Whether the function is one of these, and not another one that calls it.
bool IsOnHandlerThreads(const Acceptor& acceptor);
bool IsOnHandlerThreads(const Pages& pages);

}  // namespace internal

// An acceptor, or a function of pages, that is called by one of ServerOptions::handler_threads and
// may block, for Server::Start, ServerHttp::pages and Router. Several threads may call it at once.
//
//   router.WebSocket("/chat", OnHandlerThreads(
//       [&](const SessionRequest& request, UpgradeResponse&)
//           -> absl::StatusOr<std::unique_ptr<Handler>> {
//         if (!database.Check(request.cookie("session"))) return absl::UnauthenticatedError("...");
//         return std::make_unique<ChatHandler>();
//       }));
//
//   absl::StatusOr<PageResponse> Orders(const PageRequest& request);
//   router.Get("/orders", OnHandlerThreads(Orders));
//
// The request is a copy, which is valid until the call returns and counts in
// ServerLimits::max_buffered_bytes; the client gets 503 if that is used up. The answer is one that
// is given later (UpgradeAnswer, PageAnswer), with its times. A function whose client has left
// before a thread is free is not called. One that is running when the server shuts down still
// returns: Server::Shutdown does not wait for it, and the server's destructor does.
//
// Server::Start returns InvalidArgument if there are no handler threads. Where it cannot see that,
// because another function calls this one, the client gets 500.
template <typename Function>
auto OnHandlerThreads(Function function) {
  if constexpr (std::is_invocable_v<Function&, const PageRequest&>) {
    Pages pages(std::move(function));
    if (!pages) return pages;
    return Pages(internal::PagesOnHandlerThreads{std::make_shared<const Pages>(std::move(pages))});
  } else {
    Acceptor acceptor(std::move(function));
    if (!acceptor) return acceptor;
    return Acceptor(
        internal::AcceptorOnHandlerThreads{std::make_shared<const Acceptor>(std::move(acceptor))});
  }
}

}  // namespace weft

#endif  // WEFT_SERVER_ON_HANDLER_THREADS_H_
