// The messages of the upstream feed and of the page, in JSON: README.md documents them.

#ifndef WEFT_EXAMPLES_GATEWAY_MESSAGES_H_
#define WEFT_EXAMPLES_GATEWAY_MESSAGES_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace weft::gateway {

// ---- From an upstream ----

// Somebody paid this price.
struct Trade {
  std::string symbol{};  // 1 to 12 of A to Z, 0 to 9, '.' and '-'
  double price = 0;      // more than 0
};

// To read another feed, change this function. InvalidArgument describes the error.
absl::StatusOr<Trade> ParseTrade(absl::string_view json);

std::string Encode(const Trade& trade);

// ---- To a page. Times are in milliseconds since the gateway's start ----

struct Point {
  int64_t time_ms = 0;
  double price = 0;

  friend bool operator==(const Point&, const Point&) = default;
};

// The latest price of an instrument.
struct Quote {
  std::string symbol{};
  Point last{};

  friend bool operator==(const Quote&, const Quote&) = default;
};

struct Instrument {
  std::string symbol{};
  double open = 0;              // its first price: changes are relative to it
  std::vector<Point> points{};  // the last minute, the oldest first; not empty
};

// The state of the upstream connections.
struct FeedState {
  size_t connected = 0;
  size_t given_up = 0;                // without end
  size_t of = 0;                      // all, in whatever state
  size_t messages_per_second = 0;     // of all together
  std::optional<int64_t> retry_ms{};  // from now until the next attempt of those that wait
  std::string reason{};               // why the last one was lost, or not opened
};

// The first message to a page. `simulated`: the page may cut the feed.
std::string EncodeSnapshot(const std::vector<Instrument>& instruments, bool simulated,
                           int64_t now_ms);
std::string Encode(const Quote& quote);
std::string Encode(const FeedState& state, int64_t now_ms);

// ---- From a page ----

// It has received all messages up to the FeedState of this time.
struct Seen {
  int64_t time_ms = 0;
};

// Cut the simulated feed.
struct Cut {};

// InvalidArgument describes the error in a message that no page sends.
using PageMessage = std::variant<Seen, Cut>;
absl::StatusOr<PageMessage> ParsePageMessage(absl::string_view json);

}  // namespace weft::gateway

#endif  // WEFT_EXAMPLES_GATEWAY_MESSAGES_H_
