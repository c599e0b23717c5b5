#include "weft/core/http/bearer_auth.h"

#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace weft {
namespace {

std::string TokenOf(const std::vector<absl::string_view>& values) {
  HttpHeaders headers;
  headers.Add({"Host", "here"});
  for (const absl::string_view value : values) headers.Add({"authorization", value});
  return std::string(BearerToken(headers).value_or("none"));
}

TEST(BearerAuthTest, Section_2_1_Example) {
  EXPECT_EQ(TokenOf({"Bearer mF_9.B5f-4.1JqM"}), "mF_9.B5f-4.1JqM");
}

TEST(BearerAuthTest, ATokenIsReturnedAsSent) {
  for (const char* token : {"a", "Az09-._~+/", "YWJj=", "YWJj==", "a.b.c"}) {
    EXPECT_EQ(TokenOf({std::string("Bearer ") + token}), token);
  }
}

TEST(BearerAuthTest, TheSchemeHasNoCaseAndOneSpaceOrMoreAfterIt) {
  EXPECT_EQ(TokenOf({"bearer abc"}), "abc");
  EXPECT_EQ(TokenOf({"BEARER   abc"}), "abc");
}

TEST(BearerAuthTest, OtherValuesAreNoToken) {
  for (const char* value : {"", "Bearer", "Bearer ", "Bearerabc", "Bearer\tabc", "Bearer =",
                            "Bearer a=b", "Bearer a b", "Bearer a, b", "Bearer \"a\"", "Basic YTpi",
                            "Bearer caf\xC3\xA9", "abc", "Bearer a;b", "Bearer a%20"}) {
    EXPECT_EQ(TokenOf({value}), "none") << value;
  }
}

TEST(BearerAuthTest, NoneOrTwoHeadersAreNoToken) {
  EXPECT_EQ(TokenOf({}), "none");
  EXPECT_EQ(TokenOf({"Bearer a", "Bearer a"}), "none");
  EXPECT_EQ(TokenOf({"Bearer a", "Basic YTpi"}), "none");
}

}  // namespace
}  // namespace weft
