// Which of a server's addresses to try, and when: "Happy Eyeballs" (RFC 8305), without sockets.

#ifndef WEFT_TRANSPORT_ADDRESS_RACE_H_
#define WEFT_TRANSPORT_ADDRESS_RACE_H_

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "weft/transport/address.h"

namespace weft {

// The delay that RFC 8305, section 8, recommends.
inline constexpr absl::Duration kConnectAttemptDelay = absl::Milliseconds(250);

// Attempts to connect to several addresses, of which the first to succeed wins. They are tried in
// order, with IPv6 and IPv4 alternating; the next one starts after a delay, or at once if the last
// one fails. Its caller has the sockets and the clock. Not thread-safe.
//
//   while (const std::optional<size_t> attempt = race.Start(now)) {
//     if (!Connect(race.address(*attempt))) race.Failed(*attempt, "Connection refused");
//   }
//   if (race.lost()) return race.Error(absl::UnavailableError(""));
//   ... wait for one of the sockets, or until race.due()
class AddressRace {
 public:
  // `name`, such as "\"host\": ", precedes the addresses in errors. There is at least one address.
  AddressRace(absl::string_view name, absl::Span<const SocketAddress> addresses,
              absl::Duration attempt_delay);

  // The number of an attempt to start now: 0, 1, ...; nullopt if none is due. `now` is a time of
  // any monotonic clock, always the same one.
  std::optional<size_t> Start(absl::Duration now);

  const SocketAddress& address(size_t attempt) const { return order_[attempt]; }

  // A started attempt has failed. `reason` is for people: "Connection refused".
  void Failed(size_t attempt, absl::string_view reason) { reasons_[attempt] = std::string(reason); }

  // When the next attempt is due although others are still running; infinite if there is no other
  // address.
  absl::Duration due() const {
    return reasons_.size() < order_.size() ? due_ : absl::InfiniteDuration();
  }

  // Whether every address was tried, and has failed.
  bool lost() const {
    return reasons_.size() == order_.size() &&
           std::all_of(reasons_.begin(), reasons_.end(), [](const auto& r) { return !r.empty(); });
  }

  // The error of all attempts, with the code of `why`: "cannot connect to [::1]:80 (Connection
  // refused), 127.0.0.1:80 (cancelled)". The message of `why` is the reason of those that have not
  // failed, or of the first address if none was tried.
  absl::Status Error(const absl::Status& why) const;

 private:
  const std::string name_;
  const std::vector<SocketAddress> order_;
  const absl::Duration attempt_delay_;
  std::vector<std::string> reasons_;  // of each attempt started; empty: it has not failed
  absl::Duration due_ = absl::InfiniteDuration();
};

namespace internal {

// The addresses in the order in which they are tried (RFC 8305, section 4).
std::vector<SocketAddress> Interleaved(absl::Span<const SocketAddress> addresses);

}  // namespace internal
}  // namespace weft

#endif  // WEFT_TRANSPORT_ADDRESS_RACE_H_
