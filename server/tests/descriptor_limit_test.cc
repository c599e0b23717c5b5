// A process without free descriptors. In a file of its own: the limit is the whole process's.

#include <fcntl.h>
#include <sys/resource.h>

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/config.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "weft/server/server.h"
#include "weft/testing/server_fixture.h"
#include "weft/testing/test_client.h"
#include "weft/transport/fd.h"

namespace weft {
namespace {

using ::testing::HasSubstr;
using testing::TestClient;

// UndefinedBehaviorSanitizer opens a pipe to check an object of a type that it has not seen, and
// without a descriptor reports the object as broken.
#ifdef ABSL_HAVE_ADDRESS_SANITIZER
constexpr bool kSanitizerNeedsDescriptors = true;
#else
constexpr bool kSanitizerNeedsDescriptors = false;
#endif

constexpr rlim_t kLimit = 100;
constexpr char kBackOff[] =
    "cannot accept a connection: Too many open files; trying again in 200 ms";

class DescriptorLimitTest : public testing::ServerFixture {
 protected:
  void SetUp() override {
    if (kSanitizerNeedsDescriptors) GTEST_SKIP() << "the sanitizer itself needs descriptors";
  }

  DescriptorLimitTest() {
    getrlimit(RLIMIT_NOFILE, &before_);
    rlimit low = before_;
    low.rlim_cur = std::min<rlim_t>(kLimit, before_.rlim_cur);
    setrlimit(RLIMIT_NOFILE, &low);
  }
  ~DescriptorLimitTest() override {
    server_.reset();
    setrlimit(RLIMIT_NOFILE, &before_);
  }

  // Opens descriptors until only `left` are free.
  void TakeAllBut(size_t left) {
    while (true) {
      UniqueFd fd(open("/dev/null", O_RDONLY | O_CLOEXEC));
      if (!fd.is_open()) break;
      taken_.push_back(std::move(fd));
    }
    ASSERT_GE(taken_.size(), left);
    taken_.resize(taken_.size() - left);
  }

  void Echo(TestClient& client) {
    client.SendText("echo");
    EXPECT_EQ(client.ReadFrame(), "fin text echo");
  }

  rlimit before_;
  std::vector<UniqueFd> taken_;
};

TEST_F(DescriptorLimitTest, AcceptingBacksOffAndGoesOn) {
  Start();
  TestClient old_one = ConnectAndUpgrade();
  TakeAllBut(1);
  TestClient new_one = Connect();  // the kernel accepts it; the server cannot
  log_.WaitFor(kBackOff);

  // Open sessions are served, and the loop does not spin because of the waiting connection.
  for (int i = 0; i < 100; ++i) Echo(old_one);
  EXPECT_EQ(log_.lines().size(), 1u);

  clock_.AdvanceMs(250);
  log_.WaitFor(kBackOff, 2);
  Echo(old_one);
  EXPECT_EQ(log_.lines().size(), 2u);

  taken_.clear();
  clock_.AdvanceMs(250);
  EXPECT_EQ(new_one.Upgrade(), "HTTP/1.1 101 Switching Protocols");
  Echo(new_one);
  Echo(old_one);
  ConnectAndUpgrade();
}

TEST_F(DescriptorLimitTest, WarnsOnceInTheLastFifth) {
  Start();
  TestClient early = ConnectAndUpgrade();
  TakeAllBut(15);
  EXPECT_TRUE(log_.lines().empty());
  std::vector<TestClient> late;
  for (int i = 0; i < 4; ++i) late.push_back(ConnectAndUpgrade());
  const std::vector<std::string> lines = log_.lines();
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_THAT(lines[0], ::testing::ContainsRegex(
                            "^[89][0-9] of 100 file descriptors are in use, .*ulimit -n"));
}

TEST_F(DescriptorLimitTest, ShutdownWhileAcceptingIsBackedOff) {
  Start();
  TakeAllBut(1);
  TestClient waiting = Connect();
  log_.WaitFor(kBackOff);
  server_->Shutdown(absl::ZeroDuration());
  EXPECT_THAT(waiting.ReadFrame(), ::testing::AnyOf("end", "reset"));
}

// Start() fails for every number of missing descriptors, and leaks none.
TEST_F(DescriptorLimitTest, StartSaysThatThereAreTooFew) {
  constexpr size_t kEnough = 40;
  bool started = false;
  for (size_t left = 0; !started && left < kEnough; ++left) {
    TakeAllBut(left);
    absl::StatusOr<std::unique_ptr<Server>> server =
        Server::Start({.threads = 4}, [](auto&, auto&) { return absl::NotFoundError("none"); });
    started = server.ok();
    if (started) {
      EXPECT_GE(left, 4u * 2 + 1) << "each loop needs a pipe";
      (*server)->Shutdown(absl::ZeroDuration());
    } else {
      EXPECT_THAT(std::string(server.status().message()), HasSubstr("Too many open files"));
    }
    server = absl::CancelledError();
    const size_t taken = taken_.size();
    TakeAllBut(0);
    EXPECT_EQ(taken_.size(), taken + left) << "descriptors are left open";
    taken_.clear();
  }
  EXPECT_TRUE(started);
}

}  // namespace
}  // namespace weft
