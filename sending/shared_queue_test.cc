#include "weft/sending/shared_queue.h"

#include <atomic>
#include <chrono>
#include <cstddef>
#include <future>
#include <memory>
#include <thread>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "weft/loop/mailbox.h"
#include "weft/loop/waiters.h"
#include "weft/sending/send_options.h"
#include "weft/transport/deadline.h"

namespace weft {
namespace {

constexpr size_t kMax = 100;

// Two queues of one mailbox, which share its lock and its waiting threads.
class SharedQueueTest : public ::testing::Test {
 protected:
  // Sends a message of `bytes` from another thread, which waits for room.
  std::future<absl::Status> Send(SharedQueue& queue, size_t bytes,
                                 WhenFull when_full = WhenFull::kFail) {
    const int waiting = mailbox_->room_waiters().count();
    std::future<absl::Status> sent = std::async(std::launch::async, [&queue, bytes, when_full] {
      return queue
          .TakeRoom(bytes, bytes, {.when_full = when_full, .timeout = absl::InfiniteDuration()})
          .status();
    });
    while (mailbox_->room_waiters().count() == waiting) std::this_thread::yield();
    return sent;
  }

  const std::shared_ptr<Mailbox> mailbox_ = std::make_shared<Mailbox>();
  SharedQueue a_{mailbox_, kMax, WhenFull::kFail}, b_{mailbox_, kMax, WhenFull::kFail};
};

// Counts how often the threads that wait for room are woken.
class WakeCounter {
 public:
  explicit WakeCounter(Waiters& waiters) : waiters_(waiters), before_(waiters.count()) {
    while (waiters_.count() == before_) std::this_thread::yield();
  }
  ~WakeCounter() {
    done_ = true;
    waiters_.Wake();
    thread_.join();
  }

  int checks() const { return checks_; }

 private:
  Waiters& waiters_;
  const int before_;
  std::atomic<int> checks_{0};
  std::atomic<bool> done_{false};
  std::thread thread_{[this] {
    waiters_.Wait(Deadline::Never(), [this] {
      ++checks_;
      return done_.load();
    });
  }};
};

TEST_F(SharedQueueTest, ASenderWaitsForTheRoomOfItsOwnQueue) {
  a_.SetQueuedBytes(kMax);
  b_.SetQueuedBytes(kMax);
  std::future<absl::Status> to_a = Send(a_, 10), to_b = Send(b_, 20);
  b_.SetQueuedBytes(0);
  EXPECT_TRUE(to_b.get().ok());
  EXPECT_EQ(b_.posted_bytes(), 20u);
  EXPECT_EQ(a_.posted_bytes(), 0u);
  EXPECT_EQ(mailbox_->room_waiters().count(), 1);
  b_.SetClosed();
  EXPECT_EQ(mailbox_->room_waiters().count(), 1);
  a_.SetQueuedBytes(kMax - 10);
  EXPECT_TRUE(to_a.get().ok());
  EXPECT_EQ(a_.posted_bytes(), 10u);
}

TEST_F(SharedQueueTest, TheEndOfAQueueEndsTheWaitsForItAlone) {
  a_.SetQueuedBytes(kMax);
  b_.SetQueuedBytes(kMax);
  std::future<absl::Status> to_a = Send(a_, 10), to_b = Send(b_, 20);
  a_.SetClosed();
  EXPECT_EQ(to_a.wait_for(std::chrono::seconds(10)), std::future_status::ready);
  a_.SetQueuedBytes(0);  // wakes it if the end has not, so that the test ends
  EXPECT_TRUE(absl::IsFailedPrecondition(to_a.get()));
  EXPECT_EQ(mailbox_->room_waiters().count(), 1);
  b_.SetQueuedBytes(0);
  EXPECT_TRUE(to_b.get().ok());
}

TEST_F(SharedQueueTest, TheArrivalOfAMessageIsRoomForOneThatDropsOthers) {
  ASSERT_TRUE(a_.TakeRoom(kMax, kMax, {}).ok());
  std::future<absl::Status> sent = Send(a_, 10, WhenFull::kDropOldest);
  a_.Arrive(kMax);
  EXPECT_TRUE(sent.get().ok());
  EXPECT_EQ(a_.bytes(), kMax + 10);
}

TEST_F(SharedQueueTest, OnlyRoomWakesSenders) {
  a_.SetQueuedBytes(kMax);
  std::future<absl::Status> sent = Send(a_, 10);
  {
    const WakeCounter counter(mailbox_->room_waiters());
    for (size_t i = 0; i < 1000; ++i) {
      a_.SetQueuedBytes(kMax + i);
      a_.SetQueuedBytes(kMax + i);
      std::this_thread::yield();
    }
    EXPECT_EQ(counter.checks(), 1);
  }
  a_.SetQueuedBytes(0);
  EXPECT_TRUE(sent.get().ok());
}

TEST_F(SharedQueueTest, WakesNobodyOnceNobodyWaitsForIt) {
  a_.SetQueuedBytes(kMax);
  std::future<absl::Status> sent = Send(a_, 10);
  a_.SetQueuedBytes(0);
  EXPECT_TRUE(sent.get().ok());
  const WakeCounter counter(mailbox_->room_waiters());
  for (size_t i = 1000; i > 0; --i) {
    a_.SetQueuedBytes(i);
    std::this_thread::yield();
  }
  EXPECT_EQ(counter.checks(), 1);
}

}  // namespace
}  // namespace weft
