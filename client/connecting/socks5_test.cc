#include "weft/client/connecting/socks5.h"

#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "gtest/gtest.h"
#include "weft/core/http/basic_auth.h"
#include "weft/core/testing/hex.h"

namespace weft {
namespace {

using testing::Hex;

constexpr char kLetIn[] = "0500";
constexpr char kConnectedReply[] =
    "05000001"
    "7f000001"
    "0050";

// The bytes sent to a proxy with these answers, in hexadecimal and with a '|' after each message;
// and the result: "connected", "wants N" or the error.
std::string Talk(absl::string_view answers_in_hex, absl::string_view host = "example.com",
                 std::optional<BasicCredentials> credentials = std::nullopt) {
  absl::StatusOr<Socks5> socks = Socks5::Create(host, 443, std::move(credentials));
  if (!socks.ok()) return socks.status().ToString();
  const std::string answers = Hex(answers_in_hex);
  absl::string_view left = answers;
  std::string sent;
  while (true) {
    const std::string output = absl::BytesToHexString(socks->TakeOutput());
    absl::StrAppend(&sent, output, output.empty() ? "" : "|");
    if (socks->wanted() == 0) {
      return absl::StrCat(sent, left.empty() ? "connected" : "connected, and bytes are left");
    }
    const size_t wanted = socks->wanted();
    if (left.size() < wanted) return absl::StrCat(sent, "wants ", wanted);
    const absl::Status status = socks->Take(left.substr(0, wanted));
    left.remove_prefix(wanted);
    if (!status.ok()) return status.ToString();
  }
}

std::string Connected(absl::string_view reply) { return Talk(absl::StrCat(kLetIn, reply)); }

TEST(Socks5Test, Section_4_NamesAreForTheProxy) {
  EXPECT_EQ(Talk(absl::StrCat(kLetIn, kConnectedReply)),
            absl::StrCat("050100|", "05010003", "0b", absl::BytesToHexString("example.com"),
                         "01bb|connected"));
}

TEST(Socks5Test, Section_5_Addresses) {
  EXPECT_EQ(Talk(kLetIn, "127.0.0.1"), "050100|050100017f00000101bb|wants 4");
  EXPECT_EQ(Talk(kLetIn, "::1"), "050100|050100040000000000000000000000000000000101bb|wants 4");
}

TEST(Socks5Test, Section_6_TheProxysOwnAddressIsPassedOver) {
  for (const char* reply : {"0500000100000000"
                            "0000",  // IPv4
                            "05000004000102030405060708090a0b0c0d0e0f"
                            "1f90",  // IPv6
                            "0500000303612e62"
                            "0050",
                            "0500000300"
                            "0050"}) {  // names
    EXPECT_TRUE(absl::EndsWith(Connected(reply), "|connected")) << reply;
  }
}

TEST(Socks5Test, WantsNoMoreThanTheAnswer) {
  EXPECT_EQ(Talk(""), "050100|wants 2");
  EXPECT_EQ(Talk("05"), "050100|wants 2");
  EXPECT_TRUE(
      absl::EndsWith(Connected(absl::StrCat(kConnectedReply, "48")), ", and bytes are left"));
}

TEST(Socks5Test, Rfc1929_UserNameAndPassword) {
  const BasicCredentials joe = {"joe", "secret"};
  EXPECT_EQ(Talk(absl::StrCat("0502", "0100", kConnectedReply), "1.2.3.4", joe),
            absl::StrCat("05020002|", "01", "03", absl::BytesToHexString("joe"), "06",
                         absl::BytesToHexString("secret"),
                         "|05010001"
                         "01020304"
                         "01bb|connected"));
  // No credentials are sent to a proxy that does not ask.
  EXPECT_EQ(Talk(absl::StrCat(kLetIn, kConnectedReply), "1.2.3.4", joe),
            "05020002|05010001"
            "01020304"
            "01bb|connected");
  EXPECT_EQ(Talk("0502"
                 "0101",
                 "h", joe),
            "UNAUTHENTICATED: it rejects the user name and password");
  EXPECT_EQ(Talk("05ff", "h", joe), "UNAUTHENTICATED: it does not accept a user name and password");
  EXPECT_EQ(Talk("05ff"), "UNAUTHENTICATED: it requires a user name and a password");
  EXPECT_EQ(Talk("0502"),
            "INVALID_ARGUMENT: it chose an authentication method that was not offered: 2");
}

TEST(Socks5Test, Section_6_Refusals) {
  EXPECT_EQ(Connected("05010001"), "UNAVAILABLE: it failed");
  EXPECT_EQ(Connected("05020001"), "PERMISSION_DENIED: its rules forbid the connection");
  EXPECT_EQ(Connected("05030001"), "UNAVAILABLE: it cannot reach the network");
  EXPECT_EQ(Connected("05040001"), "UNAVAILABLE: it cannot reach the host");
  EXPECT_EQ(Connected("05050001"), "UNAVAILABLE: the connection was refused");
  EXPECT_EQ(Connected("05060001"), "UNAVAILABLE: the TTL of its packets expired");
  EXPECT_EQ(Connected("05070001"), "UNIMPLEMENTED: it does not support the command CONNECT");
  EXPECT_EQ(Connected("05080001"), "UNIMPLEMENTED: it does not support this address type");
  EXPECT_EQ(Connected("05a50001"), "UNAVAILABLE: it answered with the unknown error 165");
}

TEST(Socks5Test, WhatIsNotSocks5) {
  EXPECT_EQ(Talk("4854"),
            "FAILED_PRECONDITION: it does not speak SOCKS5: its answer begins with \"H\"");
  EXPECT_EQ(Talk("045a"),
            "FAILED_PRECONDITION: it does not speak SOCKS5: its answer begins with \"\\x04\"");
  EXPECT_EQ(Connected("00000001"),
            "FAILED_PRECONDITION: it does not speak SOCKS5: its answer begins with \"\\x00\"");
  EXPECT_EQ(Talk("0580"),
            "INVALID_ARGUMENT: it chose an authentication method that was not offered: 128");
  EXPECT_EQ(Connected("05000002"), "INVALID_ARGUMENT: it answered with an unknown address type: 2");
}

TEST(Socks5Test, WhatDoesNotFitIsRefused) {
  const std::string longest(255, 'x'), too_long(256, 'x');
  EXPECT_TRUE(Socks5::Create(longest, 1, BasicCredentials{longest, longest}).ok());
  EXPECT_TRUE(absl::IsInvalidArgument(Socks5::Create(too_long, 1, std::nullopt).status()));
  for (const BasicCredentials& credentials :
       {BasicCredentials{too_long, ""}, BasicCredentials{"", too_long}}) {
    EXPECT_TRUE(absl::IsInvalidArgument(Socks5::Create("h", 1, credentials).status()));
  }
}

}  // namespace
}  // namespace weft
