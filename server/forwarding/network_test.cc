#include "weft/server/forwarding/network.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <cstddef>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "weft/transport/address.h"

namespace weft {
namespace {

using ::testing::HasSubstr;

bool Contains(absl::string_view network, absl::string_view ip) {
  const absl::StatusOr<Network> parsed = Network::Parse(network);
  EXPECT_TRUE(parsed.ok()) << parsed.status();
  return parsed.ok() && parsed->Contains(*SocketAddress::FromIp(ip, 1234));
}

std::string ErrorOf(absl::string_view network) {
  return std::string(Network::Parse(network).status().message());
}

TEST(NetworkTest, OfIPv4) {
  EXPECT_TRUE(Contains("10.0.0.0/8", "10.255.0.1"));
  EXPECT_FALSE(Contains("10.0.0.0/8", "11.0.0.1"));
  EXPECT_TRUE(Contains("192.0.2.128/25", "192.0.2.129"));
  EXPECT_FALSE(Contains("192.0.2.128/25", "192.0.2.127"));
  EXPECT_TRUE(Contains("192.0.2.1", "192.0.2.1"));
  EXPECT_FALSE(Contains("192.0.2.1/32", "192.0.2.2"));
  EXPECT_TRUE(Contains("0.0.0.0/0", "192.0.2.1"));
  EXPECT_FALSE(Contains("0.0.0.0/0", "::1"));
}

TEST(NetworkTest, OfIPv6) {
  EXPECT_TRUE(Contains("2001:db8::/33", "2001:db8:7fff::1"));
  EXPECT_FALSE(Contains("2001:db8::/33", "2001:db8:8000::1"));
  EXPECT_TRUE(Contains("::1", "::1"));
  EXPECT_FALSE(Contains("::1", "::2"));
  EXPECT_TRUE(Contains("::/0", "2001:db8::1"));
  EXPECT_FALSE(Contains("::/0", "192.0.2.1"));
}

TEST(NetworkTest, AMappedAddressIsOneOfIPv4) {
  EXPECT_TRUE(Contains("10.0.0.0/8", "::ffff:10.0.0.1"));
  EXPECT_TRUE(Contains("::ffff:10.0.0.1", "10.0.0.1"));
}

TEST(NetworkTest, OfUnixSockets) {
  const absl::StatusOr<Network> network = Network::Parse("unix:");
  ASSERT_TRUE(network.ok()) << network.status();
  const sockaddr_un unnamed = {.sun_family = AF_UNIX, .sun_path = {}};
  const SocketAddress peer = SocketAddress::FromSockaddr(
      reinterpret_cast<const sockaddr*>(&unnamed), offsetof(sockaddr_un, sun_path));
  EXPECT_TRUE(network->Contains(peer));
  EXPECT_FALSE(network->Contains(*SocketAddress::FromIp("127.0.0.1", 1)));
  EXPECT_FALSE(Network::Parse("127.0.0.1")->Contains(peer));
}

TEST(NetworkTest, ErrorsNameWhatIsWrong) {
  for (const absl::string_view text : {"", "example.com", "10.0.0/8", "[::1]", "10.0.0.1:80",
                                       "unix:/run/a", "unix", "/8", " 10.0.0.1"}) {
    EXPECT_THAT(ErrorOf(text), HasSubstr("is not an IP address")) << text;
  }
  EXPECT_THAT(ErrorOf("10.0.0.0/33"), HasSubstr("the length \"33\" is not 0 to 32"));
  EXPECT_THAT(ErrorOf("::/129"), HasSubstr("the length \"129\" is not 0 to 128"));
  for (const absl::string_view length : {"", "-1", "+8", "8 ", "8/8", "255.0.0.0", "0x8"}) {
    EXPECT_THAT(ErrorOf("10.0.0.0/" + std::string(length)), HasSubstr("the length \"")) << length;
  }
  EXPECT_EQ(ErrorOf("10.1.0.0/8"),
            "\"10.1.0.0/8\" is not a network such as 10.0.0.0/8: the address has bits after the "
            "first 8");
  EXPECT_THAT(ErrorOf("::ffff:10.0.0.0/104"), HasSubstr("write an IPv4-mapped network as one of"));
}

TEST(NetworksTest, AnyOfThem) {
  const absl::StatusOr<Networks> networks = Networks::Parse({"10.0.0.0/8", "::1"});
  ASSERT_TRUE(networks.ok()) << networks.status();
  EXPECT_TRUE(networks->Contains(*SocketAddress::FromIp("10.1.2.3", 1)));
  EXPECT_TRUE(networks->Contains(*SocketAddress::FromIp("::1", 1)));
  EXPECT_FALSE(networks->Contains(*SocketAddress::FromIp("127.0.0.1", 1)));
  EXPECT_FALSE(networks->Contains(SocketAddress()));
  EXPECT_FALSE(networks->empty());
  EXPECT_TRUE(Networks().empty());
  EXPECT_FALSE(Networks().Contains(*SocketAddress::FromIp("127.0.0.1", 1)));
  EXPECT_TRUE(absl::IsInvalidArgument(Networks::Parse({"10.0.0.0/8", "x"}).status()));
}

}  // namespace
}  // namespace weft
