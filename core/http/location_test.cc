#include "weft/core/http/location.h"

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace weft {
namespace {

using ::testing::HasSubstr;

// The URL, or the error's message.
std::string Resolve(absl::string_view base, absl::string_view location) {
  const absl::StatusOr<Url> url = ResolveLocation(*ParseUrl(base), location);
  if (url.ok()) return UrlText(*url);
  EXPECT_TRUE(absl::IsInvalidArgument(url.status()));
  return std::string(url.status().message());
}

// For the base "http://a/b/c/d;p?q", except the cases with another scheme or a fragment, which are
// not kept.
TEST(LocationTest, Rfc3986_Section_5_4_Examples) {
  const std::pair<const char*, const char*> examples[] = {
      {"g", "/b/c/g"},
      {"./g", "/b/c/g"},
      {"g/", "/b/c/g/"},
      {"/g", "/g"},
      {"?y", "/b/c/d;p?y"},
      {"g?y", "/b/c/g?y"},
      {"#s", "/b/c/d;p?q"},
      {"g#s", "/b/c/g"},
      {"g?y#s", "/b/c/g?y"},
      {";x", "/b/c/;x"},
      {"g;x", "/b/c/g;x"},
      {"", "/b/c/d;p?q"},
      {".", "/b/c/"},
      {"./", "/b/c/"},
      {"..", "/b/"},
      {"../", "/b/"},
      {"../g", "/b/g"},
      {"../..", "/"},
      {"../../", "/"},
      {"../../g", "/g"},
      {"../../../g", "/g"},
      {"../../../../g", "/g"},
      {"/./g", "/g"},
      {"/../g", "/g"},
      {"g.", "/b/c/g."},
      {".g", "/b/c/.g"},
      {"g..", "/b/c/g.."},
      {"..g", "/b/c/..g"},
      {"./../g", "/b/g"},
      {"./g/.", "/b/c/g/"},
      {"g/./h", "/b/c/g/h"},
      {"g/../h", "/b/c/h"},
      {"g;x=1/./y", "/b/c/g;x=1/y"},
      {"g;x=1/../y", "/b/c/y"},
      {"g?y/./x", "/b/c/g?y/./x"},
      {"g?y/../x", "/b/c/g?y/../x"},
  };
  for (const auto& [location, resource] : examples) {
    EXPECT_EQ(Resolve("ws://a/b/c/d;p?q", location), absl::StrCat("ws://a", resource)) << location;
  }
  EXPECT_EQ(Resolve("ws://a/b/c/d;p?q", "//g"), "ws://g/");
}

TEST(LocationTest, WholeUrls) {
  EXPECT_EQ(Resolve("ws://a/", "ws://b:8080/x?y#z"), "ws://b:8080/x?y");
  EXPECT_EQ(Resolve("ws://a/", "HTTP://B/x"), "ws://b/x");
  EXPECT_EQ(Resolve("ws://a/", "https://b/x/../y"), "wss://b/y");
  EXPECT_EQ(Resolve("wss://a/", "Wss://b"), "wss://b/");
  EXPECT_EQ(Resolve("wss://a:8443/", "//b/x"), "wss://b/x");
  // this does not decide whether to follow it
  EXPECT_EQ(Resolve("wss://a/x", "http://a/x"), "ws://a/x");
}

TEST(LocationTest, OnAUnixSocket) {
  EXPECT_EQ(Resolve("ws+unix:///run/s:/a/b", "c"), "ws+unix:///run/s:/a/c");
  EXPECT_EQ(Resolve("ws+unix:///run/s:/a/b", "//h/c"), "ws://h/c");
}

TEST(LocationTest, WhatLeadsNowhere) {
  for (const char* location : {"ftp://b/", "ws+unix:///run/s:/", "javascript:alert(1)", "b:80"}) {
    EXPECT_THAT(Resolve("ws://a/", location), HasSubstr("is not ws, wss, http or https"));
  }
  EXPECT_THAT(Resolve("ws://a/", "ws:b"), HasSubstr("not with ws:// or wss://"));
  EXPECT_THAT(Resolve("ws://a/", "/a b"), HasSubstr("the URL holds \" \""));
  EXPECT_THAT(Resolve("ws://a/", "/a\r\nX: y"), HasSubstr("the URL holds \"\\r\""));
  EXPECT_THAT(Resolve("ws://a/", "//joe:secret@b/"), HasSubstr("a user name"));
  EXPECT_THAT(Resolve("ws://a/", "http:///x"), HasSubstr("the host is missing"));
}

TEST(LocationTest, Origins) {
  const auto same = [](absl::string_view a, absl::string_view b) {
    return HaveSameOrigin(*ParseUrl(a), *ParseUrl(b));
  };
  EXPECT_TRUE(same("ws://a/x", "ws://A:80/y?z"));
  EXPECT_TRUE(same("ws+unix:///s:/x", "ws+unix:///s"));
  EXPECT_FALSE(same("ws://a", "wss://a"));
  EXPECT_FALSE(same("ws://a:443", "wss://a:443"));
  EXPECT_FALSE(same("ws://a", "ws://a:81"));
  EXPECT_FALSE(same("ws://a", "ws://b.a"));
  EXPECT_FALSE(same("ws+unix:///s", "ws://localhost"));
  EXPECT_FALSE(same("ws+unix:///s", "ws+unix:///t"));
  EXPECT_TRUE(same("ws://[fe80::1%25eth0]/x", "ws://[fe80::1%25eth0]/"));
  EXPECT_FALSE(same("ws://[fe80::1%25eth0]", "ws://[fe80::1%25eth1]"));
}

}  // namespace
}  // namespace weft
