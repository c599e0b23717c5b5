#include "weft/server/listening/inherited_socket.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "weft/server/listening/listener.h"
#include "weft/transport/address.h"
#include "weft/transport/fd.h"
#include "weft/transport/listen.h"
#include "weft/transport/testing/socket_path.h"

namespace weft {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

std::string AddressOf(const UniqueFd& fd) { return absl::StrCat("fd:", fd.get()); }

// A listening TCP socket as a parent would pass it on: blocking, and inherited by programs.
UniqueFd PassedOn() {
  UniqueFd fd(socket(AF_INET, SOCK_STREAM, 0));
  EXPECT_EQ(listen(fd.get(), 5), 0);  // on a free port of all addresses
  return fd;
}

// The error for a descriptor, which must stay open.
std::string Refusal(const UniqueFd& fd) {
  const absl::StatusOr<Listener> listener = Listener::Open({.address = AddressOf(fd)});
  EXPECT_TRUE(absl::IsInvalidArgument(listener.status())) << listener.status();
  EXPECT_GE(fcntl(fd.get(), F_GETFD), 0) << "it was closed";
  const std::string message(listener.status().message());
  EXPECT_THAT(message, HasSubstr(AddressOf(fd)));
  return message;
}

TEST(InheritedSocketTest, AddressesOfDescriptors) {
  EXPECT_EQ(DescriptorOf("fd:3").value(), std::optional<int>(3));
  EXPECT_EQ(DescriptorOf("fd:0").value(), std::optional<int>(0));
  for (const char* other : {"", "fd", "FD:3", "127.0.0.1", "unix:fd:3", "xfd:3"}) {
    EXPECT_EQ(DescriptorOf(other).value(), std::nullopt) << other;
  }
  for (const char* wrong : {"fd:", "fd:-1", "fd:+3", "fd: 3", "fd:3 ", "fd:3x", "fd:0x3",
                            "fd:2147483648", "fd:99999999999999999999"}) {
    const auto fd = DescriptorOf(wrong);
    EXPECT_TRUE(absl::IsInvalidArgument(fd.status())) << wrong;
    EXPECT_THAT(std::string(fd.status().message()), HasSubstr(wrong));
  }
}

TEST(InheritedSocketTest, BecomesNonBlockingAndIsNotPassedOn) {
  UniqueFd fd = PassedOn();
  const SocketAddress address = LocalAddress(fd.get());
  const absl::StatusOr<Listener> listener = Listener::Open({.address = AddressOf(fd)});
  ASSERT_TRUE(listener.ok()) << listener.status();
  EXPECT_EQ(listener->fd(), fd.release());
  EXPECT_TRUE(listener->is_inherited());
  EXPECT_NE(fcntl(listener->fd(), F_GETFL) & O_NONBLOCK, 0);
  EXPECT_NE(fcntl(listener->fd(), F_GETFD) & FD_CLOEXEC, 0);
  int no_delay = 0;
  socklen_t size = sizeof(no_delay);
  ASSERT_EQ(getsockopt(listener->fd(), IPPROTO_TCP, TCP_NODELAY, &no_delay, &size), 0);
  EXPECT_EQ(no_delay, 1);
  EXPECT_EQ(LocalAddress(listener->fd()), address);
}

TEST(InheritedSocketTest, ADescriptorThatIsNotOpen) {
  UniqueFd fd = PassedOn();
  const std::string address = AddressOf(fd);
  fd.reset();
  const absl::StatusOr<Listener> listener = Listener::Open({.address = address});
  EXPECT_THAT(std::string(listener.status().message()), EndsWith("is not open"));
}

TEST(InheritedSocketTest, WhatIsNoListeningStreamSocketIsRefused) {
  EXPECT_THAT(Refusal(UniqueFd(open("/dev/null", O_RDONLY))), EndsWith("is not a socket"));
  EXPECT_THAT(Refusal(UniqueFd(socket(AF_INET, SOCK_DGRAM, 0))),
              EndsWith("has the socket type 2, expected a stream (SOCK_STREAM)"));
  EXPECT_THAT(Refusal(UniqueFd(socket(AF_UNIX, SOCK_SEQPACKET, 0))), HasSubstr("socket type 5"));
  EXPECT_THAT(Refusal(UniqueFd(socket(AF_NETLINK, SOCK_RAW, 0))), HasSubstr("address family 16"));
  const UniqueFd silent(socket(AF_INET, SOCK_STREAM, 0));
  EXPECT_THAT(Refusal(silent), HasSubstr("does not listen"));
  EXPECT_EQ(fcntl(silent.get(), F_GETFL) & O_NONBLOCK, 0) << "a refused descriptor was changed";
}

TEST(InheritedSocketTest, OneDescriptorForTwoEndpoints) {
  UniqueFd fd = PassedOn();
  const auto listeners =
      OpenListeners({{.address = AddressOf(fd)}, {.address = absl::StrCat("fd:0", fd.get())}});
  EXPECT_TRUE(absl::IsInvalidArgument(listeners.status())) << listeners.status();
  EXPECT_THAT(std::string(listeners.status().message()), StartsWith("two endpoints have the file"));
  EXPECT_LT(fcntl(fd.release(), F_GETFD), 0) << "the first endpoint owned it";
}

// The process that made the file still uses it, or removes it.
TEST(InheritedSocketTest, LeavesTheFileOfAUnixSocket) {
  const testing::SocketPath path;
  absl::StatusOr<UniqueFd> own = Listen(*SocketAddress::FromUnixPath(path.path()));
  ASSERT_TRUE(own.ok()) << own.status();
  UniqueFd passed_on(dup(own->get()));
  {
    const absl::StatusOr<Listener> listener = Listener::Open({.address = AddressOf(passed_on)});
    ASSERT_TRUE(listener.ok()) << listener.status();
    EXPECT_EQ(listener->fd(), passed_on.release());
    EXPECT_EQ(LocalAddress(listener->fd()).path(), path.path());
  }
  EXPECT_EQ(access(path.path().c_str(), F_OK), 0);
}

}  // namespace
}  // namespace weft
