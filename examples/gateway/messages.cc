#include "examples/gateway/messages.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "nlohmann/json.hpp"

namespace weft::gateway {
namespace {

using Json = nlohmann::json;

constexpr size_t kMaxSymbol = 12;

absl::StatusOr<Json> ParseObject(absl::string_view text) {
  Json json = Json::parse(text.begin(), text.end(), nullptr, /*allow_exceptions=*/false);
  if (json.is_discarded()) return absl::InvalidArgumentError("the message is not JSON");
  if (!json.is_object()) return absl::InvalidArgumentError("the message is not a JSON object");
  return json;
}

bool IsSymbol(const std::string& text) {
  return !text.empty() && text.size() <= kMaxSymbol &&
         std::all_of(text.begin(), text.end(), [](unsigned char c) {
           return absl::ascii_isupper(c) || absl::ascii_isdigit(c) || c == '.' || c == '-';
         });
}

// All text here is UTF-8. Otherwise it would be replaced, and no exception thrown.
std::string ToText(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

// Prices have at most four decimals: a double's full length would triple the message.
double Rounded(double price) { return std::round(price * 10000) / 10000; }

}  // namespace

absl::StatusOr<Trade> ParseTrade(absl::string_view text) {
  const absl::StatusOr<Json> json = ParseObject(text);
  if (!json.ok()) return json.status();
  const auto symbol = json->find("symbol");
  if (symbol == json->end() || !symbol->is_string() || !IsSymbol(symbol->get<std::string>())) {
    return absl::InvalidArgumentError(
        absl::StrCat("symbol should be 1 to ", kMaxSymbol, " of A to Z, 0 to 9, '.' and '-'"));
  }
  const auto price = json->find("price");
  if (price == json->end() || !price->is_number() || !(price->get<double>() > 0) ||
      !std::isfinite(price->get<double>())) {
    return absl::InvalidArgumentError("price should be a number more than 0");
  }
  return Trade{.symbol = symbol->get<std::string>(), .price = price->get<double>()};
}

std::string Encode(const Trade& trade) {
  return ToText({{"symbol", trade.symbol}, {"price", Rounded(trade.price)}});
}

std::string EncodeSnapshot(const std::vector<Instrument>& instruments, bool simulated,
                           int64_t now_ms) {
  Json all = Json::array();
  for (const Instrument& one : instruments) {
    Json points = Json::array();
    for (const Point& point : one.points) {
      points.push_back({point.time_ms, Rounded(point.price)});
    }
    all.push_back({{"symbol", one.symbol}, {"open", Rounded(one.open)}, {"points", points}});
  }
  return ToText(
      {{"type", "snapshot"}, {"time", now_ms}, {"simulated", simulated}, {"instruments", all}});
}

std::string Encode(const Quote& quote) {
  return ToText({{"type", "price"},
                 {"symbol", quote.symbol},
                 {"price", Rounded(quote.last.price)},
                 {"time", quote.last.time_ms}});
}

std::string Encode(const FeedState& state, int64_t now_ms) {
  Json json = {{"type", "feed"},
               {"time", now_ms},
               {"connected", state.connected},
               {"givenUp", state.given_up},
               {"of", state.of},
               {"rate", state.messages_per_second},
               {"reason", state.reason}};
  if (state.retry_ms.has_value()) json["retry"] = *state.retry_ms;
  return ToText(json);
}

absl::StatusOr<PageMessage> ParsePageMessage(absl::string_view text) {
  const absl::StatusOr<Json> json = ParseObject(text);
  if (!json.ok()) return json.status();
  const auto type = json->find("type");
  if (type != json->end() && *type == "cut") return Cut();
  if (type == json->end() || *type != "seen") {
    return absl::InvalidArgumentError("unknown type of message");
  }
  const auto time = json->find("time");
  if (time == json->end() || !time->is_number_unsigned()) {
    return absl::InvalidArgumentError("time should be a whole number, 0 or more");
  }
  // A larger number is refused as well: that time has not come.
  constexpr uint64_t kMax = std::numeric_limits<int64_t>::max();
  return Seen{.time_ms = static_cast<int64_t>(std::min(time->get<uint64_t>(), kMax))};
}

}  // namespace weft::gateway
