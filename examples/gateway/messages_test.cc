#include "examples/gateway/messages.h"

#include <string>
#include <variant>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gtest/gtest.h"

namespace weft::gateway {
namespace {

TEST(MessagesTest, ATrade) {
  const absl::StatusOr<Trade> trade =
      ParseTrade(R"({"symbol": "BRK.B-7", "price": 104.25, "venue": "made up"})");
  ASSERT_TRUE(trade.ok()) << trade.status();
  EXPECT_EQ(trade->symbol, "BRK.B-7");
  EXPECT_EQ(trade->price, 104.25);
  EXPECT_EQ(ParseTrade(R"({"symbol":"A","price":7})")->price, 7);
  EXPECT_EQ(Encode(Trade{"WARP", 104.2500049}), R"({"price":104.25,"symbol":"WARP"})");
}

TEST(MessagesTest, WhatIsNoTradeIsNamed) {
  constexpr char kSymbol[] = "symbol should be 1 to 12 of A to Z, 0 to 9, '.' and '-'";
  constexpr char kPrice[] = "price should be a number more than 0";
  const auto error = [](const char* text) {
    return std::string(ParseTrade(text).status().message());
  };
  EXPECT_EQ(error("WARP 104.25"), "the message is not JSON");
  EXPECT_EQ(error("[1, 2]"), "the message is not a JSON object");
  EXPECT_EQ(error("{}"), kSymbol);
  EXPECT_EQ(error(R"({"symbol": 5, "price": 1})"), kSymbol);
  EXPECT_EQ(error(R"({"symbol": "", "price": 1})"), kSymbol);
  EXPECT_EQ(error(R"({"symbol": "warp", "price": 1})"), kSymbol);
  EXPECT_EQ(error(R"({"symbol": "ABCDEFGHIJKLM", "price": 1})"), kSymbol);
  EXPECT_EQ(error(R"({"symbol": "WARP"})"), kPrice);
  EXPECT_EQ(error(R"({"symbol": "WARP", "price": "1"})"), kPrice);
  EXPECT_EQ(error(R"({"symbol": "WARP", "price": 0})"), kPrice);
  EXPECT_EQ(error(R"({"symbol": "WARP", "price": -1})"), kPrice);
  EXPECT_EQ(error(R"({"symbol": "WARP", "price": 1e999})"), "the message is not JSON");
}

TEST(MessagesTest, ToAPage) {
  EXPECT_EQ(
      EncodeSnapshot({{"WARP", 104.2, {{500, 104.2}, {1000, 105}}}}, true, 1234),
      R"({"instruments":[{"open":104.2,"points":[[500,104.2],[1000,105.0]],"symbol":"WARP"}],)"
      R"("simulated":true,"time":1234,"type":"snapshot"})");
  EXPECT_EQ(Encode(Quote{"WARP", {1300, 1.0 / 3}}),
            R"({"price":0.3333,"symbol":"WARP","time":1300,"type":"price"})");
  EXPECT_EQ(
      Encode(FeedState{.connected = 1, .of = 1, .messages_per_second = 20}, 2000),
      R"({"connected":1,"givenUp":0,"of":1,"rate":20,"reason":"","time":2000,"type":"feed"})");
  EXPECT_EQ(Encode(FeedState{.of = 1, .retry_ms = 1500, .reason = "it said \"no\" \xff"}, 2000),
            R"({"connected":0,"givenUp":0,"of":1,"rate":0,"reason":"it said \"no\" )"
            "\xEF\xBF\xBD"
            R"(","retry":1500,"time":2000,"type":"feed"})");
}

TEST(MessagesTest, FromAPage) {
  const absl::StatusOr<PageMessage> seen = ParsePageMessage(R"({"type": "seen", "time": 2000})");
  ASSERT_TRUE(seen.ok()) << seen.status();
  EXPECT_EQ(std::get<Seen>(*seen).time_ms, 2000);
  const absl::StatusOr<PageMessage> cut = ParsePageMessage(R"({"type": "cut"})");
  ASSERT_TRUE(cut.ok()) << cut.status();
  EXPECT_TRUE(std::holds_alternative<Cut>(*cut));

  const auto error = [](const char* text) {
    return std::string(ParsePageMessage(text).status().message());
  };
  constexpr char kTime[] = "time should be a whole number, 0 or more";
  EXPECT_EQ(error("seen"), "the message is not JSON");
  EXPECT_EQ(error("7"), "the message is not a JSON object");
  EXPECT_EQ(error("{}"), "unknown type of message");
  EXPECT_EQ(error(R"({"type": 7})"), "unknown type of message");
  EXPECT_EQ(error(R"({"type": "seen"})"), kTime);
  EXPECT_EQ(error(R"({"type": "seen", "time": -1})"), kTime);
  EXPECT_EQ(error(R"({"type": "seen", "time": 1.5})"), kTime);
}

}  // namespace
}  // namespace weft::gateway
