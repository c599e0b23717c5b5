// A real Redis whose master changes: by a Sentinel, by hand, there and back.

#include <cstddef>
#include <cstdint>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "weft/cluster/redis/redis_options.h"
#include "weft/cluster/redis/testing/redis_faults.h"
#include "weft/cluster/redis/testing/redis_process.h"
#include "weft/server/topics/topic_event.h"

namespace weft {
namespace {

using testing::Node;
using testing::RedisProcess;

// A new replica is sent the data at once. A user of the nodes, so that rights can be taken from
// Sentinel alone.
std::vector<std::string> Arguments(std::vector<std::string> more = {}) {
  std::vector<std::string> arguments = {
      "--repl-diskless-sync-delay", "0", "--user", "node", "on", "nopass", "~*", "&*", "+@all"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

std::vector<std::string> ReplicaOf(uint16_t port) {
  return {"--replicaof", absl::StrCat("127.0.0.1 ", port)};
}

class RedisFailoverTest : public testing::RedisFaultsTest {
 protected:
  // Waits until the process is a replica that has the data of its master.
  static void AwaitReplica(const RedisProcess& replica) {
    while (!absl::StrContains(replica.Do({"INFO", "replication"}).text, "master_link_status:up")) {
    }
  }
};

class SentinelTest : public RedisFailoverTest {
 protected:
  void SetUp() override {
    WEFT_REQUIRES_PROGRAM("redis-server");
    WEFT_REQUIRES_PROGRAM("redis-sentinel");
    master_.emplace(Arguments());
    replica_.emplace(Arguments(ReplicaOf(master_->port())));
    sentinel_.emplace(std::vector<std::string>{}, "redis-sentinel", Config(*master_));
    AwaitReplica(*replica_);
    while (sentinel_->Do({"SENTINEL", "REPLICAS", "chat"}).elements.empty()) {
    }
  }

  static std::string Config(const RedisProcess& master) {
    return absl::StrCat("sentinel monitor chat 127.0.0.1 ", master.port(),
                        " 1\nsentinel down-after-milliseconds chat 300\n"
                        "sentinel failover-timeout chat 2000\n");
  }

  // One of the Sentinels never answers.
  RedisOptions Options() const {
    const std::string file = replica_->folder() + "/password";
    std::ofstream(file) << "any";
    return {.address = "redis://node@chat",
            .sentinels = {"127.0.0.1:1", absl::StrCat("127.0.0.1:", sentinel_->port())},
            .password_file = file};
  }

  std::optional<RedisProcess> master_, replica_, sentinel_;
};

// The replica may lack the last messages: the nodes that had them get a gap, and no other does.
TEST_F(SentinelTest, AFailoverIsHealedOrTold) {
  Node& a = NewNode(Options());
  Node& b = NewNode(Options());
  a.Join("t");
  b.Join("t");
  // A replica that has just loaded gets no writes before its first acknowledgement.
  while (replica_->Do({"EXISTS", "weft:m:{t}"}).integer == 0) {
  }
  a.Load("t", 5);
  AwaitAcknowledged(a, 200);
  master_->Kill();
  AwaitEpochs("t", 2);
  a.AwaitUp();
  b.AwaitUp();
  AwaitAcknowledged(a, 100);
  Finish();
  EXPECT_EQ(Gaps("t", 0), Gaps("t", 0, GapReason::kAhead));
}

}  // namespace
}  // namespace weft
