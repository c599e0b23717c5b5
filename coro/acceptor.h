// Acceptors and pages that are coroutines.

#ifndef WEFT_CORO_ACCEPTOR_H_
#define WEFT_CORO_ACCEPTOR_H_

#include <functional>
#include <memory>
#include <type_traits>
#include <utility>

#include "absl/status/statusor.h"
#include "weft/coro/awaitable.h"
#include "weft/coro/task.h"
#include "weft/server/acceptor.h"
#include "weft/server/handler.h"
#include "weft/server/http/page.h"

namespace weft::coro {

namespace internal {

using AcceptorResult = absl::StatusOr<std::unique_ptr<weft::Handler>>;
using AcceptorCoroutine =
    std::function<Task<AcceptorResult>(const SessionRequest&, UpgradeResponse&)>;
using PageCoroutine = std::function<Task<absl::StatusOr<PageResponse>>(const PageRequest&)>;

// `function` is kept until the coroutine has ended: one that is a lambda uses its captures.
AcceptorResult StartAcceptor(const SessionRequest& request,
                             std::shared_ptr<const AcceptorCoroutine> function);
absl::StatusOr<PageResponse> StartPage(const PageRequest& request,
                                       std::shared_ptr<const PageCoroutine> function);

}  // namespace internal

// An acceptor for Server::Start and Router that is a coroutine, and may wait: for tasks, Sleep(),
// Connect() and its sessions, and awaitables of the application, after which it continues on its
// loop. It must not block. The request and the response are valid until it has ended.
//
//   weft::Task<absl::StatusOr<std::unique_ptr<weft::Handler>>> Enter(
//       const weft::SessionRequest& request, weft::UpgradeResponse&) {
//     const bool valid = co_await database.Check(request.cookie("session"));
//     if (!valid) co_return absl::UnauthenticatedError("log in first");
//     co_return std::make_unique<ChatHandler>();
//   }
//   ...
//   router.WebSocket("/chat", weft::coro::Accept(Enter));
//
// To accept a session that is a coroutine too: `co_return chat(request, response)`, with the result
// of coro::Handler. The function is called on every loop's thread, so it must be thread-safe; it
// may be a lambda, with captures that all its calls share.
//
// The answer is one that is given later, with its times: see UpgradeAnswer. When the client no
// longer waits, what the coroutine waits for returns FailedPrecondition, as at the end of a
// session, except for awaitables of the application. A coroutine that continues in spite of 1,000
// such answers is destroyed, which is logged as an exception that says "the task ignored its end".
// The copy of the request counts in ServerLimits::max_buffered_bytes; the client gets 503 if that
// is used up, and 500 for an exception, which is logged and counted.
template <typename Function>
Acceptor Accept(Function function) {
  static_assert(
      std::is_invocable_r_v<Task<internal::AcceptorResult>, const Function&, const SessionRequest&,
                            UpgradeResponse&>,
      "weft: the coroutine of an acceptor must be weft::Task<absl::StatusOr<std::unique_ptr<"
      "weft::Handler>>> (const weft::SessionRequest&, weft::UpgradeResponse&), and const if it is "
      "an object");
  internal::AcceptorCoroutine coroutine(std::move(function));
  if (!coroutine) return nullptr;
  auto shared = std::make_shared<const internal::AcceptorCoroutine>(std::move(coroutine));
  return [shared](const SessionRequest& request, UpgradeResponse&) {
    return internal::StartAcceptor(request, shared);
  };
}

// The same for a page.
//
//   weft::Task<absl::StatusOr<weft::PageResponse>> Orders(const weft::PageRequest& request) {
//     co_return weft::Page("text/plain", co_await database.Orders(request.path("customer")));
//   }
//   ...
//   router.Get("/orders/{customer}", weft::coro::Answer(Orders));
template <typename Function>
Pages Answer(Function function) {
  static_assert(std::is_invocable_r_v<Task<absl::StatusOr<PageResponse>>, const Function&,
                                      const PageRequest&>,
                "weft: the coroutine of a page must be weft::Task<absl::StatusOr<weft::"
                "PageResponse>> (const weft::PageRequest&), and const if it is an object");
  internal::PageCoroutine coroutine(std::move(function));
  if (!coroutine) return nullptr;
  auto shared = std::make_shared<const internal::PageCoroutine>(std::move(coroutine));
  return [shared](const PageRequest& request) { return internal::StartPage(request, shared); };
}

}  // namespace weft::coro

#endif  // WEFT_CORO_ACCEPTOR_H_
