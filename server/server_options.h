// How a server behaves.

#ifndef WEFT_SERVER_SERVER_OPTIONS_H_
#define WEFT_SERVER_SERVER_OPTIONS_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "weft/core/connection.h"
#include "weft/core/http/http.h"
#include "weft/core/log.h"
#include "weft/loop/clock.h"
#include "weft/server/http/page.h"
#include "weft/server/limits/rate_limit.h"
#include "weft/server/sending/send_options.h"
#include "weft/server/topics/topic_options.h"
#include "weft/transport/tls_context.h"

namespace weft {

// Where a server listens.
struct Endpoint {
  // A host name, an IP address ("0.0.0.0" and "::" for all), or "unix:/path".
  std::string address = "127.0.0.1";
  uint16_t port = 0;  // 0 gets a free one: Server::addresses

  // Null: plain ws://. Else wss://, with this certificate and key:
  //   TlsContext::ForServer({.identities = {{.certificate_file = ..., .private_key_file = ...}}})
  // Server::ReloadCertificates renews them.
  std::shared_ptr<TlsContext> tls{};
};

// The defaults are meant to be safe against strangers; each wait and each queue has a limit.
struct ServerOptions {
  // The first, and mostly the only, endpoint: see Endpoint.
  std::string address = "127.0.0.1";
  uint16_t port = 0;
  std::shared_ptr<TlsContext> tls{};

  // Further ones, as for a server that is plain on loopback and TLS to the world.
  std::vector<Endpoint> more_endpoints{};

  // Event loops, each on a thread of its own. A session stays on one. More than there are cores is
  // of no use.
  int threads = 1;

  // Threads that call the handlers, for all sessions together. 0: each is called by its session's
  // loop, which is faster, but must not be blocked; docs/handlers.md says when to use which.
  // Acceptors and pages are called by the loops in any case.
  int handler_threads = 0;

  // With handler threads: when so many messages, or bytes of them, wait for a session's handler,
  // nothing more is read from it until half of them are gone.
  size_t max_waiting_messages = 256;
  size_t max_waiting_bytes = 1 << 20;

  // Sessions at once, those in their handshake included. Past it a client gets 503.
  size_t max_connections = 100000;

  // Of these, how many may come from one IPv4 address, or one /64 of IPv6. Past it a client gets
  // 429. 0: no limit, as is the default: behind a proxy, or a company's or phone network's address
  // translation, all clients have the same address. A Unix socket's clients have none.
  size_t max_connections_per_address = 0;

  // Limits of what clients send, and compression: see core/connection.h,
  // core/deflate/compression.h. The pools are the server's own.
  ConnectionOptions connection{};

  // Of the head of any request. A longer one gets 431, a later one 408. The time is that of a TLS
  // handshake as well: a client that sends nothing is dropped.
  HttpLimits http_limits{};
  absl::Duration handshake_timeout = absl::Seconds(10);

  // A request that has begun must go on: what is still missing after the grace time has to come at
  // this many bytes a second, those that came before included, or the client gets 408. The grace is
  // for lost packets, which are sent again after 1 and 3 seconds. 0: at any rate, as long as the
  // time above lasts.
  size_t min_request_bytes_per_second = 100;
  absl::Duration request_grace = absl::Seconds(5);

  // Answers requests that are no upgrade: server/http/page.h, StaticFiles, Router. Without it they
  // get an error that says what is spoken here.
  Pages http{};

  // What the body of such a request may measure, in bytes; more gets 413.
  size_t max_http_body_bytes = 1 << 20;

  // How long a client may take to send that body, and to take each 64 KiB of an answer, or what is
  // left of it: by default it must take about 1 KB/s.
  absl::Duration http_timeout = absl::Seconds(60);

  // How long a connection may wait for its next request; whole seconds of it are announced
  // (Keep-Alive: timeout=75). Longer than the 60 s after which the usual load balancers close a
  // connection: one that the server closes first may be in use already.
  absl::Duration keep_alive_timeout = absl::Seconds(75);

  // The hosts that clients may ask for, in the header Host or in a target that is a URL: names and
  // addresses as they stand there ("example.com", "[::1]"), without a port. Requests for another
  // one get 421, upgrades and pages. "*" is every host. Where it is empty, endpoints on a loopback
  // address answer for loopback names and addresses ("localhost", "127.0.0.1") and nothing else, so
  // that a page of a name that was made to lead here (DNS rebinding) cannot speak to them; other
  // endpoints, and Unix sockets, answer for every host. Behind a proxy on the same machine:
  //
  //   options.allowed_hosts = {"example.com"};   // what the proxy passes on as Host
  //
  // A request without a Host, which only HTTP/1.0 allows, passes.
  std::vector<std::string> allowed_hosts{};

  // Browsers say which page opens a WebSocket, and a page of another origin than the server's own
  // is refused with 403, unless its origin ("https://example.com", "null" for a file) is listed
  // here, or "*" is. Clients that are no browsers send no Origin and pass.
  std::vector<std::string> allowed_origins{};

  // Silence after which a peer is pinged, and further silence after which it is given up. A peer
  // that vanished is noticed after the sum of both. InfiniteDuration: never.
  absl::Duration ping_interval = absl::Seconds(30);
  absl::Duration pong_timeout = absl::Seconds(20);

  // A message that has begun must go on: in every stretch of this length, this many bytes of it a
  // second must come, or the session is closed with 1008. Pings and pongs in between do not count,
  // nor does time in which the server does not read. 0: at any rate. Messages that are streamed
  // (ConnectionOptions::stream_messages) have no limit: the application sees each piece.
  size_t min_message_bytes_per_second = 100;
  absl::Duration message_grace = absl::Seconds(10);

  // A session whose first message took longer is closed, with 1008: for applications whose clients
  // must say who they are before anything else. InfiniteDuration: a client may just listen.
  absl::Duration first_message_timeout = absl::InfiniteDuration();

  // A session that got no message for so long is closed, with 1000. Pings do not count.
  absl::Duration idle_timeout = absl::InfiniteDuration();

  // How long a closing handshake may take before the socket is closed without it.
  absl::Duration close_timeout = absl::Seconds(5);

  // What a session may have waiting to be sent, in bytes, and what becomes of a message that does
  // not fit: see WhenFull, and docs/sending.md.
  size_t max_send_queue_bytes = 16 << 20;
  WhenFull when_full = WhenFull::kFail;

  // A session's queue that grows to the high mark, in bytes, is watched: Handler::OnWritable is
  // called when it has shrunk to the low mark. The marks of a queue that may not grow so far are
  // its limit and half of it.
  size_t high_mark_bytes = 1 << 20;
  size_t low_mark_bytes = 256 << 10;

  // How many topics a session may be subscribed to, and how long their names may be, in bytes: for
  // topics that clients choose. What they cost counts in max_buffered_bytes.
  size_t max_topics_per_session = 1024;
  size_t max_topic_bytes = 256;

  // What holds for each topic, and who hears of its first subscriber and its last: see there.
  TopicOptionsFunction topic_options{};
  TopicHook topic_hook{};

  // What all clients together may make the server hold, in bytes, shared evenly among the threads:
  // unfinished requests and messages, messages that wait for handlers, what was sent and is not
  // taken, subscriptions. Past it the client that holds most is dropped.
  size_t max_buffered_bytes = size_t{1} << 30;

  // What compressors with takeover of all sessions together may hold, in bytes, shared evenly among
  // the threads, reckoned when a session opens by what was agreed on (docs/compression.md). Past it
  // a new session is accepted without compression, or gets 503 where that is required. The default
  // is enough for some 860 sessions with the largest windows.
  size_t max_compression_bytes = size_t{256} << 20;

  // Over this many waiting bytes the server reads nothing more from that session until half of
  // them are gone: who does not take the answers gets to ask no more questions.
  size_t pause_reading_bytes = 1 << 20;

  // How much each client may send: messages (pings and pongs count, fragments do not), and bytes of
  // the WebSocket, headers included, as they arrive, which is compressed if they are. No limit
  // unless one is set: which rate is right only the application can know, and a client costs no
  // memory by what it sends, since reading stops where answers pile up (pause_reading_bytes). With
  // kDelay a client that goes over may be some hundred small messages ahead, which were read in one
  // piece; it then waits for all of them, and so do its pings. The server looks every 16 ms whether
  // it may go on: a burst of less than a 50th of a second does not reach its rate.
  RateLimit message_rate{};
  RateLimit byte_rate{};
  OverRate over_rate = OverRate::kDelay;

  // Where the server says what it refused and lost. Nothing else prints. A hook that writes to
  // standard error must not wait for whoever reads it: transport/line_writer.h does not.
  LogHook log{};

  // Numbers from 0 up to, but never, 1, for the moments of Server::Drain; called by every loop's
  // thread. Others than the default are for tests.
  std::function<double()> random{};

  // Another clock is for tests. It must outlive the server.
  const Clock* clock = &Clock::Steady();
};

}  // namespace weft

#endif  // WEFT_SERVER_SERVER_OPTIONS_H_
