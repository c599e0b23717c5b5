#include "weft/core/http/cookie.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "gtest/gtest.h"

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

}  // namespace
}  // namespace weft
