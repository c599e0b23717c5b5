// Pages with real sockets. The test makes the ticks, and holds the clock.

#include "examples/gateway/viewer.h"

#include <sys/socket.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "weft/testing/server_fixture.h"

namespace weft::gateway {
namespace {

using Json = nlohmann::json;

class ViewerTest : public testing::ServerFixture {
 protected:
  void Start(std::function<void()> cut = nullptr) {
    ServerFixture::Start(
        {}, [this, cut](auto&, auto&) { return std::make_unique<Viewer>(fanout_, cut); });
  }

  void Trade(const std::string& symbol, double price) {
    ASSERT_TRUE(fanout_.OnTrade({symbol, price}).ok());
  }
  void Tick() { fanout_.Tick(PublishTo(*server_)); }

  // A page that has just opened, with its first two messages.
  testing::TestClient Open() {
    testing::TestClient page = ConnectAndUpgrade();
    EXPECT_EQ(Read(page)["type"], "snapshot");
    EXPECT_EQ(Read(page)["type"], "feed");
    return page;
  }

  static Json Read(testing::TestClient& page) {
    const std::string frame = page.ReadFrame();
    const Json json = Json::parse(absl::StripPrefix(frame, "fin text "), nullptr, false);
    EXPECT_FALSE(json.is_discarded()) << frame;
    return json;
  }

  // Reads until a message of this type.
  static Json ReadTo(testing::TestClient& page, const std::string& type) {
    Json json;
    do {
      json = Read(page);
    } while (!json.is_discarded() && json["type"] != type);
    return json;
  }

  static void Confirm(testing::TestClient& page, int64_t time_ms) {
    page.SendText(absl::StrCat(R"({"type":"seen","time":)", time_ms, "}"));
  }

  Fanout fanout_{1, /*simulated=*/true, [this] { return clock_.NowMs(); }};
};

TEST_F(ViewerTest, APageThatOpensGetsTheHistoryAndThenWhatChanges) {
  Start();
  Trade("WARP", 100);
  clock_.AdvanceMs(1000);
  Trade("WARP", 101);
  Tick();
  testing::TestClient page = ConnectAndUpgrade();
  const Json snapshot = Read(page);
  EXPECT_EQ(snapshot["type"], "snapshot");
  EXPECT_EQ(snapshot["time"], 1000);
  EXPECT_EQ(snapshot["simulated"], true);
  EXPECT_EQ(snapshot["instruments"].dump(),
            R"([{"open":100.0,"points":[[0,100.0],[1000,101.0]],"symbol":"WARP"}])");
  EXPECT_EQ(Read(page)["type"], "feed");

  clock_.AdvanceMs(100);
  // Of all trades between two ticks it gets the last.
  for (int i = 0; i < 1000; ++i) Trade("WARP", 102 + i);
  Trade("LOOM", 7);
  Tick();
  EXPECT_EQ(Read(page).dump(), R"({"price":7.0,"symbol":"LOOM","time":1100,"type":"price"})");
  EXPECT_EQ(Read(page).dump(), R"({"price":1101.0,"symbol":"WARP","time":1100,"type":"price"})");
  fanout_.OnEvent(0, {.type = ReconnectEvent::Type::kConnected});
  Tick();
  EXPECT_EQ(Read(page)["connected"], 1);
}

// 20,000 prices are published while it reads nothing. Those that the kernels do not accept wait in
// the server, where each price replaces the one before.
TEST_F(ViewerTest, ASlowPageGetsTheLatestPriceOfEachInstrumentAndNoBacklog) {
  Start();
  testing::TestClient page = ConnectSlowReader();
  const std::vector<std::string> symbols = {"FELT", "LOOM", "SILK", "WARP"};
  constexpr int kTicks = 5000;
  for (int i = 1; i <= kTicks; ++i) {
    for (const std::string& symbol : symbols) Trade(symbol, i);
    Tick();
    if (i % 100 == 0) LetTheLoopTurn();  // it has delivered these
  }
  int received = 0;
  std::map<std::string, int> last;
  while (last != std::map<std::string, int>{
                     {"FELT", kTicks}, {"LOOM", kTicks}, {"SILK", kTicks}, {"WARP", kTicks}}) {
    const Json message = Read(page);
    ASSERT_FALSE(message.is_discarded());
    if (message["type"] != "price") continue;
    ++received;
    int& price = last[message["symbol"].get<std::string>()];
    ASSERT_GT(message["price"].get<int>(), price) << "prices are in order";
    price = message["price"].get<int>();
  }
  EXPECT_LT(received, kTicks * 4 / 2) << "most were replaced";
}

TEST_F(ViewerTest, APageThatConfirmsNothingIsSentThreeSecondsWorthAndNoMore) {
  Start();
  testing::TestClient page = Open();
  for (int i = 1; i <= 100; ++i) {
    clock_.AdvanceMs(100);
    Trade("WARP", i);
    Tick();
    LetTheLoopTurn();  // it publishes, and its timers fire
  }
  page.SendText("the end");  // is refused, after all that was sent
  int prices = 0;
  int64_t last_state = 0;
  for (std::string frame = page.ReadFrame(); absl::StartsWith(frame, "fin text ");
       frame = page.ReadFrame()) {
    const Json message = Json::parse(absl::StripPrefix(frame, "fin text "));
    EXPECT_LE(message["time"], 4000);
    if (message["type"] == "price") ++prices;
    if (message["type"] == "feed") last_state = message["time"].get<int64_t>();
  }
  EXPECT_GE(prices, 29);
  EXPECT_LE(prices, 40);
  EXPECT_GE(last_state, Viewer::kPatienceMs) << "asks whether the page has read them";
}

TEST_F(ViewerTest, APageThatCatchesUpGetsTheLatestPricesOnceAndContinues) {
  Start();
  Trade("LOOM", 7);
  testing::TestClient page = Open();
  Tick();
  for (int i = 1; i <= 100; ++i) {
    clock_.AdvanceMs(100);
    Trade("WARP", i);
    Tick();
    LetTheLoopTurn();
  }
  // It confirms each state when it reads it. The one that ends the messages before the pause
  // counts.
  std::vector<Json> prices;
  while (prices.empty() || prices.back()["time"] != 10'000) {
    const Json message = Read(page);
    ASSERT_FALSE(message.is_discarded());
    if (message["type"] == "feed") Confirm(page, message["time"].get<int64_t>());
    if (message["type"] == "price") prices.push_back(message);
  }
  ASSERT_GE(prices.size(), 3u);
  EXPECT_EQ(prices.end()[-1].dump(),
            R"({"price":100.0,"symbol":"WARP","time":10000,"type":"price"})");
  EXPECT_EQ(prices.end()[-2].dump(), R"({"price":7.0,"symbol":"LOOM","time":0,"type":"price"})");
  EXPECT_LE(prices.end()[-3]["time"], 4000) << "the prices of the pause are not sent";
  EXPECT_EQ(Read(page)["type"], "feed");
  Trade("WARP", 101);
  Tick();
  EXPECT_EQ(ReadTo(page, "price")["price"], 101);
}

TEST_F(ViewerTest, WhatNoPageSendsIsRefusedWithItsReason) {
  Start();
  const auto answer = [&](const std::string& text) {
    testing::TestClient page = Open();
    page.SendText(text);
    return page.ReadFrame();
  };
  EXPECT_EQ(answer("hello"), "fin close 1007 the message is not JSON");
  EXPECT_EQ(answer(R"({"type":"buy"})"), "fin close 1007 unknown type of message");
  EXPECT_EQ(answer(R"({"type":"seen","time":9})"),
            "fin close 1008 a message of time 9 is confirmed, but was not sent");
  EXPECT_EQ(answer(R"({"type":"seen","time":18446744073709551615})"),
            "fin close 1008 a message of time 9223372036854775807 is confirmed, but was not sent");
  EXPECT_EQ(answer(R"({"type":"cut"})"), "fin close 1008 only a simulated feed can be cut");
}

TEST_F(ViewerTest, APageCutsASimulatedFeed) {
  Start([this] { journal_.Write("cut"); });
  testing::TestClient page = Open();
  page.SendText(R"({"type":"cut"})");
  journal_.WaitFor("cut");
}

}  // namespace
}  // namespace weft::gateway
