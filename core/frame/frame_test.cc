#include "weft/core/frame/frame.h"

#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/string_view.h"
#include "gtest/gtest.h"
#include "weft/core/testing/hex.h"

namespace weft {
namespace {

using testing::Hex;

std::string Encode(const FrameHeader& header) {
  char out[kMaxFrameHeaderSize];
  return std::string(out, EncodeFrameHeader(header, out));
}

// Every example of RFC 6455, section 5.7: the header bytes and their fields.
struct Vector {
  const char* hex;
  FrameHeader header;
};

const Vector kRfcVectors[] = {
    {"8105", {.opcode = Opcode::kText, .payload_length = 5}},
    {"818537fa213d",
     {.opcode = Opcode::kText,
      .masked = true,
      .payload_length = 5,
      .masking_key = {0x37, 0xfa, 0x21, 0x3d}}},
    {"0103", {.fin = false, .opcode = Opcode::kText, .payload_length = 3}},
    {"8002", {.opcode = Opcode::kContinuation, .payload_length = 2}},
    {"8905", {.opcode = Opcode::kPing, .payload_length = 5}},
    {"8a8537fa213d",
     {.opcode = Opcode::kPong,
      .masked = true,
      .payload_length = 5,
      .masking_key = {0x37, 0xfa, 0x21, 0x3d}}},
    {"827e0100", {.opcode = Opcode::kBinary, .payload_length = 256}},
    {"827f0000000000010000", {.opcode = Opcode::kBinary, .payload_length = 65536}},
};

TEST(FrameTest, RfcVectorsDecode) {
  for (const Vector& vector : kRfcVectors) {
    const std::string bytes = Hex(vector.hex);
    FrameHeader header;
    EXPECT_EQ(DecodeFrameHeader(bytes, &header), bytes.size()) << vector.hex;
    EXPECT_EQ(DebugString(header), DebugString(vector.header)) << vector.hex;
  }
}

TEST(FrameTest, RfcVectorsEncode) {
  for (const Vector& vector : kRfcVectors) {
    EXPECT_EQ(absl::BytesToHexString(Encode(vector.header)), vector.hex);
  }
}

TEST(FrameTest, EveryFirstTwoBytesDecodeToThemselves) {
  for (int first = 0; first < 256; ++first) {
    for (int second = 0; second < 256; ++second) {
      std::string bytes = {static_cast<char>(first), static_cast<char>(second)};
      // A length in its shortest form, so that encoding returns the same bytes.
      if ((second & 0x7F) == 126) bytes += Hex("0100");
      if ((second & 0x7F) == 127) bytes += Hex("0000000100000000");
      if (second & 0x80) bytes += "mask";
      FrameHeader header;
      ASSERT_EQ(DecodeFrameHeader(bytes, &header), bytes.size());
      ASSERT_TRUE(header.minimal_length);
      ASSERT_EQ(Encode(header), bytes) << DebugString(header);
    }
  }
}

TEST(FrameTest, NeedsEveryByteOfTheHeaderAndNoneBehindIt) {
  for (const Vector& vector : kRfcVectors) {
    const std::string bytes = Hex(vector.hex);
    FrameHeader header;
    for (size_t size = 0; size < bytes.size(); ++size) {
      EXPECT_EQ(DecodeFrameHeader(absl::string_view(bytes).substr(0, size), &header), 0u);
    }
    EXPECT_EQ(DecodeFrameHeader(bytes + "trailing bytes", &header), bytes.size());
  }
}

TEST(FrameTest, LengthBoundaries) {
  const struct {
    uint64_t length;
    const char* hex;
  } kCases[] = {
      {0, "8200"},
      {125, "827d"},
      {126, "827e007e"},
      {65535, "827effff"},
      {65536, "827f0000000000010000"},
      {0x7FFFFFFFFFFFFFFF, "827f7fffffffffffffff"},
      {0x8000000000000000, "827f8000000000000000"},
      {0xFFFFFFFFFFFFFFFF, "827fffffffffffffffff"},
  };
  for (const auto& c : kCases) {
    FrameHeader header = {.opcode = Opcode::kBinary, .payload_length = c.length};
    EXPECT_EQ(absl::BytesToHexString(Encode(header)), c.hex);
    header = FrameHeader();
    EXPECT_NE(DecodeFrameHeader(Hex(c.hex), &header), 0u);
    EXPECT_EQ(header.payload_length, c.length);
    EXPECT_TRUE(header.minimal_length);
  }
}

TEST(FrameTest, LengthNotInItsShortestFormIsSeen) {
  for (const char* hex : {"827e0000", "827e007d", "827f0000000000000000", "827f000000000000007e",
                          "827f000000000000ffff"}) {
    FrameHeader header;
    EXPECT_NE(DecodeFrameHeader(Hex(hex), &header), 0u);
    EXPECT_FALSE(header.minimal_length) << hex;
  }
}

TEST(FrameTest, DebugStringNamesWhatIsThere) {
  FrameHeader header;
  DecodeFrameHeader(Hex("818537fa213d"), &header);
  EXPECT_EQ(DebugString(header), "fin text masked length=5 key=37fa213d");
  DecodeFrameHeader(Hex("737e0001"), &header);
  EXPECT_EQ(DebugString(header), "rsv1 rsv2 rsv3 reserved 3 length=1 (not in its shortest form)");
}

}  // namespace
}  // namespace weft
