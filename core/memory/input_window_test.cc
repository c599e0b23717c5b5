#include "weft/core/memory/input_window.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "gtest/gtest.h"
#include "weft/core/memory/buffer.h"

namespace weft {
namespace {

constexpr size_t kScratch = 64 << 10;

class InputWindowTest : public ::testing::Test {
 protected:
  ~InputWindowTest() override { window_.Drop(&pool_); }

  absl::Span<char> ReadBuffer(uint64_t missing = 0) {
    return window_.ReadBuffer(absl::MakeSpan(scratch_), missing, &pool_);
  }

  // Reads `bytes` at once, which must fit.
  void Read(absl::string_view bytes, uint64_t missing = 0) {
    const absl::Span<char> into = ReadBuffer(missing);
    ASSERT_GE(into.size(), bytes.size());
    std::memcpy(into.data(), bytes.data(), bytes.size());
    window_.DidRead(bytes.size());
  }

  absl::string_view unparsed() const { return {window_.unparsed(), window_.unparsed_bytes()}; }

  BufferPool pool_;
  std::vector<char> scratch_ = std::vector<char>(kScratch);
  InputWindow window_;
};

TEST_F(InputWindowTest, ReadsIntoTheScratchBufferAndHoldsNothing) {
  Read("abc");
  EXPECT_EQ(window_.unparsed(), scratch_.data());
  window_.Skip(1);
  EXPECT_EQ(unparsed(), "bc");
  window_.Skip(2);
  window_.Keep(0, &pool_);
  EXPECT_EQ(window_.held_bytes(), 0u);
  EXPECT_EQ(window_.capacity(), 0u);
  EXPECT_EQ(ReadBuffer().size(), kScratch);
}

// Each read has the end of a message and the first bytes of the next, too many to be moved to the
// scratch buffer.
TEST_F(InputWindowTest, R2_MemoryDoesNotGrowWithTheNumberOfMessages) {
  size_t most = 0;
  for (int i = 0; i < 1000; ++i) {
    const char letter = static_cast<char>('a' + i % 26);
    Read(std::string(std::min<size_t>(ReadBuffer().size(), 20000), letter));
    ASSERT_GE(window_.unparsed_bytes(), 5000u);
    window_.Skip(window_.unparsed_bytes() - 5000);
    window_.StartMessage();
    window_.ExtendMessage(5000);
    window_.Keep(0, &pool_);
    ASSERT_TRUE(window_.message() == std::string(5000, letter)) << i;
    most = std::max(most, window_.capacity());
  }
  EXPECT_LE(most, 100000u);
}

TEST_F(InputWindowTest, JoinsAMessageOverTheHeadersInBetween) {
  Read("-one-two-");
  window_.Skip(1);
  window_.StartMessage();
  window_.ExtendMessage(3);
  window_.Skip(1);
  std::memmove(window_.message_end(), window_.unparsed(), 3);
  window_.ExtendMessage(3);
  EXPECT_EQ(window_.message(), "onetwo");
  EXPECT_EQ(unparsed(), "-");
  window_.TrimMessage(2);
  EXPECT_EQ(window_.message(), "etwo");
}

TEST_F(InputWindowTest, KeptBytesLeaveTheScratchBufferAndAFewComeBackToIt) {
  Read("-message-rest");
  window_.Skip(1);
  window_.TakeMessage(7);
  window_.Skip(1);
  window_.Keep(0, &pool_);
  EXPECT_TRUE(window_.owns_memory());
  std::memset(scratch_.data(), '#', kScratch);
  EXPECT_EQ(window_.message(), "message");
  EXPECT_EQ(unparsed(), "rest");

  Read(" and more");
  EXPECT_FALSE(window_.owns_memory());
  EXPECT_EQ(window_.capacity(), 0u);
  EXPECT_EQ(window_.message(), "message");
  EXPECT_EQ(unparsed(), "rest and more");
}

TEST_F(InputWindowTest, MemoryGrowsWithTheBytesReadAndNotWithThoseMissing) {
  const std::string piece(8192, 'x');
  Read(piece);
  window_.StartMessage();
  window_.ExtendMessage(piece.size());
  const uint64_t missing = uint64_t{1} << 62;
  window_.Keep(missing, &pool_);
  EXPECT_LT(window_.capacity(), 3 * piece.size());
  while (window_.message().size() < 40 * piece.size()) {
    const absl::Span<char> into = ReadBuffer(missing);
    ASSERT_FALSE(into.empty());
    ASSERT_LE(into.size(), kScratch);
    std::memset(into.data(), 'x', into.size());
    window_.DidRead(into.size());
    window_.ExtendMessage(into.size());
    EXPECT_LT(window_.capacity(), 3 * window_.message().size());
  }
}

TEST_F(InputWindowTest, ReadsNoFurtherThanToTheEndOfALargeMessage) {
  const std::string piece(8192, 'x');
  Read(piece);
  window_.TakeMessage(piece.size());
  window_.Keep(100, &pool_);
  EXPECT_EQ(ReadBuffer(100).size(), 100u);
}

TEST_F(InputWindowTest, MemoryThatIsGivenAwayCountsAsBorrowed) {
  const std::string piece(8192, 'x');
  Read(piece);
  window_.TakeMessage(piece.size());
  EXPECT_FALSE(window_.IsFilledBy(window_.message())) << "the scratch buffer is not the window's";
  window_.Keep(0, &pool_);
  EXPECT_TRUE(window_.IsFilledBy(window_.message()));
  EXPECT_FALSE(window_.IsFilledBy(window_.message().substr(0, 1000)));
  EXPECT_TRUE(window_.Contains(window_.message()));
  EXPECT_FALSE(window_.Contains(piece));

  const Buffer given = window_.GiveMemory();
  EXPECT_FALSE(window_.owns_memory());
  EXPECT_EQ(window_.message(), piece);
  EXPECT_EQ(window_.capacity(), 0u);
}

TEST_F(InputWindowTest, MemoryReturnsToThePool) {
  const std::string piece(8192, 'x');
  Read(piece);
  window_.Keep(0, &pool_);
  EXPECT_EQ(pool_.unused_bytes(), 0u);
  window_.Drop(&pool_);
  EXPECT_GE(pool_.unused_bytes(), piece.size());
  EXPECT_EQ(window_.held_bytes(), 0u);
}

}  // namespace
}  // namespace weft
