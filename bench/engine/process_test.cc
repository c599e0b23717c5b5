#include "weft/bench/engine/process.h"

#include <sched.h>
#include <unistd.h>

#include <cstring>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gtest/gtest.h"

namespace weft::bench {
namespace {

TEST(ProcessTest, CpuSecondsGrowWithWork) {
  const absl::StatusOr<double> before = CpuSeconds(getpid());
  ASSERT_TRUE(before.ok()) << before.status();
  for (;;) {  // the test's time limit ends it if they never do
    const absl::StatusOr<double> after = CpuSeconds(getpid());
    ASSERT_TRUE(after.ok()) << after.status();
    if (*after > *before) break;
  }
}

TEST(ProcessTest, ResidentBytesGrowWithMemoryTouched) {
  constexpr int64_t kSize = 64 << 20;
  const absl::StatusOr<int64_t> before = ResidentBytes(getpid());
  ASSERT_TRUE(before.ok()) << before.status();
  const std::unique_ptr<char[]> memory(new char[kSize]);
  memset(memory.get(), 1, kSize);
  const absl::StatusOr<int64_t> after = ResidentBytes(getpid());
  ASSERT_TRUE(after.ok()) << after.status();
  EXPECT_GT(*after - *before, kSize * 9 / 10) << static_cast<int>(memory[kSize / 2]);
}

TEST(ProcessTest, NoSuchProcessIsAnError) {
  EXPECT_TRUE(absl::IsNotFound(CpuSeconds(-1).status()));
  EXPECT_TRUE(absl::IsNotFound(ResidentBytes(-1).status()));
}

TEST(ProcessTest, PinsToOneProcessorAndRefusesOneThatIsNotThere) {
  const int here = sched_getcpu();
  ASSERT_TRUE(PinToCpu(here).ok());
  EXPECT_EQ(sched_getcpu(), here);
  EXPECT_FALSE(PinToCpu(CPU_SETSIZE - 1).ok());
  EXPECT_FALSE(PinToCpu(-1).ok());
}

}  // namespace
}  // namespace weft::bench
