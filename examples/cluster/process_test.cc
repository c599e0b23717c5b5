#include "examples/cluster/process.h"

#include <csignal>
#include <string>

#include "absl/status/status.h"
#include "examples/cluster/cluster.h"
#include "gtest/gtest.h"

namespace weft::panel {
namespace {

TEST(ProcessTest, RunsUntilItIsKilledAndAgain) {
  const std::string sleep = FindProgram("sleep");
  ASSERT_NE(sleep, "");
  Process process({sleep, "1000"});
  EXPECT_EQ(process.pid(), 0);
  process.Start();
  const pid_t first = process.pid();
  EXPECT_EQ(kill(first, 0), 0);
  process.Start();  // it runs
  EXPECT_EQ(process.pid(), first);
  process.Kill();
  process.Kill();
  EXPECT_EQ(process.pid(), 0);
  EXPECT_EQ(kill(first, 0), -1);
  process.Start();
  EXPECT_NE(process.pid(), 0);
}

TEST(ProcessTest, NoticesThatItHasEnded) {
  Process process({"/nowhere/program"});
  process.Start();
  while (process.pid() != 0) {
  }
}

TEST(ProcessTest, FindsPrograms) { EXPECT_EQ(FindProgram("no such program"), ""); }

TEST(ClusterTest, SaysWhatIsMissing) {
  const absl::Status status = Cluster::Create("/nowhere/chat").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(status.message(),
            "--chat: there is no program /nowhere/chat; start this one by ./bazelw run "
            "//examples/cluster, which builds it");
}

}  // namespace
}  // namespace weft::panel
