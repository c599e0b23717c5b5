#include "weft/client/connecting/redirect.h"

#include <string>

#include "absl/status/status.h"
#include "gtest/gtest.h"
#include "weft/core/http/http_refusal.h"
#include "weft/core/http/url.h"

namespace weft {
namespace {

// With two, a client and a program that inspects its traffic could use different ones.
TEST(RedirectTargetTest, IsOfTheOneHeaderLocation) {
  const Url asked = *ParseUrl("ws://example.com/");
  const HttpRefusal one = {.status = 302, .headers = {{"location", "/a"}}};
  EXPECT_EQ(UrlText(*RedirectTarget(asked, one)), "ws://example.com/a");
  const HttpRefusal two = {.status = 302, .headers = {{"Location", "/a"}, {"location", "/b"}}};
  EXPECT_EQ(RedirectTarget(asked, two).status(),
            absl::InvalidArgumentError("it has more than one header Location"));
  EXPECT_EQ(RedirectTarget(asked, {.status = 302}).status(),
            absl::InvalidArgumentError("it has no header Location"));
}

// R22
TEST(RedirectTargetTest, R22_DoesNotLeadFromTlsToNone) {
  const Url asked = *ParseUrl("wss://example.com/");
  const HttpRefusal redirect = {.status = 302, .headers = {{"Location", "ws://example.com/a"}}};
  EXPECT_EQ(RedirectTarget(asked, redirect).status().code(), absl::StatusCode::kPermissionDenied);
}

}  // namespace
}  // namespace weft
