#include "weft/server/forwarding/proxy_header.h"

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "weft/transport/address.h"

namespace weft {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr char kRest[] = "GET / HTTP/1.1\r\n";  // what follows a header

// "incomplete", "absent", "28 192.0.2.1:56324" or an error. Cut at every byte, too: each part is
// incomplete.
std::string Outcome(absl::string_view in) {
  const auto text = [](absl::string_view bytes) -> std::string {
    const absl::StatusOr<ProxyHeader> header = ParseProxyHeader(bytes);
    if (!header.ok()) return std::string(header.status().message());
    if (header->kind == ProxyHeader::Kind::kIncomplete) return "incomplete";
    if (header->kind == ProxyHeader::Kind::kAbsent) return "absent";
    return absl::StrCat(header->size, " ", header->client.ToString());
  };
  const std::string whole = text(in);
  for (size_t size = 0; size < in.size(); ++size) {
    const std::string part = text(in.substr(0, size));
    EXPECT_TRUE(part == "incomplete" || part == whole) << size << ": " << part;
    if (part != "incomplete") break;
  }
  return whole;
}

std::string Line(absl::string_view text) { return Outcome(absl::StrCat(text, "\r\n", kRest)); }

std::string Binary(absl::string_view hex, absl::string_view rest = kRest) {
  const std::string signature("\r\n\r\n\0\r\nQUIT\n", 12);
  return absl::StrCat(signature, absl::HexStringToBytes(hex), rest);
}

// ---- Version 1 ----

TEST(ProxyHeaderTest, Line) {
  EXPECT_EQ(Line("PROXY TCP4 192.0.2.1 192.0.2.2 56324 443"), "42 192.0.2.1:56324");
  EXPECT_EQ(Line("PROXY TCP6 2001:db8::1 ::1 1 65535"), "36 [2001:db8::1]:1");
  EXPECT_EQ(Line("PROXY TCP6 ::ffff:192.0.2.1 ::1 1 2"), "37 192.0.2.1:1");
}

TEST(ProxyHeaderTest, ALineWithoutAnAddress) {
  EXPECT_EQ(Line("PROXY UNKNOWN"), "15 none");
  EXPECT_EQ(Line("PROXY UNKNOWN ffff::1 what ever 1 2"), "37 none");
}

TEST(ProxyHeaderTest, TheLongestLine) {
  const std::string v6 = "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff";
  const std::string longest = absl::StrCat("PROXY UNKNOWN ", v6, " ", v6, " 65535 65535");
  EXPECT_EQ(longest.size(), 105u);
  EXPECT_EQ(Line(longest), "107 none");
  EXPECT_THAT(Line(longest + "5"), HasSubstr("it has no line end in its first 107 bytes"));
  EXPECT_THAT(Outcome("PROXY " + std::string(200, 'x')), HasSubstr("no line end"));
}

TEST(ProxyHeaderTest, ErrorsOfALine) {
  EXPECT_THAT(Line("PROXY TCP5 1.2.3.4 5.6.7.8 1 2"),
              EndsWith("version 1, is invalid: \"TCP5\" is not TCP4, TCP6 or UNKNOWN"));
  EXPECT_THAT(Line("PROXY TCP4 1.2.3.4 5.6.7.8 1"), HasSubstr("it has 3 words after the protocol"));
  EXPECT_THAT(Line("PROXY TCP4 1.2.3.4 5.6.7.8 1 2 3"), HasSubstr("it has 5 words"));
  EXPECT_THAT(Line("PROXY TCP4  1.2.3.4 5.6.7.8 1 2"), HasSubstr("it has 5 words"));
  EXPECT_THAT(Line("PROXY  TCP4 1.2.3.4 5.6.7.8 1 2"), HasSubstr("\"\" is not TCP4"));
  EXPECT_THAT(Line("PROXY TCP4 1.2.3 5.6.7.8 1 2"),
              HasSubstr("\"1.2.3\" is not an address of TCP4"));
  EXPECT_THAT(Line("PROXY TCP4 ::1 ::1 1 2"), HasSubstr("\"::1\" is not an address of TCP4"));
  EXPECT_THAT(Line("PROXY TCP6 1.2.3.4 ::1 1 2"), HasSubstr("\"1.2.3.4\" is not an address of"));
  for (const char* port : {"", "01", "-1", "65536", "x", "1 "}) {
    EXPECT_THAT(Line(absl::StrCat("PROXY TCP4 1.2.3.4 5.6.7.8 1 ", port)), StartsWith("the header"))
        << port;
  }
  EXPECT_THAT(Outcome("PROXY TCP4 1.2.3.4 5.6.7.8 1 2\nGET"), HasSubstr("LF without CR"));
  EXPECT_THAT(Outcome("PROXY \n"), HasSubstr("LF without CR"));
}

TEST(ProxyHeaderTest, OtherBytesAreNoHeader) {
  for (const char* other : {"GET / HTTP/1.1\r\n", "POST / HTTP/1.1\r\n", "PROXY\t", "PROXX",
                            "\r\nGET / HTTP/1.1", "\r\n\r\nGET", "\x16\x03\x01", "proxy TCP4"}) {
    EXPECT_EQ(Outcome(other), "absent") << other;
  }
  EXPECT_EQ(Outcome(""), "incomplete");
  EXPECT_EQ(Outcome("P"), "incomplete");
  EXPECT_EQ(Outcome("PROXY "), "incomplete");
  EXPECT_TRUE(BeginsWithProxyHeader("PROXY TCP4"));
  EXPECT_TRUE(BeginsWithProxyHeader(Binary("")));
  EXPECT_FALSE(BeginsWithProxyHeader("PROX"));
  EXPECT_FALSE(BeginsWithProxyHeader("GET / HTTP/1.1"));
}

// ---- Version 2 ----

TEST(ProxyHeaderTest, BinaryAddresses) {
  EXPECT_EQ(Outcome(Binary("2111000cc0000201c0000202dc0401bb")), "28 192.0.2.1:56324");
  EXPECT_EQ(Outcome(Binary("21210024"
                           "20010db8000000000000000000000001"
                           "00000000000000000000000000000001"
                           "000101bb")),
            "52 [2001:db8::1]:1");
}

TEST(ProxyHeaderTest, ExtensionsAreSkipped) {
  EXPECT_EQ(Outcome(Binary("21110013c0000201c0000202dc0401bb"
                           "04000474657374")),
            "35 192.0.2.1:56324");
}

TEST(ProxyHeaderTest, BinaryHeadersWithoutAnAddress) {
  EXPECT_EQ(Outcome(Binary("20000000")), "16 none");  // LOCAL
  EXPECT_EQ(Outcome(Binary("2011000cc0000201c0000202dc0401bb")), "28 none");
  EXPECT_EQ(Outcome(Binary("2000000302000a")), "19 none");
  EXPECT_EQ(Outcome(Binary("21000000")), "16 none");  // UNSPEC
  EXPECT_EQ(Outcome(Binary(absl::StrCat("213100d8", std::string(432, '0')))), "232 none");
}

TEST(ProxyHeaderTest, ErrorsOfABinaryHeader) {
  EXPECT_THAT(Outcome(Binary("11", "")), EndsWith("version 2, is invalid: its version is 1"));
  EXPECT_THAT(Outcome(Binary("22", "")), HasSubstr("its command is 2, expected 0 (LOCAL) or 1"));
  EXPECT_THAT(Outcome(Binary("2111000bc0000201c0000202dc0401")),
              HasSubstr("its addresses have 11 bytes, expected 12"));
  EXPECT_THAT(Outcome(Binary("21210000")), HasSubstr("have 0 bytes, expected 36"));
  EXPECT_THAT(Outcome(Binary("21310000")), HasSubstr("have 0 bytes, expected 216"));
  EXPECT_THAT(Outcome(Binary("2112000cc0000201c0000202dc0401bb")),
              HasSubstr("its family and transport are 0x12, expected TCP"));
  EXPECT_THAT(Outcome(Binary("21410000")), HasSubstr("0x41"));
}

TEST(ProxyHeaderTest, TheLongestBinaryHeader) {
  const std::string extensions(kMaxProxyHeader - 16, 'x');
  EXPECT_EQ(Outcome(Binary("20000ff0", extensions)), "4096 none");
  EXPECT_THAT(Outcome(Binary("20000ff1", "")),
              HasSubstr("it has 4097 bytes, expected at most 4096"));
}

}  // namespace
}  // namespace weft
