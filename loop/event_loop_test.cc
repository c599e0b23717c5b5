#include "weft/loop/event_loop.h"

#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "gtest/gtest.h"
#include "weft/loop/clock.h"
#include "weft/loop/mailbox.h"
#include "weft/testing/manual_clock.h"
#include "weft/transport/fd.h"

namespace weft {
namespace {

class Recorder : public EventSource {
 public:
  explicit Recorder(EventLoop& loop) : loop_(loop) {}

  void OnReadable() override {
    char byte;
    while (read(fd, &byte, 1) == 1) text += byte;
    if (text.size() >= stop_at) loop_.Stop();
  }
  void OnWritable() override { ++writable; }
  void OnTimer() override {
    fired_at_ms = loop_.now_ms();
    loop_.Stop();
  }

  int fd = -1;
  size_t stop_at = SIZE_MAX;
  std::string text;
  int writable = 0;
  int64_t fired_at_ms = 0;

 private:
  EventLoop& loop_;
};

TEST(EventLoopTest, SourcesTimersAndTheEndOfATurn) {
  EventLoop loop(Clock::Steady());
  int fds[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
  const UniqueFd ours(fds[0]), theirs(fds[1]);
  Recorder source(loop);
  source.fd = ours.get();
  source.stop_at = 5;
  ASSERT_TRUE(loop.Watch(ours.get(), Poller::kRead, &source));
  int turns = 0;
  loop.set_end_of_turn([&] { ++turns; });
  ASSERT_EQ(write(theirs.get(), "hello", 5), 5);
  loop.Run();
  EXPECT_EQ(source.text, "hello");
  EXPECT_EQ(source.writable, 0);
  EXPECT_EQ(turns, 1);
}

TEST(EventLoopTest, TimersFollowTheClockThatTheTestHolds) {
  testing::ManualClock clock;
  EventLoop loop(clock);
  Recorder source(loop);
  // an hour of the clock, which takes no real time
  const int64_t deadline = clock.NowMs() + 3600 * 1000;
  loop.ArmTimer(&source, deadline);
  loop.mailbox()->Post([&] { clock.AdvanceMs(3600 * 1000 - 100); });
  loop.mailbox()->Post([&] {
    EXPECT_EQ(source.fired_at_ms, 0);
    clock.AdvanceMs(200);
  });
  loop.Run();
  EXPECT_GE(source.fired_at_ms, deadline);
}

TEST(MailboxTest, TasksRunInOrderOnTheLoopsThread) {
  EventLoop loop(Clock::Steady());
  std::vector<int> order;
  for (int i = 0; i < 1000; ++i) {
    EXPECT_TRUE(loop.mailbox()->Post([&, i] {
      EXPECT_TRUE(loop.mailbox()->OnLoopThread());
      order.push_back(i);
      if (i == 999) loop.Stop();
    }));
  }
  std::thread thread([&] { loop.Run(); });
  thread.join();
  EXPECT_FALSE(loop.mailbox()->OnLoopThread());
  ASSERT_EQ(order.size(), 1000u);
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(order[i], i);
}

TEST(MailboxTest, PostsFromManyThreadsAllArrive) {
  EventLoop loop(Clock::Steady());
  int ran = 0;
  std::thread loop_thread([&] { loop.Run(); });
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 1000; ++i) {
        loop.mailbox()->Post([&] {
          if (++ran == 4000) loop.Stop();
        });
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  loop_thread.join();
  EXPECT_EQ(ran, 4000);
}

TEST(MailboxTest, ATaskMayPostATask) {
  EventLoop loop(Clock::Steady());
  loop.mailbox()->Post([&] { loop.mailbox()->Post([&] { loop.Stop(); }); });
  loop.Run();
}

TEST(MailboxTest, RefusesWhenTheLoopIsGone) {
  std::shared_ptr<Mailbox> mailbox;
  auto held = std::make_shared<int>(0);
  {
    EventLoop loop(Clock::Steady());
    mailbox = loop.mailbox();
    EXPECT_TRUE(mailbox->Post([held] {}));
  }
  EXPECT_EQ(held.use_count(), 1) << "a task that was not run is destroyed";
  EXPECT_FALSE(mailbox->Post([] {}));
}

}  // namespace
}  // namespace weft
