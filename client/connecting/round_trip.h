// Measures the round-trip time with pings and their pongs.

#ifndef WEFT_CLIENT_CONNECTING_ROUND_TRIP_H_
#define WEFT_CLIENT_CONNECTING_ROUND_TRIP_H_

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace weft {

// Has no clock: each call gets the time since an arbitrary fixed moment. Not thread-safe.
//
//   round_trip.Pinged(payload, now);    // a ping with this payload was sent
//   round_trip.Ponged(payload, later);  // a pong was received
//   round_trip.last();                  // later - now
//
// A pong has the payload of its ping (RFC 6455, section 5.5.3). One with any other payload is
// unsolicited, as that section allows, and is ignored.
class RoundTrip {
 public:
  // A ping without a payload is not timed, because its pong could be unsolicited, and neither is
  // one with the payload of another unanswered ping.
  void Pinged(absl::string_view payload, absl::Duration now) {
    if (payload.empty() || Find(payload) != unanswered_.end()) return;
    // The peer answers one of the oldest or the latest next: others can be forgotten.
    if (unanswered_.size() == kMaxUnanswered) unanswered_.pop_back();
    unanswered_.push_back({std::string(payload), now});
  }

  // True if it answers a ping. A peer may answer only the latest of several: earlier ones are then
  // no longer expected.
  bool Ponged(absl::string_view payload, absl::Duration now) {
    const auto ping = Find(payload);
    if (ping == unanswered_.end()) return false;
    last_ = now - ping->at;
    unanswered_.erase(unanswered_.begin(), ping + 1);
    return true;
  }

  // A ping that was sent at `at` has its pong: earlier ones are no longer expected.
  void ForgetBefore(absl::Duration at) {
    std::erase_if(unanswered_, [at](const Ping& ping) { return ping.at < at; });
  }

  // Whether no ping waits for its pong.
  bool empty() const { return unanswered_.empty(); }

  // For the last answered ping; nullopt before the first.
  std::optional<absl::Duration> last() const { return last_; }

 private:
  struct Ping {
    std::string payload;
    absl::Duration at;
  };

  static constexpr size_t kMaxUnanswered = 8;

  std::vector<Ping>::iterator Find(absl::string_view payload) {
    return std::find_if(unanswered_.begin(), unanswered_.end(),
                        [payload](const Ping& ping) { return ping.payload == payload; });
  }

  std::vector<Ping> unanswered_;  // the oldest first
  std::optional<absl::Duration> last_;
};

}  // namespace weft

#endif  // WEFT_CLIENT_CONNECTING_ROUND_TRIP_H_
