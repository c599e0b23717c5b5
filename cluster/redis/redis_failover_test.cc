// A real Redis whose master changes: by a Sentinel, by hand, there and back.

#include <cstddef>
#include <cstdint>
#include <fstream>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "weft/cluster/redis/redis_options.h"
#include "weft/cluster/redis/testing/fake_redis.h"
#include "weft/cluster/redis/testing/redis_faults.h"
#include "weft/cluster/redis/testing/redis_process.h"
#include "weft/cluster/redis/testing/relay.h"
#include "weft/core/log.h"
#include "weft/server/topics/position.h"
#include "weft/server/topics/topic_event.h"

namespace weft {
namespace {

using testing::FakeRedis;
using testing::Node;
using testing::RedisProcess;
using testing::Relay;

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

// For a test that wants no loss: no wait for Redis ends before the test does.
RedisTimeouts Patient(absl::Duration probe) {
  return {.connect = absl::Minutes(10),
          .call = absl::Minutes(10),
          .answer = absl::Minutes(10),
          .probe = probe};
}

class RedisFailoverTest : public testing::RedisFaultsTest {
 protected:
  // Waits until the process is a replica that has the data of its master.
  static void AwaitReplica(const RedisProcess& replica) {
    while (!absl::StrContains(replica.Do({"INFO", "replication"}).text, "master_link_status:up")) {
    }
  }

  // Waits until its last message of the topic is this one.
  static void AwaitStored(const RedisProcess& redis, Position position) {
    while (!redis.Do({"HGET", "weft:m:{t}", "s"}).IsText(absl::StrCat(position.offset))) {
    }
  }

  // An outcome other than Unavailable, from the Redis that is the master in the end.
  static Position PublishUntilStored(Node& node) {
    absl::StatusOr<Position> outcome = node.Publish("t");
    while (!outcome.ok()) outcome = node.Publish("t");
    return *outcome;
  }
};

// The replica lacks the last messages when it takes over, and the master gets its data. So the
// positions of these messages are free there, and the node is connected as before.
TEST_F(RedisFailoverTest, AMasterThatWasAReplicaBetweenTwoProbesGivesNoPositionTwice) {
  const RedisProcess master(Arguments());
  Relay relay(master.port());
  const RedisProcess replica(Arguments(ReplicaOf(relay.port())));
  AwaitReplica(replica);
  Node& a =
      NewNode({.address = master.address(), .timeouts = Patient(absl::Hours(1))});  // none comes
  a.Join("t");
  a.Join("u");
  ASSERT_TRUE(a.Publish("u").ok());
  Position last;
  for (int i = 0; i < 10; ++i) last = PublishUntilStored(a);
  AwaitStored(replica, last);
  const Position copied = last;
  relay.Hold(true, true);
  for (int i = 0; i < 5; ++i) last = PublishUntilStored(a);
  a.AwaitPosition("t", last);
  replica.Do({"REPLICAOF", "NO", "ONE"});
  master.Do({"REPLICAOF", "127.0.0.1", absl::StrCat(replica.port())});
  AwaitReplica(master);
  master.Do({"REPLICAOF", "NO", "ONE"});
  const Position after = PublishUntilStored(a);
  ASSERT_NE(after.epoch, last.epoch);
  EXPECT_EQ(after.offset, copied.offset + 1);
  Finish();
  EXPECT_EQ(Gaps("t", 0, GapReason::kAhead), 1u);
  EXPECT_EQ(Gaps("t", 0), 1u);
  EXPECT_EQ(Gaps("u", 0), 0u) << "nothing of it was lost";
}

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

  // One of the Sentinels cannot be reached.
  RedisOptions Options() const {
    const std::string file = replica_->folder() + "/password";
    std::ofstream(file) << "any";
    return {.address = "redis://node@chat",
            .sentinels = {"127.0.0.1:1", absl::StrCat("127.0.0.1:", sentinel_->port())},
            .password_file = file};
  }

  // A replica that has just loaded gets no writes before its first acknowledgement.
  void AwaitTopic() {
    while (replica_->Do({"EXISTS", "weft:m:{t}"}).integer == 0) {
    }
  }

  // As soon as the Sentinel is ready for it.
  void Failover() {
    while (!sentinel_->Do({"SENTINEL", "FAILOVER", "chat"}).IsText("OK")) {
    }
  }

  std::optional<RedisProcess> master_, replica_, sentinel_;
};

// The replica may lack the last messages: the nodes that had them get a gap, and no other does.
TEST_F(SentinelTest, AFailoverIsHealedOrTold) {
  Node& a = NewNode(Options());
  Node& b = NewNode(Options());
  a.Join("t");
  b.Join("t");
  AwaitTopic();
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

// Sentinel leaves the old master as it is for some seconds.
TEST_F(SentinelTest, AFailoverThereAndBackIsHealedOrTold) {
  Node& a = NewNode(Options());
  Node& b = NewNode(Options());
  a.Join("t");
  b.Join("t");
  AwaitTopic();
  a.Load("t", 5);
  AwaitAcknowledged(a, 100);
  Failover();
  AwaitEpochEverywhere("t", 2);
  AwaitAcknowledged(a, 100);
  master_->Do({"REPLICAOF", "127.0.0.1", absl::StrCat(replica_->port())});
  AwaitReplica(*master_);
  Failover();
  AwaitEpochEverywhere("t", 3);
  AwaitAcknowledged(a, 100);
  Finish();
  for (const size_t node : {0, 1}) {
    EXPECT_EQ(Gaps("t", node), Gaps("t", node, GapReason::kAhead));
  }
}

// It is still a master, and nobody publishes what it could refuse.
TEST_F(SentinelTest, AMasterThatIsCutOffFromItsSentinelIsLeft) {
  RedisOptions options = Options();
  options.timeouts = Patient(absl::Milliseconds(100));
  Node& a = NewNode(std::move(options));
  a.Join("t");
  const Position before = PublishUntilStored(a);
  AwaitStored(*replica_, before);
  a.AwaitPosition("t", before);
  master_->Do({"ACL", "SETUSER", "default", "-ping"});
  AwaitEpochs("t", 2);
  EXPECT_TRUE(absl::StrContains(master_->Do({"INFO", "replication"}).text, "role:master"));
  const Position after = PublishUntilStored(a);
  EXPECT_TRUE(replica_->Do({"HGET", "weft:m:{t}", "e"}).IsText(after.epoch.text()));
  EXPECT_EQ(after.offset, before.offset + 1);
  Finish();
  EXPECT_EQ(gaps_, 0u);
}

// The answers of a Sentinel to a node.
std::vector<std::string> Naming(const RedisProcess& master, int config_epoch) {
  const std::string port = absl::StrCat(master.port());
  const std::string epoch = absl::StrCat(config_epoch);
  return {"+OK\r\n",
          absl::StrCat("*2\r\n$12\r\nconfig-epoch\r\n$", epoch.size(), "\r\n", epoch, "\r\n",
                       "*2\r\n$9\r\n127.0.0.1\r\n$", port.size(), "\r\n", port, "\r\n")};
}

// One that is cut off from the others, say.
TEST_F(RedisFailoverTest, ASentinelThatIsOutOfDateIsNotFollowed) {
  const RedisProcess master, before;
  const FakeRedis newer(Naming(master, 5)), older(Naming(before, 4));
  Node& a = NewNode({.address = "redis://chat",
                     .sentinels = {absl::StrCat("127.0.0.1:", newer.port()),
                                   absl::StrCat("127.0.0.1:", older.port())},
                     .timeouts = Patient(absl::Milliseconds(20))});
  a.Join("t");
  while (older.answered() < 3) {
  }
  ASSERT_TRUE(a.Publish("t").ok());
  const std::lock_guard<std::mutex> lock(world_.mutex);
  EXPECT_EQ(a.lost(), 0);
}

// The one that is out of date is asked at each connect, if it is its turn, and the other one later.
TEST_F(RedisFailoverTest, ANodeDoesNotGoBackToTheMasterOfBefore) {
  const RedisProcess master, before;
  const FakeRedis newer(Naming(master, 5)), older(Naming(before, 4));
  Node& a = NewNode({.address = "redis://chat",
                     .sentinels = {absl::StrCat("127.0.0.1:", older.port()),
                                   absl::StrCat("127.0.0.1:", newer.port())},
                     .timeouts = Patient(absl::Milliseconds(20))});
  a.Join("t");
  constexpr int kOften = 10;
  int lost = 0;
  world_.Await([&] {
    lost = a.lost();
    return world_.topics["t"].epochs.size() == 2 || lost == kOften;
  });
  ASSERT_LT(lost, kOften);
  const Position stored = PublishUntilStored(a);
  EXPECT_TRUE(master.Do({"HGET", "weft:m:{t}", "e"}).IsText(stored.epoch.text()));
}

// The connection for commands has learnt of the new master, and the other one asks a Sentinel that
// has not. It would get there, and each would end the other in turn.
TEST_F(RedisFailoverTest, BothConnectionsKnowTheNewestMaster) {
  const RedisProcess master, before;
  const FakeRedis newer(Naming(master, 5)), older(Naming(before, 4));
  const std::string outdated = absl::StrCat("127.0.0.1:", older.port());
  Node& a = NewNode({.address = "redis://chat",
                     .sentinels = {outdated, outdated, absl::StrCat("127.0.0.1:", newer.port())},
                     .timeouts = Patient(absl::Milliseconds(20))});
  a.Join("t");
  AwaitEpochs("t", 2);
  a.AwaitUp();
  ASSERT_TRUE(a.Publish("t").ok());
  const std::lock_guard<std::mutex> lock(world_.mutex);
  EXPECT_EQ(a.lost(), 1);
}

// They count their epochs from the beginning.
TEST_F(RedisFailoverTest, SentinelsThatWereResetAreFollowedAfterARound) {
  RedisProcess before;
  const RedisProcess master;
  const FakeRedis old(Naming(before, 5)), reset(Naming(master, 0));
  Relay one(old.port()), other(old.port());
  Node& a = NewNode({.address = "redis://chat",
                     .sentinels = {absl::StrCat("127.0.0.1:", one.port()),
                                   absl::StrCat("127.0.0.1:", other.port())},
                     .timeouts = Patient(absl::Hours(1))});
  a.Join("t");
  one.set_server(reset.port());
  other.set_server(reset.port());
  before.Kill();
  AwaitEpochs("t", 2);
  EXPECT_GE(reset.answered(), 5) << "both connections have asked each, and one again";
}

// So its epoch is not known, which says nothing about the others.
TEST_F(RedisFailoverTest, ASentinelThatRefusesToTellItsEpochIsNamedOnce) {
  const RedisProcess master, before;
  const std::string port = absl::StrCat(master.port());
  const FakeRedis refuses(
      {"+OK\r\n", absl::StrCat("-NOPERM no permissions\r\n*2\r\n$9\r\n127.0.0.1\r\n$", port.size(),
                               "\r\n", port, "\r\n")});
  const FakeRedis other(Naming(before, 5));
  std::vector<std::string> warnings;
  Node& a = NewNode({.address = "redis://chat",
                     .sentinels = {absl::StrCat("127.0.0.1:", refuses.port()),
                                   absl::StrCat("127.0.0.1:", other.port())},
                     .timeouts = Patient(absl::Milliseconds(20)),
                     .log = [&](LogLevel level, absl::string_view line) {
                       if (level != LogLevel::kWarning) return;
                       const std::lock_guard<std::mutex> lock(world_.mutex);
                       warnings.emplace_back(line);
                       world_.changed.notify_all();
                     }});
  a.Join("t");
  world_.Await([&] { return !warnings.empty(); });
  const int answered = refuses.answered();
  while (refuses.answered() < answered + 3) {
  }
  ASSERT_TRUE(a.Publish("t").ok());
  a.Stop();
  EXPECT_EQ(a.lost(), 0);
  ASSERT_EQ(warnings.size(), 1u) << warnings[1];
  EXPECT_TRUE(absl::StrContains(warnings[0], absl::StrCat("Sentinel 127.0.0.1:", refuses.port())));
  EXPECT_TRUE(absl::StrContains(warnings[0], "NOPERM")) << warnings[0];
}

}  // namespace
}  // namespace weft
