#include "weft/server/listening/listener.h"

#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "absl/status/statusor.h"
#include "gtest/gtest.h"
#include "weft/transport/address.h"
#include "weft/transport/fd.h"
#include "weft/transport/loopback.h"
#include "weft/transport/testing/socket_path.h"

namespace weft {
namespace {

// Also on a machine without IPv6, of which localhost names an address first.
TEST(ListenerTest, ListensAtLocalhost) {
  const absl::StatusOr<Listener> listener = Listener::Open({.address = "localhost"});
  ASSERT_TRUE(listener.ok()) << listener.status();
  EXPECT_TRUE(IsLoopbackHost(LocalAddress(listener->fd()).ip()));
}

// localhost does not lead to the second address where another server has the first one.
TEST(ListenerTest, AnAddressInUseIsNotPassedOver) {
  const absl::StatusOr<Listener> first = Listener::Open({.address = "localhost"});
  ASSERT_TRUE(first.ok()) << first.status();
  const uint16_t port = LocalAddress(first->fd()).port();
  EXPECT_FALSE(Listener::Open({.address = "localhost", .port = port}).ok());
}

class UnixListenerTest : public ::testing::Test {
 protected:
  absl::StatusOr<Listener> Open() { return Listener::Open({.address = socket_.address()}); }

  bool Exists() { return access(path_.c_str(), F_OK) == 0; }

  bool Connects() {
    UniqueFd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_storage storage;
    const socklen_t size = SocketAddress::FromUnixPath(path_)->ToSockaddr(&storage);
    return connect(fd.get(), reinterpret_cast<const sockaddr*>(&storage), size) == 0;
  }

  const testing::SocketPath socket_;
  const std::string path_ = socket_.path();
};

TEST_F(UnixListenerTest, RemovesItsFile) {
  {
    const absl::StatusOr<Listener> listener = Open();
    ASSERT_TRUE(listener.ok()) << listener.status();
    EXPECT_TRUE(Connects());
  }
  EXPECT_FALSE(Exists());
}

// Somebody has replaced the file by another server's meanwhile.
TEST_F(UnixListenerTest, LeavesTheFileOfAnotherServer) {
  auto first = std::make_unique<absl::StatusOr<Listener>>(Open());
  ASSERT_TRUE(first->ok());
  ASSERT_EQ(unlink(path_.c_str()), 0);
  const absl::StatusOr<Listener> second = Open();
  ASSERT_TRUE(second.ok()) << second.status();
  first.reset();
  EXPECT_TRUE(Exists());
  EXPECT_TRUE(Connects());
}

// A restart: the next server tries until it can listen, while the one before it ends.
TEST_F(UnixListenerTest, ARestartLosesNoFile) {
  auto current = std::make_unique<absl::StatusOr<Listener>>(Open());
  for (int round = 0; round < 300; ++round) {
    ASSERT_TRUE(current->ok()) << current->status();
    std::unique_ptr<absl::StatusOr<Listener>> next;
    std::thread successor([&] {
      do {
        next = std::make_unique<absl::StatusOr<Listener>>(Open());
      } while (!next->ok());
    });
    current.reset();
    successor.join();
    current = std::move(next);
    ASSERT_TRUE(Exists()) << round;
    ASSERT_TRUE(Connects()) << round;
  }
}

}  // namespace
}  // namespace weft
