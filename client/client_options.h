// What a client can be told.

#ifndef WEFT_CLIENT_CLIENT_OPTIONS_H_
#define WEFT_CLIENT_CLIENT_OPTIONS_H_

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "weft/core/connection.h"
#include "weft/core/http/basic_auth.h"
#include "weft/core/http/http.h"
#include "weft/core/log.h"
#include "weft/transport/notification.h"
#include "weft/transport/tls_context.h"

namespace weft {

enum class HttpHead { kRequest, kResponse };

// Every wait of a client has a limit; absl::InfiniteDuration() takes it away. Client::Connect() and
// ReconnectingClient::Create() refuse what is outside its range, with InvalidArgument.
struct ClientOptions {
  // For everything that Connect() does: the name, the connection, the proxy, TLS, the opening
  // handshake, redirects. More than 0.
  absl::Duration connect_timeout = absl::Seconds(30);

  // Ends Connect() from another thread, at whatever it is, with Cancelled: none when null. What is
  // open is ended by Client::Cancel().
  //
  //   auto cancel = std::make_shared<const Notification>(*Notification::Create());
  //   std::thread other([cancel] { cancel->Notify(); });
  //   auto client = Client::Connect(url, {.cancel = cancel});
  std::shared_ptr<const Notification> cancel{};

  // How long a Send*() may wait for a peer that does not read. 0: it does not wait.
  absl::Duration send_timeout = absl::Seconds(30);

  // How long Close() may wait for the peer's answer. 0: it does not wait.
  absl::Duration close_timeout = absl::Seconds(5);

  // While Receive() waits, a peer that was silent for `ping_interval` is sent a ping, and one from
  // which not a byte came for `pong_timeout` after that is gone. Shorter notices a dead network
  // sooner, and costs a mobile peer its battery. Both more than 0.
  absl::Duration ping_interval = absl::Seconds(20);
  absl::Duration pong_timeout = absl::Seconds(20);

  // Called with each round-trip time (Client::round_trip_time) as its pong is seen, by the thread
  // that is in Receive() or Close(). Must not call the client.
  std::function<void(absl::Duration)> on_round_trip{};

  // Whom to trust, and who we are, where the URL is wss:// (TlsContext::ForClient). Null: the
  // system's roots, and nobody. Clients that share it take up each other's TLS sessions, which
  // makes connecting cheaper.
  std::shared_ptr<TlsContext> tls{};

  // Connect to this HOST or HOST:PORT instead of the URL's, whose host is still the one in the Host
  // header and in TLS (SNI, the certificate): to reach one server of many behind a name. For the
  // URL's own origin, not for those that redirects lead to. A proxy is asked to connect to it, and
  // no_proxy compared with it. Not for Unix sockets.
  std::string connect_to{};

  // Whom to ask to connect to the server in our place:
  //   ""         what the environment says: https_proxy for wss://, http_proxy for ws://, all_proxy
  //              for both; but not for the servers in no_proxy, and not for this machine
  //              (transport/loopback.h). In capitals they count too, if not set in small
  //              letters, but for HTTP_PROXY, which may come from a stranger. No other thread may
  //              change the environment meanwhile.
  //   "direct"   nobody
  //   a URL      that proxy, for every server but Unix sockets and IPv6 addresses with a zone,
  //              whatever the environment says:
  //              "http://user:password@proxy.example:3128", for HTTP's CONNECT, or "socks5://...";
  //              such a proxy looks up the names of servers itself (as socks5h:// says elsewhere)
  // With TLS a proxy sees the server's name and nothing that is said to it. Many HTTP proxies
  // connect to port 443 only.
  std::string proxy{};

  // Limits for what is received, whether messages come in pieces, and compression: off, offered or
  // required (connection.compression). The client brings its own memory: `connection.pool` and
  // `connection.codecs` are not looked at.
  ConnectionOptions connection{};

  // Subprotocols to offer, the preferred one first; Client::subprotocol() is the server's choice.
  std::vector<std::string> subprotocols{};

  // The Origin header, such as "https://example.com"; empty: none is sent, as is right for a
  // program that is not a browser.
  std::string origin{};

  // Who we are, for the server: the header Authorization, from a user name and a password, or from
  // a token (RFC 6750); not both. Only TLS hides them.
  std::optional<BasicCredentials> basic_auth{};
  std::string bearer_token{};

  // Cookies for the server: name, value (core/http/cookie.h). Those that it sets are not kept.
  std::vector<std::pair<std::string, std::string>> cookies{};

  // More headers for the request: name, value. Without one of the name User-Agent, that is
  // "weft/VERSION" (RFC 9110, section 10.1.5); an empty one is not sent. Proxies are told the same.
  std::vector<std::pair<std::string, std::string>> headers{};

  // How many redirects (301, 302, 303, 307, 308) to follow, each a new connection; 0: none, and a
  // redirect is a refusal like others, which says why it was not followed. None is followed from
  // wss:// to ws://. From the first one on that leads to another origin - scheme, host or port -
  // nothing of basic_auth, bearer_token, cookies and headers is sent any more, and our certificate
  // (TlsClientOptions::identity) is not shown; subprotocols and origin are sent.
  int max_redirects = 0;

  // Limits for the head of each answer of a server or proxy. Interim answers (1xx) are skipped, at
  // most 16 of them; their bytes count against max_head_bytes too.
  HttpLimits http{};

  // Called by Connect() with each request, as it is sent, and with the head of each answer; those
  // of a proxy and of redirects too. As text for a person to look at: with lines that end in CR LF,
  // the empty one among them, and with all credentials.
  std::function<void(HttpHead which, absl::string_view head)> on_head{};

  // Called from any thread that uses the client.
  LogHook log{};
};

}  // namespace weft

#endif  // WEFT_CLIENT_CLIENT_OPTIONS_H_
