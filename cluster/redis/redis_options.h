// The options of the Redis engine.

#ifndef WEFT_CLUSTER_REDIS_REDIS_OPTIONS_H_
#define WEFT_CLUSTER_REDIS_REDIS_OPTIONS_H_

#include <cstddef>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "weft/client/connecting/backoff.h"
#include "weft/core/log.h"
#include "weft/transport/tls_options.h"

namespace weft {

// RedisOptions::timeouts. All more than 0.
struct RedisTimeouts {
  // The limit for one attempt to connect: name lookup, connection, TLS and login; and for one
  // question to a Sentinel.
  absl::Duration connect = absl::Seconds(5);

  // How long a publish or a read may wait for Redis' answer: then its outcome is DeadlineExceeded.
  absl::Duration call = absl::Seconds(3);

  // A connection on which nothing was received for `ping_interval` gets a PING, and is lost if
  // nothing is received for `answer` although Redis owes an answer.
  absl::Duration ping_interval = absl::Seconds(1);
  absl::Duration answer = absl::Seconds(3);

  // How often the node asks whether Redis is still a master, and publishes a message to itself:
  // that one, or another one, must arrive within `answer`.
  absl::Duration probe = absl::Seconds(5);

  // The waits between attempts.
  BackoffOptions backoff = {.first = absl::Milliseconds(50),
                            .longest = absl::Seconds(5),
                            .reset_after = absl::Seconds(5)};
};

struct RedisOptions {
  // "redis://USER@HOST:PORT/DATABASE", or "rediss://..." for TLS: ParseRedisAddress(). Keys are in
  // the database, but a Redis has one set of channels for all databases: applications that share it
  // need different prefixes. With `sentinels` the host is the master's name as they know it.
  std::string address{};

  // "HOST:PORT" of each Sentinel, asked in turn for the master; empty: `address` is that of Redis.
  std::vector<std::string> sentinels{};

  // Has the password, and perhaps a line end after it. Empty: no password. Read at each connection,
  // so that a password can be replaced. A user in `address` needs one: of a user without a password
  // the file may have any text. The second one is for the Sentinels.
  std::string password_file{};
  std::string sentinel_password_file{};

  // For rediss:// only: trusted roots and our certificate. The certificate of Redis must be for the
  // host of `address` or, with Sentinels, for what they name: an IP address, unless they announce
  // names. Files are read at each connection, so that certificates can be replaced.
  TlsClientOptions tls{};

  // The beginning of all keys and channels: one for each application. At least 1 byte, without
  // braces.
  std::string prefix = "weft";

  // Publishes and reads that wait for Redis: beyond this number of bytes, ResourceExhausted.
  size_t max_outbound_bytes = size_t{16} << 20;

  RedisTimeouts timeouts{};

  // Called by the broker's thread with what happens to its connections. Passwords are not in it.
  LogHook log{};
};

}  // namespace weft

#endif  // WEFT_CLUSTER_REDIS_REDIS_OPTIONS_H_
