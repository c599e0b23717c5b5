#include "weft/core/frame/pong_limit.h"

#include <cstdint>

#include "gtest/gtest.h"

namespace weft {
namespace {

constexpr uint64_t kPong = 10;  // bytes

// The number of pongs that are admitted while nothing is written, starting at `*end`.
int Admitted(PongLimit& limit, uint64_t written, uint64_t* end) {
  int pongs = 0;
  while (limit.Admit(written, *end)) {
    *end += kPong;
    ++pongs;
  }
  return pongs;
}

TEST(PongLimitTest, AdmitsTwiceTheLimitWhileNothingIsWritten) {
  PongLimit limit;
  uint64_t end = 0;
  EXPECT_EQ(Admitted(limit, 0, &end), 2 * PongLimit::kMaxUnsent);
  EXPECT_FALSE(limit.HasRoom(0));
}

TEST(PongLimitTest, AdmitsMoreWhenTheBytesBeforeTheMarkAreWritten) {
  PongLimit limit;
  uint64_t end = 0;
  Admitted(limit, 0, &end);
  const uint64_t mark = PongLimit::kMaxUnsent * kPong;
  EXPECT_FALSE(limit.HasRoom(mark - 1));
  EXPECT_TRUE(limit.HasRoom(mark));
  EXPECT_EQ(Admitted(limit, mark, &end), PongLimit::kMaxUnsent);
  EXPECT_LE(end - mark, 2 * PongLimit::kMaxUnsent * kPong);
}

TEST(PongLimitTest, AdmitsAnyNumberThatIsWrittenAtOnce) {
  PongLimit limit;
  for (uint64_t end = 0; end < 1000 * kPong; end += kPong) ASSERT_TRUE(limit.Admit(end, end));
}

}  // namespace
}  // namespace weft
