// Connects to a server from a coroutine.

#ifndef WEFT_CORO_CONNECT_H_
#define WEFT_CORO_CONNECT_H_

#include <coroutine>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "weft/client/async/client_loop.h"
#include "weft/client/connecting/client_options.h"
#include "weft/coro/client_session.h"
#include "weft/coro/session.h"
#include "weft/coro/strand.h"

namespace weft::coro {

// See Connect. absl::StatusOr<Session>
class [[nodiscard]] ConnectAwaitable final : public internal::Waiter,
                                             private internal::ClientSession::Opening {
 public:
  ConnectAwaitable(ClientLoop& loop, absl::string_view url, ClientOptions options)
      : loop_(loop), target_(std::make_unique<Target>(std::string(url), std::move(options))) {}

  void Abandon() {
    if (opening_ != nullptr) std::exchange(opening_, nullptr)->IgnoreOpening();
    Waiter::Abandon();
  }
  bool await_ready() const { return false; }
  bool await_suspend(std::coroutine_handle<> /*coroutine*/);
  absl::StatusOr<Session> await_resume();

 private:
  struct Target {
    Target(std::string to, ClientOptions how) : url(std::move(to)), options(std::move(how)) {}

    std::string url;
    ClientOptions options;
  };

  void OnOpened(absl::Status status) override;

  ClientLoop& loop_;
  std::unique_ptr<Target> target_;              // until it is awaited
  internal::ClientSession* opening_ = nullptr;  // that of session_, until it is open
  std::optional<Session> session_;              // while it is awaited
  absl::Status status_;
};

// Opens a WebSocket on a loop of clients, with the options and errors of ClientLoop::Connect: a
// Session with the same methods as a server's. For every coroutine of this library:
//
//   weft::Task<> Talk(weft::ClientLoop& loop) {
//     absl::StatusOr<weft::coro::Session> s = co_await weft::coro::Connect(loop, "ws://host/");
//     if (!s.ok()) co_return;
//     (co_await s->SendText("hello")).IgnoreError();
//     const auto answer = co_await s->Receive();
//   }
//
// Wherever the connection lives, the coroutine stays on its own loop: a task of coro::Spawn or
// coro::Run shares its thread with the connections that it opens on the same ClientLoop; those of a
// server's session live on a thread of `loop`, and messages are passed from loop to loop.
//
// The Session is for the task that opened it, which may have several. The connection is closed with
// 1000 when the last copy is destroyed. A co_await that is cancelled stops connecting. `loop` must
// live until the call has returned; its end ends the session, and not the coroutine.
//
// Options are a variable, as below: g++ 12 copies the bytes of a temporary in a co_await, and the
// strings in it do not survive that.
//
//   weft::ClientOptions options;
//   options.request.subprotocols = {"v2"};
//   auto s = co_await weft::coro::Connect(loop, url, options);
inline ConnectAwaitable Connect(ClientLoop& loop, absl::string_view url) {
  return ConnectAwaitable(loop, url, ClientOptions());
}
inline ConnectAwaitable Connect(ClientLoop& loop, absl::string_view url,
                                const ClientOptions& options) {
  return ConnectAwaitable(loop, url, options);
}
ConnectAwaitable Connect(ClientLoop& loop, absl::string_view url,
                         ClientOptions&& options) = delete;  // name the options: see above

}  // namespace weft::coro

#endif  // WEFT_CORO_CONNECT_H_
