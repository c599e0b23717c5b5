#include "weft/server/topics/local_broker.h"

#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "weft/core/encoded_message.h"
#include "weft/core/frame/opcode.h"
#include "weft/testing/manual_clock.h"

namespace weft {
namespace {

constexpr TopicHistory kTen = {.messages = 10};

std::vector<TopicMessage> Messages(absl::string_view payload) {
  return {{.message = *EncodedMessage::Make(Opcode::kText, payload)}};
}

class LocalBrokerTest : public ::testing::Test, public BrokerEvents {
 protected:
  LocalBrokerTest() { EXPECT_TRUE(broker_.Start(this).ok()); }
  ~LocalBrokerTest() override { broker_.Stop(); }

  // Everything that was asked for before has happened.
  void Settle() {
    for (int i = 0; i < 3; ++i) {
      std::promise<void> ran;
      broker_.Post(absl::ZeroDuration(), [&] { ran.set_value(); });
      ran.get_future().wait();
    }
  }

  // The events and outcomes since the last call.
  std::vector<std::string> Told() {
    Settle();
    const std::lock_guard<std::mutex> lock(mutex_);
    return std::exchange(told_, {});
  }

  void Tell(std::string text) {
    const std::lock_guard<std::mutex> lock(mutex_);
    told_.push_back(std::move(text));
  }

  Broker::PublishDone Outcome() {
    return [this](absl::StatusOr<Position> done) {
      Tell(done.ok() ? absl::StrCat("stored ", done->offset)
                     : absl::StatusCodeToString(done.status().code()));
    };
  }

  void OnMessages(absl::string_view topic, std::vector<TopicMessage> messages) override {
    for (const TopicMessage& message : messages) {
      Tell(absl::StrCat(topic, " ", message.position.offset, ":", message.message.payload()));
    }
  }
  void OnState(absl::string_view topic, const TopicState& state) override {
    Tell(absl::StrCat(topic, " at ", state.position.offset));
  }
  void OnLost(const absl::Status&) override { Tell("lost"); }
  void OnStateChange(BrokerState) override { Tell("state"); }

  testing::ManualClock clock_;
  std::mutex mutex_;
  std::vector<std::string> told_;
  LocalBroker broker_{clock_};
};

using Strings = std::vector<std::string>;

TEST_F(LocalBrokerTest, AMessageReachesTheSubscriptionWithItsPosition) {
  broker_.Subscribe({{"t", true}});
  EXPECT_EQ(Told(), Strings({"t at 0"}));
  broker_.Publish("t", kTen, Messages("a"), Outcome());
  broker_.Publish("other", kTen, Messages("b"), Outcome());
  EXPECT_EQ(Told(), Strings({"stored 1", "t 1:a", "stored 1"}));
  const std::vector<std::string> topics = {"t"};
  broker_.CheckPositions(topics);
  EXPECT_EQ(Told(), Strings({"t at 1"}));
  broker_.Unsubscribe(topics);
  broker_.Publish("t", kTen, Messages("c"), Outcome());
  EXPECT_EQ(Told(), Strings({"stored 2"}));
}

TEST_F(LocalBrokerTest, ReadsTheHistory) {
  broker_.Publish("t", kTen, Messages("a"), Outcome());
  broker_.Publish("t", kTen, Messages("b"), Outcome());
  Position start;
  broker_.Read("t", {}, 10, [&](absl::StatusOr<HistoryPage> page) {
    start = {page->state.position.epoch, 0};
  });
  Settle();
  broker_.Read("t", start, 10, [&](absl::StatusOr<HistoryPage> page) {
    Tell(absl::StrCat("read ", page->messages.size()));
  });
  EXPECT_EQ(Told(), Strings({"stored 1", "stored 2", "read 2"}));
}

// While paused, messages wait; when they take too much, publishes are refused.
TEST_F(LocalBrokerTest, APauseHoldsMessagesAndThenPublishes) {
  broker_.Subscribe({{"t", false}});
  EXPECT_EQ(Told(), Strings({"t at 0"}));
  broker_.SetPaused(true);
  const std::string large(LocalBroker::kMaxBytes / 2 + 1, 'x');
  broker_.Publish("t", TopicHistory(), Messages(large), Outcome());
  EXPECT_EQ(Told(), Strings({"stored 0"}));
  broker_.Publish("t", TopicHistory(), Messages(large), Outcome());
  EXPECT_EQ(Told(), Strings({"RESOURCE_EXHAUSTED"}));
  broker_.SetPaused(false);
  EXPECT_EQ(Told(), Strings({absl::StrCat("t 0:", large)}));
  broker_.Publish("t", TopicHistory(), Messages(large), Outcome());
  EXPECT_EQ(Told().size(), 2u) << "there is room again";
}

TEST_F(LocalBrokerTest, ATaskWaitsForItsDelay) {
  std::promise<void> ran;
  bool due = false;
  broker_.Post(absl::Seconds(5), [&] {
    EXPECT_TRUE(due);
    ran.set_value();
  });
  Settle();
  due = true;
  clock_.AdvanceMs(5001);
  ran.get_future().wait();
}

TEST_F(LocalBrokerTest, EachCallBeforeStopHasOneOutcome) {
  std::promise<void> entered, leave;
  broker_.Post(absl::ZeroDuration(), [&] {
    entered.set_value();
    leave.get_future().wait();
  });
  entered.get_future().wait();
  broker_.Publish("t", kTen, Messages("a"), Outcome());
  broker_.Publish("t", kTen, {}, Outcome());
  broker_.Read("t", {}, 1, [&](absl::StatusOr<HistoryPage> page) {
    Tell(absl::StatusCodeToString(page.status().code()));
  });
  std::thread stopping([&] { broker_.Stop(); });
  // The thread takes no further step after this one once Stop() has begun; before that, the steps
  // succeed, but the invalid one.
  leave.set_value();
  stopping.join();
  ASSERT_EQ(told_.size(), 3u);
  EXPECT_TRUE(told_[0] == "stored 1" || told_[0] == "UNAVAILABLE") << told_[0];
  EXPECT_EQ(told_[1], "INVALID_ARGUMENT");
  EXPECT_TRUE(told_[2] == "OK" || told_[2] == "UNAVAILABLE") << told_[2];
  broker_.Publish("t", kTen, Messages("a"), Outcome());
  broker_.Post(absl::ZeroDuration(), [&] { Tell("late"); });
  EXPECT_EQ(told_.size(), 3u) << "nothing follows";
}

// Otherwise clients that choose names could fill the memory. The topic's epoch shows that it was
// forgotten: it begins again in the epoch that is present then, which another topic has ended.
TEST_F(LocalBrokerTest, ATopicToWhichNobodyPublishedIsForgottenAtUnsubscribe) {
  const std::vector<std::string> topics = {"t"};
  const auto epoch = [&] {
    Epoch epoch;
    broker_.Read("t", {}, 1,
                 [&](absl::StatusOr<HistoryPage> page) { epoch = page->state.position.epoch; });
    Settle();
    return epoch;
  };
  broker_.Publish("other", {.messages = 10, .time = absl::Minutes(1)}, Messages("a"), Outcome());
  Settle();
  clock_.AdvanceMs(4 * 60 * 1000);
  broker_.Subscribe({{"t", true}});
  const Epoch before = epoch();
  broker_.Unsubscribe(topics);
  Settle();
  clock_.AdvanceMs(2 * 60 * 1000);  // forgets the other one
  Settle();
  const Epoch after = epoch();
  EXPECT_NE(before, after);
  broker_.Subscribe({{"t", true}});
  clock_.AdvanceMs(10 * 60 * 1000);
  Settle();
  EXPECT_EQ(epoch(), after) << "a topic with a subscription stays";
}

// The thread is in a task when Stop() begins, and makes further calls; a `done` may do so too.
TEST_F(LocalBrokerTest, EachCallDuringStopHasOneOutcome) {
  std::promise<void> entered;
  broker_.Post(absl::ZeroDuration(), [&] {
    entered.set_value();
    // Once Stop() has begun, a task is destroyed at once.
    const auto task = std::make_shared<int>();
    for (int64_t tasks = 1; task.use_count() == tasks; ++tasks) {
      broker_.Post(absl::ZeroDuration(), [task] {});
    }
    broker_.Publish("t", kTen, Messages("a"), [this](absl::StatusOr<Position> done) {
      Tell(absl::StatusCodeToString(done.status().code()));
      broker_.Publish("t", kTen, Messages("b"), Outcome());
    });
    broker_.Read("t", {}, 1, [&](absl::StatusOr<HistoryPage> page) {
      Tell(absl::StrCat("read ", absl::StatusCodeToString(page.status().code())));
    });
  });
  entered.get_future().wait();
  broker_.Stop();
  EXPECT_EQ(told_, Strings({"UNAVAILABLE", "read UNAVAILABLE", "UNAVAILABLE"}));
}

// Positions of one server must not look like those of another.
TEST_F(LocalBrokerTest, EpochsAreNotThoseOfAnotherBroker) {
  LocalBroker other(clock_);
  EXPECT_TRUE(other.Start(this).ok());
  Epoch epochs[2];
  int i = 0;
  for (LocalBroker* const broker : {&broker_, &other}) {
    std::promise<void> read;
    broker->Read("t", {}, 1, [&](absl::StatusOr<HistoryPage> page) {
      epochs[i++] = page->state.position.epoch;
      read.set_value();
    });
    read.get_future().wait();
  }
  other.Stop();
  EXPECT_NE(epochs[0], epochs[1]);
}

}  // namespace
}  // namespace weft
