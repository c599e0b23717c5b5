#include "weft/cluster/memory_broker.h"

#include <memory>
#include <string>
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
#include "weft/server/topics/broker.h"
#include "weft/server/topics/position.h"
#include "weft/server/topics/topic_history.h"
#include "weft/testing/manual_clock.h"

namespace weft {
namespace {

using Channel = MemoryHub::Channel;
using Lines = std::vector<std::string>;

constexpr TopicHistory kHistory = {.messages = 100};

TopicMessage Message(absl::string_view payload) {
  return {.message = *EncodedMessage::Make(Opcode::kText, payload)};
}

// Epochs are named by their numbers: "1.5".
std::string Name(const Position& position) {
  const absl::string_view epoch = position.epoch.text();
  return position.is_set()
             ? absl::StrCat(epoch.substr(epoch.find_first_not_of('0')), ".", position.offset)
             : "none";
}

// A node that writes down what happens.
class Node : public BrokerEvents {
 public:
  explicit Node(MemoryHub& hub) : hub_(hub), broker_(hub) { EXPECT_TRUE(broker_.Start(this).ok()); }

  void Subscribe(absl::string_view topic, bool has_history = true) {
    broker_.Subscribe({{std::string(topic), has_history}});
  }
  void Publish(absl::string_view topic, absl::string_view payload,
               const TopicHistory& history = kHistory, absl::string_view id = "") {
    TopicMessage message = Message(payload);
    message.id = std::string(id);
    broker_.Publish(topic, history, {message}, [this](absl::StatusOr<Position> done) {
      lines_.push_back(done.ok() ? absl::StrCat("stored ", Name(*done))
                                 : absl::StatusCodeToString(done.status().code()));
    });
  }
  void Read(absl::string_view topic, Position since, size_t limit = 256) {
    broker_.Read(topic, since, limit, [this](absl::StatusOr<HistoryPage> page) {
      if (!page.ok()) return lines_.push_back(absl::StatusCodeToString(page.status().code()));
      lines_.push_back(absl::StrCat("page of ", Name(page->state.position)));
      for (const TopicMessage& message : page->messages) {
        absl::StrAppend(&lines_.back(), ", ", Name(message.position), " ",
                        message.message.payload());
      }
    });
  }

  Lines Run() {
    hub_.Run();
    return std::exchange(lines_, {});
  }
  Lines lines() { return std::exchange(lines_, {}); }
  MemoryBroker& broker() { return broker_; }
  int events() const { return events_; }  // with messages
  void PauseInEvents() { pauses_ = true; }

 private:
  void OnMessages(absl::string_view topic, std::vector<TopicMessage> messages) override {
    ++events_;
    for (const TopicMessage& message : messages) {
      lines_.push_back(
          absl::StrCat(topic, " ", Name(message.position), " ", message.message.payload()));
    }
    if (pauses_) broker_.SetPaused(true);
  }
  void OnState(absl::string_view topic, const TopicState& state) override {
    lines_.push_back(absl::StrCat(topic, " is at ", Name(state.position)));
    if (state.previous_end.is_set()) {
      absl::StrAppend(&lines_.back(), " after ", Name(state.previous_end));
    }
  }
  void OnLost(const absl::Status& reason) override {
    EXPECT_EQ(reason.code(), absl::StatusCode::kUnavailable);
    lines_.push_back("lost");
  }
  void OnStateChange(BrokerState state) override {
    lines_.push_back(state == BrokerState::kUp ? "up" : "away");
  }

  MemoryHub& hub_;
  Lines lines_;
  int events_ = 0;
  bool pauses_ = false;
  MemoryBroker broker_;  // its destructor calls the callbacks that are due
};

class MemoryBrokerTest : public ::testing::Test {
 protected:
  MemoryBrokerTest() {
    a_.Run();
    b_.lines();
  }

  testing::ManualClock clock_;
  MemoryHub hub_{{.clock = &clock_, .max_outbound_bytes = 5000, .max_inbound_bytes = 20000}};
  Node a_{hub_};
  Node b_{hub_};
};

TEST_F(MemoryBrokerTest, NothingHappensByItself) {
  a_.Subscribe("t");
  a_.Publish("t", "x");
  EXPECT_EQ(a_.lines(), Lines{});
  EXPECT_EQ(a_.Run(), (Lines{"t 1.1 x", "stored 1.1", "t is at 1.1"}));
  EXPECT_EQ(hub_.Run(), 0u);
}

TEST_F(MemoryBrokerTest, AllNodesSeeOneOrder) {
  a_.Subscribe("t");
  b_.Subscribe("t");
  hub_.Run();
  EXPECT_EQ(a_.lines(), Lines{"t is at 1.0"});
  EXPECT_EQ(b_.lines(), Lines{"t is at 1.0"});
  a_.Publish("t", "x");
  b_.Publish("t", "y");
  EXPECT_EQ(a_.Run(), (Lines{"t 1.1 x", "stored 1.1", "t 1.2 y"}));
  EXPECT_EQ(b_.lines(), (Lines{"t 1.1 x", "t 1.2 y", "stored 1.2"}));
}

TEST_F(MemoryBrokerTest, AFewMessagesAtOnceAreAllOrNone) {
  a_.Subscribe("t");
  a_.Run();
  Lines outcome;
  const auto done = [&](absl::StatusOr<Position> stored) {
    outcome.push_back(stored.ok() ? Name(*stored) : std::string(stored.status().message()));
  };
  a_.broker().Publish("t", kHistory, {Message("x"), Message("y")}, done);
  a_.broker().Publish("t", kHistory, {}, done);
  a_.broker().Publish("t", kHistory, std::vector<TopicMessage>(65, Message("z")), done);
  EXPECT_EQ(outcome, Lines{}) << "never inside the call";
  EXPECT_EQ(a_.Run(), (Lines{"t 1.1 x", "t 1.2 y"}));
  EXPECT_EQ(a_.events(), 1) << "together";
  EXPECT_EQ(outcome, (Lines{"1 to 64 messages are published at once, not 0",
                            "1 to 64 messages are published at once, not 65", "1.2"}));
}

TEST_F(MemoryBrokerTest, WithoutHistoryThereAreNoPositions) {
  a_.Subscribe("t", /*has_history=*/false);
  EXPECT_EQ(a_.Run(), Lines{"t is at none"});
  a_.Publish("t", "x", {});
  EXPECT_EQ(a_.Run(), (Lines{"t none x", "stored none"}));
}

TEST_F(MemoryBrokerTest, ReadsPagesOfTheHistory) {
  for (const absl::string_view payload : {"p", "q", "r", "s"}) {
    a_.Publish("t", payload, {.messages = 3});
  }
  a_.Run();
  Position since = hub_.state("t").position;
  since.offset = 0;
  a_.Read("t", since, 2);
  EXPECT_EQ(a_.Run(), Lines{"page of 1.4, 1.2 q, 1.3 r"});
  since.offset = 3;
  a_.Read("t", since);
  a_.Read("unknown", since);
  EXPECT_EQ(a_.Run(), (Lines{"page of 1.4, 1.4 s", "page of 1.0"}));
}

TEST_F(MemoryBrokerTest, KeepsTheLatestValue) {
  a_.Publish("t", "x", {.messages = 1});
  a_.Publish("t", "y", {.messages = 1});
  a_.Run();
  const std::vector<TopicMessage> kept = hub_.kept("t");
  ASSERT_EQ(kept.size(), 1u);
  EXPECT_EQ(kept[0].message.payload(), "y");
}

TEST_F(MemoryBrokerTest, AHistoryExpires) {
  a_.Publish("t", "x", {.messages = 10, .time = absl::Seconds(2)});
  a_.Run();
  clock_.AdvanceMs(1999);
  EXPECT_EQ(hub_.kept("t").size(), 1u);
  clock_.AdvanceMs(1);
  EXPECT_EQ(hub_.kept("t").size(), 0u);
  EXPECT_EQ(Name(hub_.state("t").position), "1.1");
}

TEST_F(MemoryBrokerTest, AnIdIsStoredOnceInFiveMinutes) {
  a_.Publish("t", "x", kHistory, "id");
  a_.Publish("t", "other", kHistory);
  a_.Publish("t", "x", kHistory, "id");
  EXPECT_EQ(a_.Run(), (Lines{"stored 1.1", "stored 1.2", "stored 1.1"}));
  clock_.AdvanceMs(300000);
  a_.Publish("t", "x", kHistory, "id");
  EXPECT_EQ(a_.Run(), Lines{"stored 1.3"});
}

TEST_F(MemoryBrokerTest, AMessageWithAnIdIsPublishedAlone) {
  TopicMessage message = Message("x");
  message.id = "id";
  absl::Status outcome;
  a_.broker().Publish("t", kHistory, {Message("y"), message},
                      [&](absl::StatusOr<Position> done) { outcome = done.status(); });
  a_.Run();
  EXPECT_EQ(outcome, absl::InvalidArgumentError(
                         "a message with an id is published alone, not with 1 others"));
  EXPECT_EQ(hub_.kept("t").size(), 0u);
}

TEST_F(MemoryBrokerTest, TasksRunOnTheBrokersThreadWhenTheyAreDue) {
  Lines ran;
  const auto task = [&](absl::string_view name) {
    return [&ran, name] { ran.emplace_back(name); };
  };
  a_.broker().Post(absl::Milliseconds(20), task("20"));
  a_.broker().Post(absl::Milliseconds(10), task("10"));
  a_.broker().Post(absl::ZeroDuration(), task("first"));
  a_.broker().Post(absl::ZeroDuration(), task("second"));
  EXPECT_EQ(ran, Lines{}) << "never inside the call";
  a_.Run();
  EXPECT_EQ(ran, (Lines{"first", "second"}));
  clock_.AdvanceMs(19);
  a_.Run();
  EXPECT_EQ(ran.back(), "10");
  clock_.AdvanceMs(1);
  a_.broker().Post(absl::Milliseconds(1), task("never"));
  a_.Run();
  EXPECT_EQ(ran.back(), "20");
  a_.broker().Stop();
  a_.broker().Post(absl::ZeroDuration(), task("never"));
  clock_.AdvanceMs(1);
  a_.Run();
  EXPECT_EQ(ran.size(), 4u);
}

TEST_F(MemoryBrokerTest, APauseInAnEventIsImmediate) {
  a_.Subscribe("t");
  a_.Run();
  a_.PauseInEvents();
  b_.Publish("t", "x");
  b_.Publish("t", "y");
  EXPECT_EQ(a_.Run(), Lines{"t 1.1 x"});
  a_.broker().SetPaused(false);
  EXPECT_EQ(a_.Run(), Lines{"t 1.2 y"});
}

TEST_F(MemoryBrokerTest, AfterUnsubscribeNoEventFollows) {
  a_.Subscribe("t");
  a_.Run();
  b_.Publish("t", "x");
  while (hub_.state("t").position.offset == 0) ASSERT_TRUE(hub_.RunOne());
  a_.broker().Unsubscribe({"t"});
  a_.Subscribe("t");
  EXPECT_EQ(a_.Run(), Lines{"t is at 1.1"});
}

TEST_F(MemoryBrokerTest, ChecksPositions) {
  a_.Subscribe("t");
  a_.Subscribe("u", /*has_history=*/false);
  a_.Run();
  a_.broker().CheckPositions({"t", "u", "unknown"});
  EXPECT_EQ(a_.Run(), Lines{"t is at 1.0"});
}

TEST_F(MemoryBrokerTest, CutLosesMessagesAndOutcomes) {
  a_.Subscribe("t");
  a_.Run();
  b_.Publish("t", "x");
  b_.Publish("t", "y");
  while (hub_.state("t").position.offset < 2) ASSERT_TRUE(hub_.RunOne());
  a_.Publish("t", "z");
  hub_.Cut(a_.broker());
  EXPECT_EQ(a_.broker().state(), BrokerState::kAway);
  a_.Publish("t", "later");
  EXPECT_EQ(a_.Run(), (Lines{"lost", "away", "DEADLINE_EXCEEDED", "UNAVAILABLE"}));
  b_.Publish("t", "z");
  EXPECT_EQ(a_.Run(), Lines{});
  hub_.Restore(a_.broker());
  EXPECT_EQ(a_.Run(), (Lines{"up", "t is at 1.3"}));
  EXPECT_EQ(b_.lines(), (Lines{"stored 1.1", "stored 1.2", "stored 1.3"}));
}

TEST_F(MemoryBrokerTest, TheOutcomeOfACutPublishIsUnknown) {
  a_.Publish("t", "x");
  ASSERT_TRUE(hub_.RunOne());  // the store has it, and its answer is on the way
  hub_.Cut(a_.broker());
  EXPECT_EQ(a_.Run(), (Lines{"lost", "away", "DEADLINE_EXCEEDED"}));
  EXPECT_EQ(hub_.kept("t").size(), 1u);
}

TEST_F(MemoryBrokerTest, HeldMessagesArriveLater) {
  a_.Subscribe("t");
  a_.Run();
  hub_.Hold(a_.broker(), Channel::kMessages);
  a_.Publish("t", "x");
  EXPECT_EQ(a_.Run(), Lines{"stored 1.1"});
  hub_.Release(a_.broker(), Channel::kMessages);
  EXPECT_EQ(a_.Run(), Lines{"t 1.1 x"});
}

TEST_F(MemoryBrokerTest, APublishPastItsDeadlineMayAppearAllTheSame) {
  b_.Subscribe("t");
  b_.Run();
  hub_.Hold(a_.broker(), Channel::kCalls);
  a_.Publish("t", "x");
  a_.Read("t", {});
  EXPECT_EQ(a_.Run(), Lines{});
  clock_.AdvanceMs(3000);
  EXPECT_EQ(a_.Run(), (Lines{"DEADLINE_EXCEEDED", "DEADLINE_EXCEEDED"}));
  hub_.Release(a_.broker(), Channel::kCalls);
  EXPECT_EQ(a_.Run(), Lines{}) << "one outcome";
  EXPECT_EQ(b_.lines(), Lines{"t 1.1 x"});
}

TEST_F(MemoryBrokerTest, ARefusedPublishIsNotStored) {
  hub_.Refuse(a_.broker(), absl::ResourceExhaustedError("OOM"));
  a_.Publish("t", "x");
  a_.Read("t", {});
  EXPECT_EQ(a_.Run(), (Lines{"RESOURCE_EXHAUSTED", "RESOURCE_EXHAUSTED"}));
  EXPECT_EQ(hub_.kept("t").size(), 0u);
  hub_.Refuse(a_.broker(), absl::OkStatus());
  a_.Publish("t", "x");
  EXPECT_EQ(a_.Run(), Lines{"stored 1.1"});
}

TEST_F(MemoryBrokerTest, CallsThatWaitAreLimited) {
  const std::string large(3000, 'x');
  a_.Publish("t", large);
  a_.Publish("t", large);
  EXPECT_EQ(a_.Run(), (Lines{"RESOURCE_EXHAUSTED", "stored 1.1"}));
  a_.Publish("t", large);
  EXPECT_EQ(a_.Run(), Lines{"stored 1.2"}) << "there is room again";
}

TEST_F(MemoryBrokerTest, ANodeThatDoesNotReadLosesItsConnectionNotTheStoresMemory) {
  a_.Subscribe("t");
  a_.Run();
  a_.broker().SetPaused(true);
  for (int i = 0; i < 10; ++i) {
    b_.Publish("t", std::string(3000, 'x'));
    b_.Run();
  }
  EXPECT_EQ(a_.lines(), (Lines{"lost", "away", "up", "t is at 1.7"}));
  a_.broker().SetPaused(false);
  EXPECT_EQ(a_.Run().size(), 3u);
}

TEST_F(MemoryBrokerTest, ForgetTailContinuesInANewEpoch) {
  a_.Subscribe("t");
  for (const absl::string_view payload : {"p", "q", "r"}) a_.Publish("t", payload);
  a_.Run();
  hub_.ForgetTail("t", 1);
  a_.broker().CheckPositions({"t"});
  a_.Publish("t", "s");
  EXPECT_EQ(a_.Run(), (Lines{"t is at 2.2 after 1.2", "t 2.3 s", "stored 2.3"}));
  a_.Read("t", *Position::Parse("00000001.1"));
  a_.Read("t", *Position::Parse("00000001.3"));
  EXPECT_EQ(a_.Run(), (Lines{"page of 2.3, 2.2 q, 2.3 s", "page of 2.3"}));
}

TEST_F(MemoryBrokerTest, ForgetAllBeginsAgain) {
  a_.Subscribe("t");
  a_.Publish("t", "x");
  a_.Run();
  hub_.ForgetAll();
  a_.Publish("t", "y");
  EXPECT_EQ(a_.Run(), (Lines{"t 2.1 y", "stored 2.1"}));
}

TEST_F(MemoryBrokerTest, StopCallsWhatIsDueAndNothingAfterIt) {
  a_.Subscribe("t");
  a_.Run();
  a_.Publish("t", "x");
  a_.Publish("t", std::string(10000, 'x'));
  a_.broker().Stop();
  a_.broker().Stop();
  EXPECT_EQ(a_.lines(), (Lines{"RESOURCE_EXHAUSTED", "DEADLINE_EXCEEDED"}));
  a_.Publish("t", "y");
  b_.Publish("t", "z");
  EXPECT_EQ(a_.Run(), Lines{});
  EXPECT_EQ(b_.lines(), Lines{"stored 1.1"});
}

TEST_F(MemoryBrokerTest, ACallThatADoneMakesDuringStopHasAnOutcome) {
  Lines outcomes;
  a_.broker().Publish("t", kHistory, {Message("x")}, [&](absl::StatusOr<Position> first) {
    outcomes.push_back(absl::StatusCodeToString(first.status().code()));
    a_.broker().Publish("t", kHistory, {Message("y")}, [&](absl::StatusOr<Position> second) {
      outcomes.push_back(absl::StatusCodeToString(second.status().code()));
    });
  });
  a_.broker().Stop();
  EXPECT_EQ(outcomes, (Lines{"DEADLINE_EXCEEDED", "UNAVAILABLE"}));
}

TEST(MemoryHubTest, SaysWhenThereIsSomethingToDo) {
  int ready = 0;
  MemoryHub hub({.on_ready = [&] { ++ready; }});
  Node node(hub);
  EXPECT_EQ(ready, 1);
  node.Publish("t", "x");
  EXPECT_EQ(ready, 2);
}

// The last queue: those of the topics follow those of calls and answers.
TEST(MemoryHubTest, ReordersTopicsButNotTheMessagesOfOne) {
  MemoryHub hub({.choose = [](size_t n) { return n - 1; }});
  Node node(hub);
  node.Subscribe("t");
  node.Subscribe("u");
  node.Run();
  hub.Hold(node.broker(), Channel::kMessages);
  for (const absl::string_view topic : {"t", "u", "t", "u"}) node.Publish(topic, "x");
  node.Run();
  hub.Release(node.broker(), Channel::kMessages);
  EXPECT_EQ(node.Run(), (Lines{"u 1.1 x", "u 1.2 x", "t 1.1 x", "t 1.2 x"}));
}

}  // namespace
}  // namespace weft
