#include "weft/core/deflate/deflate.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "weft/core/testing/hex.h"

namespace weft {
namespace {

using ::testing::AnyOf;
using ::testing::HasSubstr;
using testing::Hex;

constexpr int kWindows[] = {8, 9, 10, 11, 12, 13, 14, 15};

// Inflates a message that arrives in parts of `part` bytes, into memory of exactly `room` bytes, so
// that a sanitizer reports a write outside. None: corrupt.
std::optional<std::string> InflateBy(Inflater& inflater, absl::string_view message, size_t part,
                                     size_t room) {
  std::string text;
  std::vector<char> out(room);
  do {
    const std::vector<char> copy(message.begin(), message.begin() + std::min(part, message.size()));
    absl::string_view in(copy.data(), copy.size());
    message.remove_prefix(in.size());
    Inflater::Result result;
    do {
      absl::Span<char> left = absl::MakeSpan(out);
      result = inflater.Inflate(&in, &left, message.empty());
      if (result == Inflater::Result::kCorrupt) return std::nullopt;
      EXPECT_EQ(left.empty(), result == Inflater::Result::kOutputFull);
      text.append(out.data(), out.size() - left.size());
    } while (result == Inflater::Result::kOutputFull);
    EXPECT_TRUE(in.empty());
  } while (!message.empty());
  return text;
}

// The inflated text of each of several successive messages; "corrupt" is the last. Tried whole and
// cut, with much output space and with little.
std::vector<std::string> Inflated(const std::vector<std::string>& messages, int window_bits = 15) {
  std::vector<std::string> first;
  for (const auto& [part, room] : std::vector<std::pair<size_t, size_t>>{
           {SIZE_MAX, 100000}, {1, 100000}, {SIZE_MAX, 1}, {1, 1}, {3, 7}, {1000, 300}}) {
    Inflater inflater(window_bits);
    std::vector<std::string> texts;
    for (const std::string& message : messages) {
      texts.push_back(InflateBy(inflater, message, part, room).value_or("corrupt"));
      if (texts.back() == "corrupt") break;
    }
    if (first.empty()) first = texts;
    EXPECT_EQ(texts, first) << "parts of " << part << ", room for " << room;
  }
  return first;
}

std::string Inflated(absl::string_view message, int window_bits = 15) {
  return Inflated(std::vector<std::string>{std::string(message)}, window_bits)[0];
}

std::string Deflated(Deflater& deflater, absl::string_view text, bool last = true) {
  std::vector<char> out(deflater.Bound(text.size()));
  return std::string(out.data(), deflater.Deflate(text, last, out.data()));
}

// Text that begins where `dictionary` ends, deflated by zlib with `flush`.
std::string Zlib(absl::string_view text, int flush, absl::string_view dictionary = "",
                 int window_bits = 15) {
  z_stream stream{};
  EXPECT_EQ(deflateInit2(&stream, 9, Z_DEFLATED, -window_bits, 9, Z_DEFAULT_STRATEGY), Z_OK);
  std::string from(dictionary), in(text), out(text.size() + 1000, '\0');
  deflateSetDictionary(&stream, reinterpret_cast<Bytef*>(from.data()), from.size());
  stream.next_in = reinterpret_cast<Bytef*>(in.data());
  stream.avail_in = in.size();
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = out.size();
  deflate(&stream, flush);
  out.resize(out.size() - stream.avail_out);
  deflateEnd(&stream);
  return out;
}

// A message from a peer that ends its blocks with BFINAL=1 (RFC 7692, section 7.2.3.4).
std::string Final(absl::string_view text, absl::string_view dictionary = "") {
  return Zlib(text, Z_FINISH, dictionary) + '\0';
}

// Bytes that compress `well`, or not at all.
std::string RandomBytes(std::mt19937& random, size_t size, bool well) {
  std::string bytes(size, '\0');
  for (char& byte : bytes) byte = static_cast<char>(well ? 'a' + random() % 3 : random());
  return bytes;
}

TEST(InflaterTest, Rfc7692Section_7_2_3_1_OneBlock) {
  EXPECT_EQ(Inflated(Hex("f2 48 cd c9 c9 07 00")), "Hello");
}

TEST(InflaterTest, Rfc7692Section_7_2_3_2_SharedWindow) {
  const std::vector<std::string> twice = {Hex("f2 48 cd c9 c9 07 00"), Hex("f2 00 11 00 00")};
  EXPECT_EQ(Inflated(twice), std::vector<std::string>({"Hello", "Hello"}));

  Inflater inflater(15);
  InflateBy(inflater, twice[0], SIZE_MAX, 100);
  inflater.Reset();
  EXPECT_EQ(InflateBy(inflater, twice[1], SIZE_MAX, 100), std::nullopt);
  EXPECT_THAT(inflater.error(), HasSubstr("too far back"));
}

TEST(InflaterTest, Rfc7692Section_7_2_3_3_BlockWithoutCompression) {
  EXPECT_EQ(Inflated(Hex("00 05 00 fa ff 48 65 6c 6c 6f 00")), "Hello");
}

TEST(InflaterTest, Rfc7692Section_7_2_3_4_FinalBlock) {
  const std::string message = Hex("f3 48 cd c9 c9 07 00 00");
  EXPECT_EQ(Inflated(message), "Hello");
  // Several libraries deliver the second message as empty.
  EXPECT_EQ(Inflated(std::vector<std::string>{message, message, Hex("f2 00 11 00 00")}),
            std::vector<std::string>({"Hello", "Hello", "Hello"}));
}

TEST(InflaterTest, Rfc7692Section_7_2_3_5_TwoBlocks) {
  EXPECT_EQ(Inflated(Hex("f2 48 05 00 00 00 ff ff ca c9 c9 07 00")), "Hello");
}

TEST(InflaterTest, Rfc7692Section_7_2_3_6_EmptyMessage) {
  EXPECT_EQ(Inflated(Hex("00")), "");
  EXPECT_EQ(Inflated(Hex("02 00")), "");  // a block of compressed nothing
  EXPECT_EQ(Inflated(std::vector<std::string>{Hex("00"), Hex("00"), Hex("f2 48 cd c9 c9 07 00"),
                                              Hex("00"), Hex("f2 00 11 00 00")}),
            std::vector<std::string>({"", "", "Hello", "", "Hello"}));
}

TEST(InflaterTest, EmptyBlocks) {
  const std::string empty = Hex("00 00 00 ff ff");
  const std::string hello = Hex("f2 48 cd c9 c9 07 00");
  EXPECT_EQ(Inflated(empty + empty + hello), "Hello");
  EXPECT_EQ(Inflated(hello + Hex("00 00 ff ff") + empty + Hex("00")), "Hello");
  EXPECT_EQ(Inflated(empty + empty + Hex("00")), "");
}

// The block whose end was omitted (section 7.2.1) may be final like any other.
TEST(InflaterTest, LastBlockIsFinal) {
  EXPECT_EQ(Inflated(std::vector<std::string>{Hex("f2 48 cd c9 c9 07 04"), Hex("01"),
                                              Hex("f2 00 11 00 00")}),
            std::vector<std::string>({"Hello", "", "Hello"}));
}

TEST(InflaterTest, FinalBlocksAreReferredTo) {
  std::mt19937 random(1);
  const std::string a = RandomBytes(random, 20000, false);
  const std::string b = a.substr(15000) + a.substr(0, 10000);
  const std::string c = b.substr(0, 5000) + a.substr(0, 3000);

  // Across messages, ended by a final block and by one that is not final.
  const std::string to_b = Final(b, a), to_c = Zlib(c, Z_SYNC_FLUSH, a + b);
  ASSERT_LT(to_b.size(), 1000u);
  ASSERT_LT(to_c.size(), 1000u);
  EXPECT_EQ(Inflated(std::vector<std::string>{Final(a), to_b, to_c.substr(0, to_c.size() - 4)}),
            std::vector<std::string>({a, b, c}));
  // Within a message.
  EXPECT_EQ(
      Inflated(absl::StrCat(Zlib(a, Z_FINISH), to_b.substr(0, to_b.size() - 1), to_c, Hex("00"))),
      a + b + c);
}

TEST(InflaterTest, ManyFinalBlocks) {
  std::string message = Zlib(std::string(40000, 'x'), Z_FINISH);
  for (int i = 0; i < 100000; ++i) message += Hex("03 00");
  Inflater inflater(15);
  EXPECT_EQ(InflateBy(inflater, message + Hex("00"), SIZE_MAX, 1000), std::string(40000, 'x'));
}

TEST(InflaterTest, R6_MessagesOfFewBytes) {
  EXPECT_EQ(Inflated(""), "corrupt");
  for (int byte = 0; byte < 256; ++byte) {
    // The header of a stored block, final or not, with any padding, and nothing else.
    const bool empty_block = (byte & 6) == 0;
    EXPECT_EQ(Inflated(std::string(1, static_cast<char>(byte))), empty_block ? "" : "corrupt")
        << byte;
  }
  // The tail that the sender should have omitted, or parts of it: with the receiver's tail it would
  // begin a block of 65,280 bytes.
  EXPECT_EQ(Inflated(Hex("00 00 ff ff")), "corrupt");
  EXPECT_EQ(Inflated(Hex("00 00 ff")), "corrupt");
  EXPECT_EQ(Inflated(Hex("00 00")), "corrupt");
  EXPECT_EQ(Inflated(Hex("00 00 00 ff ff")), "corrupt");
}

TEST(InflaterTest, R6_TruncatedMessages) {
  for (const std::string& message : {Hex("f2 48 cd c9 c9 07 00"), Hex("f3 48 cd c9 c9 07 00 00"),
                                     Final(std::string(1000, 'x') + "y")}) {
    for (size_t size = 0; size < message.size(); ++size) {
      EXPECT_EQ(Inflated(message.substr(0, size)), "corrupt")
          << size << " of " << message.size() << " bytes";
    }
  }
  const std::string stored = Hex("00 05 00 fa ff 48 65 6c 6c 6f 00");
  for (size_t size = 2; size < stored.size(); ++size) {
    EXPECT_EQ(Inflated(stored.substr(0, size)), "corrupt") << size;
  }
  // The receiver's tail is not part of the message, even if it would fit.
  EXPECT_EQ(Inflated(Hex("00 04 00 fb ff")), "corrupt");
  EXPECT_EQ(Inflated(Hex("00 09 00 f6 ff 48 65 6c 6c 6f")), "corrupt");
}

TEST(InflaterTest, R6_TrailingGarbage) {
  const std::string hello = Hex("f2 48 cd c9 c9 07 00"), final = Hex("f3 48 cd c9 c9 07 00");
  EXPECT_EQ(Inflated(hello + "x"), "corrupt");
  EXPECT_EQ(Inflated(hello + "garbage"), "corrupt");
  EXPECT_EQ(Inflated(final + "garbage"), "corrupt");
  EXPECT_EQ(Inflated(final + Hex("07")), "corrupt");
}

TEST(InflaterTest, R6_AnyBytes) {
  std::mt19937 random(6);
  for (int i = 0; i < 2000; ++i) {
    // The first bits choose the kind of block.
    std::string message = RandomBytes(random, 1 + random() % 60, false);
    message[0] = static_cast<char>((message[0] & ~7) | i % 6);
    Inflated(message);
  }
}

TEST(InflaterTest, IsUsableAfterAReset) {
  Inflater inflater(15);
  EXPECT_EQ(InflateBy(inflater, "\x07", SIZE_MAX, 10), std::nullopt);
  EXPECT_THAT(inflater.error(), HasSubstr("invalid block type"));
  inflater.Reset();
  EXPECT_EQ(InflateBy(inflater, Hex("f2 48 cd"), SIZE_MAX, 10), std::nullopt);
  EXPECT_THAT(inflater.error(), HasSubstr("ends inside a block"));
  inflater.Reset();
  EXPECT_EQ(InflateBy(inflater, Hex("f2 48 cd c9 c9 07 00"), SIZE_MAX, 10), "Hello");
}

TEST(InflaterTest, PeerWithASmallerWindow) {
  std::mt19937 random(2);
  const std::string text = RandomBytes(random, 20000, true);
  for (const int theirs : kWindows) {
    Deflater deflater({.window_bits = theirs});
    const std::vector<std::string> messages = {Deflated(deflater, text), Deflated(deflater, text)};
    for (const int ours : kWindows) {
      if (ours >= theirs) {
        EXPECT_EQ(Inflated(messages, ours), std::vector<std::string>({text, text}))
            << theirs << " by " << ours;
      }
    }
  }
}

TEST(DeflaterTest, Rfc7692Section_7_2_3) {
  Deflater deflater({});
  EXPECT_EQ(Deflated(deflater, "Hello"), Hex("f2 48 cd c9 c9 07 00"));
  EXPECT_EQ(Deflated(deflater, "Hello"), Hex("f2 00 11 00 00"));
  EXPECT_EQ(Deflated(deflater, ""), Hex("00"));
  EXPECT_EQ(Deflated(deflater, ""), Hex("00"));
  deflater.Reset();
  EXPECT_EQ(Deflated(deflater, "Hello"), Hex("f2 48 cd c9 c9 07 00"));
}

TEST(DeflaterTest, Fragments) {
  Deflater deflater({});
  for (const std::vector<std::string>& parts : std::vector<std::vector<std::string>>{
           {"Hel", "lo"}, {"", "Hello"}, {"Hello", ""}, {"", "", ""}, {"", "Hel", "", "lo", ""}}) {
    std::string message, text;
    for (const std::string& part : parts) {
      text += part;
      message += Deflated(deflater, part, &part == &parts.back());
      // Each part is a whole number of blocks: the receiver need not wait for the next.
      Inflater inflater(15);
      absl::string_view in = message;
      char out[100];
      absl::Span<char> left = absl::MakeSpan(out);
      EXPECT_EQ(inflater.Inflate(&in, &left, false), Inflater::Result::kDone);
      EXPECT_EQ(absl::string_view(out, sizeof out - left.size()), text);
    }
    EXPECT_EQ(Inflated(message), text);
    deflater.Reset();
  }
}

// If the output space is smaller than the window, zlib detects a reference that goes too far back.
TEST(DeflaterTest, ReferencesStayWithinTheWindow) {
  std::mt19937 random(3);
  for (const int window_bits : kWindows) {
    Deflater deflater({.window_bits = window_bits, .level = 9});
    Inflater inflater(window_bits);
    // Text that repeats at every distance, up to far beyond the window.
    std::string text = RandomBytes(random, 300, false);
    while (text.size() < size_t{4} << window_bits) {
      text += RandomBytes(random, random() % 3, false);
      text += text.substr(text.size() - 1 - random() % text.size(), 3 + random() % 20);
    }
    for (int i = 0; i < 2; ++i) {
      EXPECT_EQ(InflateBy(inflater, Deflated(deflater, text), SIZE_MAX, 1), text) << window_bits;
    }
  }
}

TEST(DeflaterTest, RoundTripsWithAllSettings) {
  std::mt19937 random(4);
  for (const int window_bits : kWindows) {
    for (const int memory_level : {1, 4, 8, 9}) {
      for (const int level : {1, 3, 6, 9}) {
        Deflater deflater(
            {.window_bits = window_bits, .memory_level = memory_level, .level = level});
        Inflater inflater(window_bits);
        for (int i = 0; i < 8; ++i) {
          // Deflated allocates `out` with deflater.Bound, so a sanitizer checks that bound.
          const size_t size = random() % (size_t{1} << (random() % 17));
          const std::string text = RandomBytes(random, size, random() % 2 == 0);
          const size_t cut = random() % (size + 1);
          std::string message = Deflated(deflater, text.substr(0, cut), false);
          message += Deflated(deflater, text.substr(cut), true);
          EXPECT_EQ(InflateBy(inflater, message, 1 + random() % 5000, 1 + random() % 5000), text)
              << window_bits << " " << memory_level << " " << level;
          if (random() % 4 == 0) {
            deflater.Reset();  // the receiver need not know that
          }
        }
      }
    }
  }
}

TEST(DeflaterTest, WhatDoesNotCompressGrowsLittle) {
  std::mt19937 random(5);
  for (const size_t size : {1, 10, 100, 1000, 100000}) {
    Deflater deflater({});
    const std::string text = RandomBytes(random, size, false);
    EXPECT_LE(Deflated(deflater, text).size(), size + size / 1000 + 10);
  }
}

}  // namespace
}  // namespace weft
