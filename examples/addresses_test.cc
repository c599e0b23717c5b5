#include "examples/addresses.h"

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace examples {
namespace {

using ::testing::ElementsAre;

std::vector<std::string> Texts(const std::vector<weft::SocketAddress>& addresses) {
  std::vector<std::string> texts;
  for (const weft::SocketAddress& each : addresses) texts.push_back(each.ToString());
  return texts;
}

weft::SocketAddress At(absl::string_view ip, uint16_t port = 0) {
  return *weft::SocketAddress::FromIp(ip, port);
}

const std::vector<weft::SocketAddress>& Interfaces() {
  static const auto& all =
      *new std::vector<weft::SocketAddress>{At("192.168.1.5"), At("2001:db8::7")};
  return all;
}

TEST(AddressesTest, AServerOfOneAddressIsThere) {
  EXPECT_THAT(Texts(ReachableAt(At("127.0.0.1", 8080), Interfaces())),
              ElementsAre("127.0.0.1:8080"));
  EXPECT_THAT(Texts(ReachableAt(At("192.168.1.5", 80), Interfaces())),
              ElementsAre("192.168.1.5:80"));
}

TEST(AddressesTest, AServerOfAllAddressesIsAtEachOfTheMachine) {
  EXPECT_THAT(Texts(ReachableAt(At("0.0.0.0", 8080), Interfaces())),
              ElementsAre("127.0.0.1:8080", "192.168.1.5:8080"));
  EXPECT_THAT(Texts(ReachableAt(At("::", 8080), Interfaces())),
              ElementsAre("127.0.0.1:8080", "192.168.1.5:8080", "[2001:db8::7]:8080"));
}

TEST(AddressesTest, InterfacesAreOthersThanLoopback) {
  for (const weft::SocketAddress& each : InterfaceAddresses()) {
    EXPECT_TRUE(each.is_ip());
    EXPECT_NE(each.ip(), "127.0.0.1");
    EXPECT_NE(each.ip(), "::1");
  }
}

}  // namespace
}  // namespace examples
