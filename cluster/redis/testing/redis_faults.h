// Nodes with feeds on a real Redis that fails, and a check of all that they have seen.

#ifndef WEFT_CLUSTER_REDIS_TESTING_REDIS_FAULTS_H_
#define WEFT_CLUSTER_REDIS_TESTING_REDIS_FAULTS_H_

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
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
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "weft/cluster/redis/redis_broker.h"
#include "weft/cluster/redis/redis_options.h"
#include "weft/cluster/redis/testing/redis_process.h"
#include "weft/cluster/testing/topic_log.h"
#include "weft/core/encoded_message.h"
#include "weft/core/frame/opcode.h"
#include "weft/server/topics/broker.h"
#include "weft/server/topics/position.h"
#include "weft/server/topics/topic_event.h"
#include "weft/server/topics/topic_feed.h"
#include "weft/server/topics/topic_history.h"

namespace weft::testing {

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

// A node with a feed for each topic that it has joined.
class Node final : public BrokerEvents {
 public:
  // Short timeouts, except those that the test has set.
  Node(World& world, size_t number, RedisOptions options) : world_(world), number_(number) {
    const RedisTimeouts set = options.timeouts, unset;
    const auto pick = [&](absl::Duration RedisTimeouts::*timeout, absl::Duration otherwise) {
      return set.*timeout == unset.*timeout ? otherwise : set.*timeout;
    };
    options.timeouts = {
        .connect = pick(&RedisTimeouts::connect, absl::Milliseconds(500)),
        .call = set.call,
        .ping_interval = absl::Milliseconds(50),
        .answer = pick(&RedisTimeouts::answer, absl::Milliseconds(500)),
        .probe = pick(&RedisTimeouts::probe, absl::Milliseconds(100)),
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
    broker_->Publish(topic, TopicHistory{.messages = 1000000},
                     {{.message = *EncodedMessage::Make(Opcode::kText, payload)}},
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

// Its tests wait for events only; the choices of the network are real, so no two runs are alike.
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

  World world_;
  std::unique_ptr<RedisProcess> redis_;
  std::vector<std::unique_ptr<Node>> nodes_;
  uint64_t stored_ = 0, delivered_ = 0, gaps_ = 0;
};

}  // namespace weft::testing

#endif  // WEFT_CLUSTER_REDIS_TESTING_REDIS_FAULTS_H_
