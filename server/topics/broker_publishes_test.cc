#include "weft/server/topics/broker_publishes.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "weft/cluster/memory_broker.h"
#include "weft/core/encoded_message.h"
#include "weft/core/frame/opcode.h"
#include "weft/loop/exception_guard.h"
#include "weft/server/topics/broker.h"
#include "weft/server/topics/position.h"
#include "weft/server/topics/topic_history.h"

namespace weft {
namespace {

using ::testing::ElementsAre;

// Writes down the batches that arrive, as "topic: message message".
class BatchLog : public BrokerEvents {
 public:
  void OnMessages(absl::string_view topic, std::vector<TopicMessage> messages) override {
    std::vector<std::string> payloads;
    for (const TopicMessage& message : messages) {
      payloads.emplace_back(message.message.payload().substr(0, 10));
    }
    batches.push_back(absl::StrCat(topic, ": ", absl::StrJoin(payloads, " ")));
    sizes.push_back(messages.size());
  }
  void OnState(absl::string_view, const TopicState&) override {}
  void OnLost(const absl::Status&) override {}
  void OnStateChange(BrokerState) override {}

  std::vector<std::string> batches;
  std::vector<size_t> sizes;
};

class BrokerPublishesTest : public ::testing::Test, public BrokerPublishes::User {
 protected:
  BrokerPublishesTest() {
    EXPECT_TRUE(node_.Start(&log_).ok());
    node_.Subscribe({{"a", true}, {"b", true}});
    hub_.Run();
  }
  ~BrokerPublishesTest() override { node_.Stop(); }

  void OnOutcome(absl::string_view topic, const absl::Status& status,
                 absl::Span<const int64_t> accepted_ms) override {
    told_.push_back(absl::StrCat(topic, " ", status.ok(), " at ", absl::StrJoin(accepted_ms, ",")));
  }
  void OnTold(size_t publishes) override { told_.push_back(absl::StrCat("told ", publishes)); }

  void Add(const std::string& topic, absl::string_view payload, int64_t accepted_ms = 0) {
    publishes_.Add({topic,
                    {.messages = 10},
                    {.message = *EncodedMessage::Make(Opcode::kText, payload)},
                    [this](absl::StatusOr<Position> outcome) {
                      told_.push_back(outcome.ok() ? absl::StrCat(outcome->offset)
                                                   : std::string(outcome.status().message()));
                    },
                    accepted_ms});
  }

  MemoryHub hub_;
  MemoryBroker node_{hub_};
  BatchLog log_;
  ExceptionGuard guard_{[](absl::string_view, absl::string_view) {}};
  BrokerPublishes publishes_{node_, guard_, *this};
  std::vector<std::string> told_;
};

TEST_F(BrokerPublishesTest, JoinsThoseOfATopicAndGivesEachItsPosition) {
  Add("a", "1", 5);
  Add("b", "2", 6);
  Add("a", "3", 7);
  publishes_.Flush();
  hub_.Run();
  EXPECT_THAT(log_.batches, ElementsAre("a: 1 3", "b: 2"));
  EXPECT_THAT(told_, ElementsAre("a 1 at 5,7", "1", "2", "told 2", "b 1 at 6", "1", "told 1"));
  publishes_.Flush();
  hub_.Run();
  EXPECT_EQ(log_.batches.size(), 2u) << "nothing is sent twice";
}

TEST_F(BrokerPublishesTest, SendsABatchThatIsFull) {
  for (size_t i = 0; i <= Broker::kMaxPublishMessages; ++i) Add("a", absl::StrCat(i));
  publishes_.Flush();
  hub_.Run();
  EXPECT_THAT(log_.sizes, ElementsAre(Broker::kMaxPublishMessages, 1));
}

TEST_F(BrokerPublishesTest, ALargeMessageDoesNotJoinOthers) {
  Add("a", "small");
  Add("a", std::string(BrokerPublishes::kMaxBatchBytes, 'x'));
  Add("a", "after");
  publishes_.Flush();
  hub_.Run();
  EXPECT_THAT(log_.sizes, ElementsAre(1, 1, 1));
  EXPECT_THAT(log_.batches.back(), "a: after") << "in order";
}

TEST_F(BrokerPublishesTest, AFailureIsThatOfEachOfTheBatch) {
  hub_.Refuse(node_, absl::ResourceExhaustedError("full"));
  Add("a", "1", 1);
  Add("a", "2", 2);
  publishes_.Flush();
  hub_.Run();
  EXPECT_THAT(told_, ElementsAre("a 0 at 1,2", "full", "full", "told 2"));
}

}  // namespace
}  // namespace weft
