#include "weft/core/http/basic_auth.h"

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace weft {
namespace {

// "user password", or the error's code.
std::string ParsedBasicAuth(absl::string_view value) {
  const absl::StatusOr<BasicCredentials> credentials = ParseBasicAuthorization(value);
  if (!credentials.ok()) return absl::StatusCodeToString(credentials.status().code());
  return absl::StrCat(credentials->user, " ", credentials->password);
}

std::string Basic(absl::string_view text) {
  return absl::StrCat("Basic ", absl::Base64Escape(text));
}

TEST(BasicAuthTest, Section_2_Example) {
  EXPECT_EQ(BasicAuthorization({"Aladdin", "open sesame"}).value(),
            "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
  EXPECT_EQ(ParsedBasicAuth("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="), "Aladdin open sesame");
}

TEST(BasicAuthTest, Section_2_1_Example) {
  EXPECT_EQ(BasicAuthorization({"test", "123\xC2\xA3"}).value(), "Basic dGVzdDoxMjPCow==");
  EXPECT_EQ(ParsedBasicAuth("Basic dGVzdDoxMjPCow=="), "test 123\xC2\xA3");
}

TEST(BasicAuthTest, TheFirstColonEndsTheUser) {
  EXPECT_EQ(ParsedBasicAuth(Basic("a:b:c")), "a b:c");
  EXPECT_EQ(ParsedBasicAuth(Basic(":")), " ");
  EXPECT_EQ(BasicAuthorization({"a", ":"}).value(), Basic("a::"));
  const absl::Status status = BasicAuthorization({"a:b", "secret"}).status();
  EXPECT_TRUE(absl::IsInvalidArgument(status)) << status;
  EXPECT_FALSE(absl::StrContains(status.message(), "secret")) << status;
}

TEST(BasicAuthTest, ControlsAreRefused) {
  EXPECT_TRUE(absl::IsInvalidArgument(BasicAuthorization({"a\n", "b"}).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(BasicAuthorization({"a", "b\x7F"}).status()));
  EXPECT_EQ(ParsedBasicAuth(Basic("a:b\r\n")), "UNAUTHENTICATED");
}

TEST(BasicAuthTest, TheSchemeIsInAnyCase) { EXPECT_EQ(ParsedBasicAuth("bASIC YTpi"), "a b"); }

TEST(BasicAuthTest, EverythingElseIsUnauthenticatedAndNotShown) {
  for (const char* value : {"", "Basic", "Basic ", "Basic !secret!", "Bearer secret", "YTpi",
                            "Basic YWI=", "Basic YTpi secret", "Basi cYTpi"}) {
    const absl::Status status = ParseBasicAuthorization(value).status();
    EXPECT_TRUE(absl::IsUnauthenticated(status)) << value << status;
    EXPECT_FALSE(absl::StrContains(status.message(), "secret")) << status;
  }
}

}  // namespace
}  // namespace weft
