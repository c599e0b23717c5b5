#include "examples/gateway/feed.h"

#include <cmath>
#include <cstdint>
#include <map>
#include <string>

#include "gtest/gtest.h"

namespace weft::gateway {
namespace {

TEST(MarketTest, TheSameSeedGivesTheSamePricesAndAnotherGivesOthers) {
  Market a(1), b(1), other(2);
  bool differs = false;
  for (int64_t ms = 0; ms < 60'000; ms += 50) {
    const Trade of_a = a.Next(ms), of_b = b.Next(ms), of_other = other.Next(ms);
    ASSERT_EQ(of_a.symbol, of_b.symbol);
    ASSERT_EQ(of_a.price, of_b.price);
    differs = differs || of_a.symbol != of_other.symbol || of_a.price != of_other.price;
  }
  EXPECT_TRUE(differs);
}

// A thousand connections get a thousand times the trades, but the market is not more nervous.
TEST(MarketTest, HowMuchPricesVaryDoesNotDependOnTheNumberOfTrades) {
  for (const int trades : {1, 20}) {
    Market market(7);
    double squares = 0;
    std::map<std::string, double> logs;
    int steps = 0;
    for (int64_t ms = 0; ms < 600'000; ms += 100) {
      for (int i = 0; i < trades; ++i) {
        const Trade trade = market.Next(ms);
        ASSERT_GT(trade.price, 0);
        const auto [found, fresh] = logs.emplace(trade.symbol, std::log(trade.price));
        if (!fresh) squares += std::pow(std::log(trade.price) - found->second, 2);
        found->second = std::log(trade.price);
      }
      ++steps;
    }
    EXPECT_EQ(logs.size(), 12u);
    // Of one instrument, per second.
    const double deviation = std::sqrt(squares / 12 / (steps * 0.1));
    EXPECT_NEAR(deviation, 0.002, 0.0001) << trades;
  }
}

}  // namespace
}  // namespace weft::gateway
