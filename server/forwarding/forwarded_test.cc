#include "weft/server/forwarding/forwarded.h"

#include <cstddef>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "weft/core/http/http.h"
#include "weft/server/forwarding/testing/forged.h"
#include "weft/transport/address.h"

namespace weft {
namespace {

using ::testing::HasSubstr;

using Fields = std::vector<std::pair<std::string, std::string>>;

// "CLIENT", "CLIENT host HOST", "CLIENT scheme SCHEME", or an error. 10.0.0.0/8 is trusted.
std::string Source(const Fields& fields, ForwardedBy header, absl::string_view peer = "10.0.0.1") {
  HttpHeaders headers;
  for (const auto& [name, value] : fields) headers.Add({name, value});
  const absl::StatusOr<RequestSource> source = FindSource(headers, *SocketAddress::FromIp(peer, 99),
                                                          *Networks::Parse({"10.0.0.0/8"}), header);
  if (!source.ok()) {
    EXPECT_TRUE(absl::IsInvalidArgument(source.status()));
    return std::string(source.status().message());
  }
  return absl::StrCat(source->client.ToString(), source->host.empty() ? "" : " host ", source->host,
                      source->scheme.empty() ? "" : " scheme ", source->scheme);
}

std::string For(absl::string_view value) {
  return Source({{"X-Forwarded-For", std::string(value)}}, ForwardedBy::kXForwarded);
}
std::string Forwarded(absl::string_view value) {
  return Source({{"Forwarded", std::string(value)}}, ForwardedBy::kForwarded);
}

// ---- X-Forwarded-For ----

TEST(XForwardedTest, FormsOfAnAddress) {
  EXPECT_EQ(For("192.0.2.1"), "192.0.2.1:0");
  EXPECT_EQ(For("192.0.2.1:4711"), "192.0.2.1:4711");
  EXPECT_EQ(For("2001:db8::1"), "[2001:db8::1]:0");
  EXPECT_EQ(For("[2001:db8::1]"), "[2001:db8::1]:0");
  EXPECT_EQ(For("[2001:db8::1]:4711"), "[2001:db8::1]:4711");
  EXPECT_EQ(For("::ffff:192.0.2.1"), "192.0.2.1:0");
}

TEST(XForwardedTest, TheFirstFromTheRightThatIsNotTrusted) {
  EXPECT_EQ(For("6.6.6.6, 192.0.2.1"), "192.0.2.1:0");
  EXPECT_EQ(For("6.6.6.6, 192.0.2.1, 10.0.0.3,10.0.0.2"), "192.0.2.1:0");
  EXPECT_EQ(For("10.0.0.9, 192.0.2.1, 10.0.0.2"), "192.0.2.1:0");
  EXPECT_EQ(For("10.0.0.4, 10.0.0.3"), "10.0.0.4:0");  // all of them are trusted
  EXPECT_EQ(Source({{"X-Forwarded-For", "6.6.6.6, 192.0.2.1"},
                    {"Host", "h"},
                    {"x-forwarded-for", "10.0.0.3"},
                    {"X-Forwarded-For", "10.0.0.2"}},
                   ForwardedBy::kXForwarded),
            "192.0.2.1:0");
}

TEST(XForwardedTest, WithoutOne) {
  EXPECT_EQ(Source({}, ForwardedBy::kXForwarded), "10.0.0.1:99");
  EXPECT_EQ(For(""), "10.0.0.1:99");
  EXPECT_EQ(For(" , ,"), "10.0.0.1:99");
  EXPECT_EQ(For("192.0.2.1,,"), "192.0.2.1:0");
}

TEST(XForwardedTest, WhatPrecedesTheClientIsNotParsed) {
  EXPECT_EQ(For("<script>, \", 192.0.2.1"), "192.0.2.1:0");
}

TEST(XForwardedTest, AnAddressThatAProxyDoesNotKnow) {
  EXPECT_EQ(For("192.0.2.1, unknown"), "10.0.0.1:99");
  EXPECT_EQ(For("192.0.2.1, unknown, 10.0.0.2"), "10.0.0.2:0");
  EXPECT_EQ(For("_hidden"), "10.0.0.1:99");
}

TEST(XForwardedTest, ErrorsNameTheField) {
  EXPECT_EQ(
      For("192.0.2.1, example.com"),
      "the header X-Forwarded-For has \"example.com\", expected an IP address, perhaps with a "
      "port");
  for (const absl::string_view wrong :
       {"192.0.2", "192.0.2.1:", "192.0.2.1:65536", "192.0.2.1:x", "[", "[]", "[::1", "[::1]x",
        "[::1]:", "[192.0.2.1]", "::1::2", "fe80::1%1", "\"192.0.2.1\""}) {
    EXPECT_THAT(For(wrong), HasSubstr("expected an IP address")) << wrong;
  }
  EXPECT_THAT(Source({{"X-Forwarded-Host", "a b"}}, ForwardedBy::kXForwarded),
              HasSubstr("the header X-Forwarded-Host has \"a b\", expected host[:port]"));
}

TEST(XForwardedTest, HostAndScheme) {
  EXPECT_EQ(Source({{"X-Forwarded-For", "192.0.2.1"},
                    {"X-Forwarded-Host", "example.com:8443"},
                    {"X-Forwarded-Proto", "https"}},
                   ForwardedBy::kXForwarded),
            "192.0.2.1:0 host example.com:8443 scheme https");
  // Those that the client sent precede those of the proxy.
  EXPECT_EQ(Source({{"X-Forwarded-For", "6.6.6.6, 192.0.2.1"},
                    {"X-Forwarded-Host", "forged.example, example.com"},
                    {"X-Forwarded-Proto", "http, WSS"}},
                   ForwardedBy::kXForwarded),
            "192.0.2.1:0 host example.com scheme https");
  // Of two proxies, that of the first, which the client was connected to.
  EXPECT_EQ(Source({{"X-Forwarded-For", "192.0.2.1, 10.0.0.2"},
                    {"X-Forwarded-Host", "forged.example, example.com, inner.example"},
                    {"X-Forwarded-Proto", "https, http"}},
                   ForwardedBy::kXForwarded),
            "192.0.2.1:0 host example.com scheme https");
  // The second has passed on those of the first.
  EXPECT_EQ(Source({{"X-Forwarded-For", "192.0.2.1, 10.0.0.2"},
                    {"X-Forwarded-Host", "example.com"},
                    {"X-Forwarded-Proto", "https"}},
                   ForwardedBy::kXForwarded),
            "192.0.2.1:0 host example.com scheme https");
  EXPECT_EQ(Source({{"X-Forwarded-Proto", "gopher"}}, ForwardedBy::kXForwarded), "10.0.0.1:99");
}

// ---- Forwarded (RFC 7239) ----

// The examples of section 4, 6 and 7.1.
TEST(ForwardedTest, Examples) {
  EXPECT_EQ(Forwarded("for=\"_gazonk\""), "10.0.0.1:99");
  EXPECT_EQ(Forwarded("For=\"[2001:db8:cafe::17]:4711\""), "[2001:db8:cafe::17]:4711");
  EXPECT_EQ(Forwarded("for=192.0.2.60;proto=http;by=203.0.113.43"), "192.0.2.60:0 scheme http");
  EXPECT_EQ(Forwarded("for=192.0.2.43, for=198.51.100.17"), "198.51.100.17:0");
  EXPECT_EQ(Forwarded("for=\"192.0.2.43:47011\""), "192.0.2.43:47011");
  EXPECT_EQ(Forwarded("for=192.0.2.43, for=\"[2001:db8:cafe::17]\""), "[2001:db8:cafe::17]:0");
  EXPECT_EQ(Forwarded("for=_hidden, for=_SEVKISEK"), "10.0.0.1:99");
  EXPECT_EQ(Forwarded("for=unknown"), "10.0.0.1:99");
}

TEST(ForwardedTest, TheFirstFromTheRightThatIsNotTrusted) {
  EXPECT_EQ(
      Forwarded("for=6.6.6.6;host=x, for=192.0.2.1;host=example.com, for=10.0.0.2;host=inner"),
      "192.0.2.1:0 host example.com");
  EXPECT_EQ(Forwarded("for=192.0.2.1, for=10.0.0.2;host=inner;proto=https"),
            "192.0.2.1:0 host inner scheme https");
  EXPECT_EQ(Source({{"Forwarded", "for=\"6.6.6.6"}, {"Forwarded", "for=192.0.2.1"}},
                   ForwardedBy::kForwarded),
            "192.0.2.1:0");
  EXPECT_EQ(Source({{"Forwarded", "for=192.0.2.1;host=a"}, {"Forwarded", "for=10.0.0.2"}},
                   ForwardedBy::kForwarded),
            "192.0.2.1:0 host a");
}

TEST(ForwardedTest, SpacesEmptyPartsAndEscapes) {
  EXPECT_EQ(Forwarded(" ,; for=192.0.2.1 ; ;HOST=\"ex\\ample.com:8443\" ,, "),
            "192.0.2.1:0 host example.com:8443");
  EXPECT_EQ(Forwarded("for=192.0.2.1;secret=\"a,b;for=6.6.6.6\""), "192.0.2.1:0");
  EXPECT_EQ(Forwarded("for=192.0.2.1:80"), "192.0.2.1:80");  // should be quoted
  EXPECT_EQ(Forwarded("host=example.com"), "10.0.0.1:99 host example.com");
}

TEST(ForwardedTest, ALineWithoutACertainReadingIsRefused) {
  for (const absl::string_view wrong :
       {"for", "for=", "=a", "for =1.2.3.4", "for= 1.2.3.4", "for=\"1.2.3.4", "for=\"1.2.3.4\"x",
        "for=1.2.3.4\"", "for=1.2.3.4;for=6.6.6.6", "for=1.2.3.4 for=6.6.6.6", "for=\"\\",
        // A quoted string that the client has opened, and the proxy's element closes.
        "for=6.6.6.6;x=\", for=\"[2001:db8::1]\""}) {
    EXPECT_THAT(Forwarded(wrong), HasSubstr("the header Forwarded has \"")) << wrong;
  }
  EXPECT_THAT(Forwarded("for=example"), HasSubstr("expected an IP address"));
  EXPECT_THAT(Forwarded("for=192.0.2.1;host=\"a b\""), HasSubstr("expected host[:port]"));
}

// ---- Trust ----

TEST(ForwardedTest, OnlyTheChosenFieldIsRead) {
  const Fields both = {{"X-Forwarded-For", "192.0.2.1"},
                       {"X-Forwarded-Host", "x.example"},
                       {"Forwarded", "for=192.0.2.2;host=f.example"}};
  EXPECT_EQ(Source(both, ForwardedBy::kXForwarded), "192.0.2.1:0 host x.example");
  EXPECT_EQ(Source(both, ForwardedBy::kForwarded), "192.0.2.2:0 host f.example");
}

TEST(ForwardedTest, NothingIsBelievedOfAStranger) {
  const Fields fields = {{"X-Forwarded-For", "192.0.2.1"},
                         {"X-Forwarded-Host", "x.example"},
                         {"X-Forwarded-Proto", "https"},
                         {"Forwarded", "for=\""}};
  EXPECT_EQ(Source(fields, ForwardedBy::kXForwarded, "11.0.0.1"), "11.0.0.1:99");
  EXPECT_EQ(Source(fields, ForwardedBy::kForwarded, "11.0.0.1"), "11.0.0.1:99");
}

// Random bytes of those that have a meaning in the fields.
TEST(ForwardedTest, ForgedHeadersAreNeverBelieved) {
  const std::string parts[] = {
      "for=",     "\"",  ",",  ";",           "=",       "[",      "]",  ":",
      "10.0.0.1", "::1", "\\", "host=",       "6.6.6.6", "proto=", " ",  "_",
      "unknown",  "x",   "80", "2001:db8::1", "http",    "\xFF",   "for"};
  std::minstd_rand random(7);
  int found = 0, refused = 0;
  for (int round = 0; round < 20000; ++round) {
    std::string forged;
    for (size_t i = random() % 12; i > 0; --i) forged += parts[random() % std::size(parts)];
    std::string input;
    for (int i = 0; i < 4; ++i) input.push_back(static_cast<char>(random() % 2));
    input.push_back(static_cast<char>(forged.size()));
    input += forged;
    input.push_back(static_cast<char>(random() % 8));
    input += "6.6.6.6, a";
    ++(testing::RequireThatForgeryIsNotBelieved(input) ? found : refused);
  }
  EXPECT_GT(found, 10000);
  EXPECT_GT(refused, 1000);
}

}  // namespace
}  // namespace weft
