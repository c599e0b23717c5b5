// The way from a URL to an open WebSocket as a state machine without I/O.

#ifndef WEFT_CLIENT_CONNECTING_OPENING_H_
#define WEFT_CLIENT_CONNECTING_OPENING_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "weft/client/connecting/client_options.h"
#include "weft/client/connecting/dialogue.h"
#include "weft/client/connecting/route.h"
#include "weft/client/connecting/upgrade.h"
#include "weft/core/handshake/handshake.h"
#include "weft/core/http/url.h"
#include "weft/transport/address.h"
#include "weft/transport/stream.h"
#include "weft/transport/tls_context.h"

namespace weft {

// All steps of Client::Connect(): resolve, connect, TLS with a proxy, CONNECT or SOCKS5, TLS with
// the server, upgrade; and again for each redirect that is followed. It says what it wants next,
// and its caller reports the result:
//
//   kAddresses    resolve host(), then Resolved()
//   kConnection   connect to one of addresses() by a new stream, then Connected()
//   kTls          perform the handshake of tls(), then TlsStarted()
//   kWrite        write output(), then Wrote(); again while it wants that
//   kRead         read at most max_read_bytes(), then Read(); Failed() after read_timeout()
//   kOpen         nothing: TakeResult() has the outcome, and the stream is a WebSocket
//   kFailed       nothing: status() is the error of Client::Connect()
//
// Instead of each of them, Failed() with the reason: an error of the system, the end of the stream,
// a deadline, a cancellation. The error then names the step and its peer. Usually the opening has
// failed afterwards; if not, it wants something else. Not thread-safe.
class Opening {
 public:
  enum class Wants { kAddresses, kConnection, kTls, kWrite, kRead, kOpen, kFailed };

  // `options` must outlive it.
  Opening(absl::string_view url, const ClientOptions& options);

  Wants wants() const { return wants_; }

  const std::string& host() const { return host_; }
  uint16_t port() const { return route_.port(); }
  // To the server that the last redirect has named, if there was one.
  const Route& route() const { return route_; }
  void Resolved(absl::StatusOr<std::vector<SocketAddress>> addresses);

  // As AddressRace wants them.
  absl::Span<const SocketAddress> addresses() const { return addresses_; }
  std::string name() const;
  void Connected();

  struct Tls {
    std::shared_ptr<TlsContext> context;
    std::string host;
    Stream::Identity identity;
  };
  // On a stream that uses TLS already it is another inside of it.
  const Tls& tls() const { return tls_; }
  void TlsStarted();

  absl::string_view output() const { return absl::string_view(output_).substr(written_); }
  void Wrote(size_t bytes);

  size_t max_read_bytes() const { return dialogue().wanted(); }
  // The time that this and further reads together may take.
  absl::Duration read_timeout() const { return dialogue().patience(); }
  void Read(absl::string_view bytes);

  void Failed(const absl::Status& why);

  Upgraded TakeResult() { return std::move(result_); }
  const absl::Status& status() const { return status_; }

 private:
  enum class Step { kNetwork, kTlsWithProxy, kProxy, kTlsWithServer, kUpgrade };

  // The server to connect to.
  struct Destination {
    Url url;
    absl::string_view connect_to;  // ClientOptions::connect_to, if it applies to this server
    Stream::Identity identity = Stream::Identity::kShown;
  };

  absl::Status Start(absl::string_view url);
  void StartRoute();
  void StartTls(std::shared_ptr<TlsContext> context, std::string host, Stream::Identity identity);
  void StartProxy();
  void StartServer();
  void StartUpgrade();
  void Proceed();
  absl::Status InStep(const absl::Status& error) const;
  void End(const absl::Status& error);

  Dialogue& dialogue() const { return step_ == Step::kUpgrade ? *upgrade_ : *proxy_; }

  const ClientOptions& options_;
  const std::string text_;  // the URL
  std::string where_;       // before each error: the URL, and to where it redirected

  Destination to_;
  UpgradeOffer offer_;
  std::vector<Url> asked_;  // the servers that refused
  Route route_;

  Wants wants_ = Wants::kFailed;
  Step step_ = Step::kNetwork;
  std::string host_;
  std::vector<SocketAddress> addresses_;
  Tls tls_;
  std::unique_ptr<Dialogue> proxy_;
  std::unique_ptr<Upgrade> upgrade_;
  std::string output_;
  size_t written_ = 0;  // bytes of output_
  Upgraded result_;
  absl::Status status_;
};

}  // namespace weft

#endif  // WEFT_CLIENT_CONNECTING_OPENING_H_
