// The options of a server.
//
//   weft::ServerOptions options = {.port = 8080, .limits = {.max_connections = 1000}};
//
// The defaults are meant to be safe against strangers: each wait, each queue and each size has a
// limit. To remove one, use absl::InfiniteDuration() for a time, and the largest value of the type
// for a size, a count or a rate. Server::Start() refuses what is outside its range, with
// InvalidArgument and the name of the field. docs/options.md lists all options.

#ifndef WEFT_SERVER_SERVER_OPTIONS_H_
#define WEFT_SERVER_SERVER_OPTIONS_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "weft/core/connection_options.h"
#include "weft/core/log.h"
#include "weft/loop/clock.h"
#include "weft/sending/send_options.h"
#include "weft/server/forwarding/proxy_options.h"
#include "weft/server/http/http_options.h"
#include "weft/server/limits/limit_options.h"
#include "weft/server/limits/rate_limit.h"
#include "weft/server/listening/endpoint.h"
#include "weft/server/topics/broker.h"
#include "weft/server/topics/topic_options.h"
#include "weft/transport/tls_context.h"

namespace weft {

// ServerOptions::sending: the queue of what one session has not sent yet (docs/sending.md).
struct ServerSending {
  // The maximum size of the queue in bytes, at least 1, and what happens to a message that does not
  // fit.
  size_t max_queue_bytes = 16 << 20;
  WhenFull when_full = WhenFull::kFail;

  // Handler::OnWritable is called when a queue that had grown to the high mark has shrunk to the
  // low mark, in bytes. If max_queue_bytes is below a mark, the marks are max_queue_bytes and half
  // of it. low_mark_bytes is less than high_mark_bytes.
  size_t high_mark_bytes = 1 << 20;
  size_t low_mark_bytes = 256 << 10;

  // While the queue has more bytes than this, nothing is read from the session until half of them
  // have been sent: a client that does not read answers cannot send more requests.
  size_t pause_reading_bytes = 1 << 20;
};

// ServerOptions::hooks: functions of the application that are called for the whole server.
struct ServerHooks {
  // Receives a line for everything that the server refuses or loses; it prints nothing itself. A
  // hook that writes to a pipe or a terminal must not wait for its reader:
  // transport/line_writer.h does not.
  LogHook log{};

  // Lines of a lower level are neither written nor passed to `log`. kInfo has a line for the end of
  // each session.
  LogLevel min_log_level = LogLevel::kInfo;

  // Receives a line for each session that has ended: its address, path, subprotocol, duration,
  // messages and bytes, and the cause of the end (docs/howto/monitoring.md). Called as `log` is.
  // Empty: no access log, which then takes neither memory nor time of a session.
  std::function<void(absl::string_view line)> access_log{};

  // The rate of these lines, divided evenly among the threads. A session beyond it has no line; the
  // next line of its thread says how many were left out (left_out=N), and so does a last line with
  // nothing else.
  RateLimit access_log_rate = {.per_second = 1000};

  // The options of each topic.
  TopicOptionsFunction topic_options{};

  // Called when a topic has got its first subscriber, and when it has lost its last.
  TopicHook on_topic_change{};
};

// ServerOptions::for_tests.
struct ServerForTests {
  // Must outlive the server. Not null.
  const Clock* clock = &Clock::Steady();

  // Numbers from 0 (inclusive) to 1 (exclusive), for the moments of Server::Drain; called on every
  // loop's thread. Empty: the system's random numbers.
  std::function<double()> random{};
};

struct ServerOptions {
  // The first endpoint, often the only one: see Endpoint.
  std::string address = "127.0.0.1";
  uint16_t port = 0;
  std::shared_ptr<TlsContext> tls{};

  // More endpoints: for example, plain on loopback and TLS on the network.
  std::vector<Endpoint> more_endpoints{};

  // The number of event loops, each on a thread of its own; a session stays on one of them. More
  // than the number of cores is of no use. 1 to 1,024.
  int threads = 1;

  // The number of threads that call the handlers, for all sessions together. 0: each handler is
  // called by its session's loop, which is faster, but then it must not block; docs/handlers.md
  // says when to use which. The loops call acceptors and pages, except those that
  // OnHandlerThreads() has made (server/on_handler_threads.h). At most 1,024.
  int handler_threads = 0;

  // Limits for received data, whether messages are delivered in pieces, and compression. The server
  // has pools of its own: `connection.pool` and `connection.codecs` must be null.
  ConnectionOptions connection{};

  ServerProxies proxies{};
  ServerHttp http{};
  ServerLimits limits{};
  ServerTimeouts timeouts{};
  ServerRates rates{};
  ServerSending sending{};
  ServerHooks hooks{};

  // Carries the topics for which hooks.topic_options says TopicOptions::shared to the other nodes
  // of a cluster, and belongs to this server alone; invalid without that hook. Null: they are those
  // of this server.
  std::shared_ptr<Broker> broker{};

  ServerForTests for_tests{};
};

// InvalidArgument for times, sizes, rates and hosts out of range, with the name of the field, the
// value and the range. Addresses and ports are checked by opening them: Listener::Open().
absl::Status CheckServerOptions(const ServerOptions& options);

}  // namespace weft

#endif  // WEFT_SERVER_SERVER_OPTIONS_H_
