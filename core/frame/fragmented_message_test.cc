#include "weft/core/frame/fragmented_message.h"

#include "absl/status/status.h"
#include "gtest/gtest.h"

namespace weft {
namespace {

using absl::StatusCode;

TEST(FragmentedMessageTest, IsOpenFromItsFirstFragmentToItsLast) {
  FragmentedMessage message;
  EXPECT_FALSE(message.open());
  EXPECT_TRUE(message.Add(Opcode::kText, "κ\xcf", false).ok());  // a split code point
  EXPECT_TRUE(message.open());
  EXPECT_TRUE(message.Add(Opcode::kText, "\x8c", true).ok());
  EXPECT_FALSE(message.open());
  EXPECT_TRUE(message.Add(Opcode::kBinary, "\xff", true).ok());  // a new message
}

TEST(FragmentedMessageTest, MistakesChangeNothing) {
  FragmentedMessage message;
  EXPECT_EQ(message.Add(Opcode::kPing, "x", false).code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(message.Add(Opcode::kContinuation, "x", false).code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(message.Add(Opcode::kText, "\xff", false).code(), StatusCode::kInvalidArgument);
  EXPECT_FALSE(message.open());
  ASSERT_TRUE(message.Add(Opcode::kText, "\xcf", false).ok());
  EXPECT_EQ(message.Add(Opcode::kText, "", true).code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(message.Add(Opcode::kBinary, "x", true).message(),
            "the message in progress is text, not binary");
  EXPECT_TRUE(message.open());
  EXPECT_TRUE(message.Add(Opcode::kText, "\x8c", true).ok());
}

}  // namespace
}  // namespace weft
