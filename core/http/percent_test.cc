#include "weft/core/http/percent.h"

#include <string>

#include "absl/status/status.h"
#include "gtest/gtest.h"

namespace weft {
namespace {

TEST(PercentTest, Decodes) {
  EXPECT_EQ(PercentDecode("").value(), "");
  EXPECT_EQ(PercentDecode("plain+text").value(), "plain+text");
  EXPECT_EQ(PercentDecode("%41%2f%2F%00%25").value(), std::string("A//\0%", 5));
  EXPECT_EQ(PercentDecode("%2525").value(), "%25");
}

TEST(PercentTest, WhatIsNoEncodingIsRefusedAndNotShown) {
  for (const char* text : {"%", "secret%", "secret%2", "%zz", "%2z", "% 2", "%%41"}) {
    const absl::Status status = PercentDecode(text).status();
    EXPECT_TRUE(absl::IsInvalidArgument(status)) << text;
    EXPECT_EQ(status.message().find("secret"), absl::string_view::npos);
  }
}

TEST(PercentTest, EncodesAllThatAPathMayNotHold) {
  EXPECT_EQ(PercentEncodePath("/run/a-b._~9"), "/run/a-b._~9");
  EXPECT_EQ(PercentEncodePath("a:b c?#%"), "a%3ab%20c%3f%23%25");
  std::string all;
  for (int c = 0; c < 256; ++c) all.push_back(static_cast<char>(c));
  EXPECT_EQ(PercentDecode(PercentEncodePath(all)).value(), all);
}

}  // namespace
}  // namespace weft
