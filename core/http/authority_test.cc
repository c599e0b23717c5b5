#include "weft/core/http/authority.h"

#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace weft {
namespace {

using ::testing::HasSubstr;

// "host port", "host -" without a port, or the error's message.
std::string ParsedAuthority(absl::string_view text) {
  const absl::StatusOr<Authority> authority = ParseAuthority(text);
  if (!authority.ok()) return std::string(authority.status().message());
  return absl::StrCat(authority->host, " ",
                      authority->port.has_value() ? absl::StrCat(*authority->port) : "-");
}

TEST(AuthorityTest, Names) {
  EXPECT_EQ(ParsedAuthority("example.com"), "example.com -");
  EXPECT_EQ(ParsedAuthority("Example.COM:8080"), "Example.COM 8080");
  EXPECT_EQ(ParsedAuthority("a"), "a -");
  EXPECT_EQ(ParsedAuthority("my_host-1.local.:1"), "my_host-1.local. 1");
}

TEST(AuthorityTest, Ipv4) {
  EXPECT_EQ(ParsedAuthority("127.0.0.1"), "127.0.0.1 -");
  EXPECT_EQ(ParsedAuthority("127.0.0.1:65535"), "127.0.0.1 65535");
}

TEST(AuthorityTest, Ipv6StandsInBrackets) {
  EXPECT_EQ(ParsedAuthority("[::1]"), "::1 -");
  EXPECT_EQ(ParsedAuthority("[2001:DB8::1]:9001"), "2001:DB8::1 9001");
  EXPECT_EQ(ParsedAuthority("[::ffff:1.2.3.4]:80"), "::ffff:1.2.3.4 80");
  EXPECT_THAT(ParsedAuthority("::1"), HasSubstr("write an IPv6 address in brackets"));
  EXPECT_THAT(ParsedAuthority("[::1"), HasSubstr("not an IPv6 address in brackets"));
  EXPECT_THAT(ParsedAuthority("[]"), HasSubstr("not an IPv6 address in brackets"));
  EXPECT_THAT(ParsedAuthority("[example.com]"), HasSubstr("not an IPv6 address in brackets"));
  EXPECT_THAT(ParsedAuthority("[fe80::1%25eth0]"), HasSubstr("not an IPv6 address in brackets"));
  EXPECT_THAT(ParsedAuthority(absl::StrCat("[", std::string(1000, '1'), "]")),
              HasSubstr("not an IPv6 address in brackets"));
  EXPECT_EQ(ParsedAuthority("[::1]80"), "\"80\" follows the host, where only a port is allowed");
}

TEST(AuthorityTest, ANumberAtTheEndOfANameIsAnIpv4AddressOrAnError) {
  for (const char* host : {"127.1", "2130706433", "1.2.3.4.5", "256.0.0.1", "01.2.3.4", "a.1"}) {
    EXPECT_THAT(ParsedAuthority(host), HasSubstr("ends in a number, but is not an IPv4 address"))
        << host;
  }
  EXPECT_EQ(ParsedAuthority("1and1.com"), "1and1.com -");
  EXPECT_EQ(ParsedAuthority("4f5e6a"), "4f5e6a -");
}

TEST(AuthorityTest, Ports) {
  EXPECT_EQ(ParsedAuthority("h:1"), "h 1");
  EXPECT_EQ(ParsedAuthority("h:00080"), "h 80");
  EXPECT_EQ(ParsedAuthority("h:"), "h -");  // RFC 3986, section 3.2.3: port = *DIGIT
  for (const char* text : {"h:0", "h:65536", "h:99999999999999999999", "h:-1", "h:+1", "h: 1",
                           "h:8o", "h:0x50", "[::1]:0"}) {
    EXPECT_THAT(ParsedAuthority(text), HasSubstr("is not a number from 1 to 65535")) << text;
  }
}

TEST(AuthorityTest, Text) {
  for (const char* text : {"h", "h:1", "[::1]", "[::1]:65535"}) {
    const Authority authority = *ParseAuthority(text);
    EXPECT_EQ(AuthorityText(authority.host, authority.port), text);
  }
}

TEST(AuthorityTest, OtherCharactersAreNamed) {
  EXPECT_EQ(ParsedAuthority(""), "the host is missing");
  EXPECT_EQ(ParsedAuthority(":80"), "the host is missing");
  EXPECT_EQ(ParsedAuthority("a b"), "the host \"a b\" holds \" \"");
  EXPECT_EQ(ParsedAuthority("user@h"), "the host \"user@h\" holds \"@\"");
  EXPECT_EQ(ParsedAuthority("b\xC3\xBC"), "the host \"b\\xc3\\xbc\" holds \"\\xc3\"");
  EXPECT_EQ(ParsedAuthority("a%2fb"), "the host \"a%2fb\" holds \"%\"");
  EXPECT_EQ(ParseAuthority("a/b").status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(ParsedAuthority(std::string(100, '!')),
            absl::StrCat("the host \"", std::string(64, '!'), "...\" holds \"!\""));
}

}  // namespace
}  // namespace weft
