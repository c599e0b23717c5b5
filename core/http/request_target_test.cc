#include "weft/core/http/request_target.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "weft/core/http/http_status.h"

namespace weft {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

// "path host", or the error.
std::string Parsed(absl::string_view line, absl::string_view headers = "Host: here\r\n") {
  const std::string head = absl::StrCat(line, "\r\n", headers, "\r\n");
  const absl::StatusOr<HttpRequest> request = ParseHttpRequest(head);
  EXPECT_TRUE(request.ok()) << request.status();
  const absl::StatusOr<RequestTarget> target = ParseRequestTarget(*request);
  if (target.ok()) return absl::StrCat(target->path, " ", target->host);
  return absl::StrCat(HttpStatusOf(target.status()), " ", target.status().message());
}

std::string Got(absl::string_view target, absl::string_view headers = "Host: here\r\n") {
  return Parsed(absl::StrCat("GET ", target, " HTTP/1.1"), headers);
}

TEST(RequestTargetTest, Section_3_2_1_APathIsOfTheHostInTheHeader) {
  EXPECT_EQ(Got("/"), "/ here");
  EXPECT_EQ(Got("/a?b=http://c"), "/a?b=http://c here");
  EXPECT_EQ(Got("//there/a"), "//there/a here");
  EXPECT_EQ(Got("/", "Host: Here.example:8080\r\n"), "/ Here.example:8080");
  EXPECT_EQ(Got("/", "host: [::1]:80\r\n"), "/ [::1]:80");
}

TEST(RequestTargetTest, Section_3_2_2_AUrlReplacesTheHost) {
  EXPECT_EQ(Got("http://there/a?b"), "/a?b there");
  EXPECT_EQ(Got("https://there:8443/"), "/ there:8443");
  EXPECT_EQ(Got("WS://[::1]:8080/a"), "/a [::1]:8080");
  EXPECT_EQ(Got("http://here:80/", "Host: here\r\n"), "/ here:80");
  EXPECT_EQ(Got("http://here/", "Host: here:80\r\n"), "/ here");
}

// RFC 9110, section 4.2.3.
TEST(RequestTargetTest, AUrlWithoutAPathAsksForTheRoot) {
  EXPECT_EQ(Got("ws://127.0.0.1:8080"), "/ 127.0.0.1:8080");
  EXPECT_EQ(Got("http://there?q=1"), "/?q=1 there");
  EXPECT_EQ(Got("http://there?"), "/? there");
  EXPECT_EQ(Got("http://there?q=/a"), "/?q=/a there");
}

TEST(RequestTargetTest, Section_3_2_4_AnAsteriskIsForOptions) {
  EXPECT_EQ(Parsed("OPTIONS * HTTP/1.1"), "* here");
  EXPECT_THAT(Got("*"), StartsWith("400 the target \"*\" is neither a path "));
}

TEST(RequestTargetTest, OtherFormsAreRefused) {
  for (const absl::string_view target :
       {"a", "there:80", "ftp://there/", "http:/there/", "http:", "file:///a", "ws:there"}) {
    EXPECT_THAT(Got(target), StartsWith(absl::StrCat("400 the target \"", target,
                                                     "\" is neither a path that begins with '/'")))
        << target;
  }
}

TEST(RequestTargetTest, TheHostOfAUrlIsAHost) {
  EXPECT_EQ(Got("http:///a"), "400 the target \"http:///a\" has a bad host: the host is missing");
  for (const absl::string_view target :
       {"http://", "http://?a", "http://user@there/", "http://a:99999/", "http://[12345]/",
        "http://a,b/", "http://there\\@here/"}) {
    EXPECT_THAT(Got(target), StartsWith("400 the target ")) << target;
  }
}

TEST(RequestTargetTest, Section_3_2_OneHostInHttp11) {
  EXPECT_EQ(Got("/", ""), "400 the header Host is missing");
  EXPECT_EQ(Got("http://there/", ""), "400 the header Host is missing");
  const std::string twice = "400 the header Host (\"a\", \"b\") appears more than once";
  EXPECT_EQ(Got("/", "Host: a\r\nhost: b\r\n"), twice);
  EXPECT_EQ(Got("/", "Host: a\r\nHost: b\r\nHost: c\r\n"), twice);
  EXPECT_EQ(Got("http://there/", "Host: a\r\nHost: b\r\n"), twice);
  EXPECT_EQ(Parsed("GET / HTTP/1.0", "Host: a\r\nHost: b\r\n"), twice);
}

TEST(RequestTargetTest, Http10NeedsNoHost) {
  EXPECT_EQ(Parsed("GET /healthz HTTP/1.0", ""), "/healthz ");
  EXPECT_EQ(Parsed("GET http://there/ HTTP/1.0", ""), "/ there");
}

// Section 3.2: even if the target replaces it.
TEST(RequestTargetTest, AHostThatIsNoHostIs400) {
  for (const absl::string_view host :
       {"<script>", "a, b", "x@y", "a:99999", "a:0", "[12345]", "::1", "a/b", "127.1"}) {
    const std::string header = absl::StrCat("Host: ", host, "\r\n");
    for (const absl::string_view target : {"/", "http://there/"}) {
      EXPECT_THAT(Got(target, header), StartsWith("400 in the header Host ")) << host;
    }
    EXPECT_THAT(Parsed("GET / HTTP/1.0", header), StartsWith("400 in the header Host ")) << host;
  }
  EXPECT_THAT(Got("/", "Host: x@y\r\n"), HasSubstr("\"x@y\""));
  EXPECT_EQ(Got("/", "Host:\r\n"), "400 in the header Host the host is missing");
  EXPECT_EQ(Got("http://there/", "Host:\r\n"), "/ there");
}

}  // namespace
}  // namespace weft
