// A process that can start no more threads. In a file of its own: the limit is the whole process's.

#include <sys/resource.h>

#include <memory>
#include <string>

#include "absl/base/config.h"
#include "absl/status/statusor.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "weft/server/server.h"

namespace weft {
namespace {

using ::testing::HasSubstr;

// Sanitizers map more than any limit of address space allows.
#if defined(ABSL_HAVE_ADDRESS_SANITIZER) || defined(ABSL_HAVE_THREAD_SANITIZER)
constexpr bool kCanLimit = false;
#else
constexpr bool kCanLimit = true;
#endif

absl::StatusOr<std::unique_ptr<Server>> StartWith(ServerOptions options) {
  return Server::Start(
      std::move(options),
      [](const SessionRequest&, UpgradeResponse&) -> absl::StatusOr<std::unique_ptr<Handler>> {
        return absl::NotFoundError("");
      });
}

TEST(ThreadLimitTest, StartSaysThatThereAreTooFewThreads) {
  if (!kCanLimit) GTEST_SKIP() << "the sanitizer needs the address space";
  rlimit before;
  ASSERT_EQ(getrlimit(RLIMIT_AS, &before), 0);
  rlimit limit = before;
  limit.rlim_cur = rlim_t{1} << 30;  // the stack of a thread takes 8 MiB of it
  ASSERT_EQ(setrlimit(RLIMIT_AS, &limit), 0);
  const auto server = StartWith({.handler_threads = 1000});
  ASSERT_EQ(setrlimit(RLIMIT_AS, &before), 0);
  EXPECT_EQ(server.status().code(), absl::StatusCode::kUnavailable) << server.status();
  EXPECT_THAT(std::string(server.status().message()), HasSubstr("cannot start thread "));
  EXPECT_THAT(std::string(server.status().message()), HasSubstr(" of 1000: "));
  EXPECT_TRUE(StartWith({.handler_threads = 2}).ok()) << "all was given back";
}

}  // namespace
}  // namespace weft
