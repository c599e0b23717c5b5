// A simulated upstream: the prices of made-up instruments, by random walks.

#ifndef WEFT_EXAMPLES_GATEWAY_FEED_H_
#define WEFT_EXAMPLES_GATEWAY_FEED_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "examples/gateway/messages.h"
#include "examples/gateway/now.h"
#include "weft/server/server.h"

namespace weft::gateway {

// The same seed and times give the same prices. Not thread-safe.
class Market {
 public:
  explicit Market(uint32_t seed);

  // A trade of an instrument chosen at random. The longer ago its previous one, the farther its
  // price has moved: how much prices vary does not depend on the number of trades.
  Trade Next(int64_t now_ms);

 private:
  struct Walk {
    std::string symbol;
    double price = 0;
    int64_t time_ms = 0;
  };

  std::mt19937 random_;
  std::vector<Walk> walks_;
};

// A server on a free port of this machine's loopback address, with a loop of its own. The gateway
// knows nothing of it but its URL. Thread-safe.
class Feed {
 public:
  static constexpr int kTicksPerSecond = 20;
  static constexpr absl::Duration kCutFor = absl::Seconds(5);

  // Unavailable if the system has no more threads or ports.
  static absl::StatusOr<std::unique_ptr<Feed>> Start(uint32_t seed, Now now = SteadyNow);

  std::string url() const;

  // Sends one trade to each connection: each is another one. Call it kTicksPerSecond times per
  // second.
  void Tick();

  // Ends all connections without a closing handshake, as a broken network does, and refuses others
  // with 503 for the time kCutFor.
  void Cut();

 private:
  class Subscriber;

  Feed(uint32_t seed, Now now) : now_(std::move(now)), market_(seed) {}
  absl::StatusOr<std::unique_ptr<Handler>> Accept();
  bool is_cut() const { return now_() < cut_until_ms_; }  // mutex_ is held

  const Now now_;
  std::mutex mutex_;
  Market market_;                            // guarded by mutex_
  std::map<uint64_t, SessionRef> sessions_;  // guarded by mutex_; by Session::id
  int64_t cut_until_ms_ = 0;                 // guarded by mutex_
  std::unique_ptr<Server> server_;           // last member: its sessions use the others
};

}  // namespace weft::gateway

#endif  // WEFT_EXAMPLES_GATEWAY_FEED_H_
