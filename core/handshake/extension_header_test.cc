#include "weft/core/handshake/extension_header.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace weft {
namespace {

using ::testing::HasSubstr;

// "name; parameter; parameter=[value]" with " | " between, or the error's message.
std::string ParsedOffers(absl::string_view value) {
  ExtensionList extensions;
  if (absl::Status status = ParseExtensions(value, &extensions); !status.ok()) {
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    return std::string(status.message());
  }
  std::string text;
  for (const Extension& extension : extensions) {
    absl::StrAppend(&text, text.empty() ? "" : " | ", extension.name);
    for (const ExtensionParameter& parameter : extension.parameters) {
      absl::StrAppend(&text, "; ", parameter.name);
      if (parameter.value.has_value()) absl::StrAppend(&text, "=[", *parameter.value, "]");
    }
  }
  return text;
}

TEST(ExtensionHeaderTest, RfcExamples) {  // RFC 6455, section 9.1; RFC 7692, section 7.1.3
  EXPECT_EQ(ParsedOffers("foo"), "foo");
  EXPECT_EQ(ParsedOffers("bar; baz=2"), "bar; baz=[2]");
  EXPECT_EQ(ParsedOffers("deflate-stream"), "deflate-stream");
  EXPECT_EQ(ParsedOffers("mux; max-channels=4; flow-control, deflate-stream"),
            "mux; max-channels=[4]; flow-control | deflate-stream");
  EXPECT_EQ(ParsedOffers("private-extension"), "private-extension");
  EXPECT_EQ(ParsedOffers("permessage-deflate; client_max_window_bits; server_max_window_bits=10,"
                         "permessage-deflate; client_max_window_bits"),
            "permessage-deflate; client_max_window_bits; server_max_window_bits=[10] | "
            "permessage-deflate; client_max_window_bits");
}

TEST(ExtensionHeaderTest, QuotedValuesMustBeTokens) {
  EXPECT_EQ(ParsedOffers("a; b=\"10\""), "a; b=[10]");
  EXPECT_EQ(ParsedOffers("a; b=\"1\\0\" ; c"), "a; b=[10]; c");
  EXPECT_EQ(ParsedOffers("a; b=\"x\", d"), "a; b=[x] | d");
  EXPECT_THAT(ParsedOffers("a; b=\"\""), HasSubstr("a value is not a token: \"\""));
  EXPECT_THAT(ParsedOffers("a; b=\"1 0\""), HasSubstr("a value is not a token: \"1 0\""));
  EXPECT_THAT(ParsedOffers("a; b=\"1,0\""), HasSubstr("a value is not a token"));
  EXPECT_THAT(ParsedOffers("a; b=\"\\\"\""), HasSubstr("a value is not a token"));
  for (const char* value : {"a; b=\"", "a; b=\"1", "a; b=\"1\\", "a; b=\"1\\\""}) {
    EXPECT_THAT(ParsedOffers(value), HasSubstr("a quote is not closed")) << value;
  }
}

TEST(ExtensionHeaderTest, SpacesAndTabsAroundSeparators) {
  EXPECT_EQ(ParsedOffers(" a\t; b = 1 ,\tc;d "), "a; b=[1] | c; d");
}

TEST(ExtensionHeaderTest, HeadersOfOneNameAreOneList) {
  ExtensionList extensions;
  EXPECT_TRUE(ParseExtensions("a", &extensions).ok());
  EXPECT_TRUE(ParseExtensions("b; c", &extensions).ok());
  ASSERT_EQ(extensions.size(), 2u);
  EXPECT_EQ(extensions[1].name, "b");
}

TEST(ExtensionHeaderTest, R7_EmptyElementsAreSkippedAndAnEmptyListRefused) {
  EXPECT_EQ(ParsedOffers(",a,, b ,"), "a | b");
  for (const char* value : {"", " ", ",", ", ,\t,"}) {
    EXPECT_EQ(ParsedOffers(value), "Sec-WebSocket-Extensions is empty") << value;
  }
}

TEST(ExtensionHeaderTest, R7_WhatIsNoListIsRefused) {
  for (const char* value :
       {";",     "a;",     "a;;b",     "a; ;",  "=",       "a=1",      "a; =1",
        "a; b=", "a; b=;", "a; b=1=2", "a b",   "a; b c",  "a; b=1 2", "a; b=\"1\"2",
        "\"a\"", "a/b",    "a; b=/",   "a;, b", "a; b=,c", "\xC3\xBC"}) {
    EXPECT_THAT(ParsedOffers(value), HasSubstr("Sec-WebSocket-Extensions")) << value;
  }
}

TEST(ExtensionHeaderTest, R7_NamesThatOtherLanguagesTripOver) {
  EXPECT_EQ(ParsedOffers("constructor; __proto__; toString=1"),
            "constructor; __proto__; toString=[1]");
}

// The size of the largest heads that servers commonly allow, and a size at which a parser that goes
// back would exceed the test's timeout.
TEST(ExtensionHeaderTest, R7_TimeIsLinear) {
  const auto repeat = [](absl::string_view text, size_t size) {
    std::string repeated;
    while (repeated.size() < size) repeated.append(text.data(), text.size());
    return repeated;
  };
  for (const size_t size : {64 << 10, 512 << 10}) {
    for (const absl::string_view text : {"a", "a,", "a;b", "a; b=1,", " ", "\t", ",", ", ", "\\",
                                         "\\\\", "\"", "a; b=\"1\"; ", ";a", "= "}) {
      ParsedOffers(repeat(text, size));
      ParsedOffers(absl::StrCat("a; b=\"", repeat(text, size)));
    }
  }
  EXPECT_THAT(ParsedOffers(absl::StrCat("a; b=\"", repeat("\\\"", 512 << 10))),
              HasSubstr("a quote is not closed"));
}

}  // namespace
}  // namespace weft
