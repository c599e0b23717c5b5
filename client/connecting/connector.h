// Performs an Opening on sockets, without blocking.

#ifndef WEFT_CLIENT_CONNECTING_CONNECTOR_H_
#define WEFT_CLIENT_CONNECTING_CONNECTOR_H_

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "weft/client/connecting/client_options.h"
#include "weft/client/connecting/opening.h"
#include "weft/client/connecting/upgrade.h"
#include "weft/transport/address.h"
#include "weft/transport/connect_attempts.h"
#include "weft/transport/io.h"
#include "weft/transport/stream.h"

namespace weft {

// From a URL to an open WebSocket's stream, in steps that do not block. The blocking client waits
// between them; an event loop watches the descriptors. Not thread-safe.
//
//   Connector connector(url, options);
//   while (true) {
//     switch (connector.Continue(now)) {
//       case Connector::State::kResolve:  // find the addresses of connector.host(), .port()
//         connector.Resolved(addresses);
//         break;
//       case Connector::State::kWait:     // for connector.fds() or until connector.wake()
//         break;
//       case Connector::State::kDone:
//         return connector.TakeResult();
//     }
//   }
class Connector {
 public:
  enum class State { kResolve, kWait, kDone };

  struct Result {
    Stream stream;
    Upgraded upgraded;
  };

  // `options` must outlive it; its timeouts.connect and cancel are left to the caller: see Stop().
  Connector(absl::string_view url, const ClientOptions& options) : opening_(url, options) {}

  // Goes on as far as is possible now. `now` is a time of any monotonic clock, always the same one.
  State Continue(absl::Duration now);

  // With kResolve.
  const std::string& host() const { return opening_.host(); }
  uint16_t port() const { return opening_.port(); }
  void Resolved(absl::StatusOr<std::vector<SocketAddress>> addresses) {
    opening_.Resolved(std::move(addresses));
  }

  // With kWait: the descriptors, any of which may be ready first, what to wait for, and the time at
  // which to continue in any case; infinite if there is none. They change with each Continue().
  std::vector<int> fds() const;
  Interest interest() const { return attempts_.has_value() ? Interest::kWrite : interest_; }
  absl::Duration wake() const { return attempts_.has_value() ? attempts_->due() : read_until_; }

  // Ends the attempt at any time: a deadline has passed, or it was cancelled. It is done
  // afterwards, with an error that has the code of `why` and names the step; or, if the server has
  // refused and only the rest of its response was missing, with that refusal.
  void Stop(const absl::Status& why);

  // With kDone, once: the open WebSocket, or the errors of Client::Connect().
  absl::StatusOr<Result> TakeResult();

 private:
  void StartAttempts();
  bool Connect(absl::Duration now);
  bool StartTls();
  bool Write();
  bool Read(absl::Duration now);
  bool Ready(const IoResult& result);

  Opening opening_;
  std::optional<ConnectAttempts> attempts_;
  Stream stream_;
  bool in_handshake_ = false;
  Interest interest_ = Interest::kRead;
  absl::Duration read_until_ = absl::InfiniteDuration();  // if the opening limits its reads
};

}  // namespace weft

#endif  // WEFT_CLIENT_CONNECTING_CONNECTOR_H_
