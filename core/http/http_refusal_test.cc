#include "weft/core/http/http_refusal.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "weft/core/http/http_status.h"

namespace weft {
namespace {

TEST(HttpRefusalTest, AnErrorKeepsTheAnswer) {
  const absl::Status error =
      WithRefusal(HttpError(503, "busy"),
                  "HTTP/1.1 503 Busy\r\nRetry-After: 7\r\nA: 1\r\nA:2 \r\n\r\n", "later\r\n\r\n");
  EXPECT_EQ(error.message(), "busy");
  EXPECT_EQ(HttpStatusOf(error), 503);
  const std::optional<HttpRefusal> refusal = RefusalOf(error);
  ASSERT_TRUE(refusal.has_value());
  EXPECT_EQ(refusal->status, 503);
  const std::vector<std::pair<std::string, std::string>> headers = {
      {"Retry-After", "7"}, {"A", "1"}, {"A", "2"}};
  EXPECT_EQ(refusal->headers, headers);
  EXPECT_EQ(refusal->body, "later\r\n\r\n");
  EXPECT_EQ(refusal->Find("retry-after"), "7");
  EXPECT_EQ(refusal->Find("a"), "1");
  EXPECT_EQ(refusal->Find("b"), std::nullopt);
}

TEST(HttpRefusalTest, TheBodyIsCut) {
  const absl::Status error =
      WithRefusal(absl::UnknownError(""), "HTTP/1.1 500\r\n\r\n", std::string(5000, 'x'));
  EXPECT_EQ(RefusalOf(error)->body, std::string(4096, 'x'));
}

// The client may have allowed larger heads than the default limits.
TEST(HttpRefusalTest, AHeadOfAnySize) {
  std::string head = "HTTP/1.1 500\r\n";
  for (int i = 0; i < 1000; ++i)
    absl::StrAppend(&head, "X", i, ": ", std::string(100, 'x'), "\r\n");
  const absl::Status error = WithRefusal(absl::UnknownError(""), absl::StrCat(head, "\r\n"), "b");
  const std::optional<HttpRefusal> refusal = RefusalOf(error);
  ASSERT_TRUE(refusal.has_value());
  EXPECT_EQ(refusal->headers.size(), 1000u);
  EXPECT_EQ(refusal->body, "b");
}

TEST(HttpRefusalTest, OtherErrorsHaveNone) {
  EXPECT_EQ(RefusalOf(absl::OkStatus()), std::nullopt);
  EXPECT_EQ(RefusalOf(HttpError(403, "no")), std::nullopt);
  for (const char* text : {"", "HTTP/1.1 500\r\n", "HTTP/1.1 500\n\n", "SSH-2.0\r\n\r\n"}) {
    EXPECT_EQ(RefusalOf(WithRefusal(absl::UnknownError(""), text, "")), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace weft
