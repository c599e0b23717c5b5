#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "course/01_by_hand/by_hand.h"
#include "course/testing/expect.h"
#include "gtest/gtest.h"

namespace course {
namespace {

using testing::Bytes;
using testing::Expect;
using testing::Hex;
using testing::Quoted;

void ExpectBytes(absl::string_view dump, absl::string_view bytes, absl::string_view hint) {
  Expect({.sent = absl::StrCat("the dump ", Quoted(dump)),
          .expected = std::string(bytes),
          .section = "RFC 6455, section 5.2: frames are bytes; hex is only how we write them",
          .hint = std::string(hint)},
         [&] { return Hex(BytesFromDump(dump)); });
}

TEST(ByHand, TwoDigitsAreAByte) {
  ExpectBytes("81 05", "81 05",
              "A byte is 16 times the value of its first digit plus the value of the second.");
  ExpectBytes("00 7f 80 FF", "00 7f 80 ff", "A digit may be a capital letter.");
}

TEST(ByHand, SpacesAndLineEndsOfADumpAreSkipped) {
  ExpectBytes(" 81 05 48 65\n 6c 6c 6f\n", "81 05 48 65 6c 6c 6f",
              "od begins each line with a space, and a line ends with \\n.");
  ExpectBytes("", "no bytes", "An empty dump has no bytes.");
}

void ExpectSize(absl::string_view hex, size_t size, absl::string_view hint) {
  Expect({.sent = Hex(Bytes(hex)),
          .expected = absl::StrCat(size),
          .section = "RFC 6455, section 5.2: Payload length",
          .hint = std::string(hint)},
         [&] { return absl::StrCat(FrameSize(Bytes(hex))); });
}

TEST(ByHand, TheSizeOfAFrame) {
  ExpectSize("81 05 48 65 6c 6c 6f", 7, "2 bytes of header, and as many as the second byte says.");
  ExpectSize("8a 00", 2, "A payload may be empty.");
  ExpectSize("8a 00 81 00", 2, "The size of the first frame only.");
}

TEST(ByHand, AFrameThatIsCutOffHasNoSizeYet) {
  ExpectSize("", 0, "Look at bytes.size() before you look at bytes[0] and bytes[1].");
  ExpectSize("81", 0, "Look at bytes.size() before you look at bytes[1].");
  ExpectSize("81 05 48 65 6c 6c", 0, "The payload has 5 bytes, and only 4 are there.");
}

void ExpectWords(absl::string_view hex, absl::string_view words, absl::string_view hint) {
  Expect({.sent = std::string(hex),
          .expected = std::string(words),
          .section = "RFC 6455, section 5.2: FIN and Opcode",
          .hint = std::string(hint)},
         [&] { return DescribeFrame(Bytes(hex)); });
}

TEST(ByHand, MessagesInWords) {
  ExpectWords("81 05 48 65 6c 6c 6f", "text \"Hello\"",
              "The opcode is the lower half of the first byte: first & 0x0f. Here it is 1.");
  ExpectWords("82 03 00 01 02", "binary, 3 bytes", "Opcode 2 is binary: not text to print.");
}

TEST(ByHand, PingsAndPongsInWords) {
  ExpectWords("89 02 48 69", "ping \"Hi\"", "Opcode 9.");
  ExpectWords("8a 00", "pong \"\"", "Opcode 0xa; the payload is empty.");
}

TEST(ByHand, AClose) {
  const std::string hint =
      "The first two bytes of the payload are the code, the higher byte first: 0x03 * 256 + 0xe8. "
      "A char may be negative: convert it to uint8_t before you compute with it.";
  ExpectWords("88 05 03 e8 62 79 65", "close 1000 \"bye\"", hint);
  ExpectWords("88 02 03 ea", "close 1002 \"\"", hint);
  ExpectWords("88 00", "close without a code", "A Close frame need not have a payload.");
}

TEST(ByHand, AMessageInTwoFrames) {
  ExpectWords("01 03 48 65 6c", "text \"Hel\", not the last frame of its message",
              "The highest bit of the first byte, FIN, is 0: first & 0x80.");
  ExpectWords("80 02 6c 6f", "continuation \"lo\"", "Opcode 0, and FIN is 1.");
}

TEST(ByHand, AnOpcodeThatTheRfcReserves) {
  ExpectWords("83 00", "reserved opcode 3", "Opcodes 3 to 7 and 0xb to 0xf have no meaning yet.");
  ExpectWords("8f 00", "reserved opcode 15", "In decimal.");
}

TEST(ByHand, AllFramesOfADump) {
  const std::string dump = "81 05 48 65 6c 6c 6f 89 02 48 69 88 05 03 e8 62 79 65 81 05 48";
  Expect({.sent = absl::StrCat("the dump ", dump),
          .expected = "text \"Hello\"\nping \"Hi\"\nclose 1000 \"bye\"",
          .section = "RFC 6455, section 5.2: a frame follows the one before at once",
          .hint = "Describe the first frame, remove it from the front of `bytes`, and repeat until "
                  "FrameSize() returns 0. The last frame here is cut off."},
         [&] { return absl::StrJoin(DescribeFrames(BytesFromDump(dump)), "\n"); });
}

// ---- Mistakes of real libraries: the README has the threads ----

void ExpectFrames(const std::string& hex, const std::string& words, const std::string& hint) {
  Expect({.sent = hex, .expected = words, .section = "RFC 6455, section 5.2", .hint = hint},
         [&] { return absl::StrJoin(DescribeFrames(Bytes(hex)), "\n"); });
}

TEST(Mistakes, AnEmptyPayloadTakesTheNextByte) {
  ExpectFrames("89 00 8a 00 81 01 61", "ping \"\"\npong \"\"\ntext \"a\"",
               "A frame without a payload ends with its second byte.");
}

TEST(Mistakes, SeveralFramesInOneRead) {
  ExpectFrames("81 01 61 81 02 62 63 82 00 81 01 64",
               "text \"a\"\ntext \"bc\"\nbinary, 0 bytes\ntext \"d\"",
               "Remove a frame only after you have described it.");
}

TEST(Mistakes, APayloadIsTakenForAHeader) {
  ExpectFrames("82 06 81 01 61 81 01 62", "binary, 6 bytes", "A payload may look like frames.");
  ExpectFrames("81 01 61 82 06 81 01 61", "text \"a\"",
               "The second frame has 3 of its 6 bytes: it is not complete, and no other begins.");
}

}  // namespace
}  // namespace course
