#include "weft/server/listening/service_manager.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstddef>
#include <cstring>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "weft/transport/address.h"
#include "weft/transport/fd.h"
#include "weft/transport/testing/socket_path.h"

namespace weft {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// ---- Sockets ----

// "name=address" of each, for the process 7.
std::vector<std::string> Parsed(std::optional<std::string> pid, std::optional<std::string> fds,
                                std::optional<std::string> names = std::nullopt) {
  const auto sockets =
      internal::ParseActivation({std::move(pid), std::move(fds), std::move(names)}, 7);
  if (!sockets.ok()) {
    EXPECT_TRUE(absl::IsInvalidArgument(sockets.status())) << sockets.status();
    return {std::string(sockets.status().message())};
  }
  std::vector<std::string> lines;
  for (const ActivatedEndpoint& socket : *sockets) {
    lines.push_back(absl::StrCat(socket.name, "=", socket.endpoint.address));
  }
  return lines;
}

TEST(ActivationTest, SocketsInTheirOrder) {
  EXPECT_THAT(Parsed("7", "1"), ElementsAre("=fd:3"));
  EXPECT_THAT(Parsed("7", "2", "plain:tls"), ElementsAre("plain=fd:3", "tls=fd:4"));
  EXPECT_THAT(Parsed("7", "2", "weft.socket:"), ElementsAre("weft.socket=fd:3", "=fd:4"));
}

TEST(ActivationTest, NoneWithoutTheVariablesAndForAnotherProcess) {
  EXPECT_THAT(Parsed(std::nullopt, std::nullopt), IsEmpty());
  EXPECT_THAT(Parsed("7", std::nullopt), IsEmpty());
  EXPECT_THAT(Parsed(std::nullopt, "1"), IsEmpty());
  EXPECT_THAT(Parsed("8", "2", "a:b"), IsEmpty());
  EXPECT_THAT(Parsed("8", "malformed"), IsEmpty());
}

TEST(ActivationTest, MalformedValuesAreErrors) {
  for (const char* pid : {"", "0", "-7", "+7", " 7", "7x", "99999999999"}) {
    EXPECT_THAT(Parsed(pid, "1"), ElementsAre(HasSubstr("LISTEN_PID"))) << pid;
  }
  for (const char* fds : {"", "0", "-1", "+1", "1 ", "one", "32768", "99999999999"}) {
    EXPECT_THAT(Parsed("7", fds), ElementsAre(HasSubstr("LISTEN_FDS"))) << fds;
  }
  for (const char* names : {"a", "a:b:c", ""}) {
    EXPECT_THAT(Parsed("7", "2", names), ElementsAre(HasSubstr("LISTEN_FDNAMES"))) << names;
  }
}

TEST(ActivationTest, TheVariablesAreRemovedEvenIfTheyAreForAnother) {
  for (const int pid : {getpid(), getpid() + 1}) {
    setenv("LISTEN_PID", absl::StrCat(pid).c_str(), 1);
    setenv("LISTEN_FDS", "2", 1);
    setenv("LISTEN_FDNAMES", "a:b", 1);
    const auto sockets = TakeActivatedEndpoints();
    ASSERT_TRUE(sockets.ok()) << sockets.status();
    EXPECT_EQ(sockets->size(), pid == getpid() ? 2u : 0u);
    for (const char* name : {"LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"}) {
      EXPECT_EQ(getenv(name), nullptr) << name;
    }
    EXPECT_THAT(TakeActivatedEndpoints().value(), IsEmpty());
  }
}

// ---- Notifications ----

// The manager's socket.
class NotifyTest : public ::testing::Test {
 protected:
  ~NotifyTest() override { unsetenv("NOTIFY_SOCKET"); }

  void Listen(const std::string& name) {
    manager_ = UniqueFd(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    sockaddr_storage storage;
    const socklen_t size = SocketAddress::FromUnixPath(name)->ToSockaddr(&storage);
    ASSERT_EQ(bind(manager_.get(), reinterpret_cast<const sockaddr*>(&storage), size), 0);
    setenv("NOTIFY_SOCKET", name.c_str(), 1);
  }

  std::string Received() {
    char buffer[256];
    const ssize_t size = recv(manager_.get(), buffer, sizeof(buffer), MSG_DONTWAIT);
    return size < 0 ? "nothing" : std::string(buffer, size);
  }

  const testing::SocketPath path_;
  UniqueFd manager_;
};

TEST_F(NotifyTest, WithoutAManagerNothingHappens) {
  unsetenv("NOTIFY_SOCKET");
  EXPECT_TRUE(NotifyServiceManager("READY=1").ok());
}

TEST_F(NotifyTest, ToAPath) {
  Listen(path_.path());
  ASSERT_TRUE(NotifyServiceManager("READY=1\nSTATUS=serves").ok());
  EXPECT_EQ(Received(), "READY=1\nSTATUS=serves");
  ASSERT_TRUE(NotifyServiceManager("STOPPING=1").ok());
  EXPECT_EQ(Received(), "STOPPING=1");
  EXPECT_EQ(Received(), "nothing");
}

TEST_F(NotifyTest, ToAnAbstractName) {
  Listen(absl::StrCat("@weft", path_.path()));  // unique, as the path is
  ASSERT_TRUE(NotifyServiceManager("READY=1").ok());
  EXPECT_EQ(Received(), "READY=1");
}

TEST_F(NotifyTest, ErrorsNameTheSocket) {
  setenv("NOTIFY_SOCKET", "vsock:2:1234", 1);
  EXPECT_THAT(NotifyServiceManager("READY=1").ToString(),
              ::testing::AllOf(HasSubstr("NOTIFY_SOCKET"), HasSubstr("vsock:2:1234")));
  setenv("NOTIFY_SOCKET", path_.path().c_str(), 1);
  EXPECT_THAT(NotifyServiceManager("READY=1").ToString(),
              ::testing::AllOf(HasSubstr(path_.path()), HasSubstr("No such file")));
}

}  // namespace
}  // namespace weft
