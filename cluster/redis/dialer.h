// Connects to a Redis.

#ifndef WEFT_CLUSTER_REDIS_DIALER_H_
#define WEFT_CLUSTER_REDIS_DIALER_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "weft/transport/address.h"
#include "weft/transport/connect_attempts.h"
#include "weft/transport/io.h"
#include "weft/transport/stream.h"
#include "weft/transport/tls_context.h"

namespace weft {

// From a host and a port to a stream, in steps that do not block: the lookup of the name, the race
// of its addresses, and TLS. A LoopDialer takes them. Not thread-safe.
class RedisDialer {
 public:
  enum class State { kResolve, kWait, kDone };

  // `tls` may be null.
  RedisDialer(std::string host, uint16_t port, std::shared_ptr<TlsContext> tls)
      : host_(std::move(host)), port_(port), tls_(std::move(tls)) {}

  // Goes on as far as is possible now.
  State Continue(absl::Duration now);

  // With kResolve.
  const std::string& host() const { return host_; }
  uint16_t port() const { return port_; }
  void Resolved(const absl::StatusOr<std::vector<SocketAddress>>& addresses);

  // With kWait.
  std::vector<int> fds() const {
    return attempts_.has_value() ? attempts_->fds() : std::vector<int>{stream_.fd()};
  }
  Interest interest() const { return attempts_.has_value() ? Interest::kWrite : interest_; }
  absl::Duration wake() const {
    return attempts_.has_value() ? attempts_->due() : absl::InfiniteDuration();
  }

  void Stop(const absl::Status& why) { Fail(why); }

  // With kDone, once.
  absl::StatusOr<Stream> TakeResult();

  // The step that it is in, for an error: "the connection to 10.0.0.1:6379".
  std::string Step() const;

 private:
  State Connect(absl::Duration now);
  State Handshake();
  State Fail(const absl::Status& status);

  const std::string host_;
  const uint16_t port_;
  const std::shared_ptr<TlsContext> tls_;
  std::optional<ConnectAttempts> attempts_;
  Stream stream_;
  Interest interest_ = Interest::kRead;
  absl::Status status_;
};

}  // namespace weft

#endif  // WEFT_CLUSTER_REDIS_DIALER_H_
