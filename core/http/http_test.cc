#include "weft/core/http/http.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "weft/core/http/http_status.h"

namespace weft {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

// "name=value" of each header.
std::string Describe(const HttpHeaders& headers) {
  return absl::StrJoin(headers, " ", [](std::string* out, const HttpHeader& header) {
    absl::StrAppend(out, header.name, "=", header.value);
  });
}

// The content of the request, or the HTTP status and message of the error.
std::string ParsedHead(absl::string_view head, const HttpLimits& limits = {}) {
  const absl::StatusOr<HttpRequest> request = ParseHttpRequest(head, limits);
  if (!request.ok()) {
    return absl::StrCat(HttpStatusOf(request.status()), " ", request.status().message());
  }
  return absl::StrCat(request->method, " ", request->target, " ", request->version, " ",
                      Describe(request->headers));
}

std::string ParseResponse(absl::string_view head) {
  const absl::StatusOr<HttpResponse> response = ParseHttpResponse(head);
  if (!response.ok()) {
    return absl::StrCat(HttpStatusOf(response.status()), " ", response.status().message());
  }
  return absl::StrCat(response->version, " ", response->status, " [", response->reason, "] ",
                      Describe(response->headers));
}

// A request with this header line, which may contain anything.
std::string WithLine(absl::string_view line) {
  return absl::StrCat("GET / HTTP/1.1\r\nHost: h\r\n", line, "\r\n\r\n");
}

TEST(HttpTest, Request) {
  EXPECT_EQ(ParsedHead("GET /chat?a=b HTTP/1.1\r\nHost: example.com\r\nX-Empty:\r\n\r\n"),
            "GET /chat?a=b 11 Host=example.com X-Empty=");
  EXPECT_EQ(ParsedHead("OPTIONS * HTTP/1.0\r\n\r\n"), "OPTIONS * 10 ");
}

TEST(HttpTest, OneEmptyLineInFrontOfARequestIsIgnored) {
  EXPECT_EQ(ParsedHead("\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n"), "GET / 11 Host=h");
  EXPECT_THAT(ParsedHead("\r\n\r\nGET / HTTP/1.1\r\n\r\n"), StartsWith("400 "));
  EXPECT_THAT(ParseResponse("\r\nHTTP/1.1 101 x\r\n\r\n"), StartsWith("400 "));
}

TEST(HttpTest, Response) {
  EXPECT_EQ(ParseResponse("HTTP/1.1 101 Switching Protocols\r\nA: b\r\n\r\n"),
            "11 101 [Switching Protocols] A=b");
  EXPECT_EQ(ParseResponse("HTTP/1.0 200 \r\n\r\n"), "10 200 [] ");
  EXPECT_EQ(ParseResponse("HTTP/1.1 200\r\n\r\n"), "11 200 [] ");
}

TEST(HttpTest, SpacesAndTabsAroundAValueAreNoPartOfIt) {
  EXPECT_EQ(ParsedHead(WithLine("A: \t b c\td \t")), "GET / 11 Host=h A=b c\td");
  EXPECT_EQ(ParsedHead(WithLine("A:b:c")), "GET / 11 Host=h A=b:c");
}

TEST(HttpTest, ValueMayHoldBytesThatAreNotAscii) {
  EXPECT_EQ(ParsedHead(WithLine("A: \xC3\xBC\xFF")), "GET / 11 Host=h A=\xC3\xBC\xFF");
}

TEST(HttpTest, RequestLineIsThreeWordsWithOneSpaceBetween) {
  for (const char* line :
       {"", "GET", "GET ", "GET /", "GET  / HTTP/1.1", "GET / HTTP/1.1 ", "GET / / HTTP/1.1",
        " GET / HTTP/1.1", "GET\t/ HTTP/1.1", "GET / http/1.1", "GET / HTTP/1.1x", "GET / HTTP/11",
        "GET / HTTP/1.", "GET / HTTP/x.1", "G(T / HTTP/1.1", "GET /\x7F HTTP/1.1",
        "GET /\xC3\xBC HTTP/1.1", "GET /\rx HTTP/1.1", "GET /a#b HTTP/1.1"}) {
    EXPECT_THAT(ParsedHead(absl::StrCat(line, "\r\nHost: h\r\n\r\n")), HasSubstr("400 ")) << line;
  }
}

TEST(HttpTest, OtherVersionsThanHttp1Are505) {
  for (const char* version : {"HTTP/0.9", "HTTP/2.0", "HTTP/3.0"}) {
    EXPECT_EQ(ParsedHead(absl::StrCat("GET / ", version, "\r\n\r\n")),
              absl::StrCat("505 unsupported version ", version, ": expected HTTP/1.1"));
  }
}

TEST(HttpTest, ResponseLineHasAVersionAndThreeDigits) {
  for (const char* line :
       {"", "HTTP/1.1", "HTTP/1.1 ", "HTTP/1.1 20", "HTTP/1.1 2000", "HTTP/1.1 099", "HTTP/1.1 20x",
        "HTTP/1.1  200", "ICY 200 OK", "HTTP/1.1 200 O\x01K", "HTTP/1.1 -20"}) {
    EXPECT_THAT(ParseResponse(absl::StrCat(line, "\r\n\r\n")), HasSubstr("400 ")) << line;
  }
}

TEST(HttpTest, LfWithoutCrIsRefused) {
  for (const char* head : {"GET / HTTP/1.1\n\n", "GET / HTTP/1.1\r\nA: b\nC: d\r\n\r\n",
                           "GET / HTTP/1.1\r\nA: b\r\n\n", "\n"}) {
    EXPECT_THAT(ParsedHead(head), HasSubstr("400 a line of the HTTP head ends in LF")) << head;
    const absl::StatusOr<size_t> size = HttpHeadScanner({}).Scan(head);
    EXPECT_EQ(HttpStatusOf(size.status()), 400) << head;
  }
}

TEST(HttpTest, FoldedHeaderIsRefused) {
  EXPECT_EQ(ParsedHead(WithLine(" more")), "400 a header is folded over two lines: \" more\"");
  EXPECT_EQ(ParsedHead(WithLine("\tmore: x")),
            "400 a header is folded over two lines: \"\\tmore: x\"");
}

// RFC 9112, section 5.2: a user agent must replace each fold.
TEST(HttpTest, AFoldedHeaderOfAResponseIsOneLine) {
  const auto with = [](absl::string_view lines) {
    return ParseResponse(absl::StrCat("HTTP/1.1 101 x\r\n", lines, "\r\n"));
  };
  EXPECT_EQ(with("Set-Cookie: a=b;\r\n Path=/\r\nB: c\r\n"),
            "11 101 [x] Set-Cookie=a=b; Path=/ B=c");
  EXPECT_EQ(with("A: b \t\r\n\t c\r\n\td\r\n"), "11 101 [x] A=b c d");
  EXPECT_EQ(with("A:\r\n b\r\n"), "11 101 [x] A=b");
  EXPECT_EQ(with("A: b\r\n \r\n"), "11 101 [x] A=b");
  // Not if there is nothing to fold (section 2.2), and not to hide input that is refused elsewhere.
  EXPECT_EQ(with(" A: b\r\n"), "400 a header is folded over two lines: \" A: b\"");
  EXPECT_THAT(with("A: b\n c\r\n"), StartsWith("400 a line of the HTTP head ends in LF"));
  EXPECT_THAT(with("A: b\r\n\x01\r\n"), StartsWith("400 "));
  EXPECT_THAT(with("A: b\r\n c\x01\r\n"), StartsWith("400 the header \"A\" holds a control"));
  EXPECT_THAT(with("\r\n A: b\r\n"), StartsWith("400 "));
  EXPECT_THAT(with("A: b\r\n\r\n c\r\n"), StartsWith("400 "));
}

TEST(HttpTest, AFoldedHeaderCountsAsOne) {
  const absl::string_view head = "HTTP/1.1 200 x\r\nA: b\r\n c\r\nD:\r\n e\r\n\r\n";
  EXPECT_TRUE(ParseHttpResponse(head, {.max_headers = 2}).ok());
  EXPECT_EQ(HttpStatusOf(ParseHttpResponse(head, {.max_headers = 1}).status()), 431);
}

// The views are still valid after a move.
TEST(HttpTest, AResponseWithAFoldOwnsItsText) {
  absl::StatusOr<HttpResponse> parsed = ParseHttpResponse("HTTP/1.1 200 x\r\nA: b\r\n c\r\n\r\n");
  const HttpResponse moved = *std::move(parsed);
  const HttpResponse copied = moved;
  EXPECT_EQ(copied.headers.Find("a"), "b c");
}

TEST(HttpTest, SpaceBeforeTheColonIsRefused) {
  EXPECT_EQ(ParsedHead(WithLine("A : b")), "400 \"A \" is not a header name");
  EXPECT_EQ(ParsedHead(WithLine("A\t: b")), "400 \"A\\t\" is not a header name");
}

TEST(HttpTest, HeaderNeedsAColonAndAName) {
  EXPECT_EQ(ParsedHead(WithLine("nonsense")), "400 a header has no colon: \"nonsense\"");
  EXPECT_EQ(ParsedHead(WithLine(": b")), "400 \"\" is not a header name");
  EXPECT_EQ(ParsedHead(WithLine("A(B): b")), "400 \"A(B)\" is not a header name");
}

TEST(HttpTest, ControlCharactersAreRefusedInValues) {
  for (int c = 0; c < 256; ++c) {
    if (c == '\n') continue;
    const char character = static_cast<char>(c);
    const std::string line = absl::StrCat("A: x", absl::string_view(&character, 1), "y");
    const bool allowed = c == '\t' || (c >= ' ' && c != 0x7F);
    EXPECT_EQ(ParseHttpRequest(WithLine(line)).ok(), allowed) << c;
  }
}

TEST(HttpTest, HeadMustBeWholeAndNoMore) {
  const std::string head = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
  for (size_t size = 0; size < head.size(); ++size) {
    EXPECT_THAT(ParsedHead(head.substr(0, size)),
                HasSubstr("400 the HTTP head ends within a line"));
  }
  EXPECT_EQ(ParsedHead(head + "x"), "400 the HTTP head continues after its empty line");
  EXPECT_EQ(ParsedHead("\r\n\r\n"), "400 \"\" is not an HTTP request line");
}

TEST(HttpTest, R9_HeadersOverTheirNumberAre431) {
  std::string head = "GET / HTTP/1.1\r\n";
  for (int i = 0; i < 3; ++i) absl::StrAppend(&head, "H", i, ": v\r\n");
  absl::StrAppend(&head, "\r\n");
  EXPECT_EQ(ParsedHead(head, {.max_headers = 3}), "GET / 11 H0=v H1=v H2=v");
  EXPECT_EQ(ParsedHead(head, {.max_headers = 2}), "431 more than 2 headers");
  EXPECT_EQ(ParsedHead(head, {.max_headers = 0}), "431 more than 0 headers");
}

TEST(HttpHeadersTest, NamesAreFoundInAnyCase) {
  HttpHeaders headers;
  headers.Add({"Host", "a"});
  headers.Add({"HOST", "b"});
  EXPECT_EQ(headers.Find("host"), "a");
  EXPECT_EQ(headers.Count("hOsT"), 2u);
  EXPECT_EQ(headers.Find("hos"), std::nullopt);
  EXPECT_EQ(headers.Count("Origin"), 0u);
}

TEST(HttpHeadersTest, TokensAreFoundInListsAndInRepeatedHeaders) {
  HttpHeaders headers;
  headers.Add({"Connection", "keep-alive, Upgrade"});  // as sent by Firefox
  headers.Add({"Upgrade", "h2c"});
  headers.Add({"connection", ",,foo\t , bar ,"});
  EXPECT_TRUE(headers.HasToken("Connection", "upgrade"));
  EXPECT_TRUE(headers.HasToken("connection", "Keep-Alive"));
  EXPECT_TRUE(headers.HasToken("Connection", "foo"));
  EXPECT_TRUE(headers.HasToken("Connection", "bar"));
  EXPECT_FALSE(headers.HasToken("Connection", "up"));
  EXPECT_FALSE(headers.HasToken("Connection", "h2c"));
  EXPECT_FALSE(headers.HasToken("Upgrade", "websocket"));
}

constexpr absl::string_view kHead = "GET / HTTP/1.1\r\nA: b\r\n\r\n";

TEST(HttpHeadScannerTest, FindsTheEndHoweverTheHeadArrives) {
  const std::string received = absl::StrCat(kHead, "\x81\x05Hello\r\n\r\n");
  EXPECT_EQ(*HttpHeadScanner({}).Scan(received), kHead.size());
  for (size_t cut = 0; cut < kHead.size(); ++cut) {
    HttpHeadScanner scanner({});
    EXPECT_EQ(*scanner.Scan(received.substr(0, cut)), 0u);
    EXPECT_EQ(*scanner.Scan(received), kHead.size()) << cut;
  }
  HttpHeadScanner scanner({});
  for (size_t size = 0; size < kHead.size(); ++size) {
    ASSERT_EQ(*scanner.Scan(received.substr(0, size)), 0u);
  }
  EXPECT_EQ(*scanner.Scan(received), kHead.size());
}

TEST(HttpHeadScannerTest, EmptyLineInFrontEndsNothing) {
  const std::string head = absl::StrCat("\r\n", kHead);
  for (size_t cut = 0; cut < head.size(); ++cut) {
    HttpHeadScanner scanner({});
    EXPECT_EQ(*scanner.Scan(head.substr(0, cut)), 0u) << cut;
    EXPECT_EQ(*scanner.Scan(head), head.size()) << cut;
  }
  EXPECT_EQ(*HttpHeadScanner({}).Scan("\r\n\r\nGET / HTTP/1.1\r\n"), 4u);
}

TEST(HttpHeadScannerTest, R10_NoByteIsLookedAtTwice) {
  // The scanned part is overwritten with the end of a head; a second look at it would find that
  // end.
  std::string received;
  HttpHeadScanner scanner({});
  for (int line = 0; line < 100; ++line) {
    for (const char c : absl::StrCat("Header", line, ": value\r\n")) {
      received += c;
      ASSERT_EQ(*scanner.Scan(received), 0u);
    }
    for (size_t i = 0; i + 2 < received.size(); ++i) received[i] = i % 2 == 0 ? '\r' : '\n';
  }
  received += "\r\n";
  EXPECT_EQ(*scanner.Scan(received), received.size());
}

TEST(HttpHeadScannerTest, R10_EightKibByteByByte) {
  const std::string head =
      absl::StrCat("GET / HTTP/1.1\r\nA: ", std::string(8192, 'x'), "\r\n\r\n");
  HttpHeadScanner scanner({});
  for (size_t size = 0; size < head.size(); ++size) {
    ASSERT_EQ(*scanner.Scan(absl::string_view(head).substr(0, size)), 0u);
  }
  EXPECT_EQ(*scanner.Scan(head), head.size());
}

TEST(HttpHeadScannerTest, HeadOverItsLimitIs431) {
  EXPECT_EQ(*HttpHeadScanner({.max_head_bytes = kHead.size()}).Scan(kHead), kHead.size());
  const HttpLimits less = {.max_head_bytes = kHead.size() - 1};
  EXPECT_EQ(HttpStatusOf(HttpHeadScanner(less).Scan(kHead).status()), 431);

  HttpHeadScanner scanner(less);
  for (size_t size = 0; size < less.max_head_bytes; ++size) {
    ASSERT_EQ(*scanner.Scan(kHead.substr(0, size)), 0u);
  }
  EXPECT_EQ(HttpStatusOf(scanner.Scan(kHead.substr(0, less.max_head_bytes)).status()), 431);
}

TEST(HttpWriteTest, WritesWhatIsReadBack) {
  const std::vector<HttpHeader> headers = {{"Host", "example.com"}, {"X-Empty", ""}};
  const absl::StatusOr<std::string> request = WriteHttpRequest("GET", "/a?b", headers);
  ASSERT_TRUE(request.ok());
  EXPECT_EQ(*request, "GET /a?b HTTP/1.1\r\nHost: example.com\r\nX-Empty: \r\n\r\n");
  EXPECT_EQ(ParsedHead(*request), "GET /a?b 11 Host=example.com X-Empty=");

  EXPECT_EQ(*WriteHttpResponse(404, {}), "HTTP/1.1 404 Not Found\r\n\r\n");
  EXPECT_EQ(ParseResponse(*WriteHttpResponse(299, headers)), "11 299 [] Host=example.com X-Empty=");
}

TEST(HttpWriteTest, R21_LineEndsAndControlsAreRefusedAndNamed) {
  using absl::string_view;
  for (const string_view bad : {string_view("a\r\nEvil: 1"), string_view("a\nb"),
                                string_view("a\rb"), string_view("a\0b", 3), string_view("\x7F")}) {
    const HttpHeader value[] = {{"X-Name", bad}};
    const HttpHeader name[] = {{bad, "value"}};
    for (const absl::StatusOr<std::string>& head :
         {WriteHttpRequest("GET", "/", value), WriteHttpResponse(200, value)}) {
      EXPECT_EQ(head.status().code(), absl::StatusCode::kInvalidArgument);
      EXPECT_THAT(head.status().message(), HasSubstr("header X-Name"));
    }
    for (const absl::StatusOr<std::string>& head :
         {WriteHttpRequest("GET", "/", name), WriteHttpResponse(200, name),
          WriteHttpRequest(bad, "/", {}), WriteHttpRequest("GET", bad, {})}) {
      EXPECT_EQ(head.status().code(), absl::StatusCode::kInvalidArgument);
    }
  }
}

TEST(HttpWriteTest, RefusesWhatNoHeadCanHold) {
  const HttpHeader no_name[] = {{"", "value"}};
  EXPECT_FALSE(WriteHttpResponse(200, no_name).ok());
  EXPECT_FALSE(WriteHttpResponse(99, {}).ok());
  EXPECT_FALSE(WriteHttpResponse(1000, {}).ok());
  EXPECT_FALSE(WriteHttpRequest("", "/", {}).ok());
  EXPECT_FALSE(WriteHttpRequest("GET", "", {}).ok());
  EXPECT_FALSE(WriteHttpRequest("GET", "/a b", {}).ok());
  EXPECT_FALSE(WriteHttpRequest("GET", "/#", {}).ok());
}

TEST(HttpTest, Tokens) {
  EXPECT_TRUE(IsHttpToken("permessage-deflate"));
  EXPECT_TRUE(IsHttpToken("!#$%&'*+-.^_`|~09AZaz"));
  EXPECT_FALSE(IsHttpToken(""));
  for (const char c : absl::string_view("\"(),/:;<=>?@[\\]{} \t\0\x7F\x80", 22)) {
    EXPECT_FALSE(IsHttpToken(absl::string_view(&c, 1))) << static_cast<int>(c);
  }
}

}  // namespace
}  // namespace weft
