// Connecting to one of several addresses without blocking.

#ifndef WEFT_TRANSPORT_CONNECT_ATTEMPTS_H_
#define WEFT_TRANSPORT_CONNECT_ATTEMPTS_H_

#include <cstddef>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "weft/transport/address.h"
#include "weft/transport/address_race.h"
#include "weft/transport/fd.h"
#include "weft/transport/stream.h"

namespace weft {

// An AddressRace with its sockets, which ConnectTo() waits for, and an event loop may watch.
// Nagle's algorithm is off for TCP streams. Not thread-safe.
class ConnectAttempts {
 public:
  // As AddressRace.
  ConnectAttempts(absl::string_view name, absl::Span<const SocketAddress> addresses,
                  absl::Duration attempt_delay)
      : race_(name, addresses, attempt_delay) {}

  // Starts the attempts that are due, and looks at those that are running. Returns the stream of
  // one that has connected; nullopt while none has: call it again at due(), and when one of fds()
  // is writable. Unavailable if all have failed. After a stream or an error only destroy it.
  absl::StatusOr<std::optional<Stream>> Continue(absl::Duration now);

  // The sockets that are connecting.
  std::vector<int> fds() const;

  absl::Duration due() const { return race_.due(); }

  // The error if `why` ends the attempts: see AddressRace::Error().
  absl::Status Error(const absl::Status& why) const { return race_.Error(why); }

 private:
  void Fail(size_t attempt, int error);

  AddressRace race_;
  std::vector<UniqueFd> sockets_;  // by the number of the attempt; closed: it has failed
};

}  // namespace weft

#endif  // WEFT_TRANSPORT_CONNECT_ATTEMPTS_H_
