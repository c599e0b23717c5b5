// A relay between clients and one server that sees both directions.

#ifndef WEFT_EXAMPLES_INSPECT_TAP_H_
#define WEFT_EXAMPLES_INSPECT_TAP_H_

#include <atomic>
#include <cstdint>
#include <list>
#include <memory>
#include <string>
#include <thread>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "examples/inspect/tap_log.h"
#include "examples/inspect/tap_route.h"
#include "weft/transport/address.h"
#include "weft/transport/fd.h"
#include "weft/transport/notification.h"
#include "weft/transport/stream.h"
#include "weft/transport/tls_context.h"

namespace examples {

struct TapOptions {
  weft::SocketAddress listen{};                    // port 0: a free one
  std::shared_ptr<weft::TlsContext> client_tls{};  // for wss:// clients; null: without TLS
  TapRules rules{};                                // where it connects, and for which pages
  size_t max_connections = 64;                     // at the same time; further ones are closed

  // From the connection of a client until its request has reached the server.
  absl::Duration open_timeout = absl::Seconds(10);
};

// Accepts connections, reads the head of the first request of each, connects to the server that
// the rules say, and forwards every byte unchanged, in both directions, including invalid frames;
// the head, and what may follow it if it asks for no WebSocket, as RouteOf says. Bytes are logged
// before they are forwarded. An end that does not read slows down the other, as without the tap:
// nothing is queued here. Runs on its own threads, two per connection, until it is destroyed.
class Tap {
 public:
  // The error says what failed: for example, an address in use. The log must outlive the tap.
  static absl::StatusOr<std::unique_ptr<Tap>> Start(TapOptions options, TapLog& log);

  // Ends all connections.
  ~Tap();

  // The address for clients.
  weft::SocketAddress address() const { return weft::LocalAddress(listener_.get()); }

 private:
  struct Link;

  Tap(TapOptions options, TapLog& log, weft::UniqueFd listener, weft::Notification stop);
  void AcceptAll();
  void Open(weft::Stream client);
  void Run(Link& link) const;
  bool Connect(Link& link) const;
  void ForgetEnded();

  const TapOptions options_;
  TapLog& log_;
  const weft::UniqueFd listener_;
  const weft::Notification stop_;
  int connections_ = 0;    // so far
  std::list<Link> links_;  // for the acceptor's thread
  std::thread acceptor_;
};

}  // namespace examples

#endif  // WEFT_EXAMPLES_INSPECT_TAP_H_
