#include "weft/core/http/cookie.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "gtest/gtest.h"
#include "weft/core/http/http.h"

namespace weft {
namespace {

using Cookies = std::vector<std::pair<std::string, std::string>>;

TEST(CookieTest, Section_3_1_Example) {
  EXPECT_EQ(CookieHeader(Cookies{{"SID", "31d4d96e407aad42"}, {"lang", "en-US"}}).value(),
            "SID=31d4d96e407aad42; lang=en-US");
}

TEST(CookieTest, NoneIsEmpty) { EXPECT_EQ(CookieHeader({}).value(), ""); }

// Values that servers set and expect back from browsers, whether the grammar allows them or not.
TEST(CookieTest, ValuesAreSentAsTheyAre) {
  for (const char* value : {"", "a=b", "\"quoted\"", "a,b", "a b", "%3B", "caf\xC3\xA9"}) {
    EXPECT_EQ(CookieHeader(Cookies{{"a", value}}).value(), std::string("a=") + value);
  }
}

TEST(CookieTest, R21_WhatWouldBeReadAsSomethingElseIsRefusedAndNotShown) {
  for (const char* value :
       {"secret; admin=1", "secret\r\nX: y", " secret", "secret ", "secret\x7F", "secret\t"}) {
    const absl::Status status = CookieHeader(Cookies{{"SID", value}}).status();
    EXPECT_TRUE(absl::IsInvalidArgument(status)) << value;
    EXPECT_TRUE(absl::StrContains(status.message(), "SID")) << status;
    EXPECT_FALSE(absl::StrContains(status.message(), "secret")) << status;
  }
  for (const char* name : {"", "a=b", "a b", "a;", "a\r\n", "\xC3\xA9"}) {
    EXPECT_TRUE(absl::IsInvalidArgument(CookieHeader(Cookies{{name, "x"}}).status())) << name;
  }
}

// The value of the cookie "a" in these Cookie headers.
std::string CookieOf(const std::vector<absl::string_view>& values, absl::string_view name = "a") {
  HttpHeaders headers;
  headers.Add({"Host", "a=0"});
  for (const absl::string_view value : values) headers.Add({"cookie", value});
  return std::string(CookieValue(headers, name).value_or("none"));
}

TEST(CookieTest, Section_4_2_1_ACookieIsFoundByItsName) {
  EXPECT_EQ(CookieOf({"SID=31d4d96e407aad42; lang=en-US"}, "SID"), "31d4d96e407aad42");
  EXPECT_EQ(CookieOf({"SID=31d4d96e407aad42; lang=en-US"}, "lang"), "en-US");
  EXPECT_EQ(CookieOf({"SID=31d4d96e407aad42; lang=en-US"}, "sid"), "none");
  EXPECT_EQ(CookieOf({"aa=1; b=a; A=2"}), "none");
  EXPECT_EQ(CookieOf({}), "none");
  EXPECT_EQ(CookieOf({""}), "none");
}

TEST(CookieTest, Section_5_4_TheFirstOfSeveralCounts) {
  EXPECT_EQ(CookieOf({"a=longer path; a=shorter"}), "longer path");
  EXPECT_EQ(CookieOf({"b=0", "a=1", "a=2"}), "1");
  EXPECT_EQ(CookieOf({"a=; a=1"}), "");
}

TEST(CookieTest, AValueIsReturnedAsSent) {
  for (const char* value :
       {"", "a=b", "==", "\"quoted\"", "\"", "a,b", "a b", "%3B", "a+b", "caf\xC3\xA9"}) {
    EXPECT_EQ(CookieOf({CookieHeader(Cookies{{"x", "0"}, {"a", value}, {"y", "1"}}).value()}),
              value);
  }
  EXPECT_EQ(CookieOf({"a=\"x; y\""}), "\"x");  // a ';' ends a value, in quotes as well
}

TEST(CookieTest, SpacesAroundAPairAreNoPartOfIt) {
  EXPECT_EQ(CookieOf({"b=0;a=1;c=2"}), "1");
  EXPECT_EQ(CookieOf({"b=0;\t a=1 \t;c=2"}), "1");
  EXPECT_EQ(CookieOf({";; a=1;"}), "1");
}

TEST(CookieTest, APairWithoutANameIsNoCookie) {
  EXPECT_EQ(CookieOf({"a"}), "none");
  EXPECT_EQ(CookieOf({"a; a=1"}), "1");
  EXPECT_EQ(CookieOf({"=a=1"}),
            "none");  // what a cookie without a name could say to look like another
  EXPECT_EQ(CookieOf({"=1"}, ""), "none");
  EXPECT_EQ(CookieOf({"a =1"}), "none");
}

}  // namespace
}  // namespace weft
