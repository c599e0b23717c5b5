// The options of a client.
//
//   weft::ClientOptions options = {.request = {.bearer_token = token},
//                                  .timeouts = {.connect = absl::Seconds(5)}};
//
// Each wait and each size has a limit. To remove one, use absl::InfiniteDuration() for a time, and
// the largest value of the type for a size or a count. Client::Connect() and
// ReconnectingClient::Create() refuse what is outside its range, with InvalidArgument and the name
// of the field. docs/options.md lists all options.

#ifndef WEFT_CLIENT_CONNECTING_CLIENT_OPTIONS_H_
#define WEFT_CLIENT_CONNECTING_CLIENT_OPTIONS_H_

#include <functional>
#include <memory>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "weft/client/connecting/request_options.h"
#include "weft/core/connection_options.h"
#include "weft/core/deflate/compression.h"
#include "weft/core/http/http.h"
#include "weft/core/log.h"
#include "weft/transport/notification.h"
#include "weft/transport/tls_context.h"

namespace weft {

enum class HttpHead { kRequest, kResponse };

// For one send of a client, as SendOptions are for one of a session.
struct ClientSendOptions {
  Compress compress = Compress::kYes;
};

// ClientOptions::http.
struct ClientHttp {
  // Limits for the head of each response of a server or proxy. Interim responses (1xx) are skipped,
  // at most 16 of them; their bytes count against max_head_bytes too. Both at least 1.
  HttpLimits limits{};

  // How many redirects (301, 302, 303, 307, 308) to follow, each with a new connection; 0: none,
  // and a redirect is a refusal like others, which says why it was not followed. A redirect from
  // wss:// to ws:// is never followed. From the first one to another origin - scheme, host or port
  // - on, basic_auth, bearer_token, cookies and headers are no longer sent, and our certificate
  // (TlsClientOptions::identity) is not shown; subprotocols and origin are sent. At least 0.
  int max_redirects = 0;
};

// ClientOptions::timeouts.
struct ClientTimeouts {
  // The limit for all of Connect(): name lookup, connection, proxy, TLS, opening handshake,
  // redirects. More than 0.
  absl::Duration connect = absl::Seconds(30);

  // How long a Send*() may wait for a peer that does not read. 0: it does not wait.
  absl::Duration send = absl::Seconds(30);

  // While Receive() waits, a peer that was silent for `ping_interval` gets a ping, and one that
  // then sends nothing for `pong` is considered gone. Shorter times detect a dead network sooner,
  // but drain a mobile peer's battery. Both more than 0.
  absl::Duration ping_interval = absl::Seconds(20);
  absl::Duration pong = absl::Seconds(20);

  // How long Close() may wait for the peer's answer. 0: it does not wait.
  absl::Duration close = absl::Seconds(5);
};

// ClientOptions::hooks: functions of the application that the client calls.
struct ClientHooks {
  // Called from any thread that uses the client.
  LogHook log{};

  // Called by Connect() with each request, as it is sent, and with the head of each response,
  // including those of a proxy and of redirects. Text for people: lines that end in CR LF,
  // including the empty one, with all credentials.
  std::function<void(HttpHead which, absl::string_view head)> on_head{};

  // Called with each round-trip time (Client::round_trip_time) when its pong is seen, by the thread
  // that is in Receive() or Close(); for an asynchronous client, by its loop. Must not call the
  // client.
  std::function<void(absl::Duration)> on_round_trip{};
};

struct ClientOptions {
  // Trusted roots and our certificate for wss:// URLs (TlsContext::ForClient). Null: the system's
  // roots, and no certificate. Clients that share it resume each other's TLS sessions, which makes
  // connecting cheaper.
  std::shared_ptr<TlsContext> tls{};

  // Limits for received data, whether messages are delivered in pieces, and compression: off,
  // offered or required (connection.compression). The client has pools of its own:
  // `connection.pool` and `connection.codecs` are ignored.
  ConnectionOptions connection{};

  // The proxy that connects to the server for us:
  //   ""         from the environment: https_proxy for wss://, http_proxy for ws://, all_proxy for
  //              both; but not for the servers in no_proxy, and not for this machine
  //              (transport/loopback.h). The names in capitals count too, unless the others are
  //              set, except HTTP_PROXY, which may come from an attacker. No other thread may
  //              change the environment meanwhile.
  //   "direct"   no proxy
  //   a URL      that proxy, for every server except Unix sockets and IPv6 addresses with a zone,
  //              whatever the environment contains:
  //              "http://user:password@proxy.example:3128", for HTTP's CONNECT, or "socks5://...";
  //              such a proxy resolves the names of servers itself (like socks5h:// elsewhere).
  //              "https://..." and "socks5s://..." use TLS with the proxy, too: see proxy_tls
  // With a wss:// URL a proxy sees the server's name and none of the data; with ws:// it sees all,
  // also if it is itself reached with TLS. Many HTTP proxies connect only to port 443.
  std::string proxy{};

  // Trusted roots and our certificate for a proxy that is reached with TLS. Null: those of `tls`,
  // without the certificate.
  std::shared_ptr<TlsContext> proxy_tls{};

  // Connect to this HOST or HOST:PORT instead of the URL's, whose host is still used in the Host
  // header and in TLS (SNI, the certificate): to reach one of several servers with the same name.
  // Only for the URL's own origin, not for the targets of redirects. A proxy is asked to connect to
  // it, and no_proxy is compared with it. Not for Unix sockets.
  std::string connect_to{};

  // Ends Connect() from another thread, in any step, with Cancelled; may be null. For an open
  // connection use Client::Cancel().
  //
  //   auto cancel = std::make_shared<const Notification>(*Notification::Create());
  //   std::thread other([cancel] { cancel->Notify(); });
  //   auto client = Client::Connect(url, {.cancel = cancel});
  std::shared_ptr<const Notification> cancel{};

  ClientRequest request{};
  ClientHttp http{};
  ClientTimeouts timeouts{};
  ClientHooks hooks{};
};

}  // namespace weft

#endif  // WEFT_CLIENT_CONNECTING_CLIENT_OPTIONS_H_
