#include "weft/core/frame/utf8.h"

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/string_view.h"
#include "gtest/gtest.h"
#include "weft/core/frame/utf8_avx512.h"
#include "weft/core/testing/hex.h"

namespace weft {
namespace {

using testing::Hex;

// The table of RFC 3629, section 4, row by row: UTF8-1 to UTF8-4.
struct Range {
  uint8_t low, high;
};
constexpr Range kTail = {0x80, 0xBF};
const std::vector<std::vector<Range>> kTable = {
    {{0x00, 0x7F}},
    {{0xC2, 0xDF}, kTail},
    {{0xE0, 0xE0}, {0xA0, 0xBF}, kTail},
    {{0xE1, 0xEC}, kTail, kTail},
    {{0xED, 0xED}, {0x80, 0x9F}, kTail},
    {{0xEE, 0xEF}, kTail, kTail},
    {{0xF0, 0xF0}, {0x90, 0xBF}, kTail, kTail},
    {{0xF1, 0xF3}, kTail, kTail, kTail},
    {{0xF4, 0xF4}, {0x80, 0x8F}, kTail, kTail},
};

bool In(char c, Range range) {
  const uint8_t byte = c;
  return byte >= range.low && byte <= range.high;
}

struct Verdict {
  size_t bad_byte;  // the first index at which no continuation can be valid, or the size
  bool boundary;    // ends with a whole code point, if there is no bad byte
};

Verdict Naive(absl::string_view text) {
  const std::vector<Range>* row = nullptr;
  size_t matched = 0;  // bytes of the row
  for (size_t i = 0; i < text.size(); ++i) {
    if (row == nullptr) {
      for (const std::vector<Range>& candidate : kTable) {
        if (In(text[i], candidate[0])) row = &candidate;
      }
      if (row == nullptr) return {i, false};
      matched = 1;
    } else if (In(text[i], (*row)[matched])) {
      ++matched;
    } else {
      return {i, false};
    }
    if (matched == row->size()) row = nullptr;
  }
  return {text.size(), row == nullptr};
}

bool NaiveIsValid(absl::string_view text) {
  const Verdict verdict = Naive(text);
  return verdict.bad_byte == text.size() && verdict.boundary;
}

// The index of the first byte that Append refuses when it gets one byte at a time.
size_t BadByte(absl::string_view text) {
  Utf8Validator validator;
  for (size_t i = 0; i < text.size(); ++i) {
    if (!validator.Append(text.substr(i, 1))) return i;
  }
  return text.size();
}

std::string Encode(uint32_t code_point) {
  const auto tail = [code_point](int shift) {
    return static_cast<char>(0x80 | (code_point >> shift & 0x3F));
  };
  if (code_point < 0x80) return {static_cast<char>(code_point)};
  if (code_point < 0x800) return {static_cast<char>(0xC0 | code_point >> 6), tail(0)};
  if (code_point < 0x10000) {
    return {static_cast<char>(0xE0 | code_point >> 12), tail(6), tail(0)};
  }
  return {static_cast<char>(0xF0 | code_point >> 18), tail(12), tail(6), tail(0)};
}

constexpr char kScripts[] =
    "Hello, Grüße, Γειά σου, Привет, שלום, مرحبا, नमस्ते, 你好世界, こんにちは, 안녕하세요, 🌍🎉. ";

// Makes a text long enough for the vector validators.
const std::string kPadding(40, '.');

// Sequences that RFC 3629 forbids, each with the index of the first bad byte.
struct Invalid {
  const char* hex;
  size_t bad_byte;
};
const Invalid kInvalid[] = {
    {"80", 0},       {"bf", 0},           {"c0", 0},       {"c1bf", 0},     {"c220", 1},
    {"c2c2", 1},     {"dfc0", 1},         {"e08080", 1},   {"e09fbf", 1},   {"e0a07f", 2},
    {"e1807f", 2},   {"e2827f", 2},       {"eda080", 1},   {"edbfbf", 1},   {"ed9fc0", 2},
    {"f0808080", 1}, {"f08fbfbf", 1},     {"f0907f", 2},   {"f09080c0", 3}, {"f4908080", 1},
    {"f48fbf7f", 3}, {"f5", 0},           {"f8888080", 0}, {"fc", 0},       {"fe", 0},
    {"ff", 0},       {"eda081edb080", 1}, {"c3a9a9", 2},   {"e2828282", 3}, {"f0908080bf", 4},
};

TEST(Utf8Test, EveryCodePoint) {
  for (uint32_t code_point = 0; code_point < 0x200000; ++code_point) {
    const bool is_surrogate = code_point >= 0xD800 && code_point <= 0xDFFF;
    const bool valid = code_point <= 0x10FFFF && !is_surrogate;
    const std::string text = Encode(code_point);
    ASSERT_EQ(IsValidUtf8(text), valid) << code_point;
    ASSERT_EQ(IsValidUtf8(text + kPadding), valid) << code_point;
  }
}

TEST(Utf8Test, EveryStringOfUpToTwoBytes) {
  EXPECT_TRUE(IsValidUtf8(""));
  for (int first = 0; first < 256; ++first) {
    for (int second = -1; second < 256; ++second) {
      std::string text = {static_cast<char>(first)};
      if (second >= 0) text += static_cast<char>(second);
      const Verdict verdict = Naive(text);
      ASSERT_EQ(BadByte(text), verdict.bad_byte) << absl::BytesToHexString(text);
      ASSERT_EQ(IsValidUtf8(text), NaiveIsValid(text)) << absl::BytesToHexString(text);
    }
  }
}

TEST(Utf8Test, EveryStringOfThreeBytes) {
  std::string text(3, '\0');
  for (int pair = 0; pair < 0x10000; ++pair) {
    text[0] = static_cast<char>(pair >> 8);
    text[1] = static_cast<char>(pair);
    const bool possible = Naive(absl::string_view(text).substr(0, 2)).bad_byte == 2;
    for (int third = 0; third < 256; ++third) {
      text[2] = static_cast<char>(third);
      // Once Naive fails, it stays failed; it is slow.
      const Verdict verdict = possible ? Naive(text) : Verdict{0, false};
      Utf8Validator validator;
      const bool appended = validator.Append(text);
      if (appended != (verdict.bad_byte == 3) ||
          (appended && validator.AtBoundary() != verdict.boundary)) {
        FAIL() << absl::BytesToHexString(text);
      }
    }
  }
}

// The bytes at which the rules change, in every combination of four.
TEST(Utf8Test, EveryFourBytesOnTheEdgesOfTheTable) {
  const std::string edges = Hex("007f808f909fa0bfc0c1c2dfe0e1ecedeeeff0f1f3f4f5ff");
  std::string text(4, '\0');
  for (char a : edges) {
    for (char b : edges) {
      for (char c : edges) {
        for (char d : edges) {
          text = {a, b, c, d};
          const bool valid = NaiveIsValid(text);
          ASSERT_EQ(IsValidUtf8(text), valid) << absl::BytesToHexString(text);
          ASSERT_EQ(IsValidUtf8(text + kPadding), valid) << absl::BytesToHexString(text);
          ASSERT_EQ(BadByte(text), Naive(text).bad_byte) << absl::BytesToHexString(text);
        }
      }
    }
  }
}

TEST(Utf8Test, FailsAtTheFirstBadByte) {
  for (const Invalid& invalid : kInvalid) {
    const std::string text = Hex(invalid.hex);
    EXPECT_EQ(Naive(text).bad_byte, invalid.bad_byte) << invalid.hex;
    EXPECT_EQ(BadByte(text), invalid.bad_byte) << invalid.hex;
  }
}

// Every position in a vector, in a text of ASCII and in one of longer code points. Append must
// refuse the text that ends with the bad byte, and accept the one that ends before it.
TEST(Utf8Test, FailsAtTheFirstBadByteOfALongText) {
  for (const std::string& code_point : {std::string("a"), std::string("é"), std::string("한")}) {
    for (const Invalid& invalid : kInvalid) {
      const std::string bytes = Hex(invalid.hex);
      std::string before;
      for (size_t ascii = 0; ascii < 3; ++ascii) {
        before.assign(ascii, 'a');
        while (before.size() < 260) {
          const std::string text = before + bytes;
          Utf8Validator early, late;
          ASSERT_TRUE(early.Append(text.substr(0, before.size() + invalid.bad_byte)))
              << invalid.hex;
          ASSERT_FALSE(late.Append(text.substr(0, before.size() + invalid.bad_byte + 1)))
              << invalid.hex << " behind " << before.size();
          ASSERT_FALSE(IsValidUtf8(text + before)) << invalid.hex;
          before += code_point;
        }
      }
    }
  }
}

TEST(Utf8Test, ATextThatEndsInsideACodePointIsNotValid) {
  for (absl::string_view cut : {"\xC3", "\xE2", "\xE2\x82", "\xF0", "\xF0\x9F", "\xF0\x9F\x8C"}) {
    for (size_t size = 0; size < 260; ++size) {
      const std::string text = std::string(size, 'a') + std::string(cut);
      Utf8Validator validator;
      EXPECT_TRUE(validator.Append(text));
      EXPECT_FALSE(validator.AtBoundary());
      EXPECT_FALSE(IsValidUtf8(text)) << size;
      validator.Reset();
      EXPECT_TRUE(validator.AtBoundary());
      EXPECT_FALSE(validator.Append(cut.substr(cut.size() - 1)) && cut.size() > 1);
    }
  }
}

TEST(Utf8Test, CutAtEveryTwoPlaces) {
  const std::string text = std::string(kScripts) + kScripts;
  const absl::string_view view = text;
  for (size_t first = 0; first <= text.size(); ++first) {
    for (size_t second = first; second <= text.size(); ++second) {
      Utf8Validator validator;
      ASSERT_TRUE(validator.Append(view.substr(0, first)));
      ASSERT_EQ(validator.AtBoundary(), Naive(view.substr(0, first)).boundary);
      ASSERT_TRUE(validator.Append(view.substr(first, second - first))) << first << " " << second;
      ASSERT_TRUE(validator.Append(view.substr(second))) << first << " " << second;
      ASSERT_TRUE(validator.AtBoundary());
    }
  }
}

// Texts of many scripts with a few bytes changed, whole and in two pieces.
TEST(Utf8Test, DamagedTextsAsTheTableSays) {
  std::mt19937 random(1);
  std::string scripts;
  for (int i = 0; i < 5; ++i) scripts += kScripts;
  for (int round = 0; round < 20000; ++round) {
    const size_t begin = random() % 100;
    std::string text = scripts.substr(begin, random() % (scripts.size() - begin));
    for (unsigned changes = random() % 3; changes > 0 && !text.empty(); --changes) {
      text[random() % text.size()] ^= 1 << random() % 8;
    }
    const Verdict verdict = Naive(text);
    const bool possible = verdict.bad_byte == text.size();
    const size_t cut = random() % (text.size() + 1);
    Utf8Validator whole, pieces;
    ASSERT_EQ(whole.Append(text), possible) << absl::BytesToHexString(text);
    ASSERT_EQ(pieces.Append(text.substr(0, cut)) && pieces.Append(text.substr(cut)), possible)
        << absl::BytesToHexString(text) << " cut at " << cut;
    ASSERT_EQ(IsValidUtf8(text), NaiveIsValid(text)) << absl::BytesToHexString(text);
  }
}

// The kernel is also called with input that Append does not pass on to it: short texts and cut
// ends.
TEST(Utf8Test, Avx512AsTheTableSays) {
  if (!internal::HasAvx512Vbmi()) GTEST_SKIP() << "this processor has no AVX-512 VBMI";
  std::mt19937 random(2);
  const std::string scripts = std::string(kScripts) + kScripts + kScripts;
  for (size_t begin = 0; begin < 140; ++begin) {
    for (size_t size = 0; size < 200; ++size) {
      std::string text = scripts.substr(begin, size);
      ASSERT_EQ(internal::IsValidUtf8Avx512(text), NaiveIsValid(text)) << begin << " " << size;
      if (text.empty()) continue;
      text[random() % text.size()] = static_cast<char>(random());
      ASSERT_EQ(internal::IsValidUtf8Avx512(text), NaiveIsValid(text))
          << absl::BytesToHexString(text);
    }
  }
}

}  // namespace
}  // namespace weft
