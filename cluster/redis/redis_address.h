// redis:// and rediss:// addresses.

#ifndef WEFT_CLUSTER_REDIS_REDIS_ADDRESS_H_
#define WEFT_CLUSTER_REDIS_REDIS_ADDRESS_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace weft {

struct RedisAddress {
  static constexpr uint16_t kDefaultPort = 6379;
  static constexpr uint16_t kDefaultSentinelPort = 26379;

  bool tls = false;    // rediss
  std::string user{};  // empty: Redis' default user
  std::string host{};  // an IPv6 address without brackets
  uint16_t port = kDefaultPort;
  int database = 0;

  // For logs and errors: "redis.internal:6379".
  std::string HostPort() const;

  friend bool operator==(const RedisAddress&, const RedisAddress&) = default;
};

// Parses "redis://USER@HOST:PORT/DATABASE", of which user, port and database may be missing;
// "rediss" is with TLS. The user name is %-decoded. InvalidArgument, with what is wrong, for
// everything else, also for a password: it would be visible in command lines and logs, and belongs
// into RedisOptions::password_file.
absl::StatusOr<RedisAddress> ParseRedisAddress(absl::string_view text);

// "HOST" or "HOST:PORT", as RedisOptions::sentinels has them.
absl::StatusOr<RedisAddress> ParseSentinelAddress(absl::string_view text);

}  // namespace weft

#endif  // WEFT_CLUSTER_REDIS_REDIS_ADDRESS_H_
