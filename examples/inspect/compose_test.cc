#include "examples/inspect/compose.h"

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/escaping.h"
#include "absl/strings/string_view.h"
#include "examples/inspect/frame_reader.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "weft/core/frame/close_code.h"
#include "weft/core/frame/frame_rules.h"
#include "weft/core/frame/opcode.h"
#include "weft/core/testing/frames.h"

namespace examples {
namespace {

using ::testing::HasSubstr;
using weft::Opcode;
using weft::Role;
using weft::testing::kTestKey;

std::string HexOf(const Composition& composition) {
  const absl::StatusOr<std::string> bytes = Compose(composition);
  return bytes.ok() ? absl::BytesToHexString(*bytes) : std::string(bytes.status().message());
}

std::vector<SeenFrame> FramesOf(const Composition& composition) {
  const absl::StatusOr<std::string> bytes = Compose(composition);
  EXPECT_TRUE(bytes.ok()) << bytes.status();
  if (!bytes.ok()) return {};
  FrameReader reader(composition.sender == Role::kClient ? Role::kServer : Role::kClient);
  if (composition.compress) reader.UseDeflate(AgreementFor(composition));
  std::vector<SeenFrame> frames;
  reader.Read(*bytes, [&](SeenFrame frame) { frames.push_back(std::move(frame)); });
  for (const SeenFrame& frame : frames) EXPECT_FALSE(frame.violation.has_value());
  return frames;
}

TEST(ComposeTest, TheExamplesOfTheRfcs) {
  EXPECT_EQ(HexOf({.payload = "Hello", .sender = Role::kServer}), "810548656c6c6f");
  EXPECT_EQ(HexOf({.payload = "Hello", .masking_key = kTestKey}), "818537fa213d7f9f4d5158");
  EXPECT_EQ(HexOf({.payload = "Hello", .sender = Role::kServer, .fragment_bytes = 3}),
            "010348656c80026c6f");
  EXPECT_EQ(HexOf({.opcode = Opcode::kPing, .payload = "Hello", .sender = Role::kServer}),
            "890548656c6c6f");
  EXPECT_EQ(HexOf({.payload = "Hello", .sender = Role::kServer, .compress = true, .times = 2}),
            "c107f248cdc9c90700c105f200110000");
}

TEST(ComposeTest, WithoutTakeoverTheSecondMessageIsAsLargeAsTheFirst) {
  const auto frames = FramesOf({.payload = "Hello",
                                .sender = Role::kServer,
                                .compress = true,
                                .takeover = false,
                                .times = 2});
  ASSERT_EQ(frames.size(), 2u);
  EXPECT_EQ(frames[0].wire, frames[1].wire);
}

TEST(ComposeTest, ARandomKeyIsADifferentOneEachTime) {
  const auto frames = FramesOf({.payload = "Hello", .times = 8});
  ASSERT_EQ(frames.size(), 8u);
  int same = 0;
  for (const SeenFrame& frame : frames) {
    EXPECT_EQ(frame.plain, "Hello");
    same += frame.header.masking_key == frames[0].header.masking_key;
  }
  EXPECT_LT(same, 8);
}

TEST(ComposeTest, FragmentsOfCompressedTextMayCutACodePoint) {
  std::string text;
  for (const SeenFrame& frame :
       FramesOf({.payload = "Schuß und Kette", .fragment_bytes = 5, .compress = true})) {
    text += frame.content;
  }
  EXPECT_EQ(text, "Schuß und Kette");
}

TEST(ComposeTest, WhatMustNotBeSentIsSaidByCore) {
  EXPECT_EQ(HexOf({.payload = "\xff"}), "the text is not UTF-8");
  EXPECT_EQ(
      HexOf({.opcode = Opcode::kClose, .payload = "x", .close_code = weft::CloseCode::kNoStatus}),
      "a close reason needs a close code before it");
}

TEST(ComposeTest, Bounds) {
  EXPECT_THAT(HexOf({.payload = std::string(kMaxComposedBytes + 1, 'x')}),
              HasSubstr("at most 65536 bytes"));
  EXPECT_THAT(HexOf({.times = 9}), HasSubstr("1 to 8 times, not 9"));
  EXPECT_THAT(HexOf({.payload = std::string(100, 'x'), .fragment_bytes = 1}),
              HasSubstr("at most 64 can be composed"));
}

}  // namespace
}  // namespace examples
