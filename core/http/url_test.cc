#include "weft/core/http/url.h"

#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace weft {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

// "ws [socket] host port resource", or the error's message.
std::string ParsedUrl(absl::string_view text) {
  const absl::StatusOr<Url> url = ParseUrl(text);
  if (!url.ok()) {
    EXPECT_EQ(url.status().code(), absl::StatusCode::kInvalidArgument);
    return std::string(url.status().message());
  }
  return absl::StrCat(url->secure ? "wss " : "ws ", url->unix_path,
                      url->unix_path.empty() ? "" : " ", url->host, " ", url->port, " ",
                      url->resource);
}

TEST(UrlTest, AllParts) {
  EXPECT_EQ(ParsedUrl("ws://example.com:9001/chat?room=1"), "ws example.com 9001 /chat?room=1");
  EXPECT_EQ(ParsedUrl("wss://example.com:9001/chat?room=1"), "wss example.com 9001 /chat?room=1");
}

TEST(UrlTest, FragmentIsAnError) {  // RFC 6455, section 3
  EXPECT_EQ(ParsedUrl("ws://example.com/chat?room=1#top"),
            "the URL has a fragment, \"#top\", which RFC 6455 section 3 forbids: write a literal "
            "'#' as %23");
  EXPECT_THAT(ParsedUrl("ws://example.com#top"), HasSubstr("\"#top\""));
  EXPECT_EQ(ParsedUrl("ws://example.com/chat%23top"), "ws example.com 80 /chat%23top");
}

TEST(UrlTest, NoFragment) {
  EXPECT_EQ(ParsedUrl("ws://example.com/chat?room=1"), "ws example.com 80 /chat?room=1");
}

TEST(UrlTest, NoQuery) { EXPECT_EQ(ParsedUrl("ws://example.com/a/b"), "ws example.com 80 /a/b"); }

TEST(UrlTest, HostOnly) {
  EXPECT_EQ(ParsedUrl("ws://example.com"), "ws example.com 80 /");
  EXPECT_EQ(ParsedUrl("wss://example.com"), "wss example.com 443 /");
}

TEST(UrlTest, MissingScheme) {
  EXPECT_EQ(ParsedUrl("example.com/chat"),
            "the URL begins with \"example.com\", not with ws:// or wss://");
  EXPECT_THAT(ParsedUrl("//example.com/chat"), HasSubstr("not with ws:// or wss://"));
}

TEST(UrlTest, MissingHostBeforeAPath) {
  EXPECT_EQ(ParsedUrl("ws:///path"), "in the URL the host is missing");
}

TEST(UrlTest, Empty) { EXPECT_EQ(ParsedUrl(""), "the URL is empty"); }

TEST(UrlTest, MissingHost) {
  EXPECT_EQ(ParsedUrl("ws:///"), "in the URL the host is missing");
  EXPECT_EQ(ParsedUrl("ws://"), "in the URL the host is missing");
  EXPECT_EQ(ParsedUrl("ws://:80/"), "in the URL the host is missing");
}

TEST(UrlTest, EmptyQueryIsNoneAndEmptyFragmentIsAnError) {
  EXPECT_EQ(ParsedUrl("ws://example.com/path?"), "ws example.com 80 /path");
  EXPECT_EQ(ParsedUrl("ws://example.com?"), "ws example.com 80 /");
  EXPECT_THAT(ParsedUrl("ws://example.com/path?#"), HasSubstr("a fragment, \"#\""));
}

TEST(UrlTest, OnlyTheFirstQuestionMarkBeginsAQuery) {
  EXPECT_EQ(ParsedUrl("ws://h/p?a?"), "ws h 80 /p?a?");
  EXPECT_EQ(ParsedUrl("ws://h/p??"), "ws h 80 /p??");
  EXPECT_EQ(ParsedUrl("ws://h?a=/b"), "ws h 80 /?a=/b");
}

TEST(UrlTest, SchemeAndHostInAnyCase) {
  EXPECT_EQ(ParsedUrl("WSS://Example.COM/Chat"), "wss example.com 443 /Chat");
  EXPECT_EQ(ParsedUrl("wS://[2001:DB8::A]/"), "ws 2001:db8::a 80 /");
}

TEST(UrlTest, OtherSchemesAreNamed) {
  EXPECT_EQ(ParsedUrl("http://example.com/"),
            "the URL begins with \"http\", not with ws:// or wss://");
  EXPECT_THAT(ParsedUrl("ws:example.com"), HasSubstr("not with ws:// or wss://"));
  EXPECT_THAT(ParsedUrl("ws:/example.com"), HasSubstr("not with ws:// or wss://"));
}

TEST(UrlTest, UserNameIsRefusedAndItsPasswordNotShown) {
  EXPECT_EQ(ParsedUrl("ws://joe:secret@example.com/"),
            "the URL has a user name, \"joe\": send an Authorization header instead");
  EXPECT_THAT(ParsedUrl("ws://joe:sec@ret@example.com/"), Not(HasSubstr("ret")));
  EXPECT_THAT(ParsedUrl("ws://:secret@example.com/"), Not(HasSubstr("secret")));
  EXPECT_THAT(ParsedUrl("joe:secret@example.com/"), Not(HasSubstr("secret")));
  EXPECT_THAT(ParsedUrl("ws://a@b"), HasSubstr("\"a\""));
  EXPECT_THAT(ParsedUrl("ws://evil.example\\@example.com/"), HasSubstr("user name"));
  EXPECT_EQ(ParsedUrl("ws://example.com/@joe"), "ws example.com 80 /@joe");
}

TEST(UrlTest, HostsAndPortsAreThoseOfAnAuthority) {
  EXPECT_EQ(ParsedUrl("ws://127.0.0.1:8080"), "ws 127.0.0.1 8080 /");
  EXPECT_EQ(ParsedUrl("ws://[::1]:8080/x"), "ws ::1 8080 /x");
  EXPECT_EQ(ParsedUrl("wss://example.com:/"), "wss example.com 443 /");
  EXPECT_EQ(ParsedUrl("ws://h:65536/"),
            "in the URL the port \"65536\" is not a number from 1 to 65535");
  EXPECT_THAT(ParsedUrl("ws://::1/"), HasSubstr("write an IPv6 address in brackets"));
}

TEST(UrlTest, SpacesControlsAndNonAsciiAreRefused) {
  EXPECT_EQ(ParsedUrl("ws://example.com/a b"),
            "the URL holds \" \" after 18 characters: spaces, controls and non-ASCII characters "
            "must be %-encoded");
  EXPECT_THAT(ParsedUrl("ws://h/\r\nX: y"), StartsWith("the URL holds \"\\r\""));
  EXPECT_THAT(ParsedUrl(absl::string_view("ws://h/\0", 8)), StartsWith("the URL holds \"\\x00\""));
  EXPECT_THAT(ParsedUrl("ws://h/\x7F"), StartsWith("the URL holds \"\\x7f\""));
  EXPECT_THAT(ParsedUrl("ws://b\xC3\xBC"
                        "cher.example/"),
              StartsWith("the URL holds \"\\xc3\""));
  EXPECT_THAT(ParsedUrl(" ws://h/"), StartsWith("the URL holds \" \" after 0"));
}

TEST(UrlTest, UnixSockets) {
  EXPECT_EQ(ParsedUrl("ws+unix:///run/chat.sock:/chat?room=1"),
            "ws /run/chat.sock localhost 80 /chat?room=1");
  EXPECT_EQ(ParsedUrl("WSS+Unix:///Run/s:/"), "wss /Run/s localhost 443 /");
  EXPECT_EQ(ParsedUrl("ws+unix:///s"), "ws /s localhost 80 /");
  EXPECT_EQ(ParsedUrl("ws+unix:///s:"), "ws /s localhost 80 /");
  EXPECT_EQ(ParsedUrl("ws+unix:///s:?a:b"), "ws /s localhost 80 /?a:b");
  EXPECT_EQ(ParsedUrl("ws+unix:///a%20b%3Ac%3F:/%20"), "ws /a b:c? localhost 80 /%20");
  EXPECT_EQ(HostHeader(*ParseUrl("ws+unix:///s")), "localhost");
}

TEST(UrlTest, UnixSocketsThatCannotBe) {
  for (const char* url : {"ws+unix://", "ws+unix://run/s:/", "ws+unix://user:secret@host/s"}) {
    EXPECT_THAT(ParsedUrl(url), HasSubstr("does not begin with '/', the third one")) << url;
    EXPECT_THAT(ParsedUrl(url), Not(HasSubstr("secret")));
  }
  EXPECT_THAT(ParsedUrl("ws+unix:///s?room=1"), HasSubstr("\"/s?room=1\", holds a '?' or '#'"));
  EXPECT_THAT(ParsedUrl("ws+unix:///s#a:/"), HasSubstr("holds a '?' or '#'"));
  EXPECT_THAT(ParsedUrl("ws+unix:///s:/a#b"), HasSubstr("a fragment, \"#b\""));
  EXPECT_THAT(ParsedUrl("ws+unix:///a:b/s:/x"), HasSubstr("\"b/s:/x\" follows the path"));
  EXPECT_THAT(ParsedUrl("ws+unix:///50%/s"),
              HasSubstr("a '%' is not followed by two hexadecimal digits"));
}

// RFC 6874.
TEST(UrlTest, AZoneIsNotPartOfTheHost) {
  const absl::StatusOr<Url> url = ParseUrl("ws://[FE80::1%25Eth0.1]:8080/x");
  ASSERT_TRUE(url.ok()) << url.status();
  EXPECT_EQ(url->host, "fe80::1");
  EXPECT_EQ(url->zone, "Eth0.1");
  EXPECT_EQ(url->port, 8080);
  EXPECT_EQ(HostHeader(*url), "[fe80::1]:8080");
  EXPECT_EQ(ParseUrl("wss://[fe80::1%252]")->zone, "2");
  EXPECT_EQ(ParseUrl("wss://[fe80::1]")->zone, "");
}

TEST(UrlTest, WhatIsNoZoneIsRefused) {
  for (const char* host :
       {"[fe80::1%eth0]", "[fe80::1%25]", "[fe80::1%]", "[fe80::1%25a%20b]", "[fe80::1%25a%25b]"}) {
    EXPECT_THAT(ParsedUrl(absl::StrCat("ws://", host, "/")), HasSubstr("is not a zone: ")) << host;
  }
  EXPECT_THAT(ParsedUrl("ws://example.com%25eth0/"), HasSubstr("holds \"%\""));
  EXPECT_THAT(ParsedUrl("ws://[1.2.3.4%25eth0]/"), HasSubstr("not an IPv6 address in brackets"));
}

TEST(UrlTest, TextReadsAsTheSameUrl) {
  for (const char* text : {"ws://example.com/", "wss://example.com:80/a?b", "ws://[::1]:8080/",
                           "ws://[fe80::1%25eth0]/", "ws://[fe80::1%25eth0]:8080/",
                           "ws+unix:///a%20b%3ac:/x?y", "wss+unix:///s:/"}) {
    EXPECT_EQ(UrlText(*ParseUrl(text)), text);
  }
}

TEST(UrlTest, HostHeaderLeavesOutTheSchemesOwnPort) {
  const auto host = [](absl::string_view url) { return HostHeader(*ParseUrl(url)); };
  EXPECT_EQ(host("ws://example.com:80/x"), "example.com");
  EXPECT_EQ(host("wss://example.com:443"), "example.com");
  EXPECT_EQ(host("ws://example.com:443"), "example.com:443");
  EXPECT_EQ(host("wss://example.com:80"), "example.com:80");
  EXPECT_EQ(host("ws://[::1]"), "[::1]");
  EXPECT_EQ(host("ws://[::1]:8080"), "[::1]:8080");
}

}  // namespace
}  // namespace weft
