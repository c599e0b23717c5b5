#include "weft/core/http/http_body.h"

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "weft/core/http/http.h"

namespace weft {
namespace {

constexpr size_t kMax = 20;
constexpr char kChunked[] = "Transfer-Encoding: chunked\r\n";

struct Result {
  std::string text;
  bool done;

  friend bool operator==(const Result&, const Result&) = default;
  friend std::ostream& operator<<(std::ostream& out, const Result& result) {
    return out << '"' << result.text << (result.done ? "\", done" : "\", not done");
  }
};

// The result for a response with these headers, whose body arrives in pieces of `piece` bytes.
Result ReadInPieces(int status, absl::string_view headers, absl::string_view bytes, size_t piece) {
  const std::string head = absl::StrCat("HTTP/1.1 ", status, " x\r\n", headers, "\r\n");
  const absl::StatusOr<HttpResponse> response = ParseHttpResponse(head);
  EXPECT_TRUE(response.ok()) << response.status();
  HttpBody body(*response, kMax);
  for (size_t at = 0; at < bytes.size(); at += piece) body.Append(bytes.substr(at, piece));
  return {body.text(), body.done()};
}

// The same, which must not depend on how the bytes arrive.
Result ReadBody(absl::string_view headers, absl::string_view bytes, int status = 403) {
  const Result whole = ReadInPieces(status, headers, bytes, 1 << 20);
  for (size_t piece = 1; piece <= bytes.size(); ++piece) {
    EXPECT_EQ(ReadInPieces(status, headers, bytes, piece), whole) << "in pieces of " << piece;
  }
  return whole;
}

TEST(HttpBodyTest, OfALengthThatIsTold) {
  EXPECT_EQ(ReadBody("Content-Length: 5\r\n", "Hello, and more"), (Result{"Hello", true}));
  EXPECT_EQ(ReadBody("Content-Length: 5\r\n", "Hell"), (Result{"Hell", false}));
  EXPECT_EQ(ReadBody("Content-Length: 0\r\n", "more"), (Result{"", true}));
}

TEST(HttpBodyTest, UpToTheEndOfTheStream) {
  EXPECT_EQ(ReadBody("", "Hello"), (Result{"Hello", false}));
  EXPECT_EQ(ReadBody("Content-Length: many\r\n", "Hello"), (Result{"Hello", false}));
}

TEST(HttpBodyTest, InChunks) {
  EXPECT_EQ(ReadBody(kChunked, "5\r\nHello\r\n2;x=y\r\n, \r\n0\r\n\r\nmore"),
            (Result{"Hello, ", true}));
  EXPECT_EQ(ReadBody(kChunked, "000A\r\n0123456789\r\n"), (Result{"0123456789", false}));
  EXPECT_EQ(ReadBody(kChunked, "5 \r\nHello\r\n0\r\nTrailer: x\r\n\r\n"), (Result{"Hello", true}));
  EXPECT_EQ(ReadBody(kChunked, "3\r\n\r\n\n\r\n0\r\n"), (Result{"\r\n\n", true}));
  EXPECT_EQ(ReadBody(kChunked, "0\r\n\r\n"), (Result{"", true}));
}

// Section 6.3: chunks take precedence over a length.
TEST(HttpBodyTest, ChunksAndALength) {
  EXPECT_EQ(ReadBody(absl::StrCat("Content-Length: 3\r\n", kChunked), "5\r\nHello\r\n0\r\n"),
            (Result{"Hello", true}));
}

TEST(HttpBodyTest, WhatIsNoChunkEndsIt) {
  EXPECT_EQ(ReadBody(kChunked, "2\r\nab\r\nzzz\r\n"), (Result{"ab", true}));
  EXPECT_EQ(ReadBody(kChunked, "\r\n"), (Result{"", true}));
  EXPECT_EQ(ReadBody(kChunked, "-5\r\nHello"), (Result{"", true}));
  EXPECT_EQ(ReadBody(kChunked, "10000000000000000\r\nHello"), (Result{"", true}));
  EXPECT_EQ(ReadBody(kChunked, std::string(1000, '1')), (Result{"", true}));
}

TEST(HttpBodyTest, NoMoreIsKeptThanIsWanted) {
  const std::string much(1000, 'x');
  const Result cut = {std::string(kMax, 'x'), true};
  EXPECT_EQ(ReadBody("", much), cut);
  EXPECT_EQ(ReadBody("Content-Length: 1000\r\n", much), cut);
  EXPECT_EQ(ReadBody(kChunked, absl::StrCat("FFFFFFFFFFFFFFFF\r\n", much)), cut);
  EXPECT_EQ(ReadBody(kChunked, absl::StrCat("b\r\n01234567890\r\nb\r\n01234567890\r\n0\r\n")),
            (Result{"01234567890012345678", true}));
}

TEST(HttpBodyTest, ResponsesThatHaveNone) {
  for (const int status : {101, 204, 304}) {
    EXPECT_EQ(ReadBody("Content-Length: 5\r\n", "frame", status), (Result{"", true}));
  }
}

}  // namespace
}  // namespace weft
