#include "weft/transport/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cstddef>
#include <cstring>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/string_view.h"
#include "gtest/gtest.h"
#include "weft/transport/fd.h"
#include "weft/transport/testing/sockets.h"

namespace weft {
namespace {

using testing::Ip;

SocketAddress Unix(absl::string_view path) {
  absl::StatusOr<SocketAddress> address = SocketAddress::FromUnixPath(path);
  EXPECT_TRUE(address.ok()) << address.status();
  return address.value_or(SocketAddress());
}

SocketAddress ThroughTheKernelsForm(const SocketAddress& address) {
  sockaddr_storage storage;
  const socklen_t size = address.ToSockaddr(&storage);
  return SocketAddress::FromSockaddr(reinterpret_cast<const sockaddr*>(&storage), size);
}

TEST(AddressTest, IsSmall) { EXPECT_LE(sizeof(SocketAddress), 8u); }

TEST(AddressTest, CopiesAreEqualAndOutliveTheirOriginal) {
  for (const SocketAddress& address :
       {Ip("127.0.0.1", 8080), Ip("255.255.255.255", 65535), Ip("0.0.0.0", 0), Ip("::1", 8080),
        Unix("/run/chat.sock"), SocketAddress()}) {
    const std::string text = address.ToString();
    auto original = std::make_unique<SocketAddress>(address);
    SocketAddress copy = *original;
    SocketAddress assigned = Ip("::2", 1);
    assigned = copy;
    original.reset();
    EXPECT_EQ(copy, address);
    EXPECT_EQ(copy.ToString(), text);
    SocketAddress& same = copy;
    copy = same;
    EXPECT_EQ(copy.ToString(), text);
    SocketAddress moved = std::move(copy);
    EXPECT_EQ(moved, assigned);
    copy = Ip("::3", 2);
    EXPECT_EQ(assigned.ToString(), text);
    EXPECT_EQ(moved.ToString(), text);
  }
}

TEST(AddressTest, ToStringAndParts) {
  const struct {
    SocketAddress address;
    int family;
    const char* ip;
    uint16_t port;
    const char* path;
    const char* text;
  } kCases[] = {
      {Ip("127.0.0.1", 8080), AF_INET, "127.0.0.1", 8080, "", "127.0.0.1:8080"},
      {Ip("0.0.0.0", 65535), AF_INET, "0.0.0.0", 65535, "", "0.0.0.0:65535"},
      {Ip("::1", 8080), AF_INET6, "::1", 8080, "", "[::1]:8080"},
      {Ip("2001:DB8:0:0:0:0:0:1", 1), AF_INET6, "2001:db8::1", 1, "", "[2001:db8::1]:1"},
      {Unix("/run/chat.sock"), AF_UNIX, "", 0, "/run/chat.sock", "unix:/run/chat.sock"},
      {Unix("@chat"), AF_UNIX, "", 0, "@chat", "unix:@chat"},
      {SocketAddress(), AF_UNSPEC, "", 0, "", "none"},
  };
  for (const auto& c : kCases) {
    EXPECT_EQ(c.address.family(), c.family) << c.text;
    EXPECT_EQ(c.address.ip(), c.ip) << c.text;
    EXPECT_EQ(c.address.port(), c.port) << c.text;
    EXPECT_EQ(c.address.path(), c.path) << c.text;
    EXPECT_EQ(c.address.ToString(), c.text);
    EXPECT_EQ(ThroughTheKernelsForm(c.address), c.address) << c.text;
  }
}

TEST(AddressTest, WhatIsNoIpAddressIsRefusedByName) {
  for (const std::string ip :
       {"", "localhost", "127.1", "1.2.3.256", "[::1]", "::1%1", "1.2.3.4 "}) {
    const absl::Status status = SocketAddress::FromIp(ip, 80).status();
    EXPECT_TRUE(absl::IsInvalidArgument(status)) << ip;
    EXPECT_TRUE(absl::StrContains(status.message(), "\"" + ip + "\"")) << status;
  }
  EXPECT_FALSE(SocketAddress::FromIp(absl::string_view("127.0.0.1\0x", 11), 80).ok());
}

TEST(AddressTest, Ipv4CarriedByIpv6IsIpv4) {
  EXPECT_EQ(Ip("::ffff:1.2.3.4", 80).ToString(), "1.2.3.4:80");
  EXPECT_EQ(Ip("::ffff:1.2.3.4", 80), Ip("1.2.3.4", 80));
  EXPECT_EQ(Ip("::1.2.3.4", 80).family(), AF_INET6);  // only that prefix
}

TEST(AddressTest, ALinkLocalAddressKeepsItsInterface) {
  sockaddr_in6 in6 = {};
  in6.sin6_family = AF_INET6;
  in6.sin6_port = htons(80);
  in6.sin6_scope_id = 2;
  ASSERT_EQ(inet_pton(AF_INET6, "fe80::1", &in6.sin6_addr), 1);
  const SocketAddress address =
      SocketAddress::FromSockaddr(reinterpret_cast<sockaddr*>(&in6), sizeof(in6));
  EXPECT_EQ(address.ToString(), "[fe80::1%2]:80");
  EXPECT_EQ(ThroughTheKernelsForm(address), address);
  EXPECT_NE(address, Ip("fe80::1", 80));
}

TEST(AddressTest, UnixPathsThatTheKernelCannotTakeAreRefused) {
  const size_t limit = sizeof(sockaddr_un::sun_path) - 1;
  EXPECT_TRUE(SocketAddress::FromUnixPath(std::string(limit, 'x')).ok());
  EXPECT_FALSE(SocketAddress::FromUnixPath(std::string(limit + 1, 'x')).ok());
  EXPECT_FALSE(SocketAddress::FromUnixPath("").ok());
  EXPECT_FALSE(SocketAddress::FromUnixPath(absl::string_view("/a\0b", 4)).ok());
}

// Linux can return a path that fills sun_path and has no NUL after it.
TEST(AddressTest, AUnixPathNeedsNoNul) {
  sockaddr_un un = {};
  un.sun_family = AF_UNIX;
  std::memset(un.sun_path, 'x', sizeof(un.sun_path));
  const SocketAddress address =
      SocketAddress::FromSockaddr(reinterpret_cast<sockaddr*>(&un), sizeof(un));
  EXPECT_EQ(address.path(), std::string(sizeof(un.sun_path), 'x'));
}

TEST(AddressTest, TruncatedAndForeignSockaddrsGiveNoAddress) {
  sockaddr_storage storage;
  const socklen_t size = Ip("::1", 1).ToSockaddr(&storage);
  const sockaddr* address = reinterpret_cast<const sockaddr*>(&storage);
  EXPECT_EQ(SocketAddress::FromSockaddr(address, size - 1), SocketAddress());
  EXPECT_EQ(SocketAddress::FromSockaddr(address, 0), SocketAddress());
  storage.ss_family = AF_NETLINK;
  EXPECT_EQ(SocketAddress::FromSockaddr(address, size), SocketAddress());
}

TEST(AddressTest, EqualityLooksAtEveryPart) {
  EXPECT_NE(Ip("127.0.0.1", 1), Ip("127.0.0.1", 2));
  EXPECT_NE(Ip("127.0.0.1", 1), Ip("127.0.0.2", 1));
  EXPECT_NE(Ip("0.0.0.0", 1), Ip("::", 1));
  EXPECT_NE(Unix("/a"), Unix("/b"));
  EXPECT_EQ(Unix("/a"), Unix("/a"));
  EXPECT_NE(Unix("/a"), SocketAddress());
}

TEST(AddressTest, LocalAddressTellsThePortAndPeerAddressOfNoPeerIsNone) {
  UniqueFd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_storage storage;
  const socklen_t size = Ip("127.0.0.1", 0).ToSockaddr(&storage);
  ASSERT_EQ(bind(fd.get(), reinterpret_cast<const sockaddr*>(&storage), size), 0);
  EXPECT_EQ(LocalAddress(fd.get()).ip(), "127.0.0.1");
  EXPECT_NE(LocalAddress(fd.get()).port(), 0);
  EXPECT_EQ(PeerAddress(fd.get()), SocketAddress());
}

TEST(AddressTest, AUnixSocketWithoutANameSaysSo) {
  int fds[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
  UniqueFd a(fds[0]), b(fds[1]);
  EXPECT_EQ(PeerAddress(a.get()).family(), AF_UNIX);
  EXPECT_EQ(PeerAddress(a.get()).ToString(), "unix:");
}

}  // namespace
}  // namespace weft
