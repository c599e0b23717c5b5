// Two nodes with feeds on one hub, under thousands of random faults.

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "weft/cluster/memory_broker.h"
#include "weft/cluster/testing/delivery_checker.h"
#include "weft/core/encoded_message.h"
#include "weft/core/frame/opcode.h"
#include "weft/core/testing/random_choices.h"
#include "weft/server/topics/broker.h"
#include "weft/server/topics/position.h"
#include "weft/server/topics/topic_event.h"
#include "weft/server/topics/topic_feed.h"
#include "weft/server/topics/topic_history.h"
#include "weft/testing/manual_clock.h"

namespace weft {
namespace {

using Channel = MemoryHub::Channel;
using Keeps = TopicFeed::Keeps;

constexpr TopicHistory kShortHistory = {.messages = 30, .time = absl::Seconds(20)};
constexpr absl::string_view kWithoutHistory = "plain";

// A node without faults, for a topic without history: its messages have no positions, but here all
// arrive, in their order.
class Witness : public BrokerEvents {
 public:
  explicit Witness(MemoryHub& hub) : broker_(hub) {
    EXPECT_TRUE(broker_.Start(this).ok());
    broker_.Subscribe({{std::string(kWithoutHistory), false}});
    hub.Run();
  }

  // The number of messages before this one.
  size_t IndexOf(const std::string& payload) const { return indexes_.at(payload); }
  size_t size() const { return indexes_.size(); }

 private:
  void OnMessages(absl::string_view, std::vector<TopicMessage> messages) override {
    for (const TopicMessage& message : messages) {
      const size_t index = indexes_.size();
      indexes_[std::string(message.message.payload())] = index;
    }
  }
  void OnState(absl::string_view, const TopicState&) override {}
  void OnLost(const absl::Status&) override { ADD_FAILURE(); }
  void OnStateChange(BrokerState) override {}

  std::map<std::string, size_t> indexes_;
  MemoryBroker broker_;
};

// The same topic at a node with faults.
class PlainLog {
 public:
  void Delivered(absl::string_view payload) {
    EXPECT_TRUE(joined_);
    EXPECT_FALSE(lost_) << "a gap first";
    entries_.emplace_back(payload);
  }
  void Reported(const TopicEvent& event) {
    EXPECT_EQ(event.type == TopicEvent::Type::kGap, joined_);
    EXPECT_EQ(joined_, lost_) << "no gap without a lost connection";
    joined_ = true;
    lost_ = false;
    entries_.emplace_back();
  }
  void OnLost() { lost_ = joined_; }

  // Messages that came without a gap between them are neighbours in the list of the witness too.
  void Compare(const Witness& witness) const {
    size_t next = 0;
    bool after_gap = true;
    for (const std::string& payload : entries_) {
      if (!payload.empty()) {
        const size_t index = witness.IndexOf(payload);
        EXPECT_TRUE(after_gap ? index >= next : index == next) << next << " to " << index;
        next = index + 1;
      }
      after_gap = payload.empty();
    }
    if (!after_gap) {
      EXPECT_EQ(next, witness.size());
    }
  }

 private:
  bool joined_ = false;
  bool lost_ = false;                 // the connection, since the last event
  std::vector<std::string> entries_;  // payloads; empty: an event
};

// The node of a cluster: it owns the feeds of its topics, and reads for them.
class SimulatedNode final : public BrokerEvents {
 public:
  SimulatedNode(MemoryHub& hub, size_t number,
                std::map<std::string, testing::DeliveryChecker>& checkers)
      : number_(number), checkers_(checkers), broker_(hub) {
    EXPECT_TRUE(broker_.Start(this).ok());
    for (const auto& [topic, checker] : checkers) Join(topic, Keeps::kHistory);
    Join(kWithoutHistory, Keeps::kNothing);
  }

  MemoryBroker& broker() { return broker_; }

  // Reads again for the feeds whose reads have failed, and gives up some.
  void Retry(bool give_up) {
    for (auto& [topic, feed] : feeds_) {
      const auto failed = std::exchange(feed->failed, std::nullopt);
      if (!failed.has_value()) continue;
      const auto [read, since] = *failed;
      if (!give_up) {
        feed->Read(read, since);
        continue;
      }
      checkers_.at(topic).ReadDone(number_, /*has_page=*/false);
      feed->feed.OnUnreadable(read, *feed);
    }
  }

  bool AtRest() const {
    for (const auto& [topic, feed] : feeds_) {
      if (!feed->feed.joined() || feed->feed.reading()) return false;
    }
    return true;
  }

  const PlainLog& plain() const { return plain_; }
  uint64_t healed() const { return Sum(&TopicFeed::Counts::healed); }
  uint64_t duplicates() const { return Sum(&TopicFeed::Counts::duplicates); }

 private:
  struct Feed final : TopicFeed::Output {
    Feed(SimulatedNode& node, absl::string_view topic, Keeps keeps)
        : node(node), topic(topic), keeps(keeps), feed(keeps) {}

    void Deliver(TopicMessage message) override {
      if (keeps == Keeps::kHistory) {
        node.checkers_.at(topic).Delivered(node.number_, message.position,
                                           message.message.payload());
        return;
      }
      node.plain_.Delivered(message.message.payload());
    }
    void Report(const TopicEvent& event) override {
      if (keeps == Keeps::kNothing) return node.plain_.Reported(event);
      node.checkers_.at(topic).Reported(node.number_, event);
    }
    void Read(uint32_t read, Position since) override {
      node.broker_.Read(topic, since, 7, [this, read, since](absl::StatusOr<HistoryPage> page) {
        if (page.ok()) {
          node.checkers_.at(topic).ReadDone(node.number_, /*has_page=*/true);
          feed.OnPage(read, *std::move(page), *this);
        } else {
          failed = {read, since};
        }
      });
    }

    SimulatedNode& node;
    const std::string topic;
    const Keeps keeps;
    TopicFeed feed;
    std::optional<std::pair<uint32_t, Position>> failed;
  };

  void Join(absl::string_view topic, Keeps keeps) {
    feeds_[std::string(topic)] = std::make_unique<Feed>(*this, topic, keeps);
    broker_.Subscribe({{std::string(topic), keeps == Keeps::kHistory}});
  }

  uint64_t Sum(uint64_t TopicFeed::Counts::*count) const {
    uint64_t sum = 0;
    for (const auto& [topic, feed] : feeds_) sum += feed->counts.*count;
    return sum;
  }

  void OnMessages(absl::string_view topic, std::vector<TopicMessage> messages) override {
    Feed& feed = *feeds_.at(std::string(topic));
    for (TopicMessage& message : messages) feed.feed.OnMessage(std::move(message), feed);
  }
  void OnState(absl::string_view topic, const TopicState& state) override {
    Feed& feed = *feeds_.at(std::string(topic));
    feed.feed.OnState(state, feed);
  }
  void OnLost(const absl::Status&) override {
    plain_.OnLost();
    for (auto& [topic, feed] : feeds_) feed->feed.OnLost();
  }
  void OnStateChange(BrokerState) override {}

  const size_t number_;
  std::map<std::string, testing::DeliveryChecker>& checkers_;
  PlainLog plain_;
  std::map<std::string, std::unique_ptr<Feed>> feeds_;
  MemoryBroker broker_;  // its destructor calls the callbacks that are due
};

class MemoryClusterTest : public ::testing::Test {
 protected:
  MemoryClusterTest() {
    for (const absl::string_view topic : {"t", "u", "v"}) {
      const auto added = checkers_.try_emplace(
          std::string(topic), [topic](const std::string& text) { ADD_FAILURE() << topic << text; });
      added.first->second.Began(hub_.state(topic).position.epoch);
    }
    for (size_t i = 0; i < 2; ++i)
      nodes_.push_back(std::make_unique<SimulatedNode>(hub_, i, checkers_));
  }

  size_t Random(size_t n) { return random_() % n; }

  std::string AnyTopic() {
    auto topic = checkers_.begin();
    std::advance(topic, Random(checkers_.size()));
    return topic->first;
  }

  // One step.
  bool RunOne() {
    if (!hub_.RunOne()) return false;
    Observe();
    return true;
  }

  // Tells the checkers what the store has stored and trimmed.
  void Observe() {
    for (auto& [topic, checker] : checkers_) {
      const uint64_t now = hub_.state(topic).position.offset;
      uint64_t& seen = seen_[topic];
      const std::vector<TopicMessage> kept = hub_.kept(topic);
      for (const TopicMessage& message : kept) {
        if (message.position.offset > seen) {
          checker.Stored(message.position, message.message.payload());
        }
      }
      seen = now;
      checker.Trimmed(kept.empty() ? now : kept.front().position.offset - 1);
    }
  }

  void Publish() {
    const bool plain = Random(4) == 0;
    const std::string topic = plain ? std::string(kWithoutHistory) : AnyTopic();
    std::vector<TopicMessage> messages;
    for (size_t more = 1 + Random(4); more > 0; --more) {
      messages.push_back(
          {.message = *EncodedMessage::Make(Opcode::kText, absl::StrCat(++published_))});
    }
    ++due_;
    nodes_[Random(nodes_.size())]->broker().Publish(topic, plain ? TopicHistory() : kShortHistory,
                                                    std::move(messages),
                                                    [this, plain](absl::StatusOr<Position> done) {
                                                      --due_;
                                                      if (done.ok()) acknowledged_ += !plain;
                                                    });
  }

  void Fault() {
    MemoryBroker& node = nodes_[Random(nodes_.size())]->broker();
    const Channel channel = Random(2) == 0 ? Channel::kMessages : Channel::kCalls;
    ++faults_;
    switch (Random(12)) {
      case 0:
      case 1:
        return hub_.Cut(node);
      case 2:
      case 3:
      case 4:
        return hub_.Restore(node);
      case 5:
        return hub_.Hold(node, channel);
      case 6:
      case 7:
        return hub_.Release(node, channel);
      case 8:
        return hub_.Refuse(node,
                           Random(3) == 0 ? absl::UnavailableError("READONLY") : absl::OkStatus());
      case 9: {
        const std::string topic = AnyTopic();
        hub_.ForgetTail(topic, Random(5));
        const TopicState state = hub_.state(topic);
        checkers_.at(topic).Restarted(state.position.epoch, state.position.offset);
        seen_[topic] = state.position.offset;
        return;
      }
      case 10:
        if (Random(4) != 0) return;
        hub_.ForgetAll();
        for (auto& [topic, checker] : checkers_) {
          checker.Began(hub_.state(topic).position.epoch);
          seen_[topic] = 0;
        }
        return;
      default:
        clock_.AdvanceMs(static_cast<int64_t>(Random(5000)));
        return Observe();
    }
  }

  // All faults end, and everything arrives.
  void Settle() {
    for (const auto& node : nodes_) {
      hub_.Refuse(node->broker(), absl::OkStatus());
      hub_.Release(node->broker(), Channel::kMessages);
      hub_.Release(node->broker(), Channel::kCalls);
      hub_.Cut(node->broker());
      hub_.Restore(node->broker());
    }
    for (int round = 0; round < 100; ++round) {
      while (RunOne()) {
      }
      for (const auto& node : nodes_) node->Retry(/*give_up=*/false);
    }
    EXPECT_EQ(due_, 0) << "each publish has one outcome";
    for (size_t i = 0; i < nodes_.size(); ++i) {
      EXPECT_TRUE(nodes_[i]->AtRest());
      for (auto& [topic, checker] : checkers_) checker.CheckComplete(i);
      nodes_[i]->plain().Compare(witness_);
    }
  }

  const unsigned seed_ = testing::ChaosSeed();
  std::mt19937 random_{seed_};
  testing::ManualClock clock_;
  MemoryHub hub_{{.clock = &clock_, .choose = [this](size_t n) { return Random(n); }}};
  Witness witness_{hub_};
  std::map<std::string, testing::DeliveryChecker> checkers_;
  std::map<std::string, uint64_t> seen_;  // offsets that the checkers know
  uint64_t published_ = 0;
  uint64_t acknowledged_ = 0;
  uint64_t faults_ = 0;
  int due_ = 0;
  std::vector<std::unique_ptr<SimulatedNode>> nodes_;
};

TEST_F(MemoryClusterTest, NoMessageIsLostSilently) {
  for (int i = 0; i < 40000 && !HasFailure(); ++i) {
    switch (Random(10)) {
      case 0:
      case 1:
      case 2:
        Publish();
        break;
      case 3:
        Fault();
        break;
      case 4:
        nodes_[Random(nodes_.size())]->Retry(/*give_up=*/Random(8) == 0);
        break;
      default:
        for (size_t steps = Random(8); steps > 0; --steps) RunOne();
    }
  }
  Settle();
  uint64_t stored = 0, delivered = 0, gaps = 0, healed = 0, duplicates = 0;
  for (const auto& [topic, checker] : checkers_) {
    stored += checker.stored();
    delivered += checker.delivered();
    gaps += checker.gaps();
  }
  for (const auto& node : nodes_) {
    healed += node->healed();
    duplicates += node->duplicates();
  }
  std::printf(
      "%lu faults, %lu messages stored, %lu delivered, %lu of them healed; %lu gaps, %lu "
      "duplicates dropped\n",
      faults_, stored, delivered, healed, gaps, duplicates);
  EXPECT_GE(stored, acknowledged_);
  EXPECT_GT(faults_, 3000u);
  EXPECT_GT(healed, 0u);
  EXPECT_GT(gaps, 0u);
}

// The store forgets nothing here: the history heals every lost connection, and no gap is reported.
TEST_F(MemoryClusterTest, LostConnectionsAreHealedWithoutAGap) {
  while (RunOne()) {  // both nodes have joined
  }
  for (int i = 0; i < 4000 && !HasFailure(); ++i) {
    for (size_t more = Random(3); more > 0; --more) Publish();
    MemoryBroker& node = nodes_[Random(nodes_.size())]->broker();
    if (Random(4) == 0) hub_.Cut(node);
    for (size_t steps = Random(4); steps > 0; --steps) RunOne();
    hub_.Restore(node);
    for (size_t steps = Random(30); steps > 0; --steps) RunOne();
    if (i % 3 != 0) continue;  // so seldom that no history is too short
    for (const auto& each : nodes_) each->Retry(/*give_up=*/false);
    while (RunOne()) {
    }
    for (const auto& each : nodes_) each->Retry(/*give_up=*/false);
    while (RunOne()) {
    }
  }
  Settle();
  for (const auto& [topic, checker] : checkers_) {
    EXPECT_EQ(checker.gaps(), 0u);
    EXPECT_EQ(checker.delivered(), 2 * checker.stored());
  }
}

}  // namespace
}  // namespace weft
