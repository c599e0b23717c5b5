#include "examples/chat/text.h"

#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace weft::chat {
namespace {

std::string Name(absl::string_view name) {
  const auto clean = CleanName(name);
  return clean.ok() ? *clean : absl::StrCat("Error: ", clean.status().message());
}

std::string Text(absl::string_view text) {
  const auto clean = CleanText(text);
  return clean.ok() ? *clean : absl::StrCat("Error: ", clean.status().message());
}

TEST(NameTest, AnyScriptIsAName) {
  for (const char* name :
       {"Ann", "Zoë", "Ænne Müller-Lüdenscheidt", "李雷", "مريم", "🧵", "<b>"}) {
    EXPECT_EQ(Name(name), name);
  }
}

TEST(NameTest, SpacesAreSingleAndInside) {
  EXPECT_EQ(Name("  Ann \t\n of\u00A0 \u3000Weft\u2028"), "Ann of Weft");
}

TEST(NameTest, WhatCannotBeSeenIsRemoved) {
  EXPECT_EQ(Name("A\u200Bn\u2060n\uFEFF"), "Ann");
  EXPECT_EQ(Name("A\u00ADn\u034Fn\U000E0041\uFE0F"), "Ann");
  EXPECT_EQ(Name("Z\u0300\u0301\u0302a"), "Za");  // marks stacked over a letter
  EXPECT_EQ(Name(absl::string_view("A\0n\x1B[2Jn\x7F\xC2\x9B", 11)), "An[2Jn");
}

TEST(NameTest, DirectionIsNotTurned) {
  EXPECT_EQ(Name("\u202EnnA\u202C\u2067\u2069\u200F"), "nnA");
}

TEST(NameTest, SomethingIsLeft) {
  for (const char* name : {"", "  ", "\u200B\u202E", "\u3164"}) {
    EXPECT_EQ(Name(name), "Error: a name needs something that can be seen");
  }
}

TEST(NameTest, LengthIsCountedInCodePoints) {
  std::string name;
  for (size_t i = 0; i < kMaxNameLength; ++i) name += "織";
  EXPECT_EQ(Name(absl::StrCat(" ", name, " ")), name);
  EXPECT_EQ(Name(name + "x"), "Error: a name has at most 32 characters, and this has 33");
}

TEST(TextTest, StaysAsItIs) {
  for (const char* text : {"Schuß, 織物 🧵", "two  spaces", "<b>bold</b> & \"quotes\" \\",
                           "\u200Fשלום", "👩\u200D🔬"}) {
    EXPECT_EQ(Text(text), text);
  }
}

TEST(TextTest, IsOneLineWithoutControls) {
  EXPECT_EQ(Text(" one\r\ntwo\u2029three\n"), "one  two three");
  EXPECT_EQ(Text("\x1B]0;title\x07red\xC2\x9B"), "]0;titlered");
  EXPECT_EQ(Text("\u202Eevil\u202C \u2066x\u2069"), "evil x");
}

std::string Paragraphs(absl::string_view text) {
  const auto clean = CleanParagraphs(text);
  return clean.ok() ? *clean : absl::StrCat("Error: ", clean.status().message());
}

TEST(ParagraphsTest, LineBreaksAndIndentationStay) {
  const char json[] = "{\n\t\"a\": [\n\t\t1,\n    2\n\t]\n}";
  EXPECT_EQ(Paragraphs(json), json);
  EXPECT_EQ(Paragraphs("a\r\nb\rc\vd\fe\u0085f\u2028g\u2029h"), "a\nb\nc\nd\ne\nf\ng\nh");
}

TEST(ParagraphsTest, AtMostOneEmptyLineInARow) {
  EXPECT_EQ(Paragraphs("\n\n one \t\n\n \n\t\r\n\r\n\ntwo\n"), "one\n\ntwo");
}

TEST(ParagraphsTest, OtherwiseAsALine) {
  EXPECT_EQ(Paragraphs("\x1B]0;title\x07red\xC2\x9B\n\u202Eevil\u202C \u2066x\u2069"),
            "]0;titlered\nevil x");
  EXPECT_EQ(Paragraphs(" \n\t\u202E\n"), "Error: a message needs some text");
  EXPECT_EQ(Paragraphs(std::string(kMaxTextBytes + 1, 'x')),
            "Error: a message has at most 16384 bytes, and this one has 16385");
}

TEST(ParagraphsTest, OnOneLine) { EXPECT_EQ(OneLine("one\n\n\ttwo"), "one   two"); }

TEST(TextTest, HasLimits) {
  EXPECT_EQ(Text(" \n\u202E"), "Error: a message needs some text");
  const std::string longest(kMaxTextBytes, 'x');
  EXPECT_EQ(Text(longest), longest);
  EXPECT_EQ(Text(longest + "x"),
            "Error: a message has at most 16384 bytes, and this one has 16385");
}

}  // namespace
}  // namespace weft::chat
