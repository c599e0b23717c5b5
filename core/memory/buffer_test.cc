#include "weft/core/memory/buffer.h"

#include <cstring>
#include <utility>
#include <vector>

#include "gtest/gtest.h"

namespace weft {
namespace {

TEST(BufferTest, GrowKeepsTheBytes) {
  Buffer buffer(3);
  std::memcpy(buffer.data(), "abc", 3);
  buffer.Grow(1 << 20);
  EXPECT_GE(buffer.capacity(), 1u << 20);
  EXPECT_EQ(std::memcmp(buffer.data(), "abc", 3), 0);
  buffer.Grow(1);
  EXPECT_GE(buffer.capacity(), 1u << 20);
}

TEST(BufferTest, MovedFromIsEmpty) {
  Buffer buffer(10);
  Buffer other = std::move(buffer);
  EXPECT_EQ(buffer.data(), nullptr);
  EXPECT_EQ(buffer.capacity(), 0u);
  EXPECT_EQ(other.capacity(), 10u);
}

TEST(BufferPoolTest, GivesTheSmallestThatIsLargeEnough) {
  BufferPool pool;
  pool.Return(Buffer(100000));
  pool.Return(Buffer(5000));
  pool.Return(Buffer(20000));
  EXPECT_EQ(pool.unused_bytes(), 125000u);
  EXPECT_EQ(pool.Take(6000).capacity(), 20000u);
  EXPECT_EQ(pool.Take(6000).capacity(), 100000u);
  EXPECT_EQ(pool.Take(6000).capacity(), 6000u);
  EXPECT_EQ(pool.unused_bytes(), 5000u);
}

TEST(BufferPoolTest, GivesTheSameMemoryAgain) {
  BufferPool pool;
  Buffer buffer = pool.Take(1);
  const char* data = buffer.data();
  pool.Return(std::move(buffer));
  EXPECT_EQ(pool.Take(1).data(), data);
}

// Among buffers of one size, the one returned last.
TEST(BufferPoolTest, GivesTheOneThatWasUsedLast) {
  BufferPool pool;
  Buffer first = pool.Take(1), second = pool.Take(1);
  const char* const last = second.data();
  pool.Return(std::move(first));
  pool.Return(std::move(second));
  EXPECT_EQ(pool.Take(1).data(), last);
}

TEST(BufferPoolTest, GivesTheOneThatWasUsedLastIfItIsNotMuchTooLarge) {
  BufferPool pool;
  pool.Return(Buffer(5000));
  pool.Return(Buffer(9999));
  EXPECT_EQ(pool.Take(5000).capacity(), 9999u);
  pool.Return(Buffer(10002));
  EXPECT_EQ(pool.Take(5000).capacity(), 5000u);
  EXPECT_EQ(pool.unused_bytes(), 10002u);
  EXPECT_EQ(pool.Take(5001).capacity(), 10002u);
  EXPECT_EQ(pool.unused_bytes(), 0u);
}

// As many unused buffers as the pool keeps, most of them too small: scanning all of them for each
// request would take minutes.
TEST(BufferPoolTest, T11_TakesNoLongerWithManyUnused) {
  BufferPool pool;
  std::vector<Buffer> buffers;
  for (int i = 0; i < 16000; ++i) buffers.push_back(pool.Take(4096));
  for (Buffer& buffer : buffers) pool.Return(std::move(buffer));
  EXPECT_EQ(pool.unused_bytes(), 16000u * 4096);
  for (int i = 0; i < 1000000; ++i) pool.Return(pool.Take(8192));
  EXPECT_EQ(pool.unused_bytes(), 16000u * 4096 + 8192);
}

TEST(BufferPoolTest, KeepsNoMoreThanItsLimit) {
  BufferPool pool(10000);
  pool.Return(Buffer(6000));
  pool.Return(Buffer(6000));
  EXPECT_EQ(pool.unused_bytes(), 6000u);
  pool.Return(Buffer());  // an empty buffer is not kept
  EXPECT_EQ(pool.unused_bytes(), 6000u);
}

TEST(BufferPoolTest, TrimFreesWhatNobodyNeeded) {
  BufferPool pool;
  pool.Return(Buffer(8000));
  pool.Return(Buffer(9000));
  pool.Trim();  // both are new since the last call
  EXPECT_EQ(pool.unused_bytes(), 17000u);
  pool.Return(pool.Take(8000));  // one of them is used from time to time
  pool.Trim();
  EXPECT_EQ(pool.unused_bytes(), 9000u);
  pool.Trim();
  EXPECT_EQ(pool.unused_bytes(), 0u);
}

}  // namespace
}  // namespace weft
