#include "weft/core/http/origin.h"

#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace weft {
namespace {

TEST(OriginTest, R20_PageOfTheServerItselfIsSame) {
  EXPECT_TRUE(IsSameOrigin("https://example.com", "example.com"));
  EXPECT_TRUE(IsSameOrigin("http://example.com:8080", "example.com:8080"));
  EXPECT_TRUE(IsSameOrigin("HTTP://Example.com", "eXample.COM"));
  EXPECT_TRUE(IsSameOrigin("http://[::1]:8080", "[::1]:8080"));
}

TEST(OriginTest, R20_OwnPortOfTheSchemeMayBeWrittenOrNot) {
  EXPECT_TRUE(IsSameOrigin("http://example.com", "example.com:80"));
  EXPECT_TRUE(IsSameOrigin("http://example.com:80", "example.com"));
  EXPECT_TRUE(IsSameOrigin("https://example.com", "example.com:443"));
  EXPECT_FALSE(IsSameOrigin("http://example.com", "example.com:443"));
  EXPECT_FALSE(IsSameOrigin("https://example.com", "example.com:80"));
}

TEST(OriginTest, R20_OtherHostsAndPortsAreNotSame) {
  EXPECT_FALSE(IsSameOrigin("http://example.com:8081", "example.com:8080"));
  EXPECT_FALSE(IsSameOrigin("http://example.com", "example.com:8080"));
  EXPECT_FALSE(IsSameOrigin("http://evil.example", "example.com"));
  EXPECT_FALSE(IsSameOrigin("http://example.com.evil.example", "example.com"));
  EXPECT_FALSE(IsSameOrigin("http://www.example.com", "example.com"));
  EXPECT_FALSE(IsSameOrigin("http://localhost:8080", "127.0.0.1:8080"));
}

TEST(OriginTest, R20_WhatIsNoOriginIsNotSame) {
  EXPECT_FALSE(IsSameOrigin("null", "null"));
  EXPECT_FALSE(IsSameOrigin("", ""));
  EXPECT_FALSE(IsSameOrigin("file://", ""));
  EXPECT_FALSE(IsSameOrigin("example.com", "example.com"));
  EXPECT_FALSE(IsSameOrigin("://example.com", "example.com"));
  EXPECT_FALSE(IsSameOrigin("http://example.com/", "example.com"));
  EXPECT_FALSE(IsSameOrigin("http://evil@example.com", "example.com"));
  EXPECT_FALSE(IsSameOrigin("http://example.com http://evil.example", "example.com"));
}

// The missing port was taken for the same one on both sides.
TEST(OriginTest, R20_ASchemeWithoutAPortOfItsOwnIsNotSame) {
  EXPECT_FALSE(IsSameOrigin("capacitor://localhost", "localhost"));
  EXPECT_FALSE(IsSameOrigin("capacitor://localhost:8080", "localhost:8080"));
  EXPECT_FALSE(IsSameOrigin("ftp://example.com", "example.com"));
  EXPECT_FALSE(IsSameOrigin("chrome-extension://abcdef", "abcdef"));
  EXPECT_TRUE(IsAllowedOrigin("capacitor://localhost", {"capacitor://localhost"}));
}

TEST(OriginTest, R20_AllowListIsExact) {
  const std::vector<std::string> allowed = {"https://example.com", "http://app.example:8080"};
  EXPECT_TRUE(IsAllowedOrigin("https://example.com", allowed));
  EXPECT_TRUE(IsAllowedOrigin("https://EXAMPLE.com:443", allowed));
  EXPECT_TRUE(IsAllowedOrigin("http://app.example:8080", allowed));
  EXPECT_FALSE(IsAllowedOrigin("http://example.com", allowed));
  EXPECT_FALSE(IsAllowedOrigin("http://example.com:443", allowed))
      << "the same port by another scheme";
  EXPECT_FALSE(IsAllowedOrigin("https://example.com:8443", allowed));
  EXPECT_FALSE(IsAllowedOrigin("https://www.example.com", allowed));
  EXPECT_FALSE(IsAllowedOrigin("https://example.com.evil.example", allowed));
  EXPECT_FALSE(IsAllowedOrigin("http://app.example", allowed));
  EXPECT_FALSE(IsAllowedOrigin("null", allowed));
  EXPECT_FALSE(IsAllowedOrigin("", allowed));
  EXPECT_FALSE(IsAllowedOrigin("https://example.com", {}));
}

TEST(OriginTest, R20_NullAndEveryOriginOnlyWhenListed) {
  EXPECT_TRUE(IsAllowedOrigin("null", {"null"}));
  EXPECT_FALSE(IsAllowedOrigin("http://h", {"null"}));
  EXPECT_TRUE(IsAllowedOrigin("null", {"*"}));
  EXPECT_TRUE(IsAllowedOrigin("http://h", {"*"}));
  EXPECT_TRUE(IsAllowedOrigin("chrome-extension://abcdef", {"chrome-extension://abcdef"}));
}

// Electron, Cordova and the WebView of Android send it for pages from files.
TEST(OriginTest, R20_FilesAreAllowedWhenListed) {
  EXPECT_TRUE(IsAllowedOrigin("file://", {"file://"}));
  EXPECT_TRUE(IsAllowedOrigin("file://", {"FILE://"}));
  EXPECT_FALSE(IsAllowedOrigin("file://", {"null", "app://", "https://example.com"}));
  EXPECT_FALSE(IsAllowedOrigin("file://example.com", {"file://"}));
  EXPECT_FALSE(IsAllowedOrigin("null", {"file://"}));
}

TEST(OriginTest, R20_EntryWithMoreThanAnOriginAllowsNoPage) {
  EXPECT_FALSE(IsAllowedOrigin("https://example.com", {"https://example.com/"}));
  EXPECT_FALSE(IsAllowedOrigin("https://example.com", {"example.com"}));
  EXPECT_FALSE(IsAllowedOrigin("https://example.com", {"https://*"}));
  EXPECT_FALSE(IsAllowedOrigin("https://example.com", {""}));
}

TEST(OriginTest, R20_EntriesThatAllowNoPageAreKnown) {
  for (const char* entry :
       {"*", "null", "https://example.com", "https://example.com:", "http://[::1]:8080", "file://",
        "app://", "FILE://", "capacitor://localhost", "chrome-extension://abcdef"}) {
    EXPECT_TRUE(IsOriginEntry(entry)) << entry;
  }
  for (const char* entry :
       {"", "example.com", "https://example.com/", "https://*", "https://", "HTTP://", "://",
        "://example.com", "https://example.com:x", "https://a@example.com", " null", "NULL",
        "file:///", "file://*", "file:", " https://example.com", "1a://b"}) {
    EXPECT_FALSE(IsOriginEntry(entry)) << entry;
  }
}

}  // namespace
}  // namespace weft
