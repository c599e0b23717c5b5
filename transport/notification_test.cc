#include "weft/transport/notification.h"

#include <sys/resource.h>

#include <thread>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gtest/gtest.h"

namespace weft {
namespace {

TEST(NotificationTest, HappensOnceAndStays) {
  const absl::StatusOr<Notification> notification = Notification::Create();
  ASSERT_TRUE(notification.ok()) << notification.status();
  EXPECT_FALSE(notification->HasBeenNotified());
  std::thread other([&] { notification->Notify(); });
  other.join();
  EXPECT_TRUE(notification->HasBeenNotified());
  notification->Notify();
  EXPECT_TRUE(notification->HasBeenNotified());
}

TEST(NotificationTest, NoDescriptorLeftIsAStatus) {
  rlimit old;
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &old), 0);
  const rlimit none = {.rlim_cur = 0, .rlim_max = old.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
  const absl::Status status = Notification::Create().status();
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &old), 0);
  EXPECT_TRUE(absl::IsResourceExhausted(status)) << status;
}

}  // namespace
}  // namespace weft
