// The acceptor of sessions whose handlers are coroutines.

#ifndef WEFT_CORO_HANDLER_H_
#define WEFT_CORO_HANDLER_H_

#include <functional>
#include <memory>
#include <type_traits>
#include <utility>

#include "weft/coro/session.h"
#include "weft/coro/task.h"
#include "weft/server/acceptor.h"
#include "weft/server/handler.h"

namespace weft::coro {

namespace internal {

using SessionFunction = std::function<Task<>(Session)>;

// `function` is kept until the coroutine has ended: one that is a lambda uses its captures.
std::unique_ptr<weft::Handler> NewHandler(std::shared_ptr<const SessionFunction> function);

}  // namespace internal

// An acceptor for Server::Start and Router that accepts every request, and runs `function`, as
// `Task<> Function(coro::Session)`, for each session. The function is called on every loop's
// thread, so it must be thread-safe; it may be a lambda, with captures that all its sessions share.
//
//   weft::Server::Start({.port = 8080}, weft::coro::Handler(Echo));
//   router.WebSocket("/chat", weft::coro::Handler(Chat));
//
// To refuse requests, or to choose a subprotocol, call it in an acceptor:
//
//   [chat = weft::coro::Handler(Chat)](const auto& request, auto& response)
//       -> absl::StatusOr<std::unique_ptr<weft::Handler>> {
//     if (!MayEnter(request)) return absl::PermissionDeniedError("log in first");
//     return chat(request, response);
//   }
//
// An exception that leaves the coroutine ends the session like one that leaves a callback of a
// handler: it is logged and counted, and the client gets 1011. ServerOptions::handler_threads have
// no effect on these sessions.
template <typename Function>
Acceptor Handler(Function function) {
  static_assert(std::is_invocable_r_v<Task<>, const Function&, Session>,
                "weft: a coroutine of a session must be weft::Task<> (weft::coro::Session), and "
                "const if it is an object");
  auto shared = std::make_shared<const internal::SessionFunction>(std::move(function));
  return [shared](const SessionRequest&, UpgradeResponse&) { return internal::NewHandler(shared); };
}

}  // namespace weft::coro

#endif  // WEFT_CORO_HANDLER_H_
