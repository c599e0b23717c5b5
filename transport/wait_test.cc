#include "weft/transport/wait.h"

#include <sys/socket.h>
#include <unistd.h>

#include <optional>
#include <thread>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "weft/transport/deadline.h"
#include "weft/transport/fd.h"
#include "weft/transport/io.h"

namespace weft {
namespace {

Deadline Past() { return Deadline::After(absl::ZeroDuration()); }

class WaitTest : public ::testing::Test {
 protected:
  void SetUp() override {
    int fds[2];
    ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 0);
    ours_ = UniqueFd(fds[0]);
    peer_ = UniqueFd(fds[1]);
    absl::StatusOr<Notification> cancel = Notification::Create();
    ASSERT_TRUE(cancel.ok()) << cancel.status();
    cancel_.emplace(*std::move(cancel));
  }

  void Fill() {
    char buffer[4096] = {};
    while (send(ours_.get(), buffer, sizeof(buffer), MSG_NOSIGNAL) > 0) {
    }
  }

  UniqueFd ours_, peer_;
  std::optional<Notification> cancel_;
};

TEST_F(WaitTest, ReadableWhenThePeerWrote) {
  EXPECT_TRUE(absl::IsDeadlineExceeded(Wait(ours_.get(), Interest::kRead, Past())));
  ASSERT_EQ(write(peer_.get(), "x", 1), 1);
  EXPECT_TRUE(Wait(ours_.get(), Interest::kRead, Past()).ok());
}

TEST_F(WaitTest, WritableUntilTheBufferIsFull) {
  EXPECT_TRUE(Wait(ours_.get(), Interest::kWrite, Past()).ok());
  Fill();
  EXPECT_TRUE(absl::IsDeadlineExceeded(Wait(ours_.get(), Interest::kWrite, Past())));
}

TEST_F(WaitTest, EitherDirectionEndsAWaitForBoth) {
  EXPECT_TRUE(Wait(ours_.get(), Interest::kReadWrite, Past()).ok());
  Fill();
  EXPECT_TRUE(absl::IsDeadlineExceeded(Wait(ours_.get(), Interest::kReadWrite, Past())));
  ASSERT_EQ(write(peer_.get(), "x", 1), 1);
  EXPECT_TRUE(Wait(ours_.get(), Interest::kReadWrite, Past()).ok());
}

TEST_F(WaitTest, ThePeersEndIsReadable) {
  peer_.reset();
  EXPECT_TRUE(Wait(ours_.get(), Interest::kRead, Deadline::Never()).ok());
}

TEST_F(WaitTest, WakesForWhatAnotherThreadWrites) {
  std::thread writer([&] { EXPECT_EQ(write(peer_.get(), "x", 1), 1); });
  EXPECT_TRUE(Wait(ours_.get(), Interest::kRead, Deadline::Never(), &*cancel_).ok());
  writer.join();
}

TEST_F(WaitTest, SaysWhichOfSeveralIsReady) {
  int fds[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 0);
  const UniqueFd other(fds[0]), others_peer(fds[1]);
  const int both[] = {ours_.get(), other.get()};
  EXPECT_TRUE(absl::IsDeadlineExceeded(WaitForAny(both, Interest::kRead, Past()).status()));
  ASSERT_EQ(write(others_peer.get(), "x", 1), 1);
  EXPECT_EQ(WaitForAny(both, Interest::kRead, Deadline::Never(), &*cancel_).value(), 1u);
  ASSERT_EQ(write(peer_.get(), "x", 1), 1);
  EXPECT_EQ(WaitForAny(both, Interest::kRead, Deadline::Never()).value(), 0u);
  const int with_none[] = {ours_.get(), -1};
  EXPECT_TRUE(absl::IsFailedPrecondition(WaitForAny(with_none, Interest::kRead, Past()).status()));
  cancel_->Notify();
  EXPECT_TRUE(absl::IsCancelled(WaitForAny(both, Interest::kRead, Past(), &*cancel_).status()));
}

TEST_F(WaitTest, EndsAtTheDeadlineAndNotBefore) {
  const Deadline deadline = Deadline::After(absl::Milliseconds(20));
  EXPECT_TRUE(absl::IsDeadlineExceeded(Wait(ours_.get(), Interest::kRead, deadline, &*cancel_)));
  EXPECT_EQ(deadline.Remaining(), absl::ZeroDuration());
}

// The two threads may come in either order: a notification stays.
TEST_F(WaitTest, CancelFromAnotherThreadEndsAWait) {
  std::thread canceller([&] { cancel_->Notify(); });
  EXPECT_TRUE(absl::IsCancelled(Wait(ours_.get(), Interest::kRead, Deadline::Never(), &*cancel_)));
  canceller.join();
}

TEST_F(WaitTest, CancelStaysAndGoesBeforeReadinessAndDeadline) {
  EXPECT_FALSE(cancel_->HasBeenNotified());
  cancel_->Notify();
  cancel_->Notify();
  EXPECT_TRUE(cancel_->HasBeenNotified());
  for (int i = 0; i < 2; ++i) {
    EXPECT_TRUE(absl::IsCancelled(Wait(ours_.get(), Interest::kWrite, Past(), &*cancel_)));
  }
}

TEST_F(WaitTest, ADescriptorThatIsNotOpenIsAnErrorNotAnEndlessWait) {
  EXPECT_TRUE(absl::IsFailedPrecondition(Wait(-1, Interest::kRead, Deadline::Never())));
  const int closed = dup(ours_.get());
  close(closed);
  EXPECT_TRUE(absl::IsFailedPrecondition(Wait(closed, Interest::kRead, Deadline::Never())));
}

}  // namespace
}  // namespace weft
