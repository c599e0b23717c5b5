// A real Redis that is killed, emptied and cut off.

#include "weft/cluster/redis/testing/redis_faults.h"

#include <algorithm>
#include <csignal>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "gtest/gtest.h"
#include "weft/cluster/redis/testing/redis_process.h"
#include "weft/cluster/redis/testing/relay.h"
#include "weft/server/topics/position.h"
#include "weft/server/topics/topic_event.h"

namespace weft {
namespace {

using testing::Node;
using testing::RedisFaultsTest;
using testing::RedisProcess;
using testing::Relay;

// With "no" each reply follows a write() to the file, which survives SIGKILL. With "everysec" Redis
// holds writes back for up to two seconds while a slow disk is busy with the last fsync().
std::vector<std::string> AppendOnly(const std::string& policy) {
  return {"--appendonly", "yes", "--appendfsync", policy};
}

class RedisKillTest : public RedisFaultsTest {
 protected:
  // Two nodes, two topics, SIGKILL under load.
  void KillFiveTimes(const std::string& policy) {
    RedisProcess& redis = StartRedis(AppendOnly(policy));
    Node& a = NewNode(redis.address());
    Node& b = NewNode(redis.address());
    for (Node* const node : {&a, &b}) {
      node->Join("t");
      node->Join("u");
    }
    a.Load("t", 20);
    b.Load("t", 20);
    b.Load("u", 5);
    for (size_t kills = 1; kills <= 5; ++kills) {
      AwaitAcknowledged(a, 200);
      AwaitAcknowledged(b, 200);
      redis.Kill();
      redis.Start();
      AwaitEpochEverywhere("t", kills + 1);
      AwaitEpochEverywhere("u", kills + 1);
    }
    AwaitAcknowledged(b, 100);
    Finish();
    EXPECT_GT(stored_, 2000u);
  }
};

TEST_F(RedisKillTest, AKilledRedisWithAppendOnlyFileLosesNothingAndLeavesNoGap) {
  KillFiveTimes("no");
  EXPECT_EQ(gaps_, 0u);
}

// Messages that a slow disk has lost are a gap for the nodes that had them, and nothing else is.
TEST_F(RedisKillTest, AKilledRedisThatSyncsEverySecondLosesNothingSilently) {
  KillFiveTimes("everysec");
  size_t ahead = 0;
  for (const std::string topic : {"t", "u"}) {
    for (size_t node = 0; node < 2; ++node) ahead += Gaps(topic, node, GapReason::kAhead);
  }
  EXPECT_EQ(gaps_, ahead);
}

TEST_F(RedisFaultsTest, ARewoundRedisIsToldToThoseThatWerePastIt) {
  RedisProcess& redis = StartRedis();
  Relay relay(redis.port());
  Node& a = NewNode(redis.address());
  Node& behind = NewNode(relay.address());
  for (Node* const node : {&a, &behind}) {
    node->Join("t");
    node->Join("u");
  }
  for (int i = 0; i < 50; ++i) {
    ASSERT_TRUE(a.Publish("t").ok());
    ASSERT_TRUE(a.Publish("u").ok());
  }
  const Position saved = *a.Publish("t");
  a.AwaitPosition("t", saved);
  behind.AwaitPosition("t", saved);
  redis.Do({"SAVE"});
  relay.set_refuses(true);
  relay.Cut();  // it does not get the next hundred
  Position last;
  for (int i = 0; i < 100; ++i) last = *a.Publish("t");
  a.AwaitPosition("t", last);
  redis.Kill();
  redis.Start();
  relay.set_refuses(false);
  AwaitEpochs("t", 2);
  AwaitEpochs("u", 2);
  behind.AwaitUp();
  for (int i = 0; i < 50; ++i) {
    absl::StatusOr<Position> outcome = a.Publish("t");
    while (!outcome.ok()) outcome = a.Publish("t");
  }
  Finish();
  EXPECT_EQ(Gaps("t", 0, GapReason::kAhead), 1u);
  EXPECT_EQ(Gaps("t", 0), 1u);
  EXPECT_EQ(Gaps("t", 1), 0u) << "it had only what was saved";
  EXPECT_EQ(Gaps("u", 0), 0u) << "nothing of it was lost";
  EXPECT_EQ(Gaps("u", 1), 0u);
}

TEST_F(RedisFaultsTest, AnEmptiedRedisIsTold) {
  RedisProcess& redis = StartRedis();
  Node& a = NewNode(redis.address());
  a.Join("t");
  a.Load("t", 10);
  const std::vector<std::vector<absl::string_view>> faults = {
      {"FLUSHALL"}, {"DEL", "weft:m:{t}"}, {"FLUSHALL"}};
  size_t epochs = 1;
  for (const auto& fault : faults) {
    AwaitAcknowledged(a, 100);
    redis.Do(fault);
    a.CheckPositions("t");
    AwaitEpochs("t", ++epochs);
  }
  AwaitAcknowledged(a, 100);
  Finish();
  EXPECT_EQ(Gaps("t", 0, GapReason::kOtherEpoch), faults.size());
}

// Everything that Redis keeps outside of its data.
TEST_F(RedisFaultsTest, FlushedScriptsAndDeletedStreamsFailNoPublish) {
  RedisProcess& redis = StartRedis();
  Node& a = NewNode(redis.address());
  Node& b = NewNode(redis.address());
  a.Join("t");
  b.Join("t");
  for (int i = 0; i < 10; ++i) {
    redis.Do({"SCRIPT", "FLUSH"});
    const absl::StatusOr<Position> outcome = a.Publish("t");
    EXPECT_TRUE(outcome.ok()) << outcome.status();
    redis.Do({"SCRIPT", "FLUSH"});
    EXPECT_TRUE(b.Read("t", {}).ok());
  }
  Position last = *b.Publish("t");
  b.AwaitPosition("t", last);
  a.AwaitPosition("t", last);
  redis.Do({"DEL", "weft:h:{t}"});
  redis.Do({"SET", "weft:h:{t}", "not a history"});
  for (int i = 0; i < 10; ++i) last = *a.Publish("t");
  EXPECT_EQ(last.offset, 21u);
  a.AwaitPosition("t", last);
  b.AwaitPosition("t", last);
  EXPECT_EQ(Gaps("t", 0) + Gaps("t", 1), 0u) << "both have had all of it live";
}

TEST_F(RedisFaultsTest, AKeyOfAnotherTypeIsReplaced) {
  RedisProcess& redis = StartRedis();
  redis.Do({"SET", "weft:m:{u}", "1"});
  Node& a = NewNode(redis.address());
  a.Join("t");
  a.Join("u");
  EXPECT_TRUE(a.Publish("u").ok());
  Finish();
}

// The topic gets nothing of it, and must learn that.
TEST_F(RedisFaultsTest, AMessageThatIsNoneOfOursIsAnsweredWithACheck) {
  RedisProcess& redis = StartRedis();
  Node& a = NewNode(redis.address());
  a.Join("t");
  const Position last = *a.Publish("t");
  a.AwaitPosition("t", last);
  redis.Do({"HSET", "weft:m:{t}", "s", "2"});
  redis.Do({"PUBLISH", "weft:c:{t}", "of another program"});
  a.AwaitPosition("t", {last.epoch, 2});
  EXPECT_EQ(Gaps("t", 0), 1u);
}

TEST_F(RedisFaultsTest, PublishesKeepTheirOrderOverFlushedScripts) {
  RedisProcess& redis = StartRedis(AppendOnly("no"));
  Node& a = NewNode(redis.address());
  Node& b = NewNode(redis.address());
  a.Join("t");
  b.Join("t");
  a.Load("t", 50);
  b.Load("t", 50);
  for (int i = 0; i < 30; ++i) {
    redis.Do({"SCRIPT", "FLUSH"});
    AwaitAcknowledged(a, 20);
  }
  Finish();
  EXPECT_EQ(gaps_, 0u);
  EXPECT_EQ(delivered_, 2 * stored_);
}

TEST_F(RedisFaultsTest, ANetworkThatLosesConnectionsIsHealed) {
  RedisProcess& redis = StartRedis();
  Relay relay(redis.port());
  Node& a = NewNode(redis.address());
  Node& b = NewNode(relay.address());
  a.Join("t");
  b.Join("t");
  a.Load("t", 5);
  b.Load("t", 5);
  for (size_t i = 0; i < 30; ++i) {
    AwaitAcknowledged(a, 30);
    relay.Cut(i * 37 % 300);  // in the middle of replies and messages
    b.AwaitUp();
  }
  relay.set_piece(1);
  AwaitAcknowledged(a, 30);
  relay.Cut();
  AwaitAcknowledged(b, 10);
  relay.set_piece(1 << 16);
  Finish();
  EXPECT_EQ(gaps_, 0u);
  EXPECT_GT(b.lost(), 5);
  EXPECT_EQ(delivered_, 2 * stored_);
}

TEST_F(RedisFaultsTest, ASilentNetworkIsNoticedAndHealed) {
  RedisProcess& redis = StartRedis();
  Relay relay(redis.port());
  Node& a = NewNode(redis.address());
  Node& b = NewNode(relay.address());
  a.Join("t");
  b.Join("t");
  a.Load("t", 5);
  const std::pair<bool, bool> directions[] = {{true, true}, {true, false}, {false, true}};
  for (const auto& [to_nodes, to_server] : directions) {
    b.AwaitUp();
    AwaitAcknowledged(a, 50);
    int lost = 0;
    world_.Await([&] {
      lost = b.lost();
      return true;
    });
    relay.Hold(to_nodes, to_server);
    // Messages still arrive if only the other direction is silent.
    world_.Await([&, waits = to_nodes] { return !b.up() && (!waits || b.lost() > lost); });
    const absl::StatusOr<Position> outcome = b.Publish("t");
    EXPECT_FALSE(outcome.ok());
    relay.Release();
  }
  b.AwaitUp();
  Finish();
  EXPECT_EQ(gaps_, 0u);
  EXPECT_EQ(delivered_, 2 * stored_);
}

TEST_F(RedisFaultsTest, AStoppedRedisIsNoticedAndHealed) {
  RedisProcess& redis = StartRedis();
  Node& a = NewNode(redis.address());
  a.Join("t");
  a.Load("t", 5);
  AwaitAcknowledged(a, 50);
  redis.Signal(SIGSTOP);
  world_.Await([&] { return !a.up(); });
  redis.Signal(SIGCONT);
  a.AwaitUp();
  AwaitAcknowledged(a, 50);
  Finish();
  EXPECT_EQ(gaps_, 0u);
  EXPECT_EQ(delivered_, stored_);
}

}  // namespace
}  // namespace weft
