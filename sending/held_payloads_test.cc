#include "weft/sending/held_payloads.h"

#include <memory>
#include <string>

#include "gtest/gtest.h"
#include "weft/loop/budget.h"
#include "weft/sending/counter.h"

namespace weft {
namespace {

TEST(HeldPayloadsTest, CountsEachOnceUntilTheLastReleasesIt) {
  Counter bytes;
  bytes += 1000;  // others count there as well
  Budget budget;
  HeldPayloads held(&bytes, &budget);
  const auto a = std::make_shared<const std::string>("a");
  const auto b = std::make_shared<const std::string>("b");
  std::shared_ptr<const void> first = held.Keep(a, 30), second = held.Keep(a, 30);
  const std::shared_ptr<const void> other = held.Keep(b, 500);
  EXPECT_EQ(bytes, 1530u);
  EXPECT_EQ(budget.taken(), 530u);
  EXPECT_EQ(a.use_count(), 2);
  first.reset();
  EXPECT_EQ(bytes, 1530u);
  second.reset();
  EXPECT_EQ(bytes, 1500u);
  EXPECT_EQ(budget.taken(), 500u);
  EXPECT_EQ(a.use_count(), 1);
  first = held.Keep(a, 30);
  EXPECT_EQ(bytes, 1530u) << "kept again";
}

}  // namespace
}  // namespace weft
