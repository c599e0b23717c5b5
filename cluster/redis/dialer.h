// Connects to a Redis on an event loop.

#ifndef WEFT_CLUSTER_REDIS_DIALER_H_
#define WEFT_CLUSTER_REDIS_DIALER_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "weft/loop/address_lookup.h"
#include "weft/loop/event_loop.h"
#include "weft/transport/connect_attempts.h"
#include "weft/transport/io.h"
#include "weft/transport/stream.h"
#include "weft/transport/tls_context.h"

namespace weft {

// From a host and a port to a stream, in steps that do not block: the lookup of the name, the race
// of its addresses, and TLS. Has no deadline. For the loop's thread; as an EventSource it must not
// be destroyed in its own callbacks, nor by `done`.
class RedisDialer : public EventSource {
 public:
  // Called once, by Start() or later, unless the dialer was stopped before.
  using Done = absl::AnyInvocable<void(absl::StatusOr<Stream>)>;

  // `loop` and `lookup` must outlive it. `tls` may be null.
  RedisDialer(EventLoop& loop, AddressLookup& lookup, std::string host, uint16_t port,
              std::shared_ptr<TlsContext> tls, Done done);
  ~RedisDialer() override { Stop(); }

  void Start();

  // Ends the attempt, without a call of `done`.
  void Stop();

  // The step that it is in, for an error: "the connection to 10.0.0.1:6379".
  std::string Step() const;

  // For the loop.
  void OnReadable() override { Continue(); }
  void OnWritable() override { Continue(); }

 private:
  void OnTimer() override { Continue(); }

  void Resolved(AddressLookup::Addresses addresses);
  void Continue();
  void Handshake();
  bool Watch(int fd, Interest interest);
  void Unwatch();
  void Finish(absl::StatusOr<Stream> result);

  EventLoop& loop_;
  AddressLookup& lookup_;
  const std::string host_;
  const uint16_t port_;
  const std::shared_ptr<TlsContext> tls_;
  Done done_;  // empty once it was called
  std::optional<ConnectAttempts> attempts_;
  Stream stream_;
  std::vector<int> watched_;
  std::shared_ptr<RedisDialer*> resolving_;  // while a lookup runs, which holds a weak pointer
};

}  // namespace weft

#endif  // WEFT_CLUSTER_REDIS_DIALER_H_
