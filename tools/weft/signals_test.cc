#include "tools/weft/signals.h"

#include <sys/types.h>
#include <unistd.h>

#include <csignal>
#include <future>

#include "gtest/gtest.h"

namespace weft::cli {
namespace {

TEST(SignalThreadTest, CallsForEachSignal) {
  for (const int signal : {SIGTERM, SIGWINCH, SIGCONT}) {
    std::promise<int> got;
    const SignalThread thread({SIGTERM, SIGWINCH, SIGCONT},
                              [&got](int number) { got.set_value(number); });
    kill(getpid(), signal);
    EXPECT_EQ(got.get_future().get(), signal);
  }
}

TEST(SignalThreadTest, LeavesThingsAsTheyWere) {
  sigset_t before, after;
  pthread_sigmask(SIG_SETMASK, nullptr, &before);
  {
    const SignalThread thread({SIGTERM}, [](int) {});
  }
  pthread_sigmask(SIG_SETMASK, nullptr, &after);
  EXPECT_EQ(sigismember(&before, SIGTERM), sigismember(&after, SIGTERM));
}

TEST(SignalThreadTest, WhatIsIgnoredStaysIgnored) {
  std::signal(SIGHUP, SIG_IGN);
  std::promise<int> got;
  const SignalThread thread({SIGHUP, SIGTERM}, [&got](int number) { got.set_value(number); });
  kill(getpid(), SIGHUP);
  kill(getpid(), SIGTERM);
  EXPECT_EQ(got.get_future().get(), SIGTERM);
}

}  // namespace
}  // namespace weft::cli
