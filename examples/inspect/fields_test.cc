#include "examples/inspect/fields.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "weft/core/frame/close_code.h"
#include "weft/core/testing/frames.h"
#include "weft/core/testing/hex.h"

namespace examples {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using weft::Opcode;
using weft::Role;
using weft::testing::Hex;

// The first frame of `bytes`, which may be incomplete.
SeenFrame First(Role receiver, absl::string_view bytes, bool deflate = false) {
  FrameReader reader(receiver);
  if (deflate) reader.UseDeflate({});
  std::vector<SeenFrame> frames;
  reader.Read(bytes, [&](SeenFrame frame) { frames.push_back(std::move(frame)); });
  return frames.empty() ? reader.Unfinished().value_or(SeenFrame()) : frames.front();
}

// "0+1 FIN 1": from bit 0, one bit.
std::vector<std::string> Places(const SeenFrame& frame, bool deflate = false) {
  std::vector<std::string> lines;
  for (const Field& field : FieldsOf(frame, deflate)) {
    lines.push_back(
        absl::StrCat(field.first_bit, "+", field.bits, " ", field.name, " ", field.value));
    EXPECT_NE(field.meaning, "") << field.name;
    EXPECT_NE(field.section, "") << field.name;
  }
  return lines;
}

std::string MeaningOf(const SeenFrame& frame, absl::string_view name, bool deflate = false) {
  for (const Field& field : FieldsOf(frame, deflate)) {
    if (field.name == name) return field.meaning;
  }
  return "no such field";
}

TEST(FieldsTest, AMaskedText) {
  EXPECT_THAT(Places(First(Role::kServer, Hex("81 85 37 fa 21 3d 7f 9f 4d 51 58"))),
              ElementsAre("0+1 FIN 1", "1+1 RSV1 0", "2+1 RSV2 0", "3+1 RSV3 0", "4+4 opcode 0x1",
                          "8+1 MASK 1", "9+7 length 5", "16+32 masking key 37 fa 21 3d",
                          "48+40 payload 5 bytes"));
}

TEST(FieldsTest, LengthsOf16And64Bits) {
  EXPECT_THAT(Places(First(Role::kClient, Hex("82 7e 01 00") + std::string(256, 'x'))),
              ElementsAre("0+1 FIN 1", "1+1 RSV1 0", "2+1 RSV2 0", "3+1 RSV3 0", "4+4 opcode 0x2",
                          "8+1 MASK 0", "9+7 length 126", "16+16 extended length 256",
                          "32+2048 payload 256 bytes"));
  const SeenFrame large =
      First(Role::kClient, Hex("02 7f 00 00 00 00 00 01 00 00") + std::string(65536, 'x'));
  EXPECT_THAT(Places(large),
              ElementsAre("0+1 FIN 0", "1+1 RSV1 0", "2+1 RSV2 0", "3+1 RSV3 0", "4+4 opcode 0x2",
                          "8+1 MASK 0", "9+7 length 127", "16+64 extended length 65536",
                          "80+2048 payload 65536 bytes"));
  EXPECT_THAT(MeaningOf(large, "payload"), HasSubstr("the first 256 of them shown"));
}

TEST(FieldsTest, ACloseFrameHasACodeAndAReason) {
  const SeenFrame close =
      First(Role::kServer,
            weft::testing::ClientFrame(
                Opcode::kClose, weft::testing::ClosePayload(weft::CloseCode::kGoingAway, "bye")));
  EXPECT_THAT(Places(close),
              ElementsAre("0+1 FIN 1", "1+1 RSV1 0", "2+1 RSV2 0", "3+1 RSV3 0", "4+4 opcode 0x8",
                          "8+1 MASK 1", "9+7 length 5", "16+32 masking key 37 fa 21 3d",
                          "48+16 close code 1001", "64+24 reason 3 bytes"));
  EXPECT_EQ(MeaningOf(close, "close code"), "going away");
}

TEST(FieldsTest, Rsv1MeansWhatWasAgreedOn) {
  const std::string bytes = Hex("c1 07 f2 48 cd c9 c9 07 00");
  EXPECT_EQ(MeaningOf(First(Role::kClient, bytes, true), "RSV1", true),
            "the message is compressed, by permessage-deflate");
  EXPECT_THAT(MeaningOf(First(Role::kClient, bytes), "RSV1"), HasSubstr("must be 0"));
  EXPECT_EQ(MeaningOf(First(Role::kClient, bytes, true), "payload", true),
            "the message, compressed");
}

TEST(FieldsTest, AHeaderThatIsNotAllThere) {
  EXPECT_THAT(Places(First(Role::kServer, Hex("81"))),
              ElementsAre("0+1 FIN 1", "1+1 RSV1 0", "2+1 RSV2 0", "3+1 RSV3 0", "4+4 opcode 0x1"));
  EXPECT_THAT(Places(First(Role::kServer, Hex("81 85 37 fa"))),
              ElementsAre("0+1 FIN 1", "1+1 RSV1 0", "2+1 RSV2 0", "3+1 RSV3 0", "4+4 opcode 0x1",
                          "8+1 MASK 1", "9+7 length 5", "16+16 header 37 fa"));
}

TEST(FieldsTest, EveryFirstAndSecondByteHasFieldsThatCoverIt) {
  std::vector<std::string> heads;
  for (int byte = 0; byte < 256; ++byte) {
    heads.push_back({static_cast<char>(byte), '\x05'});
    heads.push_back({'\x81', static_cast<char>(byte)});
  }
  for (const std::string& head : heads) {
    size_t next = 0;
    for (const Field& field : FieldsOf(First(Role::kServer, head), false)) {
      ASSERT_EQ(field.first_bit, next);
      next += field.bits;
    }
    ASSERT_EQ(next, 16u);
  }
}

}  // namespace
}  // namespace examples
