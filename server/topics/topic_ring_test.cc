#include "weft/server/topics/topic_ring.h"

#include <cstdint>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "weft/core/encoded_message.h"
#include "weft/core/frame/opcode.h"

namespace weft {
namespace {

TopicMessage Message(uint64_t offset, size_t bytes = 1) {
  return {.message = *EncodedMessage::Make(Opcode::kText, std::string(bytes, 'x')),
          .position = {*Epoch::Parse("e"), offset}};
}

std::vector<TopicMessage> Page(uint64_t first, uint64_t last) {
  std::vector<TopicMessage> page;
  for (uint64_t offset = first; offset <= last; ++offset) page.push_back(Message(offset));
  return page;
}

TEST(TopicRingTest, KeepsTheLastMessages) {
  TopicRing ring;
  for (uint64_t offset = 1; offset <= 1000; ++offset) {
    ring.Add(Message(offset), 0);
    ASSERT_LT(ring.size(), 2 * TopicRing::kMessages);
    ASSERT_TRUE(ring.Has(offset < 64 ? 0 : offset - 64));
    ASSERT_EQ(ring.last().position.offset, offset);
  }
  EXPECT_FALSE(ring.Has(0));
  EXPECT_EQ(ring.After(998).size(), 2u);
  EXPECT_TRUE(ring.After(1000).empty());
}

TEST(TopicRingTest, LargeMessagesAreFewer) {
  TopicRing ring;
  for (uint64_t offset = 1; offset <= 100; ++offset) {
    ring.Add(Message(offset, 10000), 0);
    ASSERT_LT(ring.bytes(), 2 * TopicRing::kBytes);
  }
  EXPECT_GE(ring.size(), 6u);
  ring.Add(Message(101, 1 << 20), 0);
  EXPECT_EQ(ring.size(), 1u) << "always one";
}

TEST(TopicRingTest, AHoleStartsANewRing) {
  TopicRing ring;
  ring.Add(Message(1), 0);
  ring.Add(Message(3), 0);
  EXPECT_EQ(ring.size(), 1u);
  EXPECT_FALSE(ring.Has(1));
  EXPECT_TRUE(ring.Has(2));
}

TEST(TopicRingTest, TakesAPageThatReachesIt) {
  TopicRing ring;
  for (const TopicMessage& message : Page(200, 210)) ring.Add(message, 0);
  EXPECT_FALSE(ring.AddBefore(Page(50, 198), 210, 1000)) << "a hole";
  EXPECT_FALSE(ring.Has(100));
  EXPECT_TRUE(ring.AddBefore(Page(50, 205), 210, 1000));
  EXPECT_EQ(ring.After(49).size(), 161u);
  ring.Add(Message(211), 5999);
  EXPECT_TRUE(ring.Has(49)) << "for those that come next";
  ring.Add(Message(212), 6000);
  EXPECT_FALSE(ring.Has(49));
  EXPECT_TRUE(ring.Has(212 - 64));
}

TEST(TopicRingTest, AnEmptyRingTakesAPageUpToTheEnd) {
  TopicRing ring;
  EXPECT_FALSE(ring.AddBefore(Page(1, 8), 10, 0));
  EXPECT_TRUE(ring.AddBefore(Page(1, 12), 10, 0));
  EXPECT_EQ(ring.last().position.offset, 10u);
}

TEST(TopicRingTest, PagesDoNotMakeItLargerThanItsLimits) {
  TopicRing ring;
  ring.Add(Message(10000), 0);
  uint64_t first = 10000;
  while (ring.AddBefore(Page(first - 256, first - 1), 10000, 0)) first -= 256;
  EXPECT_EQ(ring.size(), 1 + 3 * 256u) << "less than twice 512";
  EXPECT_TRUE(ring.Has(first - 1));
  EXPECT_FALSE(ring.Has(first - 2));

  TopicRing large;
  large.Add(Message(100, 1 << 20), 0);
  EXPECT_TRUE(large.AddBefore({Message(99, 900 << 10)}, 100, 0));
  EXPECT_FALSE(large.AddBefore({Message(98, 200 << 10)}, 100, 0)) << "twice 1 MiB";
}

// Also if no message follows.
TEST(TopicRingTest, ShrinksFiveSecondsAfterAPage) {
  TopicRing ring;
  EXPECT_TRUE(ring.AddBefore(Page(1, 200), 200, 1000));
  ring.Shrink(5999);
  EXPECT_EQ(ring.size(), 200u);
  ring.Shrink(6000);
  EXPECT_EQ(ring.size(), TopicRing::kMessages);
  EXPECT_EQ(ring.last().position.offset, 200u);
}

}  // namespace
}  // namespace weft
