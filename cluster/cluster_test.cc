#include "weft/cluster/cluster.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "weft/cluster/memory_broker.h"
#include "weft/cluster/subscriber_counts.h"
#include "weft/core/encoded_message.h"
#include "weft/core/frame/opcode.h"
#include "weft/core/log.h"
#include "weft/server/topics/broker.h"
#include "weft/server/topics/position.h"
#include "weft/server/topics/topic_history.h"
#include "weft/testing/manual_clock.h"

namespace weft {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

class ClusterTest : public ::testing::Test {
 protected:
  // The server's side of a node.
  struct Node final : BrokerEvents {
    Node(MemoryHub& hub, absl::Duration interval)
        : memory(std::make_shared<MemoryBroker>(hub)),
          cluster(*Cluster::Create(
              memory, {.interval = interval, .log = [this](LogLevel, absl::string_view line) {
                         log.emplace_back(line);
                       }})) {
      EXPECT_TRUE(cluster->Start(this).ok());
    }
    ~Node() { cluster->Stop(); }

    void OnMessages(absl::string_view topic, std::vector<TopicMessage> messages) override {
      for (const TopicMessage& message : messages) {
        events.push_back(absl::StrCat(topic, " ", message.message.payload()));
      }
    }
    void OnState(absl::string_view topic, const TopicState&) override {
      events.push_back(absl::StrCat("state ", topic));
    }
    void OnLost(const absl::Status&) override { events.emplace_back("lost"); }
    void OnStateChange(BrokerState state) override {
      events.emplace_back(state == BrokerState::kUp ? "up" : "away");
    }

    std::vector<std::string> events;
    std::vector<std::string> log;
    std::shared_ptr<MemoryBroker> memory;
    std::shared_ptr<Cluster> cluster;
  };

  std::unique_ptr<Node> NewNode() {
    auto node = std::make_unique<Node>(hub_, absl::Seconds(1));
    hub_.Run();
    return node;
  }
  void Pass(int seconds) {
    for (int i = 0; i < seconds; ++i) {
      clock_.AdvanceMs(1000);
      hub_.Run();
    }
  }
  static TopicMessage Text(absl::string_view text) {
    return {.message = *EncodedMessage::Make(Opcode::kText, text)};
  }

  testing::ManualClock clock_;
  MemoryHub hub_{{.clock = &clock_}};
};

TEST_F(ClusterTest, CountsTheSubscribersOfAllNodes) {
  const auto a = NewNode(), b = NewNode();
  a->cluster->SetSubscribers("t", 1);
  b->cluster->SetSubscribers("t", 2);
  EXPECT_EQ(a->cluster->subscribers("t"), 1u);
  Pass(2);
  EXPECT_EQ(a->cluster->subscribers("t"), 3u);
  EXPECT_EQ(b->cluster->subscribers("t"), 3u);
  EXPECT_EQ(a->cluster->nodes(), 2u);
  const auto c = NewNode();  // later: it learns what the others have
  Pass(3 * SubscriberCounts::kAllTicks);
  EXPECT_EQ(c->cluster->subscribers("t"), 3u);
}

TEST_F(ClusterTest, ANodeThatDiesDisappearsAfterItsLease) {
  const auto a = NewNode();
  auto b = NewNode();
  b->cluster->SetSubscribers("t", 2);
  Pass(2);
  b->cluster->SetSubscribers("u", 1);
  Pass(1);  // it is heard for the last time
  const std::string name(b->cluster->node());
  b.reset();  // it says nothing
  Pass(SubscriberCounts::kLeaseTicks - 1);
  EXPECT_EQ(a->cluster->subscribers("t"), 2u);
  Pass(1);
  EXPECT_EQ(a->cluster->subscribers("t"), 0u);
  EXPECT_THAT(a->log,
              ElementsAre(absl::StrCat("cluster: this node is ", a->cluster->node()),
                          absl::StrCat("cluster: node ", name,
                                       " was not heard for 15s: its subscribers do not count any "
                                       "more")));
}

TEST_F(ClusterTest, ANodeThatIsCutOffCountsItsOwnAndComesBack) {
  const auto a = NewNode(), b = NewNode();
  a->cluster->SetSubscribers("t", 1);
  b->cluster->SetSubscribers("t", 2);
  Pass(2);
  hub_.Cut(*a->memory);
  b->cluster->SetSubscribers("t", 5);
  Pass(1);
  EXPECT_EQ(a->cluster->subscribers("t"), 3u) << "what it knew";
  Pass(SubscriberCounts::kLeaseTicks);
  EXPECT_EQ(a->cluster->subscribers("t"), 1u);
  EXPECT_EQ(b->cluster->subscribers("t"), 5u);
  hub_.Restore(*a->memory);
  Pass(SubscriberCounts::kAllTicks);
  EXPECT_EQ(a->cluster->subscribers("t"), 6u);
  EXPECT_EQ(b->cluster->subscribers("t"), 6u);
}

TEST_F(ClusterTest, PassesEverythingElseOn) {
  const auto a = NewNode();
  a->cluster->Subscribe({{"t", true}});
  hub_.Run();
  std::vector<Position> stored;
  a->cluster->Publish("t", {.messages = 5}, {Text("1")}, [&](absl::StatusOr<Position> position) {
    if (position.ok()) stored.push_back(*position);
  });
  hub_.Run();
  EXPECT_EQ(stored.size(), 1u);
  hub_.Cut(*a->memory);
  hub_.Run();
  EXPECT_THAT(a->events, ElementsAre("up", "state t", "t 1", "lost", "away"));
  EXPECT_EQ(a->cluster->state(), BrokerState::kAway);
  EXPECT_FALSE(a->cluster->counts().messages_up);
}

TEST_F(ClusterTest, TheNodesTopicIsNotForApplications) {
  const auto a = NewNode(), b = NewNode();
  absl::Status refused;
  a->cluster->Publish(Broker::kNodesTopic, {}, {Text("forged")},
                      [&](absl::StatusOr<Position> outcome) { refused = outcome.status(); });
  Pass(2);
  EXPECT_TRUE(absl::IsInvalidArgument(refused)) << refused;
  EXPECT_THAT(std::string(refused.message()), HasSubstr("weft:nodes"));
  EXPECT_THAT(b->events, ElementsAre("up")) << "reports are no messages of the application";
}

TEST_F(ClusterTest, ReportsThatCannotBeReadAreLoggedOnceAMinute) {
  const auto a = NewNode();
  MemoryBroker other(hub_);  // of another version
  struct Ignores : BrokerEvents {
    void OnMessages(absl::string_view, std::vector<TopicMessage>) override {}
    void OnState(absl::string_view, const TopicState&) override {}
    void OnLost(const absl::Status&) override {}
    void OnStateChange(BrokerState) override {}
  } ignores;
  ASSERT_TRUE(other.Start(&ignores).ok());
  hub_.Run();
  for (int i = 0; i < 3; ++i) {
    other.Publish(Broker::kNodesTopic, {}, {Text("\x02 of tomorrow")},
                  [](const absl::StatusOr<Position>&) {});
    Pass(20);
  }
  EXPECT_THAT(a->log, SizeIs(2));
  EXPECT_THAT(a->log[1], AllOf(HasSubstr("weft:nodes"), HasSubstr("version 2")));
  EXPECT_EQ(a->cluster->nodes(), 1u);
  other.Stop();
}

TEST_F(ClusterTest, WrongOptionsAreNamed) {
  EXPECT_TRUE(absl::IsInvalidArgument(Cluster::Create(nullptr).status()));
  const auto zero = Cluster::Create(std::make_shared<MemoryBroker>(hub_), {.interval = {}});
  EXPECT_THAT(std::string(zero.status().message()), HasSubstr("ClusterOptions::interval is 0"));
}

}  // namespace
}  // namespace weft
