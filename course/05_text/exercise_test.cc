#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "course/05_text/text.h"
#include "course/testing/expect.h"
#include "gtest/gtest.h"

namespace course {
namespace {

using testing::Bytes;
using testing::Expect;
using testing::Hex;

// The verdict of a checker on bytes that arrive one by one.
std::string Checked(absl::string_view bytes) {
  Utf8Checker checker;
  for (size_t i = 0; i < bytes.size(); ++i) {
    if (!checker.Append(bytes.substr(i, 1))) return absl::StrCat("wrong at byte ", i);
  }
  return checker.AtEnd() ? "valid" : "ends inside a character";
}

void ExpectChecked(absl::string_view bytes, const std::string& expected, const std::string& section,
                   const std::string& hint) {
  Expect({.sent = absl::StrCat(Hex(bytes), ", byte by byte; the first is byte 0"),
          .expected = expected,
          .section = section,
          .hint = hint},
         [&] { return Checked(bytes); });
}

constexpr char kUtf8[] = "RFC 3629, sections 3 and 4, for RFC 6455, section 8.1";

TEST(Text, CharactersOfAllSizes) {
  ExpectChecked("", "valid", kUtf8, "A message may be empty.");
  ExpectChecked("Hello", "valid", kUtf8, "Bytes below 0x80 are ASCII, a character each.");
  ExpectChecked("\xC3\xA4", "valid", kUtf8, "ä: c3 begins a character of two bytes.");
  ExpectChecked("\xE2\x9C\x93", "valid", kUtf8, "✓: e2 begins a character of three bytes.");
  ExpectChecked("\xF0\x9F\x98\x80", "valid", kUtf8, "😀: f0 begins a character of four bytes.");
  ExpectChecked("a\xC3\xA4\xE2\x9C\x93z", "valid", kUtf8,
                "After a whole character the next one begins.");
}

TEST(Text, BytesThatBeginNothing) {
  ExpectChecked("\x80", "wrong at byte 0", kUtf8, "80 to bf occur inside of a character only.");
  ExpectChecked("\xC3\xA4\xBF", "wrong at byte 2", kUtf8, "The character before was complete.");
  ExpectChecked("\xF5", "wrong at byte 0", kUtf8, "f5 to ff do not occur in UTF-8.");
  ExpectChecked("Hi\xFF", "wrong at byte 2", kUtf8, "f5 to ff do not occur in UTF-8.");
}

TEST(Text, ACharacterThatDoesNotContinue) {
  const std::string hint = "After the first byte come bytes of 80 to bf, as many as it says.";
  ExpectChecked("\xC3(", "wrong at byte 1", kUtf8, hint);
  ExpectChecked("\xE2\x9C(", "wrong at byte 2", kUtf8, hint);
  ExpectChecked("\xF0\x9F\x98\xC3", "wrong at byte 3", kUtf8, hint);
}

TEST(Text, OverlongForms) {
  const std::string hint =
      "The same character has a shorter form, and only the shortest is allowed. Filters that look "
      "for \"/\" (2f) would not see c0 af.";
  ExpectChecked("\xC0\xAF", "wrong at byte 0", "RFC 3629, section 10", hint);
  ExpectChecked("\xC1\xBF", "wrong at byte 0", "RFC 3629, section 10", hint);
  ExpectChecked("\xE0\x9F\xBF", "wrong at byte 1", kUtf8, "After e0 comes a0 to bf.");
  ExpectChecked("\xE0\xA0\x80", "valid", kUtf8, "After e0 comes a0 to bf.");
  ExpectChecked("\xF0\x8F\xBF\xBF", "wrong at byte 1", kUtf8, "After f0 comes 90 to bf.");
  ExpectChecked("\xF0\x90\x80\x80", "valid", kUtf8, "After f0 comes 90 to bf.");
}

TEST(Text, Surrogates) {
  const std::string hint = "U+D800 to U+DFFF are for UTF-16 only: after ed comes 80 to 9f.";
  ExpectChecked("\xED\xA0\x80", "wrong at byte 1", "RFC 3629, section 3", hint);
  ExpectChecked("\xED\xBF\xBF", "wrong at byte 1", "RFC 3629, section 3", hint);
  ExpectChecked("\xED\x9F\xBF", "valid", "RFC 3629, section 3", hint);
  ExpectChecked("\xEE\x80\x80", "valid", "RFC 3629, section 3", "U+E000 is not a surrogate.");
}

TEST(Text, TheEndOfUnicode) {
  ExpectChecked("\xF4\x8F\xBF\xBF", "valid", "RFC 3629, section 3",
                "U+10FFFF is the last character.");
  ExpectChecked("\xF4\x90\x80\x80", "wrong at byte 1", "RFC 3629, section 3",
                "After f4 comes 80 to 8f.");
}

TEST(Text, ATextThatEndsInsideACharacter) {
  const std::string hint = "No byte is wrong, but the character is not complete: AtEnd() is false.";
  ExpectChecked("\xC3", "ends inside a character", "RFC 6455, section 8.1", hint);
  ExpectChecked("a\xE2\x9C", "ends inside a character", "RFC 6455, section 8.1", hint);
  ExpectChecked("\xF0\x9F\x98", "ends inside a character", "RFC 6455, section 8.1", hint);
}

TEST(Text, PiecesMayEndAnywhere) {
  const std::string text = "Hi \xC3\xA4 \xE2\x9C\x93 \xF0\x9F\x98\x80!";
  for (size_t cut = 0; cut <= text.size(); ++cut) {
    Expect(
        {.sent = absl::StrCat(Hex(text), ", the first ", cut, " bytes in one piece"),
         .expected = "valid",
         .section = "RFC 6455, section 5.6: a fragment need not be valid UTF-8, the message must",
         .hint = "What a piece leaves unfinished is in missing_, low_ and high_ for the next."},
        [&] {
          Utf8Checker checker;
          const absl::string_view view = text;
          if (!checker.Append(view.substr(0, cut))) return "wrong in the first piece";
          if (!checker.Append(view.substr(cut))) return "wrong in the second piece";
          return checker.AtEnd() ? "valid" : "ends inside a character";
        });
  }
}

// The character of a code point, as RFC 3629, section 3 computes it.
std::string Encoded(uint32_t code) {
  const auto byte = [](uint32_t value) { return static_cast<char>(value); };
  const auto tail = [&](int shift) { return byte(0x80 | ((code >> shift) & 0x3F)); };
  if (code < 0x80) return {byte(code)};
  if (code < 0x800) return {byte(0xC0 | code >> 6), tail(0)};
  if (code < 0x10000) return {byte(0xE0 | code >> 12), tail(6), tail(0)};
  return {byte(0xF0 | code >> 18), tail(12), tail(6), tail(0)};
}

TEST(Text, EachCharacterOfUnicode) {
  Expect({.sent = "each code point from U+0000 to U+10FFFF, encoded by the table of RFC 3629",
          .expected = "all valid, but for the surrogates U+D800 to U+DFFF",
          .section = kUtf8,
          .hint = "Compare the first byte with the tables of the README: which row has it?"},
         [] {
           for (uint32_t code = 0; code <= 0x10FFFF; ++code) {
             const std::string bytes = Encoded(code);
             const bool surrogate = code >= 0xD800 && code <= 0xDFFF;
             Utf8Checker checker;
             const bool valid = checker.Append(bytes) && checker.AtEnd();
             if (valid == surrogate) {
               return absl::StrCat("U+", absl::Hex(code, absl::kZeroPad4), ", ", Hex(bytes),
                                   valid ? ": valid" : ": not valid");
             }
           }
           return std::string("all valid, but for the surrogates U+D800 to U+DFFF");
         });
}

// ---- Mistakes of real libraries: the README has the threads ----

// The answers of Append to pieces, and AtEnd.
std::string AnswersTo(const std::vector<std::string>& pieces) {
  Utf8Checker checker;
  std::string seen;
  for (const std::string& piece : pieces) {
    if (!checker.Append(piece)) return seen + "wrong";
    seen += "ok, ";
  }
  return seen + (checker.AtEnd() ? "at the end" : "inside a character");
}

void ExpectAnswers(const std::string& sent, const std::vector<std::string>& pieces,
                   const std::string& expected, const std::string& section,
                   const std::string& hint) {
  Expect({.sent = sent, .expected = expected, .section = section, .hint = hint},
         [&] { return AnswersTo(pieces); });
}

TEST(Mistakes, ABufferCutsACharacter) {
  ExpectAnswers("12345 f4 8f bf bf 12345, in pieces of 7 bytes",
                {"12345\xF4\x8F",
                 "\xBF\xBF"
                 "12345"},
                "ok, ok, at the end", "RFC 6455, section 5.6",
                "The text of the thread, which is valid.");
}

TEST(Mistakes, EachFragmentIsATextOfItsOwn) {
  ExpectAnswers(
      "ce ba e1 bd b9, a fragment for each byte", {"\xCE", "\xBA", "\xE1", "\xBD", "\xB9"},
      "ok, ok, ok, ok, ok, at the end", "RFC 6455, section 5.6",
      "A fragment may end anywhere. Only the message must end at the end of a character.");
}

TEST(Mistakes, AWrongByteIsNoticedLate) {
  ExpectAnswers("a valid text, then f4 90, and more later",
                {"\xCE\xBA\xE1\xBD\xB9", "\xF4\x90", "a"}, "ok, wrong", "RFC 6455, section 8.1",
                "After f4 comes 80 to 8f: f4 90 is wrong, whatever follows.");
}

}  // namespace
}  // namespace course
