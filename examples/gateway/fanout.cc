#include "examples/gateway/fanout.h"

#include "absl/time/time.h"

namespace weft::gateway {
namespace {

constexpr int64_t kStateEveryMs = 1000;
constexpr char kStateKey[] = "feed";  // no symbol: it has small letters

}  // namespace

absl::Status Fanout::OnTrade(const Trade& trade) {
  const int64_t now_ms = NowMs();
  const std::lock_guard<std::mutex> lock(mutex_);
  return board_.OnTrade(trade, now_ms);
}

void Fanout::OnEvent(size_t upstream, const ReconnectEvent& event) {
  const int64_t now_ms = NowMs();
  const std::lock_guard<std::mutex> lock(mutex_);
  switch (event.type) {
    case ReconnectEvent::Type::kConnecting:
      return board_.OnConnecting(upstream);
    case ReconnectEvent::Type::kConnected:
      return board_.OnConnected(upstream);
    case ReconnectEvent::Type::kLost:  // kWaiting follows, with a wait
      return board_.OnWaiting(upstream, now_ms, event.status.message());
    case ReconnectEvent::Type::kWaiting:
      return board_.OnWaiting(upstream, now_ms + absl::ToInt64Milliseconds(event.wait),
                              event.status.message());
    case ReconnectEvent::Type::kGaveUp:
      return board_.OnGaveUp(upstream, event.status.message());
  }
}

void Fanout::Tick(Publish publish) {
  const int64_t now_ms = NowMs();
  const std::lock_guard<std::mutex> lock(mutex_);
  for (const Quote& quote : board_.TakeChanges()) publish(quote.symbol, Encode(quote));
  const FeedState state = board_.State(now_ms);
  if (state.connected == connected_ && now_ms < next_state_ms_) return;
  connected_ = state.connected;
  next_state_ms_ = now_ms + kStateEveryMs;
  publish(kStateKey, Encode(state, now_ms));
}

void Fanout::PublishSnapshot(Publish publish) {
  const int64_t now_ms = NowMs();
  const std::lock_guard<std::mutex> lock(mutex_);
  publish("", EncodeSnapshot(board_.Instruments(), simulated_, now_ms));
  publish(kStateKey, Encode(board_.State(now_ms), now_ms));
}

void Fanout::PublishLatest(Publish publish) {
  const int64_t now_ms = NowMs();
  const std::lock_guard<std::mutex> lock(mutex_);
  for (const Quote& quote : board_.Quotes()) publish(quote.symbol, Encode(quote));
  publish(kStateKey, Encode(board_.State(now_ms), now_ms));
}

FeedState Fanout::State() {
  const int64_t now_ms = NowMs();
  const std::lock_guard<std::mutex> lock(mutex_);
  return board_.State(now_ms);
}

}  // namespace weft::gateway
