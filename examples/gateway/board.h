// The state of the gateway: the latest prices, and its upstream connections.

#ifndef WEFT_EXAMPLES_GATEWAY_BOARD_H_
#define WEFT_EXAMPLES_GATEWAY_BOARD_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "examples/gateway/messages.h"

namespace weft::gateway {

// The chart's length, and the distance of the points that the gateway keeps for new pages.
inline constexpr int64_t kHistoryMs = 60'000;
inline constexpr int64_t kPointEveryMs = 500;

// A feed cannot make the gateway, or a page, hold more than this.
inline constexpr size_t kMaxInstruments = 100;

// Takes trades as they arrive, however many, and gives away the latest of each instrument, as often
// as it is asked. No network, no clock, no locks: the caller passes the time, in milliseconds.
class Board {
 public:
  explicit Board(size_t upstreams) : upstreams_(upstreams) {}

  // ResourceExhausted for a new instrument beyond kMaxInstruments.
  absl::Status OnTrade(const Trade& trade, int64_t now_ms);

  // The instruments that were traded since the previous call, each once, with its latest price.
  std::vector<Quote> TakeChanges();

  // All instruments, in the order of their symbols: the latest prices, or the whole history.
  std::vector<Quote> Quotes() const;
  std::vector<Instrument> Instruments() const;

  // The events of an upstream connection, by its number.
  void OnConnecting(size_t upstream) { upstreams_.at(upstream) = {}; }
  void OnConnected(size_t upstream) { upstreams_.at(upstream) = {.is = Is::kConnected}; }
  void OnWaiting(size_t upstream, int64_t until_ms, absl::string_view reason);
  void OnGaveUp(size_t upstream, absl::string_view reason);

  FeedState State(int64_t now_ms);

 private:
  enum class Is : uint8_t { kConnecting, kConnected, kWaiting, kGivenUp };
  struct Upstream {
    Is is = Is::kConnecting;
    int64_t retry_at_ms = 0;  // while it waits
  };
  struct Traded {
    double open = 0;
    Point last{};
    bool changed = false;
    std::deque<Point> points{};  // one for each kPointEveryMs that had a trade
  };

  void CountTo(int64_t now_ms);

  std::map<std::string, Traded, std::less<>> instruments_;
  std::vector<Upstream> upstreams_;
  std::string reason_;

  // Trades in this second, and in the previous one.
  int64_t second_ = 0;
  size_t count_ = 0, previous_count_ = 0;
};

}  // namespace weft::gateway

#endif  // WEFT_EXAMPLES_GATEWAY_BOARD_H_
