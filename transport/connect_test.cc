#include "weft/transport/connect.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "gtest/gtest.h"
#include "weft/transport/address.h"
#include "weft/transport/deadline.h"
#include "weft/transport/fd.h"
#include "weft/transport/io.h"
#include "weft/transport/listen.h"
#include "weft/transport/stream.h"
#include "weft/transport/testing/silent_port.h"
#include "weft/transport/testing/socket_path.h"
#include "weft/transport/testing/sockets.h"
#include "weft/transport/wait.h"

namespace weft {
namespace {

using absl::StrCat;
using testing::HasIpv6;
using testing::Loopback;
using testing::NewNotification;
using testing::SilentPort;
using testing::SocketPath;

Deadline Past() { return Deadline::After(absl::ZeroDuration()); }

// For events that occur at once or never: if one does not occur, the test fails instead of
// blocking.
Deadline InTime() { return Deadline::After(absl::Seconds(20)); }

UniqueFd ListenOrDie(const SocketAddress& address, const ListenOptions& options = {}) {
  absl::StatusOr<UniqueFd> listener = Listen(address, options);
  EXPECT_TRUE(listener.ok()) << listener.status();
  return *std::move(listener);
}

// A port that refuses connections: bound, so that no other process gets it, and not listening.
class RefusingPort {
 public:
  RefusingPort() : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_storage storage;
    const socklen_t size = Loopback(0).ToSockaddr(&storage);
    EXPECT_EQ(bind(fd_.get(), reinterpret_cast<const sockaddr*>(&storage), size), 0);
  }
  SocketAddress address() const { return LocalAddress(fd_.get()); }

 private:
  UniqueFd fd_;
};

TEST(ConnectTest, Connects) {
  const UniqueFd listener = ListenOrDie(Loopback(0));
  absl::StatusOr<Stream> stream = ConnectTo({LocalAddress(listener.get())}, Deadline::Never());
  ASSERT_TRUE(stream.ok()) << stream.status();
  EXPECT_EQ(PeerAddress(stream->fd()), LocalAddress(listener.get()));
  EXPECT_NE(fcntl(stream->fd(), F_GETFL) & O_NONBLOCK, 0);
  EXPECT_NE(fcntl(stream->fd(), F_GETFD) & FD_CLOEXEC, 0);
}

TEST(ConnectTest, ConnectsOverIpv6) {
  absl::StatusOr<UniqueFd> listener = Listen(*SocketAddress::FromIp("::1", 0));
  if (!listener.ok()) GTEST_SKIP() << "this machine has no IPv6: " << listener.status();
  const uint16_t port = LocalAddress(listener->get()).port();
  absl::StatusOr<Stream> stream = ConnectTo("::1", port, Deadline::Never());
  ASSERT_TRUE(stream.ok()) << stream.status();
  EXPECT_EQ(PeerAddress(stream->fd()).ip(), "::1");
}

TEST(ConnectTest, ConnectsToAName) {
  const UniqueFd listener = ListenOrDie(Loopback(0));
  const uint16_t port = LocalAddress(listener.get()).port();
  absl::StatusOr<Stream> stream = ConnectTo("localhost", port, Deadline::Never());
  EXPECT_TRUE(stream.ok()) << stream.status();
}

TEST(ConnectTest, ConnectsToAUnixSocket) {
  const SocketPath socket;
  const std::string path = socket.path();
  const SocketAddress address = *SocketAddress::FromUnixPath(path);
  {
    const UniqueFd listener = ListenOrDie(address, {.backlog = 0});
    absl::StatusOr<Stream> stream = ConnectTo({address}, Deadline::Never());
    EXPECT_TRUE(stream.ok()) << stream.status();
    // The queue is now full, which a Unix socket reports at once.
    EXPECT_TRUE(absl::IsUnavailable(ConnectTo({address}, Deadline::Never()).status()));
  }
  EXPECT_EQ(
      ConnectTo({address}, Deadline::Never()).status(),
      absl::UnavailableError(StrCat("cannot connect to unix:", path, " (Connection refused)")));
}

TEST(ConnectTest, TriesEachAddressInOrder) {
  const RefusingPort refusing;
  const UniqueFd first = ListenOrDie(Loopback(0));
  const UniqueFd second = ListenOrDie(Loopback(0));
  absl::StatusOr<Stream> stream =
      ConnectTo({refusing.address(), LocalAddress(first.get()), LocalAddress(second.get())},
                Deadline::Never());
  ASSERT_TRUE(stream.ok()) << stream.status();
  EXPECT_EQ(PeerAddress(stream->fd()), LocalAddress(first.get()));
}

TEST(ConnectTest, AnErrorNamesEveryAddressTriedWithItsReason) {
  const RefusingPort first, second;
  EXPECT_EQ(ConnectTo({first.address(), second.address()}, Deadline::Never()).status(),
            absl::UnavailableError(StrCat("cannot connect to ", first.address().ToString(),
                                          " (Connection refused), ", second.address().ToString(),
                                          " (Connection refused)")));
}

TEST(ConnectTest, AnErrorNamesTheHost) {
  const RefusingPort refusing;
  EXPECT_EQ(ConnectTo("127.0.0.1", refusing.address().port(), Deadline::Never()).status(),
            absl::UnavailableError(StrCat("cannot connect to \"127.0.0.1\": ",
                                          refusing.address().ToString(), " (Connection refused)")));
}

TEST(ConnectTest, NoAddressIsAnError) {
  EXPECT_TRUE(absl::IsInvalidArgument(ConnectTo({}, Deadline::Never()).status()));
  EXPECT_EQ(ConnectTo({SocketAddress()}, Deadline::Never()).status().code(),
            absl::StatusCode::kUnavailable);
}

TEST(ConnectTest, TheDeadlineEndsAnAttemptThatIsNotAnswered) {
  const SilentPort silent;
  const absl::Status status =
      ConnectTo({silent.address()}, Deadline::After(absl::Milliseconds(20))).status();
  EXPECT_EQ(status,
            absl::DeadlineExceededError(
                StrCat("cannot connect to ", silent.address().ToString(), " (deadline exceeded)")));
}

TEST(ConnectTest, ADeadlineInThePastIsOverBeforeItStarts) {
  const UniqueFd listener = ListenOrDie(Loopback(0));
  EXPECT_TRUE(absl::IsDeadlineExceeded(ConnectTo({LocalAddress(listener.get())}, Past()).status()));
  Stream stream;
  EXPECT_EQ(Accept(listener.get(), &stream).status, IoStatus::kWouldBlock);
}

// The result is the same whether the wait or the cancellation is first.
TEST(ConnectTest, CancelFromAnotherThreadEndsAnAttempt) {
  const SilentPort silent;
  const Notification cancel = NewNotification();
  std::thread canceller([&] { cancel.Notify(); });
  const absl::Status status = ConnectTo({silent.address()}, Deadline::Never(), &cancel).status();
  canceller.join();
  EXPECT_EQ(status, absl::CancelledError(
                        StrCat("cannot connect to ", silent.address().ToString(), " (cancelled)")));
}

TEST(ConnectTest, CancelBeforeTheStartConnectsToNobody) {
  const UniqueFd listener = ListenOrDie(Loopback(0));
  const Notification cancel = NewNotification();
  cancel.Notify();
  const absl::Status status =
      ConnectTo({LocalAddress(listener.get())}, Deadline::Never(), &cancel).status();
  EXPECT_TRUE(absl::IsCancelled(status)) << status;
  Stream stream;
  EXPECT_EQ(Accept(listener.get(), &stream).status, IoStatus::kWouldBlock);
}

// ---- RFC 8305 ----

constexpr absl::Duration kNever = absl::InfiniteDuration();

// The address to which Race() connects.
SocketAddress Winner(absl::Span<const SocketAddress> addresses, absl::Duration attempt_delay) {
  absl::StatusOr<Stream> stream = internal::Race("", addresses, attempt_delay, InTime(), nullptr);
  EXPECT_TRUE(stream.ok()) << stream.status();
  return stream.ok() ? PeerAddress(stream->fd()) : SocketAddress();
}

// The next address is tried after any delay, whatever the load of the machine.
TEST(HappyEyeballsTest, Section_5_ABlackHoleHoldsUpTheNextForTheDelayOnly) {
  const SilentPort silent, silent_too;
  const UniqueFd live = ListenOrDie(Loopback(0));
  const SocketAddress address = LocalAddress(live.get());
  for (const absl::Duration delay : {absl::ZeroDuration(), absl::Milliseconds(1)}) {
    EXPECT_EQ(Winner({silent.address(), silent_too.address(), address}, delay), address);
  }
}

TEST(HappyEyeballsTest, Section_8_TheDelayIsAQuarterOfASecond) {
  const SilentPort silent;
  const UniqueFd live = ListenOrDie(Loopback(0));
  const Deadline delay = Deadline::After(absl::Milliseconds(250));
  EXPECT_TRUE(ConnectTo({silent.address(), LocalAddress(live.get())}, Deadline::Never()).ok());
  EXPECT_TRUE(delay.HasPassed());
}

TEST(HappyEyeballsTest, Ipv4WinsWhereIpv6IsABlackHole) {
  if (!HasIpv6()) GTEST_SKIP() << "this machine has no IPv6";
  const SilentPort silent("::1");
  const SilentPort silent_too("::1");
  const UniqueFd live = ListenOrDie(Loopback(0));
  const SocketAddress address = LocalAddress(live.get());
  EXPECT_EQ(Winner({silent.address(), silent_too.address(), address}, absl::Milliseconds(1)),
            address);
}

TEST(HappyEyeballsTest, Ipv6WinsWhereItIsFirstAndAnswers) {
  if (!HasIpv6()) GTEST_SKIP() << "this machine has no IPv6";
  const UniqueFd first = ListenOrDie(*SocketAddress::FromIp("::1", 0));
  const UniqueFd second = ListenOrDie(Loopback(0));
  EXPECT_EQ(Winner({LocalAddress(first.get()), LocalAddress(second.get())}, kNever),
            LocalAddress(first.get()));
}

TEST(HappyEyeballsTest, Section_5_AFailureMakesWayForTheNextAtOnce) {
  const RefusingPort refusing, refusing_too;
  const UniqueFd live = ListenOrDie(Loopback(0));
  const SocketAddress address = LocalAddress(live.get());
  EXPECT_EQ(Winner({refusing.address(), refusing_too.address(), address}, kNever), address);
}

TEST(HappyEyeballsTest, TheNextIsNotTriedWhileTheFirstHasItsTime) {
  const SilentPort silent;
  const UniqueFd live = ListenOrDie(Loopback(0));
  const absl::Status status =
      internal::Race("", {silent.address(), LocalAddress(live.get())}, kNever,
                     Deadline::After(absl::Milliseconds(20)), nullptr)
          .status();
  EXPECT_EQ(status,
            absl::DeadlineExceededError(
                StrCat("cannot connect to ", silent.address().ToString(), " (deadline exceeded)")));
  Stream stream;
  EXPECT_EQ(Accept(live.get(), &stream).status, IoStatus::kWouldBlock);
}

TEST(HappyEyeballsTest, LosersAreClosed) {
  const UniqueFd first = ListenOrDie(Loopback(0));
  const UniqueFd second = ListenOrDie(Loopback(0));
  const SocketAddress addresses[] = {LocalAddress(first.get()), LocalAddress(second.get())};
  absl::StatusOr<Stream> stream =
      internal::Race("", addresses, absl::ZeroDuration(), InTime(), nullptr);
  ASSERT_TRUE(stream.ok()) << stream.status();
  const bool first_won = PeerAddress(stream->fd()) == addresses[0];
  // Without a delay both were tried, and both answered.
  for (const bool of_first : {true, false}) {
    const int listener = of_first ? first.get() : second.get();
    ASSERT_TRUE(Wait(listener, Interest::kRead, InTime()).ok());
    Stream peer;
    ASSERT_TRUE(Accept(listener, &peer).ok());
    if (of_first == first_won) continue;
    ASSERT_TRUE(Wait(peer.fd(), Interest::kRead, InTime()).ok());
    char byte;
    const IoStatus end = peer.Read(absl::MakeSpan(&byte, 1)).status;
    EXPECT_TRUE(end == IoStatus::kEof || end == IoStatus::kError);
  }
}

// Attempts that failed have their own reason; those that were still running have the one that ended
// them.
TEST(HappyEyeballsTest, AnErrorNamesEveryAttempt) {
  const RefusingPort refusing;
  const SilentPort silent;
  const absl::Status status =
      internal::Race("\"name\": ", {refusing.address(), silent.address(), Loopback(1)}, kNever,
                     Deadline::After(absl::Milliseconds(20)), nullptr)
          .status();
  EXPECT_EQ(status,
            absl::DeadlineExceededError(StrCat(
                "cannot connect to \"name\": ", refusing.address().ToString(),
                " (Connection refused), ", silent.address().ToString(), " (deadline exceeded)")));
}

}  // namespace
}  // namespace weft
