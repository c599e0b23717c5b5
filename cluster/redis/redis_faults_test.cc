// Nodes with feeds on a real Redis that is killed, emptied and cut off. Waits for events only; the
// choices of the network are real, so no two runs are alike.

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "weft/cluster/redis/redis_broker.h"
#include "weft/cluster/redis/redis_options.h"
#include "weft/cluster/redis/testing/redis_process.h"
#include "weft/cluster/redis/testing/relay.h"
#include "weft/cluster/testing/topic_log.h"
#include "weft/core/encoded_message.h"
#include "weft/core/frame/opcode.h"
#include "weft/server/topics/broker.h"
#include "weft/server/topics/position.h"
#include "weft/server/topics/topic_event.h"
#include "weft/server/topics/topic_feed.h"
#include "weft/server/topics/topic_history.h"

namespace weft {
namespace {

using testing::RedisProcess;
using testing::Relay;
using testing::TopicLog;

constexpr TopicHistory kHistory = {.messages = 1000000};

// With "no" each reply follows a write() to the file, which survives SIGKILL. With "everysec" Redis
// holds writes back for up to two seconds while a slow disk is busy with the last fsync().
std::vector<std::string> AppendOnly(const std::string& policy) {
  return {"--appendonly", "yes", "--appendfsync", policy};
}

// Shared by the test and all its nodes.
struct World {
  std::mutex mutex;
  std::condition_variable changed;
  std::map<std::string, TopicLog> topics;
  std::vector<std::string> errors;  // outcomes of publishes that must not be

  void Await(const std::function<bool()>& holds) {
    std::unique_lock<std::mutex> lock(mutex);
    ASSERT_TRUE(changed.wait_for(lock, std::chrono::minutes(2), holds)) << "it has never happened";
  }
};

class Node final : public BrokerEvents {
 public:
  Node(World& world, size_t number, RedisOptions options) : world_(world), number_(number) {
    options.timeouts = {
        .connect = absl::Milliseconds(500),
        .ping_interval = absl::Milliseconds(50),
        .answer = absl::Milliseconds(500),
        .probe = absl::Milliseconds(100),
        .backoff = {.first = absl::Milliseconds(5), .longest = absl::Milliseconds(50)}};
    auto broker = RedisBroker::Create(std::move(options));
    EXPECT_TRUE(broker.ok()) << broker.status();
    broker_ = *std::move(broker);
    EXPECT_TRUE(broker_->Start(this).ok());
  }
  ~Node() { Stop(); }

  void Stop() { broker_->Stop(); }

  void Join(const std::string& topic) {
    feeds_[topic] = std::make_unique<Feed>(*this, topic);
    broker_->Subscribe({{topic, true}});
    world_.Await([&, feed = feeds_[topic].get()] { return feed->joined; });
  }

  // Keeps this number of messages of the topic on their way until EndLoad().
  void Load(const std::string& topic, int window) {
    loads_ = true;
    for (int i = 0; i < window; ++i) PublishNext(topic);
  }
  void EndLoad() {
    loads_ = false;
    world_.Await([this] { return due_ == 0; });
  }

  // Publishes one message, and waits for its outcome.
  absl::StatusOr<Position> Publish(const std::string& topic) {
    std::optional<absl::StatusOr<Position>> outcome;
    {
      const std::lock_guard<std::mutex> lock(world_.mutex);
      Start(topic, [&](const absl::StatusOr<Position>& done) { outcome = done; });
    }
    world_.Await([&] { return outcome.has_value(); });
    return *outcome;
  }

  // The state of the topic, from the store.
  absl::StatusOr<HistoryPage> Read(const std::string& topic, Position since) {
    std::optional<absl::StatusOr<HistoryPage>> page;
    broker_->Read(topic, since, HistoryPage::kMaxMessages, [&](absl::StatusOr<HistoryPage> read) {
      const std::lock_guard<std::mutex> lock(world_.mutex);
      page = std::move(read);
      world_.changed.notify_all();
    });
    world_.Await([&] { return page.has_value(); });
    return *std::move(page);
  }

  bool up() const { return broker_->state() == BrokerState::kUp; }
  void AwaitUp() {
    world_.Await([this] { return up(); });
  }

  // Waits until all that the store has of the topic has been delivered.
  void AwaitPosition(const std::string& topic, Position position) {
    world_.Await([&, feed = feeds_[topic].get()] { return feed->position == position; });
  }
  void CheckPositions(const std::string& topic) { broker_->CheckPositions({topic}); }

  // With the mutex of the world.
  Position position(const std::string& topic) const { return feeds_.at(topic)->position; }
  uint64_t acknowledged() const { return acknowledged_; }
  int lost() const { return lost_; }

  uint64_t Sum(uint64_t TopicFeed::Counts::*count) const {
    uint64_t sum = 0;
    for (const auto& [topic, feed] : feeds_) sum += feed->counts.*count;
    return sum;
  }

 private:
  using Entry = TopicLog::Entry;

  struct Feed final : TopicFeed::Output {
    Feed(Node& node, std::string topic)
        : node(node), topic(std::move(topic)), feed(TopicFeed::Keeps::kHistory) {}

    void Deliver(TopicMessage message) override {
      Note({.position = message.position, .payload = std::string(message.message.payload())});
    }
    void Report(const TopicEvent& event) override {
      Note({.position = event.position, .event = event});
    }
    void Read(uint32_t read, Position since) override {
      node.broker_->Read(topic, since, 100, [this, read, since](absl::StatusOr<HistoryPage> page) {
        if (!page.ok()) {
          node.broker_->Post(absl::Milliseconds(10), [this, read, since] { Read(read, since); });
          return;
        }
        {
          const std::lock_guard<std::mutex> lock(node.world_.mutex);
          node.world_.topics[topic].See(page->state);
        }
        feed.OnPage(read, *std::move(page), *this);
        Sync();
      });
    }

    // A new epoch may change the position without an event.
    void Sync() {
      const std::lock_guard<std::mutex> lock(node.world_.mutex);
      position = feed.position();
      node.world_.changed.notify_all();
    }

    void Note(Entry entry) {
      const std::lock_guard<std::mutex> lock(node.world_.mutex);
      joined = true;
      node.world_.topics[topic].nodes[node.number_].push_back(std::move(entry));
      node.world_.changed.notify_all();
    }

    Node& node;
    const std::string topic;
    TopicFeed feed;

    // With the mutex of the world.
    Position position{};
    bool joined = false;
  };

  // With the mutex of the world.
  void Start(const std::string& topic, std::function<void(const absl::StatusOr<Position>&)> then) {
    ++due_;
    const std::string payload = absl::StrCat(number_, "-", ++published_);
    broker_->Publish(topic, kHistory, {{.message = *EncodedMessage::Make(Opcode::kText, payload)}},
                     [this, topic, payload, then](const absl::StatusOr<Position>& done) {
                       const std::lock_guard<std::mutex> lock(world_.mutex);
                       --due_;
                       if (done.ok()) {
                         world_.topics[topic].acknowledged[payload] = *done;
                         ++acknowledged_;
                       } else if (!absl::IsUnavailable(done.status()) &&
                                  !absl::IsDeadlineExceeded(done.status())) {
                         world_.errors.push_back(done.status().ToString());
                       }
                       then(done);
                       world_.changed.notify_all();
                     });
  }

  void PublishNext(const std::string& topic) {
    const std::lock_guard<std::mutex> lock(world_.mutex);
    if (!loads_) return;
    Start(topic, [this, topic](const absl::StatusOr<Position>& done) {
      broker_->Post(absl::Milliseconds(done.ok() ? 0 : 5), [this, topic] { PublishNext(topic); });
    });
  }

  void OnMessages(absl::string_view topic, std::vector<TopicMessage> messages) override {
    Feed& feed = *feeds_.at(std::string(topic));
    for (TopicMessage& message : messages) feed.feed.OnMessage(std::move(message), feed);
    feed.Sync();
  }
  void OnState(absl::string_view topic, const TopicState& state) override {
    {
      const std::lock_guard<std::mutex> lock(world_.mutex);
      world_.topics[std::string(topic)].See(state);
    }
    Feed& feed = *feeds_.at(std::string(topic));
    feed.feed.OnState(state, feed);
    feed.Sync();
  }
  void OnLost(const absl::Status&) override {
    for (auto& [topic, feed] : feeds_) feed->feed.OnLost();
    const std::lock_guard<std::mutex> lock(world_.mutex);
    ++lost_;
    world_.changed.notify_all();
  }
  void OnStateChange(BrokerState) override {
    const std::lock_guard<std::mutex> lock(world_.mutex);
    world_.changed.notify_all();
  }

  World& world_;
  const size_t number_;
  std::map<std::string, std::unique_ptr<Feed>> feeds_;
  std::atomic<bool> loads_{false};
  int due_ = 0;
  int published_ = 0;
  uint64_t acknowledged_ = 0;
  int lost_ = 0;
  std::unique_ptr<RedisBroker> broker_;
};

class RedisFaultsTest : public ::testing::Test {
 protected:
  void SetUp() override { WEFT_REQUIRES_PROGRAM("redis-server"); }

  RedisProcess& StartRedis(std::vector<std::string> arguments = {}) {
    redis_ = std::make_unique<RedisProcess>(std::move(arguments));
    return *redis_;
  }
  Node& NewNode(RedisOptions options) {
    nodes_.push_back(std::make_unique<Node>(world_, nodes_.size(), std::move(options)));
    return *nodes_.back();
  }
  Node& NewNode(const std::string& address) { return NewNode(RedisOptions{.address = address}); }

  void AwaitAcknowledged(Node& node, uint64_t more) {
    uint64_t from = 0;
    {
      const std::lock_guard<std::mutex> lock(world_.mutex);
      from = node.acknowledged();
    }
    world_.Await([&] { return node.acknowledged() >= from + more; });
  }

  // Waits until some node has seen this number of epochs of the topic.
  void AwaitEpochs(const std::string& topic, size_t count) {
    world_.Await([&] { return world_.topics[topic].epochs.size() >= count; });
  }

  // ... and all nodes are in the last one: the lineage of an epoch has one step.
  void AwaitEpochEverywhere(const std::string& topic, size_t count) {
    AwaitEpochs(topic, count);
    world_.Await([&] {
      const Epoch last = world_.topics[topic].epochs.back().position.epoch;
      return std::all_of(nodes_.begin(), nodes_.end(),
                         [&](const auto& node) { return node->position(topic).epoch == last; });
    });
  }

  size_t Gaps(const std::string& topic, size_t node, std::optional<GapReason> reason = {}) {
    const std::lock_guard<std::mutex> lock(world_.mutex);
    size_t gaps = 0;
    for (const TopicLog::Entry& entry : world_.topics[topic].nodes[node]) {
      gaps += entry.event.has_value() && entry.event->type == TopicEvent::Type::kGap &&
              (!reason.has_value() || entry.event->reason == *reason);
    }
    return gaps;
  }

  // Ends the load, lets everything arrive, and checks the log of each topic.
  void Finish() {
    for (const auto& node : nodes_) node->EndLoad();
    for (auto& [topic, log] : world_.topics) {
      Node& reader = *nodes_[0];
      reader.AwaitUp();
      absl::StatusOr<HistoryPage> page = reader.Read(topic, {});
      while (!page.ok()) page = reader.Read(topic, {});
      const TopicState state = page->state;
      Position since = {state.position.epoch, 0};
      while (since.offset < state.position.offset) {
        page = reader.Read(topic, since);
        if (!page.ok()) continue;
        ASSERT_FALSE(page->messages.empty()) << topic << " has nothing after " << since.ToString();
        for (const TopicMessage& message : page->messages) {
          log.kept.emplace_back(message.position, message.message.payload());
        }
        since = page->messages.back().position;
      }
      {
        const std::lock_guard<std::mutex> lock(world_.mutex);
        log.See(state);
      }
      for (const auto& node : nodes_) {
        node->CheckPositions(topic);
        node->AwaitPosition(topic, state.position);
      }
    }
    uint64_t healed = 0;
    int lost = 0;
    for (const auto& node : nodes_) {
      node->Stop();
      healed += node->Sum(&TopicFeed::Counts::healed);
      lost += node->lost();
    }
    EXPECT_EQ(world_.errors, std::vector<std::string>{});
    for (const auto& [topic, log] : world_.topics) Check(topic, log);
    std::printf("%lu stored, %lu delivered, %lu of them healed; %d connections lost, %lu gaps\n",
                stored_, delivered_, healed, lost, gaps_);
  }

  void Check(const std::string& topic, const TopicLog& log) {
    const TopicLog::Sums sums =
        log.Check([&](const std::string& text) { ADD_FAILURE() << topic << ": " << text; });
    for (const auto& [node, entries] : log.nodes) {
      for (const TopicLog::Entry& entry : entries) {
        if (!entry.event.has_value() || entry.event->type != TopicEvent::Type::kGap) continue;
        std::printf("%s: node %zu has a gap at %s: %s\n", topic.c_str(), node,
                    entry.position.ToString().c_str(),
                    std::string(GapReasonName(entry.event->reason)).c_str());
      }
    }
    stored_ += sums.stored;
    delivered_ += sums.delivered;
    gaps_ += sums.gaps;
  }

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

  World world_;
  std::unique_ptr<RedisProcess> redis_;
  std::vector<std::unique_ptr<Node>> nodes_;
  uint64_t stored_ = 0, delivered_ = 0, gaps_ = 0;
};

TEST_F(RedisFaultsTest, AKilledRedisWithAppendOnlyFileLosesNothingAndLeavesNoGap) {
  KillFiveTimes("no");
  EXPECT_EQ(gaps_, 0u);
}

// Messages that a slow disk has lost are a gap for the nodes that had them, and nothing else is.
TEST_F(RedisFaultsTest, AKilledRedisThatSyncsEverySecondLosesNothingSilently) {
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

// The replica may lack the last messages: the nodes that had them get a gap, and no other does.
TEST_F(RedisFaultsTest, AFailoverBySentinelIsHealedOrTold) {
  WEFT_REQUIRES_PROGRAM("redis-sentinel");
  RedisProcess& master = StartRedis();
  RedisProcess replica({"--replicaof", "127.0.0.1 " + absl::StrCat(master.port())});
  RedisProcess sentinel({}, "redis-sentinel",
                        absl::StrCat("sentinel monitor chat 127.0.0.1 ", master.port(),
                                     " 1\nsentinel down-after-milliseconds chat 300\n"
                                     "sentinel failover-timeout chat 2000\n"));
  const auto replicates = [&] {
    return absl::StrContains(replica.Do({"INFO", "replication"}).text, "master_link_status:up");
  };
  while (!replicates() || sentinel.Do({"SENTINEL", "REPLICAS", "chat"}).elements.empty()) {
  }
  const RedisOptions options = {
      .address = "redis://chat",
      .sentinels = {"127.0.0.1:1", absl::StrCat("127.0.0.1:", sentinel.port())}};
  Node& a = NewNode(options);
  Node& b = NewNode(options);
  a.Join("t");
  b.Join("t");
  // A replica that has just loaded gets no writes before its first acknowledgement.
  while (replica.Do({"EXISTS", "weft:m:{t}"}).integer == 0) {
  }
  a.Load("t", 5);
  AwaitAcknowledged(a, 200);
  master.Kill();
  AwaitEpochs("t", 2);
  a.AwaitUp();
  b.AwaitUp();
  AwaitAcknowledged(a, 100);
  Finish();
  EXPECT_EQ(Gaps("t", 0), Gaps("t", 0, GapReason::kAhead));
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
