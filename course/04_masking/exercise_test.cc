#include <cstddef>
#include <cstdint>
#include <set>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "course/03_frames/frames.h"
#include "course/04_masking/masking.h"
#include "course/testing/expect.h"
#include "gtest/gtest.h"

namespace course {
namespace {

using testing::Bytes;
using testing::Expect;
using testing::Hex;

constexpr MaskingKey kKey = {0x37, 0xFA, 0x21, 0x3D};
constexpr char kSection[] = "RFC 6455, section 5.3";

using MaskFunction = void(absl::Span<char>, const MaskingKey&, size_t);

std::string Masked(MaskFunction* mask, std::string data, size_t offset = 0) {
  mask(absl::MakeSpan(data), kKey, offset);
  return Hex(data);
}

TEST(Masking, TheHelloOfTheRfc) {
  Expect({.sent = "Mask \"Hello\" with 37 fa 21 3d",
          .expected = "7f 9f 4d 51 58",
          .section = kSection,
          .hint = "Byte i of the payload is XORed (^ in C++) with byte i % 4 of the key."},
         [] { return Masked(Mask, "Hello"); });
}

TEST(Masking, TwiceIsThePayloadAgain) {
  Expect({.sent = "Mask 7f 9f 4d 51 58 with 37 fa 21 3d",
          .expected = "48 65 6c 6c 6f",
          .section = kSection,
          .hint = "a ^ k ^ k is a: the same function masks and unmasks."},
         [] { return Masked(Mask, Bytes("7f 9f 4d 51 58")); });
}

TEST(Masking, APayloadInPieces) {
  for (size_t cut = 0; cut <= 5; ++cut) {
    Expect({.sent = absl::StrCat("Mask \"Hello\" in two pieces, the first of ", cut, " bytes"),
            .expected = "7f 9f 4d 51 58",
            .section = kSection,
            .hint = "The offset says where in the payload data[0] is: use (offset + i) % 4."},
           [&] {
             std::string data = "Hello";
             Mask(absl::MakeSpan(data).subspan(0, cut), kKey, 0);
             Mask(absl::MakeSpan(data).subspan(cut), kKey, cut);
             return Hex(data);
           });
  }
}

// A payload in which a shifted key is noticed.
std::string Payload(size_t size) {
  std::string payload;
  for (size_t i = 0; i < size; ++i) payload.push_back(static_cast<char>(i * 7 + 1));
  return payload;
}

TEST(Masking, FastIsTheSameForAllSizes) {
  for (size_t size = 0; size <= 40; ++size) {
    std::string expected = Payload(size);
    for (size_t i = 0; i < size; ++i) expected[i] = static_cast<char>(expected[i] ^ kKey[i % 4]);
    Expect({.sent = absl::StrCat("FastMask on ", size, " bytes"),
            .expected = Hex(expected),
            .section = kSection,
            .hint = "If only the last bytes are wrong: those after the last whole step need a loop "
                    "of single bytes. If no byte is: is the wide key the 4 bytes of the key, again "
                    "and again?"},
           [&] { return Masked(FastMask, Payload(size)); });
  }
}

TEST(Masking, FastIsTheSameAtAllOffsetsAndPlaces) {
  for (size_t offset = 0; offset < 9; ++offset) {
    for (size_t at = 0; at < 9; ++at) {
      std::string expected = Payload(27 + at);
      for (size_t i = at; i < expected.size(); ++i) {
        expected[i] = static_cast<char>(expected[i] ^ kKey[(offset + i - at) % 4]);
      }
      Expect({.sent = absl::StrCat("FastMask on 27 bytes that begin ", at,
                                   " bytes after the start of a string, offset ", offset),
              .expected = Hex(expected.substr(at)),
              .section = kSection,
              .hint = "Rotate the key by offset % 4 before you repeat it. Read and write the data "
                      "with memcpy: data.data() need not be aligned."},
             [&] {
               std::string data = Payload(27 + at);
               FastMask(absl::MakeSpan(data).subspan(at), kKey, offset);
               return Hex(absl::string_view(data).substr(at));
             });
    }
  }
}

TEST(Masking, AKeyIsNew) {
  Expect({.sent = "NewMaskingKey, 16 times",
          .expected = "at least 15 different keys",
          .section = "RFC 6455, sections 5.3 and 10.3: the key is unpredictable, and new for each "
                     "frame",
          .hint = "getrandom(2), whose header is <sys/random.h>, fills bytes with random ones. "
                  "rand() and a counter can be predicted."},
         [] {
           std::set<MaskingKey> keys;
           for (int i = 0; i < 16; ++i) keys.insert(NewMaskingKey());
           return keys.size() >= 15 ? "at least 15 different keys"
                                    : absl::StrCat(keys.size(), " different keys");
         });
}

TEST(Masking, AFrameOfAClient) {
  Expect({.sent = "ClientFrame(kText, \"Hello\", 37 fa 21 3d)",
          .expected = "81 85 37 fa 21 3d 7f 9f 4d 51 58",
          .section = "RFC 6455, section 5.7: A single-frame masked text message",
          .hint = "EncodeHeader of chapter 3, and after it the masked payload."},
         [] { return Hex(ClientFrame(Opcode::kText, "Hello", kKey)); });
  Expect({.sent = "ClientFrame(kPing, \"\", 37 fa 21 3d)",
          .expected = "89 80 37 fa 21 3d",
          .section = "RFC 6455, section 5.1: a client MUST mask all frames",
          .hint = "A frame without a payload has a key, too."},
         [] { return Hex(ClientFrame(Opcode::kPing, "", kKey)); });
}

// ---- Mistakes of real libraries: the README has the threads ----

TEST(Mistakes, TheKeyIsRotatedTheWrongWay) {
  // The key and the size of the first piece are those of the thread.
  const MaskingKey key = {0xB7, 0x00, 0xBB, 0x51};
  for (MaskFunction* mask : {Mask, FastMask}) {
    Expect({.sent = "300 bytes 00 with the key b7 00 bb 51, in pieces of 291 and 9 bytes",
            .expected = "51 b7 00 bb 51 b7 00 bb 51",
            .section = kSection,
            .hint = "Byte 291 of the payload is byte 3 of the key."},
           [&] {
             std::string data(300, '\0');
             mask(absl::MakeSpan(data).subspan(0, 291), key, 0);
             mask(absl::MakeSpan(data).subspan(291), key, 291);
             return Hex(absl::string_view(data).substr(291));
           });
  }
}

TEST(Mistakes, EachPieceBeginsTheKeyAgain) {
  for (MaskFunction* mask : {Mask, FastMask}) {
    Expect({.sent = "12 bytes 00 with the key 37 fa 21 3d, in pieces of 5, 5 and 2 bytes",
            .expected = "37 fa 21 3d 37 fa 21 3d 37 fa 21 3d",
            .section = kSection,
            .hint = "The offset of a piece is the number of bytes before it."},
           [&] {
             std::string data(12, '\0');
             for (const size_t at : {0, 5, 10}) mask(absl::MakeSpan(data).subspan(at, 5), kKey, at);
             return Hex(data);
           });
  }
}

TEST(Mistakes, OneKeyForAllFrames) {
  Expect({.sent = "NewMaskingKey, two times",
          .expected = "two keys",
          .section = "RFC 6455, section 5.3: a fresh key for each frame",
          .hint = "No static variable keeps a key."},
         [] { return std::string(NewMaskingKey() == NewMaskingKey() ? "one key" : "two keys"); });
}

TEST(Mistakes, AByteThatNeverOccurs) {
  Expect({.sent = "NewMaskingKey, 4096 times",
          .expected = "all 256 bytes occur",
          .section = "RFC 6455, section 10.3: keys cannot be predicted",
          .hint = "getrandom(2) fills all four bytes. A random number of 0 to 254 leaves one out."},
         [] {
           std::set<uint8_t> bytes;
           for (int i = 0; i < 4096; ++i) {
             const MaskingKey key = NewMaskingKey();
             bytes.insert(key.begin(), key.end());
           }
           return bytes.size() == 256 ? "all 256 bytes occur"
                                      : absl::StrCat(bytes.size(), " bytes");
         });
}

}  // namespace
}  // namespace course
