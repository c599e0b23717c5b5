#include "weft/server/http/page.h"

#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "weft/core/http/http.h"
#include "weft/core/http/http_status.h"

namespace weft {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

const absl::Time kNow =
    absl::FromCivil(absl::CivilSecond(1994, 11, 6, 8, 49, 37), absl::UTCTimeZone());

HttpRequest Request(int version = 11) {
  HttpRequest request;
  request.method = "GET";
  request.target = "/";
  request.version = version;
  return request;
}

TEST(WritePageHeadTest, SaysLengthAndDate) {
  const PageResponse page = Page("text/plain", "Hello");
  EXPECT_EQ(*WritePageHead(page, Request(), absl::InfiniteDuration(), kNow),
            "HTTP/1.1 200 OK\r\n"
            "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
            "Content-Length: 5\r\n"
            "Content-Type: text/plain\r\n\r\n");
}

TEST(WritePageHeadTest, SaysWhatBecomesOfTheConnection) {
  EXPECT_THAT(*WritePageHead({}, Request(), absl::ZeroDuration(), kNow),
              HasSubstr("\r\nConnection: close\r\n"));
  EXPECT_THAT(*WritePageHead({}, Request(10), absl::InfiniteDuration(), kNow),
              HasSubstr("\r\nConnection: keep-alive\r\n"));
  EXPECT_THAT(*WritePageHead({}, Request(10), absl::ZeroDuration(), kNow),
              HasSubstr("\r\nConnection: close\r\n"));
}

TEST(WritePageHeadTest, SaysHowLongTheConnectionIsKept) {
  for (const int version : {10, 11}) {
    EXPECT_THAT(*WritePageHead({}, Request(version), absl::Milliseconds(75999), kNow),
                HasSubstr("\r\nConnection: keep-alive\r\nKeep-Alive: timeout=75\r\n"));
  }
  for (const absl::Duration keep : {absl::Milliseconds(999), absl::InfiniteDuration()}) {
    EXPECT_THAT(*WritePageHead({}, Request(), keep, kNow), Not(HasSubstr("onnection")));
    EXPECT_THAT(*WritePageHead({}, Request(), keep, kNow), Not(HasSubstr("Keep-Alive")));
  }
}

TEST(WritePageHeadTest, NoLengthWhereThereIsNoBody) {
  for (const int status : {204, 304}) {
    EXPECT_THAT(
        *WritePageHead({.status = status, .body = "x"}, Request(), absl::InfiniteDuration(), kNow),
        Not(HasSubstr("Content-Length")));
  }
}

TEST(WritePageHeadTest, WhatCannotBeSentIsRefused) {
  for (const char* name :
       {"Content-Length", "transfer-encoding", "Connection", "Keep-Alive", "Upgrade", "Date"}) {
    const PageResponse page = {.headers = {{name, "x"}}};
    EXPECT_EQ(WritePageHead(page, Request(), absl::InfiniteDuration(), kNow).status().message(),
              absl::StrCat("the header ", name, " is set by the server"));
  }
  const PageResponse injects = {.headers = {{"X", "a\r\nSet-Cookie: b"}}};
  EXPECT_FALSE(WritePageHead(injects, Request(), absl::InfiniteDuration(), kNow).ok());
  for (const int status : {0, 100, 101, 199, 600, -1}) {
    EXPECT_EQ(WritePageHead({.status = status}, Request(), absl::InfiniteDuration(), kNow)
                  .status()
                  .message(),
              absl::StrCat("a page cannot have the status ", status));
  }
}

TEST(ErrorPageTest, SaysWhy) {
  const PageResponse page = ErrorPage(HttpError(417, "not that"));
  EXPECT_EQ(page.status, 417);
  EXPECT_EQ(page.body, "not that\n");
  EXPECT_EQ(ErrorPage(absl::NotFoundError("no")).status, 404);
  const PageResponse not_allowed = ErrorPage(HttpError(405, "no"));
  EXPECT_EQ(not_allowed.headers.back(),
            (std::pair<std::string, std::string>{"Allow", "GET, HEAD"}));
  for (const int status : {429, 503}) {
    EXPECT_EQ(ErrorPage(HttpError(status, "full")).headers.back(),
              (std::pair<std::string, std::string>{"Retry-After", "5"}));
  }
}

TEST(WantsToStayTest, ByVersionAndHeader) {
  const auto wants = [](absl::string_view version, absl::string_view headers) {
    const std::string head = absl::StrCat("GET / HTTP/", version, "\r\n", headers, "\r\n");
    return WantsToStay(*ParseHttpRequest(head));
  };
  EXPECT_TRUE(wants("1.1", ""));
  EXPECT_FALSE(wants("1.1", "Connection: foo, Close\r\n"));
  EXPECT_FALSE(wants("1.0", ""));
  EXPECT_TRUE(wants("1.0", "Connection: Keep-Alive\r\n"));
  EXPECT_FALSE(wants("1.0", "Connection: keep-alive\r\nConnection: close\r\n"));
}

TEST(PageRequestTest, PathAndQuery) {
  PageRequest request;
  request.target = "/a/b?c=d?e";
  EXPECT_EQ(request.path(), "/a/b");
  EXPECT_EQ(request.query(), "c=d?e");
  request.target = "/a";
  EXPECT_EQ(request.query(), "");
}

TEST(PageRequestTest, PartsByName) {
  PageRequest request;
  EXPECT_EQ(request.query("room"), std::nullopt);
  EXPECT_EQ(request.cookie("sid"), std::nullopt);
  EXPECT_EQ(request.bearer_token(), std::nullopt);
  request.target = "/a?room=a%20b&x";
  request.headers.Add({"Cookie", "sid=1; lang=en"});
  request.headers.Add({"Authorization", "Bearer abc"});
  EXPECT_EQ(request.query("room"), "a b");
  EXPECT_EQ(request.query("x"), "");
  EXPECT_EQ(request.cookie("lang"), "en");
  EXPECT_EQ(request.bearer_token(), "abc");
}

}  // namespace
}  // namespace weft
