#include "weft/server/limits/address_limit.h"

#include <limits>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "weft/transport/address.h"

namespace weft {
namespace {

SocketAddress At(const std::string& ip, uint16_t port = 1) {
  return *SocketAddress::FromIp(ip, port);
}

TEST(AddressLimitTest, EachAddressHasItsOwn) {
  AddressLimit limit(2);
  EXPECT_TRUE(limit.Add(At("192.0.2.1", 1)));
  EXPECT_TRUE(limit.Add(At("192.0.2.1", 2)));
  EXPECT_FALSE(limit.Add(At("192.0.2.1", 3)));
  EXPECT_TRUE(limit.Add(At("192.0.2.2")));
  EXPECT_EQ(limit.size(), 2u);
}

TEST(AddressLimitTest, WhoIsRefusedDoesNotCountAndWhoLeavesMakesRoom) {
  AddressLimit limit(1);
  EXPECT_TRUE(limit.Add(At("192.0.2.1")));
  for (int i = 0; i < 10; ++i) EXPECT_FALSE(limit.Add(At("192.0.2.1")));
  limit.Remove(At("192.0.2.1"));
  EXPECT_TRUE(limit.Add(At("192.0.2.1")));
  EXPECT_FALSE(limit.Add(At("192.0.2.1")));
}

TEST(AddressLimitTest, Ipv6IsCountedByItsSlash64) {
  AddressLimit limit(2);
  EXPECT_TRUE(limit.Add(At("2001:db8:1:2::1")));
  EXPECT_TRUE(limit.Add(At("2001:db8:1:2:ffff:ffff:ffff:ffff")));
  EXPECT_FALSE(limit.Add(At("2001:db8:1:2:8000::")));
  EXPECT_TRUE(limit.Add(At("2001:db8:1:3::1")));
  EXPECT_EQ(limit.size(), 2u);
}

// An IPv4-mapped address equals the IPv4 address, and does not share its /64 with all others.
TEST(AddressLimitTest, Ipv4InIpv6IsIpv4) {
  AddressLimit limit(1);
  EXPECT_TRUE(limit.Add(At("192.0.2.1")));
  EXPECT_FALSE(limit.Add(At("::ffff:192.0.2.1")));
  EXPECT_TRUE(limit.Add(At("::ffff:192.0.2.2")));
  EXPECT_TRUE(limit.Add(At("::1")));
}

// Their bytes are the same, in part.
TEST(AddressLimitTest, FamiliesAreApart) {
  AddressLimit limit(1);
  EXPECT_TRUE(limit.Add(At("0.0.0.0")));
  EXPECT_TRUE(limit.Add(At("::")));
  EXPECT_TRUE(limit.Add(At("32.1.13.184")));
  EXPECT_TRUE(limit.Add(At("2001:db8::")));
}

TEST(AddressLimitTest, UnixSocketsAreFree) {
  AddressLimit limit(1);
  const SocketAddress path = *SocketAddress::FromUnixPath("/run/x.sock");
  for (int i = 0; i < 10; ++i) {
    EXPECT_TRUE(limit.Add(path));
    EXPECT_TRUE(limit.Add(SocketAddress()));
  }
  limit.Remove(path);
  EXPECT_EQ(limit.size(), 0u);
}

TEST(AddressLimitTest, TheLargestNumberIsNoLimitAndCountsNothing) {
  AddressLimit limit(std::numeric_limits<size_t>::max());
  for (int i = 0; i < 1000; ++i) EXPECT_TRUE(limit.Add(At("192.0.2.1")));
  EXPECT_EQ(limit.size(), 0u);
  limit.Remove(At("192.0.2.1"));
}

TEST(AddressLimitTest, ForgetsWhoHasNone) {
  AddressLimit limit(3);
  for (int i = 0; i < 10000; ++i) {
    const SocketAddress peer = At(absl::StrCat("2001:db8:", i % 10000, "::1"));
    EXPECT_TRUE(limit.Add(peer));
    EXPECT_TRUE(limit.Add(peer));
    limit.Remove(peer);
    limit.Remove(peer);
  }
  EXPECT_EQ(limit.size(), 0u);
}

TEST(AddressLimitTest, ManyThreads) {
  AddressLimit limit(1000);
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&limit] {
      for (int j = 0; j < 2000; ++j) {
        EXPECT_TRUE(limit.Add(At("192.0.2.1")));
        if (j % 10 != 0) limit.Remove(At("192.0.2.1"));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (int i = 0; i < 1000 - 4 * 200; ++i) EXPECT_TRUE(limit.Add(At("192.0.2.1")));
  EXPECT_FALSE(limit.Add(At("192.0.2.1")));
}

}  // namespace
}  // namespace weft
