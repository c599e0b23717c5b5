#include "weft/loop/signals.h"

#include <poll.h>
#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>

#include <initializer_list>
#include <optional>
#include <thread>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"

namespace weft {
namespace {

void SendToThisProcess(int signal) { ASSERT_EQ(kill(getpid(), signal), 0); }

bool IsBlocked(int signal) {
  sigset_t blocked;
  pthread_sigmask(SIG_BLOCK, nullptr, &blocked);
  return sigismember(&blocked, signal) == 1;
}

bool IsReadable(int fd) {
  pollfd polled = {.fd = fd, .events = POLLIN, .revents = 0};
  return poll(&polled, 1, 0) == 1;
}

TEST(SignalWaiterTest, ReturnsTheSignalThatCame) {
  // The default action of the last two is to do nothing, and they can be waited for as well.
  constexpr int kSignals[] = {SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGWINCH, SIGCONT};
  absl::StatusOr<SignalWaiter> signals = SignalWaiter::Create(kSignals);
  ASSERT_TRUE(signals.ok()) << signals.status();
  for (const int signal : kSignals) {
    SendToThisProcess(signal);
    EXPECT_EQ(signals->Wait(), signal);
  }
}

TEST(SignalWaiterTest, EachSignalIsTakenOnce) {
  absl::StatusOr<SignalWaiter> signals = SignalWaiter::Create({SIGTERM, SIGHUP});
  ASSERT_TRUE(signals.ok()) << signals.status();
  for (const int signal : {SIGTERM, SIGHUP, SIGTERM}) SendToThisProcess(signal);
  const std::optional<int> first = signals->Wait(absl::ZeroDuration());
  const std::optional<int> second = signals->Wait(absl::ZeroDuration());
  EXPECT_TRUE(first == SIGTERM || first == SIGHUP);
  EXPECT_TRUE(second == SIGTERM || second == SIGHUP);
  EXPECT_NE(first, second);
  EXPECT_EQ(signals->Wait(absl::ZeroDuration()), std::nullopt);
}

TEST(SignalWaiterTest, WaitHasALimit) {
  absl::StatusOr<SignalWaiter> signals = SignalWaiter::Create({SIGTERM});
  ASSERT_TRUE(signals.ok()) << signals.status();
  for (const absl::Duration timeout : {-absl::InfiniteDuration(), absl::ZeroDuration(),
                                       absl::Nanoseconds(1), absl::Milliseconds(1)}) {
    EXPECT_EQ(signals->Wait(timeout), std::nullopt);
  }
  SendToThisProcess(SIGTERM);
  EXPECT_EQ(signals->Wait(-absl::InfiniteDuration()), SIGTERM);
}

TEST(SignalWaiterTest, IsReadableWhileASignalWaits) {
  absl::StatusOr<SignalWaiter> signals = SignalWaiter::Create({SIGTERM});
  ASSERT_TRUE(signals.ok()) << signals.status();
  EXPECT_FALSE(IsReadable(signals->fd()));
  SendToThisProcess(SIGTERM);
  EXPECT_TRUE(IsReadable(signals->fd()));
  EXPECT_EQ(signals->Wait(), SIGTERM);
  EXPECT_FALSE(IsReadable(signals->fd()));
}

TEST(SignalWaiterTest, AnyThreadMayWait) {
  absl::StatusOr<SignalWaiter> signals = SignalWaiter::Create({SIGTERM, SIGHUP});
  ASSERT_TRUE(signals.ok()) << signals.status();
  for (const int signal : {SIGTERM, SIGHUP}) {
    std::optional<int> taken;
    std::thread waiting([&] { taken = signals->Wait(); });
    SendToThisProcess(signal);
    waiting.join();
    EXPECT_EQ(taken, signal);
  }
}

TEST(SignalWaiterTest, CancelEndsAllWaits) {
  absl::StatusOr<SignalWaiter> signals = SignalWaiter::Create({SIGTERM});
  ASSERT_TRUE(signals.ok()) << signals.status();
  std::optional<int> a = 0, b = 0;
  std::thread one([&] { a = signals->Wait(); });
  std::thread other([&] { b = signals->Wait(); });
  signals->Cancel();
  one.join();
  other.join();
  EXPECT_EQ(a, std::nullopt);
  EXPECT_EQ(b, std::nullopt);
  SendToThisProcess(SIGTERM);
  EXPECT_EQ(signals->Wait(), std::nullopt);
}

TEST(SignalWaiterTest, LaterThreadsAreNotInterrupted) {
  absl::StatusOr<SignalWaiter> signals = SignalWaiter::Create({SIGTERM});
  ASSERT_TRUE(signals.ok()) << signals.status();
  bool blocked = false;
  std::thread([&] { blocked = IsBlocked(SIGTERM); }).join();
  EXPECT_TRUE(blocked);
}

TEST(SignalWaiterTest, TheEndRestoresWhatWasBlocked) {
  sigset_t hup;
  sigemptyset(&hup);
  sigaddset(&hup, SIGHUP);
  pthread_sigmask(SIG_BLOCK, &hup, nullptr);
  {
    absl::StatusOr<SignalWaiter> signals = SignalWaiter::Create({SIGTERM, SIGHUP});
    ASSERT_TRUE(signals.ok()) << signals.status();
    EXPECT_TRUE(IsBlocked(SIGTERM));
    const SignalWaiter moved = *std::move(signals);
    EXPECT_TRUE(IsBlocked(SIGTERM));
  }
  EXPECT_FALSE(IsBlocked(SIGTERM));
  EXPECT_TRUE(IsBlocked(SIGHUP));
  pthread_sigmask(SIG_UNBLOCK, &hup, nullptr);
}

// Otherwise a second Ctrl-C ended the process while it ends in order.
TEST(SignalWaiterTest, ASignalThatNobodyTookIsDiscarded) {
  absl::StatusOr<SignalWaiter> signals = SignalWaiter::Create({SIGTERM, SIGINT});
  ASSERT_TRUE(signals.ok()) << signals.status();
  SendToThisProcess(SIGTERM);
  SendToThisProcess(SIGINT);
  signals = absl::CancelledError("the end");
  EXPECT_FALSE(IsBlocked(SIGTERM));
}

TEST(SignalWaiterTest, WhatCannotBeWaitedForIsRefused) {
  for (const int signal : {SIGKILL, SIGSTOP, 0, -1, 1000}) {
    const absl::StatusOr<SignalWaiter> signals = SignalWaiter::Create({SIGTERM, signal});
    EXPECT_TRUE(absl::IsInvalidArgument(signals.status())) << signal;
    EXPECT_FALSE(IsBlocked(SIGTERM));
  }
}

TEST(SignalWaiterTest, WithoutADescriptorNothingIsBlocked) {
  rlimit before;
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  rlimit none = before;
  none.rlim_cur = 0;
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
  const absl::StatusOr<SignalWaiter> signals = SignalWaiter::Create({SIGTERM});
  setrlimit(RLIMIT_NOFILE, &before);
  EXPECT_TRUE(absl::IsResourceExhausted(signals.status())) << signals.status();
  EXPECT_FALSE(IsBlocked(SIGTERM));
}

// As under nohup: a server that reloads its certificates on SIGHUP does so there as well, and a
// program that only ends on SIGHUP can ask.
TEST(SignalWaiterTest, AnIgnoredSignalIsTakenIfNamed) {
  EXPECT_FALSE(SignalWaiter::IsIgnored(SIGHUP));
  std::signal(SIGHUP, SIG_IGN);
  EXPECT_TRUE(SignalWaiter::IsIgnored(SIGHUP));
  {
    absl::StatusOr<SignalWaiter> signals = SignalWaiter::Create({SIGHUP});
    ASSERT_TRUE(signals.ok()) << signals.status();
    SendToThisProcess(SIGHUP);
    EXPECT_EQ(signals->Wait(), SIGHUP);
    EXPECT_TRUE(SignalWaiter::IsIgnored(SIGHUP));
  }
  std::signal(SIGHUP, SIG_DFL);
}

}  // namespace
}  // namespace weft
