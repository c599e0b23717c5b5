#include "examples/gateway/board.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace weft::gateway {

absl::Status Board::OnTrade(const Trade& trade, int64_t now_ms) {
  CountTo(now_ms);
  ++count_;
  auto found = instruments_.find(trade.symbol);
  if (found == instruments_.end()) {
    if (instruments_.size() >= kMaxInstruments) {
      return absl::ResourceExhaustedError(
          absl::StrCat(trade.symbol, " is one more than ", kMaxInstruments, " instruments"));
    }
    found = instruments_.emplace(trade.symbol, Traded{.open = trade.price}).first;
  }
  Traded& traded = found->second;
  traded.last = {now_ms, trade.price};
  traded.changed = true;
  std::deque<Point>& points = traded.points;
  if (!points.empty() && points.back().time_ms / kPointEveryMs == now_ms / kPointEveryMs) {
    points.pop_back();
  }
  points.push_back(traded.last);
  while (points.front().time_ms < now_ms - kHistoryMs) points.pop_front();
  return absl::OkStatus();
}

std::vector<Quote> Board::TakeChanges() {
  std::vector<Quote> changes;
  for (auto& [symbol, traded] : instruments_) {
    if (!traded.changed) continue;
    traded.changed = false;
    changes.push_back({symbol, traded.last});
  }
  return changes;
}

std::vector<Quote> Board::Quotes() const {
  std::vector<Quote> quotes;
  for (const auto& [symbol, traded] : instruments_) quotes.push_back({symbol, traded.last});
  return quotes;
}

std::vector<Instrument> Board::Instruments() const {
  std::vector<Instrument> all;
  for (const auto& [symbol, traded] : instruments_) {
    all.push_back({symbol, traded.open, {traded.points.begin(), traded.points.end()}});
  }
  return all;
}

void Board::OnWaiting(size_t upstream, int64_t until_ms, absl::string_view reason) {
  upstreams_.at(upstream) = {.is = Is::kWaiting, .retry_at_ms = until_ms};
  reason_ = std::string(reason);
}

void Board::OnGaveUp(size_t upstream, absl::string_view reason) {
  upstreams_.at(upstream) = {.is = Is::kGivenUp};
  reason_ = std::string(reason);
}

FeedState Board::State(int64_t now_ms) {
  CountTo(now_ms);
  FeedState state = {
      .of = upstreams_.size(), .messages_per_second = previous_count_, .reason = reason_};
  for (const Upstream& upstream : upstreams_) {
    if (upstream.is == Is::kConnected) ++state.connected;
    if (upstream.is == Is::kGivenUp) ++state.given_up;
    if (upstream.is != Is::kWaiting) continue;
    const int64_t wait = std::max<int64_t>(upstream.retry_at_ms - now_ms, 0);
    state.retry_ms = std::min(state.retry_ms.value_or(wait), wait);
  }
  return state;
}

// Starts another second if it has begun.
void Board::CountTo(int64_t now_ms) {
  const int64_t second = now_ms / 1000;
  if (second == second_) return;
  previous_count_ = second == second_ + 1 ? count_ : 0;
  count_ = 0;
  second_ = second;
}

}  // namespace weft::gateway
