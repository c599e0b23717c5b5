#include "weft/transport/listen.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "gtest/gtest.h"
#include "weft/transport/address.h"
#include "weft/transport/deadline.h"
#include "weft/transport/fd.h"
#include "weft/transport/io.h"
#include "weft/transport/stream.h"
#include "weft/transport/testing/socket_path.h"
#include "weft/transport/testing/sockets.h"
#include "weft/transport/wait.h"

namespace {

// The number of next calls of accept4 that fail as for a connection that its client has closed. On
// loopback Linux does not do that by itself.
int aborted_accepts = 0;

}  // namespace

// Replaces the C library's.
extern "C" int accept4(int fd, sockaddr* address, socklen_t* size, int flags) noexcept(false) {
  if (aborted_accepts > 0) {
    --aborted_accepts;
    errno = ECONNABORTED;
    return -1;
  }
  static const auto real = reinterpret_cast<decltype(&accept4)>(dlsym(RTLD_NEXT, "accept4"));
  return real(fd, address, size, flags);
}

namespace weft {
namespace {

using testing::HasIpv6;
using testing::Ip;

// A plain blocking connection.
UniqueFd Connect(const SocketAddress& address) {
  UniqueFd fd(socket(address.family(), SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_storage storage;
  const socklen_t size = address.ToSockaddr(&storage);
  EXPECT_EQ(connect(fd.get(), reinterpret_cast<const sockaddr*>(&storage), size), 0)
      << address.ToString();
  return fd;
}

// Accepts once the kernel has a connection.
IoResult WaitAndAccept(const UniqueFd& listener, Stream* stream, SocketAddress* peer = nullptr) {
  EXPECT_TRUE(Wait(listener.get(), Interest::kRead, Deadline::Never()).ok());
  return Accept(listener.get(), stream, peer);
}

class UnixListenTest : public ::testing::Test {
 protected:
  SocketAddress address() const { return *SocketAddress::FromUnixPath(path_); }

  const testing::SocketPath socket_;
  const std::string path_ = socket_.path();
};

TEST(ListenTest, PortZeroGetsAPortAndConnectionsAreAccepted) {
  absl::StatusOr<UniqueFd> listener = Listen(Ip("127.0.0.1", 0));
  ASSERT_TRUE(listener.ok()) << listener.status();
  const SocketAddress address = LocalAddress(listener->get());
  EXPECT_EQ(address.ip(), "127.0.0.1");
  EXPECT_NE(address.port(), 0);

  const UniqueFd client = Connect(address);
  Stream stream;
  SocketAddress peer;
  ASSERT_TRUE(WaitAndAccept(*listener, &stream, &peer).ok());
  EXPECT_EQ(peer, LocalAddress(client.get()));
  EXPECT_EQ(PeerAddress(stream.fd()), peer);
}

TEST(ListenTest, SocketsAreNonBlockingAndNotInherited) {
  absl::StatusOr<UniqueFd> listener = Listen(Ip("127.0.0.1", 0));
  ASSERT_TRUE(listener.ok()) << listener.status();
  const UniqueFd client = Connect(LocalAddress(listener->get()));
  Stream stream;
  ASSERT_TRUE(WaitAndAccept(*listener, &stream).ok());
  for (int fd : {listener->get(), stream.fd()}) {
    EXPECT_NE(fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
    EXPECT_NE(fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
  }
}

TEST(ListenTest, AcceptWouldBlockWhenNobodyWaits) {
  absl::StatusOr<UniqueFd> listener = Listen(Ip("127.0.0.1", 0));
  ASSERT_TRUE(listener.ok()) << listener.status();
  Stream stream;
  const IoResult result = Accept(listener->get(), &stream);
  EXPECT_EQ(result.status, IoStatus::kWouldBlock);
  EXPECT_EQ(result.wanted, Interest::kRead);
  EXPECT_FALSE(stream.is_open());
}

// The next waiting connection is accepted instead.
TEST(ListenTest, AConnectionThatItsClientGaveUpIsPassedOver) {
  absl::StatusOr<UniqueFd> listener = Listen(Ip("127.0.0.1", 0));
  ASSERT_TRUE(listener.ok()) << listener.status();
  const UniqueFd client = Connect(LocalAddress(listener->get()));
  aborted_accepts = 2;
  Stream stream;
  EXPECT_TRUE(WaitAndAccept(*listener, &stream).ok());
  EXPECT_EQ(aborted_accepts, 0);
}

TEST(ListenTest, NoDescriptorLeftIsAnErrorAndTheConnectionStillWaits) {
  absl::StatusOr<UniqueFd> listener = Listen(Ip("127.0.0.1", 0));
  ASSERT_TRUE(listener.ok()) << listener.status();
  const UniqueFd client = Connect(LocalAddress(listener->get()));
  ASSERT_TRUE(Wait(listener->get(), Interest::kRead, Deadline::Never()).ok());
  rlimit old;
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &old), 0);
  const rlimit none = {.rlim_cur = 0, .rlim_max = old.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
  Stream stream;
  const IoResult result = Accept(listener->get(), &stream);
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &old), 0);
  EXPECT_EQ(result.status, IoStatus::kError);
  EXPECT_EQ(result.error, EMFILE);
  EXPECT_TRUE(WaitAndAccept(*listener, &stream).ok());
}

TEST(ListenTest, Ipv6) {
  if (!HasIpv6()) GTEST_SKIP() << "this machine has no IPv6";
  absl::StatusOr<UniqueFd> listener = Listen(Ip("::1", 0));
  ASSERT_TRUE(listener.ok()) << listener.status();
  const UniqueFd client = Connect(LocalAddress(listener->get()));
  Stream stream;
  SocketAddress peer;
  ASSERT_TRUE(WaitAndAccept(*listener, &stream, &peer).ok());
  EXPECT_EQ(peer.ip(), "::1");
}

TEST(ListenTest, TheIpv6WildcardTakesIpv4AsWell) {
  if (!HasIpv6()) GTEST_SKIP() << "this machine has no IPv6";
  absl::StatusOr<UniqueFd> listener = Listen(Ip("::", 0));
  ASSERT_TRUE(listener.ok()) << listener.status();
  const uint16_t port = LocalAddress(listener->get()).port();
  for (const char* ip : {"127.0.0.1", "::1"}) {
    const UniqueFd client = Connect(Ip(ip, port));
    Stream stream;
    SocketAddress peer;
    ASSERT_TRUE(WaitAndAccept(*listener, &stream, &peer).ok());
    EXPECT_EQ(peer.ip(), ip);
  }
}

TEST(ListenTest, APortInUseIsAnErrorThatNamesTheAddress) {
  absl::StatusOr<UniqueFd> first = Listen(Ip("127.0.0.1", 0));
  ASSERT_TRUE(first.ok()) << first.status();
  const SocketAddress address = LocalAddress(first->get());
  const absl::Status status = Listen(address).status();
  EXPECT_EQ(status.message(),
            absl::StrCat("cannot listen on ", address.ToString(), ": Address already in use"));
}

TEST(ListenTest, AnAddressOfAnotherMachineIsAnErrorThatNamesIt) {
  const absl::Status status = Listen(Ip("192.0.2.1", 80)).status();
  EXPECT_TRUE(absl::StartsWith(status.message(), "cannot listen on 192.0.2.1:80: ")) << status;
}

TEST(ListenTest, NoAddressIsAnError) { EXPECT_FALSE(Listen(SocketAddress()).ok()); }

TEST(ListenTest, ReusePortLetsSeveralListenOnOneAddress) {
  absl::StatusOr<UniqueFd> first = Listen(Ip("127.0.0.1", 0), {.reuse_port = true});
  ASSERT_TRUE(first.ok()) << first.status();
  const SocketAddress address = LocalAddress(first->get());
  EXPECT_TRUE(Listen(address, {.reuse_port = true}).ok());
  EXPECT_FALSE(Listen(address).ok());
}

// The server closes first, so that its side of the connection lingers in TIME_WAIT.
TEST(ListenTest, AServerCanStartAgainAtOnce) {
  absl::StatusOr<UniqueFd> listener = Listen(Ip("127.0.0.1", 0));
  ASSERT_TRUE(listener.ok()) << listener.status();
  const SocketAddress address = LocalAddress(listener->get());
  UniqueFd client = Connect(address);
  Stream stream;
  ASSERT_TRUE(WaitAndAccept(*listener, &stream).ok());
  stream.Close();
  char byte;
  ASSERT_EQ(recv(client.get(), &byte, 1, 0), 0);
  client.reset();
  listener->reset();
  absl::StatusOr<UniqueFd> again = Listen(address);
  EXPECT_TRUE(again.ok()) << again.status();
}

TEST_F(UnixListenTest, Accepts) {
  absl::StatusOr<UniqueFd> listener = Listen(address());
  ASSERT_TRUE(listener.ok()) << listener.status();
  EXPECT_EQ(LocalAddress(listener->get()), address());
  const UniqueFd client = Connect(address());
  Stream stream;
  SocketAddress peer;
  ASSERT_TRUE(WaitAndAccept(*listener, &stream, &peer).ok());
  EXPECT_EQ(peer.ToString(), "unix:");
}

TEST_F(UnixListenTest, AFileThatNobodyListensToIsReplaced) {
  for (int i = 0; i < 2; ++i) {
    absl::StatusOr<UniqueFd> listener = Listen(address());
    ASSERT_TRUE(listener.ok()) << listener.status();
    Connect(address());
  }
}

TEST_F(UnixListenTest, ALiveSocketIsAnErrorAndStaysAlive) {
  absl::StatusOr<UniqueFd> listener = Listen(address(), {.backlog = 8});
  ASSERT_TRUE(listener.ok()) << listener.status();
  const absl::Status status = Listen(address()).status();
  EXPECT_EQ(status.message(),
            absl::StrCat("cannot listen on unix:", path_, ": Address already in use"));
  Connect(address());
}

TEST_F(UnixListenTest, ALiveSocketWithAFullBacklogIsNotStale) {
  absl::StatusOr<UniqueFd> listener = Listen(address(), {.backlog = 0});
  ASSERT_TRUE(listener.ok()) << listener.status();
  const UniqueFd client = Connect(address());  // a backlog of 0 holds one connection
  EXPECT_FALSE(Listen(address()).ok());
  Stream stream;
  EXPECT_TRUE(WaitAndAccept(*listener, &stream).ok());
}

// A server between bind() and listen() counts as live.
TEST_F(UnixListenTest, ASocketThatDoesNotListenYetIsNotStale) {
  for (const int type : {SOCK_STREAM, SOCK_DGRAM}) {
    UniqueFd other(socket(AF_UNIX, type | SOCK_CLOEXEC, 0));
    sockaddr_storage storage;
    const socklen_t size = address().ToSockaddr(&storage);
    ASSERT_EQ(bind(other.get(), reinterpret_cast<const sockaddr*>(&storage), size), 0);
    struct stat before, after;
    ASSERT_EQ(stat(path_.c_str(), &before), 0);
    EXPECT_EQ(Listen(address()).status().message(),
              absl::StrCat("cannot listen on unix:", path_, ": Address already in use"));
    ASSERT_EQ(stat(path_.c_str(), &after), 0);
    EXPECT_EQ(before.st_ino, after.st_ino);
    other.reset();
    EXPECT_TRUE(Listen(address()).ok()) << "its process has ended";
    unlink(path_.c_str());
  }
}

// Each sees the stale file; one replaces it, and clients reach that one.
TEST_F(UnixListenTest, OneOfManyReplacesAStaleFile) {
  for (int round = 0; round < 100; ++round) {
    ASSERT_TRUE(Listen(address()).ok());  // and closed again: the file remains
    absl::StatusOr<UniqueFd> listeners[4];
    std::vector<std::thread> threads;
    for (auto& listener : listeners) {
      threads.emplace_back([&listener, address = address()] { listener = Listen(address); });
    }
    for (std::thread& thread : threads) thread.join();
    UniqueFd client = Connect(address());
    int listening = 0;
    for (auto& listener : listeners) {
      if (!listener.ok()) continue;
      ++listening;
      Stream stream;
      EXPECT_TRUE(WaitAndAccept(*listener, &stream).ok());
    }
    ASSERT_EQ(listening, 1);
  }
}

TEST_F(UnixListenTest, AFileThatIsNoSocketIsKept) {
  std::ofstream(path_) << "precious";
  EXPECT_FALSE(Listen(address()).ok());
  struct stat info;
  ASSERT_EQ(stat(path_.c_str(), &info), 0);
  EXPECT_EQ(info.st_size, 8);
}

TEST_F(UnixListenTest, AFolderThatIsNotThereIsAnErrorThatNamesThePath) {
  const std::string path = absl::StrCat(path_, "-nowhere/s");
  const absl::Status status = Listen(*SocketAddress::FromUnixPath(path)).status();
  EXPECT_EQ(status.message(),
            absl::StrCat("cannot listen on unix:", path, ": No such file or directory"));
}

TEST_F(UnixListenTest, ReusePortIsRefused) {
  EXPECT_FALSE(Listen(address(), {.reuse_port = true}).ok());
}

TEST_F(UnixListenTest, AnAbstractNameNeedsNoFile) {
  const std::string name = absl::StrCat("@", path_);
  absl::StatusOr<UniqueFd> listener = Listen(*SocketAddress::FromUnixPath(name));
  ASSERT_TRUE(listener.ok()) << listener.status();
  EXPECT_EQ(LocalAddress(listener->get()).path(), name);
  Connect(*SocketAddress::FromUnixPath(name));
  EXPECT_FALSE(Listen(*SocketAddress::FromUnixPath(name)).ok());
}

}  // namespace
}  // namespace weft
