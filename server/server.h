// A WebSocket server.

#ifndef WEFT_SERVER_SERVER_H_
#define WEFT_SERVER_SERVER_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "weft/core/encoded_message.h"
#include "weft/core/frame/opcode.h"
#include "weft/sending/send_options.h"
#include "weft/server/acceptor.h"
#include "weft/server/handler.h"
#include "weft/server/metrics/metrics.h"
#include "weft/server/router.h"
#include "weft/server/server_options.h"
#include "weft/server/session.h"
#include "weft/server/session_ref.h"
#include "weft/server/topics/publish_callback.h"
#include "weft/transport/address.h"

namespace weft {

class SignalWaiter;

// Has ServerOptions::threads event loops, and ServerOptions::handler_threads further threads. After
// Start() each loop runs on a thread of its own. After Listen() the server serves in Run(), and the
// first loop runs on the thread that calls it. All methods may be called from any thread, but a
// handler must not destroy its server.
//
//   struct Echo : weft::Handler {
//     void OnMessage(weft::Session& session, const weft::Message& message) override {
//       session.Send(message).IgnoreError();
//     }
//   };
//   auto server = weft::Server::Start({.port = 8080}, [](auto&, auto&) {
//     return std::make_unique<Echo>();
//   });
//   if (server.ok()) signals.Wait();   // SignalWaiter (loop/signals.h)
class Server {
 public:
  // Listens, and accepts connections from now on. Errors: an invalid option, an address that is in
  // use, more threads than the system has.
  static absl::StatusOr<std::unique_ptr<Server>> Start(ServerOptions options, Acceptor acceptor);

  // The same with WebSocket endpoints and pages by path. ServerHttp::pages must be unset.
  static absl::StatusOr<std::unique_ptr<Server>> Start(ServerOptions options, const Router& router);

  // Listens, but does not serve: clients that connect wait until Run() is called. Errors: an
  // invalid option, an address that is in use.
  static absl::StatusOr<std::unique_ptr<Server>> Listen(ServerOptions options, Acceptor acceptor);
  static absl::StatusOr<std::unique_ptr<Server>> Listen(ServerOptions options,
                                                        const Router& router);

  // Serves, with the first loop on the calling thread, until a Shutdown() or Drain() is done. With
  // one loop and no handler threads the process needs no second thread, and the kernel takes a few
  // percent less time for each message. Calls `on_signal` on this thread for each signal of
  // `signals`. As in a handler, Shutdown() and Drain() only start there, and return at once.
  //
  //   auto signals = weft::SignalWaiter::Create({SIGINT, SIGTERM});
  //   auto server = weft::Server::Listen({.port = 8080}, acceptor);
  //   if (!signals.ok() || !server.ok()) return 1;
  //   const absl::Status status =
  //       (*server)->Run(*signals, [&](int) { (*server)->Drain(absl::Seconds(30)); });
  //
  // FailedPrecondition unless it is the first call after Listen(). Other errors: more threads than
  // the system has. `signals` must outlive the call, and no other thread may wait for them
  // meanwhile. The server must not be destroyed before Run() has returned.
  absl::Status Run();
  absl::Status Run(SignalWaiter& signals, const std::function<void(int signal)>& on_signal);

  // Shuts down at once.
  ~Server();

  // The addresses on which it listens, with the ports that it got: that of ServerOptions::address,
  // then those of more_endpoints.
  absl::Span<const SocketAddress> addresses() const;
  const SocketAddress& address() const { return addresses().front(); }
  uint16_t port() const { return address().port(); }

  // The number of open connections, including those in their handshake.
  size_t connections() const;

  // The counters since the start, of all loops together. PrometheusWriter writes them as text.
  ServerMetrics metrics() const;

  // Sends a message to every session that is subscribed to `topic`. InvalidArgument for text that
  // is not UTF-8. ResourceExhausted when the messages that wait for a thread's sessions exceed
  // ServerLimits::max_buffered_bytes: these sessions miss the message, others get it. If a
  // session's queue is full, `options` apply, and where they are unset
  // ServerHooks::topic_options; SendOptions::timeout is ignored. On a loop's thread, as in an
  // acceptor, a page or a handler without handler threads, the sessions of that loop get the
  // message in order with others that are sent there. The second form sends a message that was
  // encoded before, for example for several topics.
  absl::Status Publish(absl::string_view topic, Opcode opcode, absl::string_view payload,
                       const SendOptions& options = {});
  //
  // A message for a topic that a broker carries (TopicOptions::shared, latest_only, history) goes
  // there, and comes back to the subscribers of all nodes in one order. Of `options` only
  // `compress` and `key` go with it. OK then means that it was accepted; the forms with `done`,
  // which must not be empty, tell the outcome.
  absl::Status Publish(absl::string_view topic, const EncodedMessage& message,
                       const SendOptions& options = {});
  void Publish(absl::string_view topic, Opcode opcode, absl::string_view payload,
               const SendOptions& options, PublishCallback done);
  void Publish(absl::string_view topic, const EncodedMessage& message, const SendOptions& options,
               PublishCallback done);

  // The number of sessions of this server that are subscribed to `topic`, not those of other nodes,
  // which Cluster::subscribers counts too.
  // Calls to Subscribe() that are still on their way to their thread do not count.
  size_t subscribers(absl::string_view topic) const;

  // Reads the files of every endpoint's TlsContext again, for later handshakes; open sessions
  // continue. Call it when certificates were renewed. A context whose files are invalid (see
  // TlsContext::Reload) keeps its present certificates; the error is that of the first such
  // context. OK when there is nothing to read.
  absl::Status ReloadCertificates();

  // Lets load balancers notice that this server is not ready any more (draining()), for
  // ServerTimeouts::unready or half of `over`. Then stops accepting, closes the sessions with 1012
  // (service restart) one by one, at random moments spread evenly over the rest of the time `over`,
  // and then shuts down as Shutdown(grace) does; earlier if no session is left. So the clients of a
  // server that is replaced do not all reconnect at the same moment, and few are refused: those
  // whose connection is accepted as its loop stops accepting. Upgrade requests on open connections
  // get 503 after the first part, unless all endpoints are inherited sockets (Endpoint::address):
  // then they get sessions, which end at the end of the drain. `over` is at most a day. When it
  // returns, every OnClose has been called, and what they published has its outcome, as in
  // Shutdown(). Idempotent; Shutdown() ends it sooner. Called by a handler, it starts the drain and
  // returns at once.
  void Drain(absl::Duration over, absl::Duration grace = absl::Seconds(5));

  // Whether Drain() or Shutdown() was called: the answer to a readiness check.
  bool draining() const;

  // Stops accepting, closes every session with 1001, waits up to `grace` for the closing
  // handshakes, then ends the remaining sessions. When it returns, every OnClose has been called: a
  // handler on a thread of its own that never returns blocks it forever. Within the same time, and
  // for a second after the last OnClose unless `grace` is 0, it waits until what they published to
  // shared or kept topics has its outcome; Run() does too if this was called by a handler or for a
  // signal. Idempotent. Called by a handler, for which it cannot wait, it starts the shutdown and
  // returns at once: the sessions then have ServerTimeouts::close.
  void Shutdown(absl::Duration grace = absl::Seconds(5));

  // Waits until a Shutdown() or Drain() that any thread has called is done; returns at once if the
  // server does not serve. A handler must not call it: there it logs an error and returns at once.
  void Wait();

 private:
  class Impl;
  explicit Server(std::unique_ptr<Impl> impl);

  static absl::StatusOr<std::unique_ptr<Server>> Started(
      absl::StatusOr<std::unique_ptr<Server>> server);

  std::unique_ptr<Impl> impl_;
};

}  // namespace weft

#endif  // WEFT_SERVER_SERVER_H_
