#include "examples/gateway/feed.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace weft::gateway {
namespace {

// All made up.
constexpr struct {
  const char* symbol;
  double price;
} kInstruments[] = {{"WARP", 104.20}, {"WEFT", 98.70},  {"LOOM", 61.35}, {"SPUN", 142.90},
                    {"TWIL", 33.10},  {"FELT", 77.45},  {"SILK", 215.6}, {"YARN", 18.25},
                    {"KNOT", 52.80},  {"BOBN", 120.15}, {"HEMP", 9.940}, {"DYES", 44.05}};

// The standard deviation of a price after a second, as a part of the price.
constexpr double kVolatility = 0.002;

}  // namespace

Market::Market(uint32_t seed) : random_(seed) {
  for (const auto& [symbol, price] : kInstruments) walks_.push_back({symbol, price});
}

Trade Market::Next(int64_t now_ms) {
  Walk& walk = walks_[std::uniform_int_distribution<size_t>(0, walks_.size() - 1)(random_)];
  // After a pause, such as the first call's, it does not leap.
  const double seconds = static_cast<double>(std::min<int64_t>(now_ms - walk.time_ms, 5000)) / 1000;
  walk.time_ms = now_ms;
  const double step = std::normal_distribution<double>()(random_) * kVolatility;
  walk.price *= std::exp(step * std::sqrt(seconds));
  return {.symbol = walk.symbol, .price = walk.price};
}

// The feed's side of one connection, which only listens.
class Feed::Subscriber : public Handler {
 public:
  explicit Subscriber(Feed& feed) : feed_(feed) {}

  void OnOpen(Session& session) override {
    const std::lock_guard<std::mutex> lock(feed_.mutex_);
    if (feed_.is_cut()) return session.Terminate();  // since it was accepted
    feed_.sessions_.emplace(session.id(), session.ref());
  }
  void OnMessage(Session& session, const Message&) override {
    session.Close(CloseCode::kPolicyViolation, "the feed takes no messages").IgnoreError();
  }
  void OnClose(Session& session, const CloseInfo&) override {
    const std::lock_guard<std::mutex> lock(feed_.mutex_);
    feed_.sessions_.erase(session.id());
  }

 private:
  Feed& feed_;
};

absl::StatusOr<std::unique_ptr<Feed>> Feed::Start(uint32_t seed, Now now) {
  std::unique_ptr<Feed> feed(new Feed(seed, std::move(now)));
  absl::StatusOr<std::unique_ptr<Server>> server =
      Server::Start({}, [&feed = *feed](auto&, auto&) { return feed.Accept(); });
  if (!server.ok()) return server.status();
  feed->server_ = *std::move(server);
  return feed;
}

std::string Feed::url() const { return absl::StrCat("ws://", server_->address().ToString(), "/"); }

absl::StatusOr<std::unique_ptr<Handler>> Feed::Accept() {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (is_cut()) return absl::UnavailableError("the feed is cut");
  return std::make_unique<Subscriber>(*this);
}

void Feed::Tick() {
  const int64_t now_ms = now_();
  const std::lock_guard<std::mutex> lock(mutex_);
  for (const auto& [id, session] : sessions_) {
    // A gateway that reads too slowly misses trades.
    session
        .SendText(Encode(market_.Next(now_ms)),
                  {.when_full = WhenFull::kDropNewest, .max_queue_bytes = 64 << 10})
        .IgnoreError();
  }
}

void Feed::Cut() {
  const std::lock_guard<std::mutex> lock(mutex_);
  cut_until_ms_ = now_() + absl::ToInt64Milliseconds(kCutFor);
  for (const auto& [id, session] : sessions_) {
    session.Post([](Session& open) { open.Terminate(); }).IgnoreError();
  }
}

}  // namespace weft::gateway
