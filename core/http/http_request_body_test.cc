#include "weft/core/http/http_request_body.h"

#include <algorithm>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "weft/core/http/http.h"
#include "weft/core/http/http_status.h"

namespace weft {
namespace {

using ::testing::HasSubstr;

constexpr size_t kMaxBody = 20;
constexpr absl::string_view kChunkedLine = "Transfer-Encoding: chunked\r\n";

// The result for a request with these headers and the bytes that follow, read in pieces of `piece`
// bytes: "body | the rest", or "body..." if the body is incomplete, or the error.
std::string ReadInPieces(absl::string_view headers, absl::string_view bytes, size_t piece,
                         absl::string_view version) {
  const std::string head = absl::StrCat("POST / HTTP/", version, "\r\n", headers, "\r\n");
  const absl::StatusOr<HttpRequest> request = ParseHttpRequest(head);
  EXPECT_TRUE(request.ok()) << request.status();
  absl::StatusOr<HttpRequestBody> body = HttpRequestBody::Of(*request, kMaxBody);
  if (!body.ok()) {
    return absl::StrCat(HttpStatusOf(body.status()), " ", body.status().message());
  }
  while (!body->done() && !bytes.empty()) {
    const absl::string_view next = bytes.substr(0, piece);
    const absl::StatusOr<size_t> taken = body->Append(next);
    if (!taken.ok())
      return absl::StrCat(HttpStatusOf(taken.status()), " ", taken.status().message());
    EXPECT_TRUE(*taken == next.size() || body->done());
    bytes.remove_prefix(*taken);
  }
  return body->done() ? absl::StrCat(body->text(), " | ", bytes)
                      : absl::StrCat(body->text(), "...");
}

// The same, which must not depend on how the bytes arrive.
std::string ReadRequestBody(absl::string_view headers, absl::string_view bytes,
                            absl::string_view version = "1.1") {
  const std::string whole = ReadInPieces(headers, bytes, 1 << 20, version);
  for (size_t piece = 1; piece <= std::min<size_t>(bytes.size(), 100); ++piece) {
    EXPECT_EQ(ReadInPieces(headers, bytes, piece, version), whole) << "in pieces of " << piece;
  }
  return whole;
}

TEST(HttpRequestBodyTest, OfALengthThatIsTold) {
  EXPECT_EQ(ReadRequestBody("", "GET /"), " | GET /");
  EXPECT_EQ(ReadRequestBody("Content-Length: 5\r\n", "HelloGET /"), "Hello | GET /");
  EXPECT_EQ(ReadRequestBody("Content-Length: 5\r\n", "Hell"), "Hell...");
  EXPECT_EQ(ReadRequestBody("Content-Length: 0\r\n", "GET /"), " | GET /");
  EXPECT_EQ(ReadRequestBody("content-length: 0020\r\n", "01234567890123456789"),
            "01234567890123456789 | ");
  EXPECT_EQ(ReadRequestBody("Content-Length: 2\r\n", "hi", "1.0"), "hi | ");
}

TEST(HttpRequestBodyTest, InChunks) {
  EXPECT_EQ(ReadRequestBody(kChunkedLine, "5\r\nHello\r\n2\r\n, \r\n0\r\n\r\nGET /"),
            "Hello,  | GET /");
  EXPECT_EQ(ReadRequestBody("Transfer-Encoding: Chunked\r\n", "000A\r\n0123456789\r\n0\r\n\r\n"),
            "0123456789 | ");
  EXPECT_EQ(ReadRequestBody(kChunkedLine, "2;x=\"y\"\r\nhi\r\n1 \t;z\r\n!\r\n00\r\n\r\n"),
            "hi! | ");
  EXPECT_EQ(ReadRequestBody(kChunkedLine, "3\r\n\r\n\n\r\n0\r\n\r\n"), "\r\n\n | ");
  EXPECT_EQ(ReadRequestBody(kChunkedLine, "1\r\nx\r\n0\r\nTrailer: y\r\nOther: z\r\n\r\nGET /"),
            "x | GET /");
  EXPECT_EQ(ReadRequestBody(kChunkedLine, "1\r\nx\r\n0\r\nTrailer: y\r\n"), "x...");
  EXPECT_EQ(ReadRequestBody(kChunkedLine, "1\r\nx\r\n0\r\n"), "x...");
}

TEST(HttpRequestBodyTest, OverTheLimit) {
  constexpr absl::string_view kTooLarge = "413 the body is over 20 bytes";
  EXPECT_EQ(ReadRequestBody("Content-Length: 21\r\n", ""), kTooLarge);
  EXPECT_EQ(ReadRequestBody("Content-Length: 18446744073709551615\r\n", ""), kTooLarge);
  EXPECT_EQ(ReadRequestBody("Content-Length: 99999999999999999999999999\r\n", ""), kTooLarge);
  EXPECT_EQ(ReadRequestBody(kChunkedLine, "15\r\n"), kTooLarge);
  EXPECT_EQ(ReadRequestBody(kChunkedLine, "ffffffffffffffff\r\n"), kTooLarge);
  EXPECT_EQ(ReadRequestBody(kChunkedLine, "10000000000000000\r\n"), kTooLarge);
  EXPECT_EQ(ReadRequestBody(kChunkedLine, "14\r\n01234567890123456789\r\n1\r\n"), kTooLarge);
}

// Each of these was once used to smuggle a request past a proxy.
TEST(HttpRequestBodyTest, WhatLeavesTwoReadingsIsRefused) {
  EXPECT_EQ(ReadRequestBody(absl::StrCat("Content-Length: 3\r\n", kChunkedLine), ""),
            "400 both Transfer-Encoding and Content-Length");
  EXPECT_EQ(ReadRequestBody(absl::StrCat(kChunkedLine, "Content-Length: 3\r\n"), ""),
            "400 both Transfer-Encoding and Content-Length");
  EXPECT_EQ(ReadRequestBody("Content-Length: 3\r\nContent-Length: 3\r\n", ""),
            "400 more than one Content-Length");
  EXPECT_EQ(ReadRequestBody(absl::StrCat(kChunkedLine, kChunkedLine), ""),
            "400 more than one Transfer-Encoding");
  EXPECT_EQ(ReadRequestBody(kChunkedLine, "", "1.0"), "400 Transfer-Encoding in HTTP/1.0");
  for (const absl::string_view length : {"+3", "-3", "3, 3", "3 3", "0x3", "3.0", "", "three"}) {
    EXPECT_THAT(ReadRequestBody(absl::StrCat("Content-Length: ", length, "\r\n"), ""),
                HasSubstr("400 the Content-Length"))
        << length;
  }
  for (const absl::string_view coding :
       {"gzip", "chunked, gzip", "chunked;x=y", "identity", "\"chunked\"", ""}) {
    EXPECT_THAT(ReadRequestBody(absl::StrCat("Transfer-Encoding: ", coding, "\r\n"), ""),
                HasSubstr(" does not end in chunked"))
        << coding;
  }
  for (const absl::string_view coding : {"gzip, chunked", "chunked, chunked", "xchunked"}) {
    EXPECT_THAT(ReadRequestBody(absl::StrCat("Transfer-Encoding: ", coding, "\r\n"), ""),
                HasSubstr("501 the transfer coding"))
        << coding;
  }
}

TEST(HttpRequestBodyTest, WhatIsNoChunkIsRefused) {
  for (const absl::string_view size :
       {"", "-1", "+1", "0x1", " 1", "1 ", "g", ";x", "1,1", "1_0", "1\t"}) {
    EXPECT_THAT(ReadRequestBody(kChunkedLine, absl::StrCat(size, "\r\nx\r\n")),
                HasSubstr(" is not a chunk size"))
        << size;
  }
  constexpr absl::string_view kLineEnd = "400 a line of the chunked body does not end in CR LF";
  EXPECT_EQ(ReadRequestBody(kChunkedLine, "1\nx\r\n"), kLineEnd);
  EXPECT_EQ(ReadRequestBody(kChunkedLine, "1\r\r\nx\r\n"), kLineEnd);
  EXPECT_EQ(ReadRequestBody(kChunkedLine, "1;a\rb\r\nx\r\n"), kLineEnd);
  EXPECT_EQ(ReadRequestBody(kChunkedLine, "1\r\nx\n0\r\n\r\n"), kLineEnd);
  EXPECT_EQ(ReadRequestBody(kChunkedLine, "0\r\nA: b\n\r\n"), kLineEnd);
  EXPECT_EQ(ReadRequestBody(kChunkedLine, "0\r\n\n"), kLineEnd);
  EXPECT_EQ(ReadRequestBody(kChunkedLine, "1\r\nxy\r\n"),
            "400 a chunk of the body is longer than its size");
}

TEST(HttpRequestBodyTest, LinesAndTrailersHaveAnEnd) {
  const std::string extension = absl::StrCat("1;", std::string(5000, 'x'));
  EXPECT_EQ(ReadRequestBody(kChunkedLine, extension),
            "400 a line of the chunked body is over 4096 bytes");
  std::string trailers = "0\r\n";
  for (int i = 0; i < 20; ++i) absl::StrAppend(&trailers, "A: ", std::string(1000, 'x'), "\r\n");
  EXPECT_EQ(ReadRequestBody(kChunkedLine, trailers), "431 the trailers are over 16384 bytes");
}

}  // namespace
}  // namespace weft
