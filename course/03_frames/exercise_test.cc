#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/strings/str_cat.h"
#include "course/03_frames/frames.h"
#include "course/testing/expect.h"
#include "gtest/gtest.h"

namespace course {
namespace {

using testing::Bytes;
using testing::Expect;
using testing::Hex;

constexpr MaskingKey kKey = {0x37, 0xFA, 0x21, 0x3D};

std::string Shown(const FrameHeader& header) {
  return absl::StrCat(
      header.fin ? "FIN, " : "", "opcode ", static_cast<int>(header.opcode),
      header.masked ? ", masked with " : "",
      header.masked ? Hex({reinterpret_cast<const char*>(header.key.data()), 4}) : "", ", length ",
      header.length);
}

void ExpectEncoded(const FrameHeader& header, const std::string& hex, const std::string& hint) {
  Expect({.sent = Shown(header), .expected = hex, .section = "RFC 6455, section 5.2", .hint = hint},
         [&] { return Hex(EncodeHeader(header)); });
}

// What DecodeHeader gives for bytes.
std::string Decoded(absl::string_view bytes) {
  FrameHeader header;
  const absl::StatusOr<size_t> size = DecodeHeader(bytes, &header);
  if (!size.ok()) return "wrong";
  if (*size == 0) return "needs more bytes";
  return absl::StrCat("a header of ", *size, " bytes: ", Shown(header));
}

void ExpectDecoded(const std::string& hex, const std::string& expected, const std::string& section,
                   const std::string& hint) {
  Expect(
      {.sent = hex, .expected = expected, .section = "RFC 6455, section " + section, .hint = hint},
      [&] { return Decoded(Bytes(hex)); });
}

TEST(Frames, AShortHeaderToBytes) {
  ExpectEncoded({.length = 5}, "81 05", "0x80 for FIN, plus the opcode; then the length.");
  ExpectEncoded({.fin = false, .length = 3}, "01 03", "Without FIN the highest bit is 0.");
  ExpectEncoded({.opcode = Opcode::kPong}, "8a 00", "The opcode is the lower half of byte 0.");
}

TEST(Frames, TheThreeLengthsToBytes) {
  const auto expect = [](uint64_t length, const std::string& hex, const std::string& hint) {
    ExpectEncoded({.opcode = Opcode::kBinary, .length = length}, hex, hint);
  };
  expect(125, "82 7d", "Up to 125 the length is in byte 1.");
  expect(126, "82 7e 00 7e", "126 in byte 1 says: 2 bytes of length follow.");
  expect(65535, "82 7e ff ff", "The largest number of 2 bytes.");
  expect(65536, "82 7f 00 00 00 00 00 01 00 00", "127 in byte 1 says: 8 bytes of length follow.");
  expect(0x0102030405060708, "82 7f 01 02 03 04 05 06 07 08", "The highest byte comes first.");
}

TEST(Frames, AMaskedHeaderToBytes) {
  ExpectEncoded({.masked = true, .length = 5, .key = kKey}, "81 85 37 fa 21 3d",
                "The highest bit of byte 1 is MASK; the key comes at the end of the header.");
  ExpectEncoded({.masked = true, .length = 200, .key = kKey}, "81 fe 00 c8 37 fa 21 3d",
                "0xfe is MASK and 126; the key comes after the length.");
}

TEST(Frames, AShortHeaderFromBytes) {
  ExpectDecoded("81 05 48 65 6c 6c 6f", "a header of 2 bytes: FIN, opcode 1, length 5", "5.2",
                "FIN is first & 0x80, the opcode first & 0x0f, the length second & 0x7f.");
  ExpectDecoded("01 03", "a header of 2 bytes: opcode 1, length 3", "5.2",
                "The payload need not be there: this reads the header only.");
  ExpectDecoded("8a 00", "a header of 2 bytes: FIN, opcode 10, length 0", "5.2",
                "A payload may be empty.");
}

TEST(Frames, TheThreeLengthsFromBytes) {
  ExpectDecoded("82 7d", "a header of 2 bytes: FIN, opcode 2, length 125", "5.2",
                "125 is a length.");
  ExpectDecoded("82 7e 00 7e", "a header of 4 bytes: FIN, opcode 2, length 126", "5.2",
                "126 is not a length: the length is in the next 2 bytes.");
  ExpectDecoded("82 7e ff fe", "a header of 4 bytes: FIN, opcode 2, length 65534", "5.2",
                "A byte of 0xff is 255 and not -1: convert each char to uint8_t.");
  ExpectDecoded("82 7f 00 00 00 00 00 01 00 00",
                "a header of 10 bytes: FIN, opcode 2, length 65536", "5.2",
                "127 is not a length: the length is in the next 8 bytes.");
  ExpectDecoded("82 7f 7f ff ff ff ff ff ff ff",
                "a header of 10 bytes: FIN, opcode 2, length 9223372036854775807", "5.2",
                "Compute with uint64_t: an int has only 32 bits.");
}

TEST(Frames, AMaskedHeaderFromBytes) {
  ExpectDecoded("81 85 37 fa 21 3d 7f 9f 4d 51 58",
                "a header of 6 bytes: FIN, opcode 1, masked with 37 fa 21 3d, length 5", "5.2",
                "The MASK bit is not part of the length.");
  ExpectDecoded("82 ff 00 00 00 00 00 01 00 00 37 fa 21 3d",
                "a header of 14 bytes: FIN, opcode 2, masked with 37 fa 21 3d, length 65536", "5.2",
                "This is the longest header: 2 + 8 + 4 bytes.");
}

TEST(Frames, PartOfAHeaderNeedsMore) {
  for (const char* hex :
       {"81 05", "82 7e 00 7e", "82 7f 00 00 00 00 00 01 00 00", "81 85 37 fa 21 3d",
        "82 fe 00 c8 37 fa 21 3d", "82 ff 00 00 00 00 00 01 00 00 37 fa 21 3d"}) {
    const std::string whole = Bytes(hex);
    for (size_t size = 0; size < whole.size(); ++size) {
      const std::string part = whole.substr(0, size);
      Expect({.sent = absl::StrCat(Hex(part), ", of ", hex),
              .expected = "needs more bytes",
              .section = "RFC 6455, section 5.2; TCP delivers a header in any pieces",
              .hint = "Before you read a byte, check that it has arrived; otherwise return 0."},
             [&] { return Decoded(part); });
    }
  }
}

TEST(Frames, ReservedBitsAreWrong) {
  const std::string hint =
      "RSV1, RSV2 and RSV3 are first & 0x70. They must be 0 unless an extension gives them a "
      "meaning.";
  for (const char* hex : {"c1 05", "a1 05", "91 05", "f1"})
    ExpectDecoded(hex, "wrong", "5.2", hint);
}

TEST(Frames, ReservedOpcodesAreWrong) {
  for (const int opcode : {0x3, 0x4, 0x5, 0x6, 0x7, 0xB, 0xC, 0xD, 0xE, 0xF}) {
    const std::string bytes = {static_cast<char>(0x80 | opcode), 0};
    ExpectDecoded(Hex(bytes), "wrong", "5.2", "Only 0, 1, 2, 8, 9 and 0xa have a meaning.");
  }
}

TEST(Frames, ControlFramesAreShortAndWhole) {
  const std::string hint =
      "A control frame has opcode 8 or higher; its payload is 125 bytes at most.";
  ExpectDecoded("89 7d", "a header of 2 bytes: FIN, opcode 9, length 125", "5.5", hint);
  ExpectDecoded("89 7e 00 7e", "wrong", "5.5", hint);
  ExpectDecoded("88 7f", "wrong", "5.5", "126 and 127 already say that it is too long.");
  ExpectDecoded("09 02", "wrong", "5.5", "FIN is 0: a control frame must not be fragmented.");
}

TEST(Frames, ALengthThatIsNotTheShortestIsWrong) {
  const std::string hint = "\"the minimal number of bytes MUST be used to encode the length\"";
  ExpectDecoded("81 7e 00 05", "wrong", "5.2", hint);
  ExpectDecoded("81 7e 00 7d", "wrong", "5.2", hint);
  ExpectDecoded("81 7f 00 00 00 00 00 00 ff ff", "wrong", "5.2", hint);
}

TEST(Frames, ALengthOfMoreThan63BitsIsWrong) {
  ExpectDecoded("82 7f 80 00 00 00 00 00 00 00", "wrong", "5.2",
                "\"the most significant bit MUST be 0\"");
  ExpectDecoded("82 7f ff ff ff ff ff ff ff ff", "wrong", "5.2",
                "\"the most significant bit MUST be 0\"");
}

TEST(Frames, EachHeaderSurvivesTheWayToBytesAndBack) {
  for (const uint64_t length : {0, 1, 125, 126, 127, 255, 256, 65535, 65536, 1 << 24}) {
    for (const bool masked : {false, true}) {
      const FrameHeader header = {.fin = false,
                                  .opcode = Opcode::kContinuation,
                                  .masked = masked,
                                  .length = length,
                                  .key = masked ? kKey : MaskingKey{}};
      const size_t size = 2 + (length > 65535 ? 8 : length > 125 ? 2 : 0) + (masked ? 4 : 0);
      Expect(
          {.sent = Shown(header),
           .expected = absl::StrCat("a header of ", size, " bytes: ", Shown(header)),
           .section = "RFC 6455, section 5.2",
           .hint = "Encoded, and then decoded. See which of the two is wrong by the tests above."},
          [&] { return Decoded(EncodeHeader(header)); });
    }
  }
}

// ---- Mistakes of real libraries: the README has the threads ----

TEST(Mistakes, LengthsWithAHighByteAreNegative) {
  const std::string hint =
      "Convert each byte to uint8_t before you shift it: a char may be negative.";
  ExpectDecoded("82 7e 00 80", "a header of 4 bytes: FIN, opcode 2, length 128", "5.2", hint);
  ExpectDecoded("82 7e 00 ff", "a header of 4 bytes: FIN, opcode 2, length 255", "5.2", hint);
  ExpectDecoded("82 7e 80 c8", "a header of 4 bytes: FIN, opcode 2, length 32968", "5.2", hint);
  ExpectDecoded("82 7f 00 00 00 00 80 00 00 80",
                "a header of 10 bytes: FIN, opcode 2, length 2147483776", "5.2", hint);
}

TEST(Mistakes, TwoBytesOfLengthHaveNoForbiddenBit) {
  ExpectDecoded("82 7e 80 00", "a header of 4 bytes: FIN, opcode 2, length 32768", "5.2",
                "Only 8 bytes of length must not have their highest bit set.");
  ExpectDecoded("82 7e ff ff", "a header of 4 bytes: FIN, opcode 2, length 65535", "5.2",
                "Only 8 bytes of length must not have their highest bit set.");
}

TEST(Mistakes, EightBytesOfLengthAreNegative) {
  for (const char* hex : {"82 7f ff ff ff ff 00 00 00 00", "82 7f ff ff ff ff ff ff ff ff",
                          "82 7f 80 00 00 00 00 00 00 00"}) {
    ExpectDecoded(hex, "wrong", "5.2",
                  "Collect the length in a uint64_t, and look at its top bit.");
  }
}

TEST(Mistakes, TheBordersAreWrittenTooLong) {
  const std::string hint = "125 is in byte 1, and 65,535 in 2 bytes: compare with <, not with <=.";
  ExpectEncoded({.length = 125}, "81 7d", hint);
  ExpectEncoded({.length = 65535}, "81 7e ff ff", hint);
}

TEST(Mistakes, AHeaderThatIsCutIsRead) {
  const std::string hint = "Zeros of a length that is not complete are not a length of zero.";
  ExpectDecoded("82 ff 00 00 00 00", "needs more bytes", "5.2", hint);
  ExpectDecoded("82 ff 00 00 00 00 00 01 00 00 37 fa", "needs more bytes", "5.2",
                "Two bytes of the key are missing.");
}

}  // namespace
}  // namespace course
