// The limits of a server: what clients may make it hold, how long they may take, how much they may
// send. Groups of ServerOptions; docs/limits.md explains them.

#ifndef WEFT_SERVER_LIMITS_LIMIT_OPTIONS_H_
#define WEFT_SERVER_LIMITS_LIMIT_OPTIONS_H_

#include <cstddef>
#include <limits>

#include "absl/time/time.h"
#include "weft/server/limits/rate_limit.h"

namespace weft {

// ServerOptions::limits: sizes and counts.
struct ServerLimits {
  // The maximum number of connections at once, including those in their handshake. Beyond it a
  // client gets 503. At least 1.
  size_t max_connections = 100000;

  // How many of these may come from one IPv4 address, or from one /64 of IPv6. Beyond it a client
  // gets 429. No limit by default, because many clients may have the same address: those of a
  // company or a mobile network with address translation, and all clients behind a proxy that is
  // not in ServerProxies::trusted_networks. Clients of a Unix socket have no address and no such
  // limit. At least 1.
  size_t max_connections_per_address = std::numeric_limits<size_t>::max();

  // The maximum of bytes that all clients together can make the server hold, divided evenly among
  // the threads: unfinished requests and messages, messages that wait for handlers, unsent data,
  // subscriptions. Beyond it the session that holds the most is dropped. At least 1.
  size_t max_buffered_bytes = size_t{1} << 30;

  // The maximum of bytes that the compressors with takeover of all sessions together may hold,
  // divided evenly among the threads. Computed when a session opens, from the agreed settings
  // (docs/compression.md). Beyond it a new session is accepted without compression, or gets 503 if
  // compression is required. The default is enough for about 5,700 sessions with the default
  // windows.
  size_t max_compression_bytes = size_t{256} << 20;

  // With handler threads: if this many messages, or bytes of messages, wait for the handler of a
  // session, nothing more is read from the session until half of them have been handled. At least
  // 1.
  size_t max_waiting_messages = 256;
  size_t max_waiting_bytes = 1 << 20;

  // The maximum number of topics to which a session may be subscribed, and the maximum length of a
  // topic's name in bytes. They matter if clients choose the topics. Subscriptions count in
  // max_buffered_bytes.
  size_t max_topics_per_session = 1024;
  size_t max_topic_bytes = 256;

  // The maximum number of topics that are shared or kept (TopicOptions) and have subscribers on
  // this server, of each of the two kinds: shared by way of a broker, and kept by the server alone.
  // A session cannot subscribe to one more. Each takes some hundred bytes; one that lost its
  // subscribers stays for 5 s, if there is room. 0: nobody can subscribe to such a topic.
  size_t max_carried_topics = 1000000;
};

// ServerOptions::timeouts. Each is more than 0, except where it says otherwise.
struct ServerTimeouts {
  // From the first byte of a connection to the end of a request's head, including TLS. A client
  // that has begun a request gets 408; one that has sent nothing is dropped. The same time again
  // for an acceptor that answers later (SessionRequest::AnswerLater).
  absl::Duration handshake = absl::Seconds(10);

  // For the body of a request that is not an upgrade, for a page that answers later, and for the
  // client to read each 64 KiB of a response, or the rest of it: by default about 1 KB/s.
  absl::Duration http = absl::Seconds(60);

  // How long a connection may wait for its next request. Its whole seconds are announced
  // (Keep-Alive: timeout=75). Longer than the 60 s after which most load balancers close a
  // connection, because a connection that the server closes first may already be in use.
  absl::Duration keep_alive = absl::Seconds(75);

  // A session without a first message for this long is closed with 1008: for applications whose
  // clients must authenticate first. By default a client may just listen.
  absl::Duration first_message = absl::InfiniteDuration();

  // A session without a message for this long is closed with 1000. Pings do not count.
  absl::Duration idle = absl::InfiniteDuration();

  // A peer that was silent for `ping_interval` gets a ping, and one that then sends nothing for
  // `pong` is dropped. So a peer that vanished is noticed after the sum of both.
  absl::Duration ping_interval = absl::Seconds(30);
  absl::Duration pong = absl::Seconds(20);

  // For the closing handshake. Afterwards the socket is closed without it.
  absl::Duration close = absl::Seconds(5);

  // The first part of the time of Server::Drain, at most half of it: the server already says that
  // it is not ready (/readyz answers 503), but accepts connections and upgrades, so that load
  // balancers stop sending clients before they would be refused. Longer than the interval of their
  // checks, times the number that must fail. May be 0.
  absl::Duration unready = absl::Seconds(5);
};

// ServerOptions::rates: the maximum and the minimum speed of a client.
struct ServerRates {
  // The maximum for each client: messages (pings and pongs count, fragments do not), and bytes of
  // the WebSocket as they arrive, including headers and before inflating. No limit by default: only
  // the application knows the right rate, and sending alone costs no memory, because reading stops
  // while answers are unsent (ServerSending::pause_reading_bytes).
  //
  // With kDelay a client over the rate can be a few hundred small messages ahead, which were read
  // at once; then it waits for all of them, and so do its pings. The server checks every 16 ms
  // whether it may continue, so a burst of less than a 50th of a second does not reach its rate.
  RateLimit messages{};
  RateLimit bytes{};
  OverRate over_rate = OverRate::kDelay;

  // The minimum for a request that has begun: after the grace period its missing bytes must arrive
  // at this rate, counting those that arrived before, or the client gets 408. The grace period is
  // for lost packets, which are sent again after 1 and 3 seconds. A rate of 0 leaves only
  // ServerTimeouts::handshake. At most 2^32; the grace period is more than 0.
  size_t min_request_bytes_per_second = 100;
  absl::Duration request_grace = absl::Seconds(5);

  // The minimum for a message that has begun: in every period of this length, this many bytes per
  // second of it must arrive, or the session is closed with 1008. Pings and pongs in between do not
  // count, nor does the time in which the server does not read. 0: any rate. Messages that are
  // delivered in pieces (ConnectionOptions::stream_messages) have no minimum, since the application
  // sees each piece. At most 2^32; the period is more than 0.
  size_t min_message_bytes_per_second = 100;
  absl::Duration message_grace = absl::Seconds(10);
};

}  // namespace weft

#endif  // WEFT_SERVER_LIMITS_LIMIT_OPTIONS_H_
