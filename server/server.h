// A WebSocket server.

#ifndef WEFT_SERVER_SERVER_H_
#define WEFT_SERVER_SERVER_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "weft/core/encoded_message.h"
#include "weft/core/frame/opcode.h"
#include "weft/server/acceptor.h"
#include "weft/server/handler.h"
#include "weft/server/metrics/metrics.h"
#include "weft/server/router.h"
#include "weft/server/sending/send_options.h"
#include "weft/server/server_options.h"
#include "weft/server/session.h"
#include "weft/server/session_ref.h"
#include "weft/transport/address.h"

namespace weft {

// Serves from Start on, on ServerOptions::threads threads of its own, and as many more as
// ServerOptions::handler_threads says. All methods may be called from any thread, but a handler
// must not destroy its server.
//
//   struct Echo : weft::Handler {
//     void OnMessage(weft::Session& session, const weft::Message& message) override {
//       session.Send(message).IgnoreError();
//     }
//   };
//   auto server = weft::Server::Start({.port = 8080}, [](auto&, auto&) {
//     return std::make_unique<Echo>();
//   });
//   if (server.ok()) (*server)->Wait();
class Server {
 public:
  // Listens, and accepts from now on. The error says what could not be: a bad option, an address
  // that is in use, more threads than the system has.
  static absl::StatusOr<std::unique_ptr<Server>> Start(ServerOptions options, Acceptor acceptor);

  // The same with WebSocket endpoints and pages by path. ServerHttp::pages must be unset.
  static absl::StatusOr<std::unique_ptr<Server>> Start(ServerOptions options, const Router& router);

  // Shuts down at once.
  ~Server();

  // Where it listens, with the ports it got: ServerOptions::address, then more_endpoints.
  absl::Span<const SocketAddress> addresses() const;
  const SocketAddress& address() const { return addresses().front(); }
  uint16_t port() const { return address().port(); }

  // Connections now, those in their handshake included.
  size_t connections() const;

  // What was counted since the start, of all loops together: see PrometheusWriter for a text of it.
  ServerMetrics metrics() const;

  // To every session that is subscribed to `topic`. InvalidArgument for text that is not UTF-8;
  // ResourceExhausted when more waits for a thread's sessions than
  // ServerLimits::max_buffered_bytes allows: these miss the message, others get it. What becomes
  // of it where a session's queue is full is said by the options, or else by
  // ServerHooks::topic_options; SendOptions::timeout is not looked at. The second form sends what
  // was encoded before, as for several topics.
  absl::Status Publish(absl::string_view topic, Opcode opcode, absl::string_view payload,
                       const SendOptions& options = {});
  absl::Status Publish(absl::string_view topic, const EncodedMessage& message,
                       const SendOptions& options = {});

  // Sessions that are subscribed to `topic`, as far as their threads have come.
  size_t subscribers(absl::string_view topic) const;

  // Reads the files of every endpoint's TlsContext anew, for handshakes from now on; sessions go
  // on. A context whose files are not good (see TlsContext::Reload) keeps what it has, and is what
  // the error is about. OK when there is nothing to read. Call it when certificates were renewed.
  absl::Status ReloadCertificates();

  // Accepts no more, closes the sessions with 1012 (service restart) one by one, at random moments
  // spread evenly over the time `over`, and then shuts down as Shutdown(grace) does; earlier when
  // no session is left. So the clients of a server that is replaced do not all come back in the
  // same moment. Who asks for an upgrade meanwhile, on a connection that was open, gets 503. `over`
  // is cut to a day. When it returns every OnClose has been called. Twice is once; Shutdown ends it
  // sooner. From a handler, it only begins.
  void Drain(absl::Duration over, absl::Duration grace = absl::Seconds(5));

  // Whether Drain or Shutdown has begun: what a server says to who asks whether it is ready.
  bool draining() const;

  // Accepts no more, closes every session with 1001, waits up to `grace` for their closing
  // handshakes, then ends what is left. When it returns every OnClose has been called: a handler
  // that blocks on a thread of its own, and never returns, holds it for ever. Twice is once. From a
  // handler, which it cannot wait for, it only begins: the sessions then have
  // ServerTimeouts::close.
  void Shutdown(absl::Duration grace = absl::Seconds(5));

  // Waits until some thread has called Shutdown or Drain and it is done. Not from a handler.
  void Wait();

 private:
  class Impl;
  explicit Server(std::unique_ptr<Impl> impl);

  std::unique_ptr<Impl> impl_;
};

}  // namespace weft

#endif  // WEFT_SERVER_SERVER_H_
