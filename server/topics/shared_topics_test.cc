#include "weft/server/topics/shared_topics.h"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "weft/cluster/memory_broker.h"
#include "weft/core/encoded_message.h"
#include "weft/core/frame/opcode.h"
#include "weft/loop/exception_guard.h"
#include "weft/loop/mailbox.h"
#include "weft/server/topics/position.h"
#include "weft/server/topics/topic_counters.h"
#include "weft/server/topics/topic_event.h"
#include "weft/server/topics/topic_options.h"
#include "weft/server/topics/topic_update.h"
#include "weft/testing/manual_clock.h"

namespace weft {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

using Strings = std::vector<std::string>;

const TopicOptions kKept = {.shared = true, .history = {.messages = 100}};
const TopicOptions kLatest = {.latest_only = true, .shared = true};
const TopicOptions kPlain = {.shared = true};

// "resumed 3", "gap too old 5 (2 missed)"; without epochs.
std::string Text(const TopicEvent& event) {
  const char* const type = event.type == TopicEvent::Type::kJoined    ? "joined"
                           : event.type == TopicEvent::Type::kResumed ? "resumed"
                                                                      : "gap ";
  std::string text = type;
  if (event.type == TopicEvent::Type::kGap) absl::StrAppend(&text, GapReasonName(event.reason));
  if (event.position.is_set()) absl::StrAppend(&text, " ", event.position.offset);
  if (event.missed.has_value()) absl::StrAppend(&text, " (", *event.missed, " missed)");
  return text;
}

// A loop whose sessions record what they get. Each subscribes to one topic, by the number of its
// join.
class FakeLoop : public TopicLoop {
 public:
  const std::shared_ptr<Mailbox>& mailbox() const override { return mailbox_; }

  void OnTopicUpdate(const TopicUpdate& update) override {
    ++updates;
    if (update.answers.empty()) {
      for (const uint32_t number : members[update.topic]) Give(number, update, 0);
    }
    for (const TopicUpdate::Answer& answer : update.answers) {
      if (answer.event.has_value()) got[answer.number].push_back(Text(*answer.event));
      if (answer.event.has_value()) positions[answer.number] = answer.event->position;
      Give(answer.number, update, answer.first);
      if (answer.is_last) members[update.topic].insert(answer.number);
    }
  }

  std::map<uint32_t, Strings> got;
  std::map<uint32_t, Position> positions;  // of the last event
  std::map<std::string, std::set<uint32_t>> members;
  int updates = 0;

 private:
  void Give(uint32_t number, const TopicUpdate& update, size_t first) {
    for (size_t i = first; i < update.entries.size(); ++i) {
      const TopicMessage* const message = std::get_if<TopicMessage>(&update.entries[i]);
      got[number].push_back(message != nullptr ? std::string(message->message.payload())
                                               : Text(std::get<TopicEvent>(update.entries[i])));
    }
  }

  const std::shared_ptr<Mailbox> mailbox_ = std::make_shared<Mailbox>();
};

// A node with two loops.
struct Node {
  Node(MemoryHub& hub, const Clock& clock, size_t max_topics = 1000)
      : broker(std::make_shared<MemoryBroker>(hub)) {
    topics.emplace(broker,
                   SharedTopics::Options{
                       .clock = &clock,
                       .guard = &guard,
                       .log = [this](LogLevel, absl::string_view text) { log.emplace_back(text); },
                       .max_topics = max_topics});
    for (FakeLoop& loop : loops) topics->AddLoop(loop);
    EXPECT_TRUE(topics->Start().ok());
  }

  TopicCountersOf<uint64_t> counts() const {
    TopicCountersOf<uint64_t> sum;
    topics->AddCounts(sum);
    return sum;
  }

  ExceptionGuard guard{[](absl::string_view, absl::string_view) {}};
  Strings log;
  FakeLoop loops[2];
  std::shared_ptr<MemoryBroker> broker;
  std::optional<SharedTopics> topics;
};

class SharedTopicsTest : public ::testing::Test {
 protected:
  // Everything that is on its way arrives; the loops turn unless one is blocked.
  void Settle() {
    for (int i = 0; i < 10; ++i) {
      hub_.Run();
      for (Node* const node : {&a_, &b_}) {
        for (FakeLoop& loop : node->loops) {
          if (&loop != blocked_) loop.mailbox()->RunTasks();
        }
      }
    }
  }

  void Pass(int64_t ms) {
    for (int64_t step = 0; step < ms; step += 100) {
      clock_.AdvanceMs(std::min<int64_t>(100, ms - step));
      Settle();
    }
  }

  // A session of loop 0 of node a; returns its number.
  uint32_t Join(absl::string_view topic, const TopicOptions& options,
                std::optional<Position> since = std::nullopt) {
    a_.topics->Join(0, topic, options, since, ++numbers_, /*is_new=*/true).IgnoreError();
    return numbers_;
  }
  uint32_t JoinAndSettle(absl::string_view topic, const TopicOptions& options,
                         std::optional<Position> since = std::nullopt) {
    Join(topic, options, since);
    Settle();
    return numbers_;
  }
  Strings Got(uint32_t number) { return std::exchange(a_.loops[0].got[number], {}); }

  void Publish(Node& node, absl::string_view topic, const TopicOptions& options,
               absl::string_view payload) {
    EXPECT_TRUE(node.topics
                    ->Publish(topic, options.kept(), *EncodedMessage::Make(Opcode::kText, payload),
                              "", nullptr)
                    .ok());
  }
  void PublishMany(int first, int last, absl::string_view topic = "t",
                   const TopicOptions& options = kKept) {
    for (int i = first; i <= last; ++i) Publish(b_, topic, options, absl::StrCat(i));
    Settle();
  }

  // 80 messages for loop 0 of node a, which has no room for all and does not turn.
  void FillLoop() {
    a_.loops[0].mailbox()->budget().set_limit(10000);
    blocked_ = &a_.loops[0];
    for (int i = 1; i <= 80; ++i) PublishMany(i, i);
  }

  Position At(uint64_t offset) { return {hub_.state("t").position.epoch, offset}; }

  testing::ManualClock clock_;
  MemoryHub hub_{{.clock = &clock_}};
  Node a_{hub_, clock_}, b_{hub_, clock_};
  FakeLoop* blocked_ = nullptr;
  uint32_t numbers_ = 0;
};

// ---- Live ----

TEST_F(SharedTopicsTest, AllNodesSeeOneOrder) {
  const uint32_t first = JoinAndSettle("t", kKept);
  a_.topics->Join(1, "t", kKept, std::nullopt, 70, /*is_new=*/true).IgnoreError();
  b_.topics->Join(0, "t", kKept, std::nullopt, 80, /*is_new=*/true).IgnoreError();
  Settle();
  Publish(a_, "t", kKept, "from a");
  Publish(b_, "t", kKept, "from b");
  Settle();
  const Strings got = Got(first);
  EXPECT_EQ(got.size(), 3u);
  EXPECT_EQ(got[0], "joined 0");
  EXPECT_EQ(a_.loops[1].got[70], got);
  EXPECT_EQ(b_.loops[0].got[80], got);
}

TEST_F(SharedTopicsTest, PublishesOfATurnAreBatchedInTheirOrder) {
  const uint32_t number = JoinAndSettle("t", kKept);
  Got(number);
  std::vector<uint64_t> offsets;
  for (int i = 1; i <= 150; ++i) {
    EXPECT_TRUE(b_.topics
                    ->Publish("t", kKept.kept(),
                              *EncodedMessage::Make(Opcode::kText, absl::StrCat(i)), "",
                              [&](absl::StatusOr<Position> done) {
                                ASSERT_TRUE(done.ok()) << done.status();
                                offsets.push_back(done->offset);
                              })
                    .ok());
  }
  a_.loops[0].updates = 0;
  Settle();
  const Strings got = Got(number);
  ASSERT_EQ(got.size(), 150u);
  ASSERT_EQ(offsets.size(), 150u);
  for (int i = 0; i < 150; ++i) {
    EXPECT_EQ(got[i], absl::StrCat(i + 1));
    EXPECT_EQ(offsets[i], static_cast<uint64_t>(i + 1));
  }
  EXPECT_EQ(a_.loops[0].updates, 3) << "of up to 64 messages";
  EXPECT_EQ(b_.counts().published[0], 150u);
}

TEST_F(SharedTopicsTest, ALostConnectionIsHealedWithoutAGap) {
  const uint32_t number = JoinAndSettle("t", kKept);
  hub_.Cut(*a_.broker);
  PublishMany(1, 5);
  hub_.Restore(*a_.broker);
  PublishMany(6, 6);
  EXPECT_THAT(Got(number), ElementsAre("joined 0", "1", "2", "3", "4", "5", "6"));
  EXPECT_GE(a_.counts().healed, 5u);
  EXPECT_EQ(a_.counts().lost, 1u);
  EXPECT_THAT(a_.log, ::testing::Contains(HasSubstr("the connection was cut")));
}

TEST_F(SharedTopicsTest, WithoutHistoryALostConnectionIsAGap) {
  const uint32_t number = JoinAndSettle("t", kPlain);
  PublishMany(1, 1, "t", kPlain);
  hub_.Cut(*a_.broker);
  PublishMany(2, 2, "t", kPlain);
  hub_.Restore(*a_.broker);
  PublishMany(3, 3, "t", kPlain);
  EXPECT_THAT(Got(number), ElementsAre("joined", "1", "gap missed", "3"));
  EXPECT_EQ(a_.counts().gaps[static_cast<size_t>(GapReason::kMissed)], 1u);
}

// The application counts messages from the position of the last event: it learns of a new epoch.
TEST_F(SharedTopicsTest, ANewEpochWithoutAGapIsAnEvent) {
  const uint32_t number = JoinAndSettle("t", kKept);
  PublishMany(1, 2);
  hub_.ForgetTail("t", 0);
  PublishMany(3, 3);
  EXPECT_THAT(Got(number), ElementsAre("joined 0", "1", "2", "resumed 2", "3"));
}

TEST_F(SharedTopicsTest, AStoreThatForgotSeenMessagesIsAGap) {
  const uint32_t number = JoinAndSettle("t", kKept);
  PublishMany(1, 3);
  hub_.ForgetTail("t", 2);
  PublishMany(4, 4);
  EXPECT_THAT(Got(number), ElementsAre("joined 0", "1", "2", "3", "gap ahead 1", "4"));
}

// ---- Joining ----

TEST_F(SharedTopicsTest, ResumesFromTheLastMessagesWithoutARead) {
  JoinAndSettle("t", kKept);
  PublishMany(1, 5);
  const uint64_t reads = a_.counts().reads;
  EXPECT_THAT(Got(JoinAndSettle("t", kKept, At(3))), ElementsAre("resumed 3", "4", "5"));
  EXPECT_THAT(Got(JoinAndSettle("t", kKept, At(5))), ElementsAre("resumed 5"));
  EXPECT_THAT(Got(JoinAndSettle("t", kKept)), ElementsAre("joined 5"));
  EXPECT_EQ(a_.counts().reads, reads);
  EXPECT_EQ(a_.counts().resumed, 2u);
}

TEST_F(SharedTopicsTest, ResumesFromTheHistory) {
  PublishMany(1, 100);
  const Strings got = Got(JoinAndSettle("t", kKept, At(10)));
  ASSERT_EQ(got.size(), 91u);
  EXPECT_EQ(got[0], "resumed 10");
  EXPECT_EQ(got[1], "11");
  EXPECT_EQ(got[90], "100");
}

// Pages of 256 messages, while more are published.
TEST_F(SharedTopicsTest, ResumesOverManyPages) {
  const TopicOptions kLong = {.shared = true, .history = {.messages = 2000}};
  PublishMany(1, 1000, "t", kLong);
  const uint32_t number = Join("t", kLong, At(0));
  for (int i = 1001; i <= 1100; ++i) {
    hub_.RunOne();
    Publish(b_, "t", kLong, absl::StrCat(i));
  }
  Settle();
  const Strings got = Got(number);
  ASSERT_EQ(got.size(), 1101u);
  EXPECT_EQ(got[0], "resumed 0");
  for (int i = 1; i <= 1100; ++i) EXPECT_EQ(got[i], absl::StrCat(i));
}

// A page that begins before the position, for those that come next, may end before it.
TEST_F(SharedTopicsTest, ResumesWithLargeMessages) {
  const std::string large(20 << 10, 'x');
  for (int i = 1; i <= 100; ++i) Publish(b_, "t", kKept, large);
  for (int i = 0; i < 300; ++i) hub_.RunOne();
  const uint32_t number = Join("t", kKept, At(99));
  for (int i = 0; i < 100; ++i) hub_.RunOne();
  a_.loops[0].mailbox()->RunTasks();
  EXPECT_THAT(Got(number), ElementsAre("resumed 99", large));
  EXPECT_LE(a_.counts().reads, 2u);
}

TEST_F(SharedTopicsTest, ResumesWithLargeMessagesBeforeSmallOnes) {
  const TopicOptions kLong = {.shared = true, .history = {.messages = 300}};
  JoinAndSettle("t", kLong);
  const std::string large(20 << 10, 'x');
  for (int i = 1; i <= 100; ++i) Publish(b_, "t", kLong, large);
  Settle();
  PublishMany(101, 250, "t", kLong);
  const uint32_t number = Join("t", kLong, At(90));
  for (int i = 0; i < 100; ++i) hub_.RunOne();
  a_.loops[0].mailbox()->RunTasks();
  const Strings got = Got(number);
  ASSERT_EQ(got.size(), 161u);
  EXPECT_EQ(got[0], "resumed 90");
  EXPECT_EQ(got[1], large);
  EXPECT_EQ(got[160], "250");
}

// The ring has more than the history.
TEST_F(SharedTopicsTest, ResumesFromTheLastMessagesAfterTheHistoryForgotThem) {
  const TopicOptions kTen = {.shared = true, .history = {.messages = 10}};
  PublishMany(1, 20, "t", kTen);
  JoinAndSettle("t", kTen);
  PublishMany(21, 40, "t", kTen);
  EXPECT_THAT(Got(JoinAndSettle("t", kTen, At(10))), ElementsAre("gap too old 40 (30 missed)"));
  const Strings got = Got(JoinAndSettle("t", kTen, At(25)));
  ASSERT_EQ(got.size(), 16u);
  EXPECT_EQ(got[0], "resumed 25");
}

TEST_F(SharedTopicsTest, APageServesThoseThatComeSoonAndNoLonger) {
  PublishMany(1, 100);
  JoinAndSettle("t", kKept, At(10));
  const uint64_t reads = a_.counts().reads;
  EXPECT_EQ(Got(JoinAndSettle("t", kKept, At(20))).size(), 81u);
  EXPECT_EQ(a_.counts().reads, reads);
  Pass(5100);
  EXPECT_EQ(Got(JoinAndSettle("t", kKept, At(20))).size(), 81u);
  EXPECT_EQ(a_.counts().reads, reads + 1);
}

// The messages share their bytes here, which are counted for each topic.
TEST_F(SharedTopicsTest, TheLastMessagesOfAllTopicsHaveALimit) {
  constexpr size_t kBytes = 100 << 10;
  constexpr int kTopics = SharedTopics::kMaxRingBytes / kBytes;
  const EncodedMessage large = *EncodedMessage::Make(Opcode::kText, std::string(kBytes, 'x'));
  const auto resume = [&](int topic) {
    const std::string name = absl::StrCat(topic);
    const Position since = {hub_.state(name).position.epoch, 0};
    EXPECT_EQ(Got(JoinAndSettle(name, kKept, since)).size(), 2u);
  };
  for (int topic = 0; topic < kTopics; ++topic) Join(absl::StrCat(topic), kKept);
  Settle();
  for (int topic = 0; topic < kTopics; ++topic) {
    if (topic == kTopics - 10) {
      Settle();
      clock_.AdvanceMs(60'000);
    }
    EXPECT_TRUE(b_.topics->Publish(absl::StrCat(topic), kKept.kept(), large, "", nullptr).ok());
    if (topic % 50 == 0) Settle();
  }
  Settle();
  const uint64_t reads = a_.counts().reads;
  resume(kTopics - 1);
  EXPECT_EQ(a_.counts().reads, reads) << "it was not quiet";
  resume(0);
  resume(kTopics - 11);
  EXPECT_EQ(a_.counts().reads, reads + 2);
}

// Those that need several pages are not kept from them by others that need the first one.
TEST_F(SharedTopicsTest, ReadsServePositionsInTurn) {
  const TopicOptions kLong = {.shared = true, .history = {.messages = 2000}};
  PublishMany(1, 1000, "t", kLong);
  const uint32_t number = Join("t", kLong, At(0));
  for (int i = 0; i < 100; ++i) {
    hub_.RunOne();
    Join("t", kLong, At(0));
  }
  a_.loops[0].mailbox()->RunTasks();
  const Strings got = Got(number);
  ASSERT_EQ(got.size(), 1001u);
  for (int i = 1; i <= 1000; ++i) ASSERT_EQ(got[i], absl::StrCat(i));
}

// The positions of later messages are of the new epoch.
TEST_F(SharedTopicsTest, ANewEpochBetweenTwoPagesOfAResumeIsAnEvent) {
  const TopicOptions kLong = {.shared = true, .history = {.messages = 2000}};
  PublishMany(1, 1000, "t", kLong);
  const uint32_t number = Join("t", kLong, At(0));
  for (int i = 0; i < 100 && a_.counts().resumed == 0; ++i) hub_.RunOne();
  hub_.ForgetTail("t", 0);
  Settle();
  const Strings got = Got(number);
  ASSERT_EQ(got.size(), 1002u);
  EXPECT_EQ(got[0], "resumed 0");
  EXPECT_EQ(got[257], "resumed 256");
  EXPECT_EQ(got.back(), "1000");
  EXPECT_EQ(a_.loops[0].positions[number], At(256));
}

TEST_F(SharedTopicsTest, TheMessagesOfAResumeAreFollowedByLiveOnes) {
  JoinAndSettle("t", kKept);
  PublishMany(1, 10);
  const uint32_t number = Join("t", kKept, At(8));
  Publish(b_, "t", kKept, "11");
  Settle();
  Publish(b_, "t", kKept, "12");
  Settle();
  EXPECT_THAT(Got(number), ElementsAre("resumed 8", "9", "10", "11", "12"));
}

TEST_F(SharedTopicsTest, APositionThatTheHistoryNoLongerHasIsAGap) {
  PublishMany(1, 150);
  EXPECT_THAT(Got(JoinAndSettle("t", kKept, At(20))), ElementsAre("gap too old 150 (130 missed)"));
  EXPECT_THAT(Got(JoinAndSettle("t", kKept, At(50))).size(), 101u);
}

TEST_F(SharedTopicsTest, APositionOfAnotherEpochIsAGap) {
  PublishMany(1, 3);
  EXPECT_THAT(Got(JoinAndSettle("t", kKept, Position{*Epoch::Parse("other"), 2})),
              ElementsAre("gap other epoch 3"));
}

TEST_F(SharedTopicsTest, APositionAfterTheLastMessageIsAGap) {
  PublishMany(1, 3);
  EXPECT_THAT(Got(JoinAndSettle("t", kKept, At(4))), ElementsAre("gap ahead 3"));
  EXPECT_THAT(Got(JoinAndSettle("t", kKept, At(uint64_t{1} << 53))), ElementsAre("gap ahead 3"));
}

// The lineage of epochs.
TEST_F(SharedTopicsTest, ResumesInThePreviousEpoch) {
  PublishMany(1, 5);
  const Position old = At(3);
  hub_.ForgetTail("t", 0);
  PublishMany(6, 6);
  EXPECT_THAT(Got(JoinAndSettle("t", kKept, old)), ElementsAre("resumed 3", "4", "5", "6"));
}

// The feed does not know yet that the store was restarted: nothing else shows it.
TEST_F(SharedTopicsTest, AResumeShowsThatTheStoreWasRestarted) {
  const uint32_t member = JoinAndSettle("t", kKept);
  PublishMany(1, 5);
  Got(member);
  hub_.ForgetTail("t", 2);
  EXPECT_THAT(Got(JoinAndSettle("t", kKept, At(1))), ElementsAre("resumed 1", "2", "3"));
  EXPECT_THAT(Got(member), ElementsAre("gap ahead 3"));
}

// Messages that the session has seen at another node are on their way to this one.
TEST_F(SharedTopicsTest, ASessionMayBeAheadOfTheNode) {
  const uint32_t member = JoinAndSettle("t", kKept);
  hub_.Hold(*a_.broker, MemoryHub::Channel::kMessages);
  PublishMany(1, 4);
  const uint32_t number = JoinAndSettle("t", kKept, At(2));
  EXPECT_THAT(Got(number), IsEmpty());
  hub_.Release(*a_.broker, MemoryHub::Channel::kMessages);
  Settle();
  EXPECT_THAT(Got(number), ElementsAre("resumed 2", "3", "4"));
  EXPECT_THAT(Got(member), ElementsAre("joined 0", "1", "2", "3", "4"));
}

TEST_F(SharedTopicsTest, TheLatestValueComesFirst) {
  PublishMany(1, 3, "t", kLatest);
  EXPECT_THAT(Got(JoinAndSettle("t", kLatest)), ElementsAre("joined 2", "3"));
  EXPECT_THAT(Got(JoinAndSettle("t", kLatest)), ElementsAre("joined 2", "3")) << "from the ring";
  EXPECT_THAT(Got(JoinAndSettle("t", kLatest, At(3))), ElementsAre("resumed 3"));
  EXPECT_THAT(Got(JoinAndSettle("t", kLatest, At(1))), ElementsAre("joined 2", "3"));
  clock_.AdvanceMs(5 * 60 * 1000);
  EXPECT_THAT(Got(JoinAndSettle("t", kLatest)), ElementsAre("joined 3")) << "it has expired";
}

TEST_F(SharedTopicsTest, TheLatestValueOutlivesARestartThatLosesNothing) {
  const uint32_t member = JoinAndSettle("t", kLatest);
  PublishMany(1, 3, "t", kLatest);
  Got(member);
  hub_.ForgetTail("t", 0);
  hub_.Cut(*a_.broker);
  hub_.Restore(*a_.broker);
  Settle();
  EXPECT_THAT(Got(JoinAndSettle("t", kLatest)), ElementsAre("joined 2", "3"));
  EXPECT_THAT(Got(member), IsEmpty());
  hub_.ForgetTail("t", 1);
  hub_.Cut(*a_.broker);
  hub_.Restore(*a_.broker);
  Settle();
  EXPECT_THAT(Got(JoinAndSettle("t", kLatest)), ElementsAre("joined 2")) << "it is forgotten";
}

TEST_F(SharedTopicsTest, WithoutHistoryAPositionIsAGap) {
  EXPECT_THAT(Got(JoinAndSettle("t", kPlain, At(2))), ElementsAre("gap other epoch"));
  EXPECT_THAT(Got(JoinAndSettle("t", kPlain)), ElementsAre("joined"));
}

TEST_F(SharedTopicsTest, TenThousandResumesTakeThreeReads) {
  PublishMany(1, 100);
  for (int i = 0; i < 10000; ++i) {
    Join("t", kKept, At(1 + i % 100));
    if (i % 100 == 0) hub_.RunOne();
  }
  Settle();
  EXPECT_LE(a_.counts().reads, 3u);
  for (uint32_t number = 1; number <= 10000; ++number) {
    const uint64_t since = 1 + (number - 1) % 100;
    const Strings got = Got(number);
    ASSERT_EQ(got.size(), 101 - since);
    ASSERT_EQ(got[0], absl::StrCat("resumed ", since));
    if (since < 100) {
      ASSERT_EQ(got[1], absl::StrCat(since + 1));
    }
  }
}

TEST_F(SharedTopicsTest, SessionsWaitForABrokerThatIsAway) {
  hub_.Cut(*a_.broker);
  const uint32_t first = JoinAndSettle("t", kKept);
  const uint32_t gone = JoinAndSettle("t", kKept);
  EXPECT_THAT(Got(first), IsEmpty());
  a_.topics->Leave(0, "t", gone);
  hub_.Restore(*a_.broker);
  Settle();
  EXPECT_THAT(Got(first), ElementsAre("joined 0"));
  EXPECT_THAT(Got(gone), IsEmpty());
}

TEST_F(SharedTopicsTest, AHistoryThatCannotBeReadIsAGap) {
  PublishMany(1, 10);
  hub_.Refuse(*a_.broker, absl::InternalError("broken"));
  const uint32_t number = JoinAndSettle("t", kKept, At(3));
  EXPECT_THAT(Got(number), IsEmpty()) << "it tries again";
  Pass(3000);
  EXPECT_THAT(Got(number), ElementsAre("gap unreadable 10"));
  EXPECT_THAT(a_.log, ::testing::Contains(HasSubstr("broken")));
}

// The feed reads again for a session that needs the messages.
TEST_F(SharedTopicsTest, ASessionAheadOfAnUnreadableTopicDoesNotWaitForTheNextMessage) {
  JoinAndSettle("t", kKept);
  PublishMany(1, 5);
  hub_.Cut(*a_.broker);
  PublishMany(6, 10);
  hub_.Refuse(*a_.broker, absl::InternalError("broken"));
  hub_.Restore(*a_.broker);
  Settle();
  const uint32_t early = JoinAndSettle("t", kKept, At(8));
  Pass(3000);
  EXPECT_THAT(Got(early), ElementsAre("gap unreadable 5"));
  const uint32_t number = JoinAndSettle("t", kKept, At(8));
  Pass(3000);
  EXPECT_THAT(Got(number), ElementsAre("gap unreadable 5"));
  hub_.Refuse(*a_.broker, absl::OkStatus());
  EXPECT_THAT(Got(JoinAndSettle("t", kKept, At(8))), ElementsAre("resumed 8", "9", "10"));
}

// ---- Leaving ----

TEST_F(SharedTopicsTest, AnUnusedTopicLingers) {
  const uint32_t first = JoinAndSettle("t", kKept);
  PublishMany(1, 1);
  a_.topics->Leave(0, "t", 0);
  Pass(4900);
  PublishMany(2, 2);
  EXPECT_EQ(a_.counts().topics, 1u);
  const uint64_t reads = a_.counts().reads;
  EXPECT_THAT(Got(JoinAndSettle("t", kKept, At(1))), ElementsAre("resumed 1", "2"));
  EXPECT_EQ(a_.counts().reads, reads) << "the topic was still subscribed";
  Pass(10000);
  EXPECT_EQ(a_.counts().topics, 1u) << "it is used again";
  a_.topics->Leave(0, "t", 0);
  Pass(5100);
  EXPECT_EQ(a_.counts().topics, 0u);
  const uint64_t received = a_.counts().received;
  PublishMany(3, 3);
  EXPECT_EQ(a_.counts().received, received);
  (void)first;
}

class TopicLimitTest : public SharedTopicsTest {
 protected:
  absl::Status JoinC(absl::string_view topic, bool is_new = true) {
    const absl::Status status = c_.topics->Join(0, topic, kKept, std::nullopt, ++numbers_, is_new);
    SettleC();
    return status;
  }
  void LeaveC(absl::string_view topic) {
    c_.topics->Leave(0, topic, 0);
    SettleC();
  }
  void SettleC() {
    for (int i = 0; i < 10; ++i) {
      hub_.Run();
      c_.loops[0].mailbox()->RunTasks();
    }
  }

  Node c_{hub_, clock_, /*max_topics=*/2};
};

TEST_F(TopicLimitTest, OneMoreTopicIsRefused) {
  EXPECT_TRUE(JoinC("t").ok());
  EXPECT_TRUE(JoinC("u").ok());
  const absl::Status refused = JoinC("v");
  EXPECT_TRUE(absl::IsResourceExhausted(refused)) << refused;
  EXPECT_THAT(std::string(refused.message()), HasSubstr("limits.max_carried_topics"));
  EXPECT_FALSE(JoinC("w").ok());
  EXPECT_TRUE(JoinC("u", /*is_new=*/false).ok());
  EXPECT_EQ(c_.counts().refused, 2u);
  EXPECT_EQ(c_.counts().topics, 2u);
  EXPECT_THAT(c_.log, ::testing::Contains(HasSubstr("topic \"v\": nobody can subscribe: the server "
                                                    "has subscribers of 2 shared or kept topics")));
  EXPECT_THAT(c_.log, ::testing::Not(::testing::Contains(HasSubstr("topic \"w\""))))
      << "one line a second";
}

TEST_F(TopicLimitTest, ATopicThatLingersMakesRoom) {
  EXPECT_TRUE(JoinC("t").ok());
  EXPECT_TRUE(JoinC("u").ok());
  PublishMany(1, 2);
  LeaveC("u");
  LeaveC("t");
  EXPECT_TRUE(JoinC("u").ok()) << "it is used again";
  EXPECT_TRUE(JoinC("v").ok());
  EXPECT_EQ(c_.counts().topics, 2u);
  const uint64_t received = c_.counts().received;
  PublishMany(3, 3);
  SettleC();
  EXPECT_EQ(c_.counts().received, received) << "t is forgotten";
  LeaveC("v");
  EXPECT_TRUE(JoinC("t").ok());
  EXPECT_FALSE(JoinC("w").ok()) << "t and u are used";
  clock_.AdvanceMs(6000);
  SettleC();
  EXPECT_EQ(c_.counts().topics, 2u);
}

TEST_F(TopicLimitTest, TopicsThatWaitForTheBrokersThreadCount) {
  const auto join = [this](absl::string_view topic) {
    return c_.topics->Join(0, topic, kKept, std::nullopt, ++numbers_, /*is_new=*/true);
  };
  EXPECT_TRUE(join("t").ok());
  EXPECT_TRUE(join("u").ok());
  EXPECT_TRUE(absl::IsResourceExhausted(join("v")));
  SettleC();
  EXPECT_TRUE(absl::IsResourceExhausted(join("v"))) << "they are used now";
  LeaveC("t");
  EXPECT_TRUE(join("v").ok());
  SettleC();
  EXPECT_FALSE(join("w").ok());
}

// In one turn of the broker's thread, which has yet to answer the first of them.
TEST_F(TopicLimitTest, TopicsThatComeAndGoInOneTurn) {
  for (const absl::string_view topic : {"t", "u", "v", "w"}) {
    EXPECT_TRUE(c_.topics->Join(0, topic, kKept, std::nullopt, ++numbers_, /*is_new=*/false).ok());
    c_.topics->Leave(0, topic, numbers_);
  }
  SettleC();
  EXPECT_TRUE(JoinC("x").ok());
  EXPECT_EQ(c_.counts().topics, 2u) << "x, and one that lingers";
}

// A broker that counts subscribers.
class CountingBroker : public MemoryBroker {
 public:
  using MemoryBroker::MemoryBroker;
  void SetSubscribers(absl::string_view topic, size_t subscribers) override {
    told.push_back(absl::StrCat(topic, " ", subscribers));
  }
  Strings told;
};

TEST(SharedTopicsCountTest, TheBrokerLearnsTheSubscribersOfEachTopic) {
  testing::ManualClock clock;
  MemoryHub hub({.clock = &clock});
  const auto broker = std::make_shared<CountingBroker>(hub);
  ExceptionGuard guard([](absl::string_view, absl::string_view) {});
  FakeLoop loops[2];
  SharedTopics topics(broker, {.clock = &clock, .guard = &guard});
  for (FakeLoop& loop : loops) topics.AddLoop(loop);
  ASSERT_TRUE(topics.Start().ok());
  EXPECT_TRUE(topics.Join(0, "t", kKept, std::nullopt, 1, true).ok());
  EXPECT_TRUE(topics.Join(1, "t", kKept, std::nullopt, 2, false).ok());
  EXPECT_TRUE(topics.Join(1, "u", kPlain, std::nullopt, 3, true).ok());
  hub.Run();
  EXPECT_THAT(broker->told, ElementsAre("t 1", "t 2", "u 1"));
  broker->told.clear();
  topics.Leave(0, "t", 1);
  topics.Leave(1, "t", 0);
  hub.Run();
  EXPECT_THAT(broker->told, ElementsAre("t 1", "t 0"));
  topics.Stop();
}

TEST_F(SharedTopicsTest, TimesOfPublishesAndLagsAreCounted) {
  JoinAndSettle("t", kKept);
  hub_.Hold(*b_.broker, MemoryHub::Channel::kCalls);
  Publish(b_, "t", kKept, "x");
  Settle();
  clock_.AdvanceMs(150);
  hub_.Release(*b_.broker, MemoryHub::Channel::kCalls);
  Settle();
  EXPECT_EQ(b_.counts().publish_time.count(), 1u);
  EXPECT_EQ(b_.counts().publish_time.sum_ms, 150u);
  EXPECT_EQ(a_.counts().publish_time.count(), 0u);
  EXPECT_EQ(a_.counts().lag.count(), 1u) << "where there is a subscriber";
  EXPECT_EQ(b_.counts().lag.count(), 0u);
}

TEST_F(TopicLimitTest, SubscriptionsThatWaitHaveALimit) {
  const std::string name(200, 'x');
  absl::Status status;
  size_t joins = 0;
  for (; status.ok(); ++joins) {
    status = a_.topics->Join(0, name, kKept, std::nullopt, ++numbers_, /*is_new=*/false);
    a_.topics->Leave(0, name, numbers_);
  }
  EXPECT_TRUE(absl::IsResourceExhausted(status)) << status;
  EXPECT_LT(joins, SharedTopics::kMaxJoinBytes / name.size() / 2);
  Publish(b_, "t", kKept, "a publish has its own limit");
  Settle();
  EXPECT_TRUE(a_.topics->Join(0, name, kKept, std::nullopt, ++numbers_, false).ok());
}

TEST_F(SharedTopicsTest, OutcomesAreAwaited) {
  hub_.Hold(*b_.broker, MemoryHub::Channel::kCalls);
  Publish(b_, "t", kKept, "x");
  b_.topics->AwaitOutcomes(absl::Milliseconds(1));  // no longer than that
  hub_.Release(*b_.broker, MemoryHub::Channel::kCalls);
  Settle();
  b_.topics->AwaitOutcomes(absl::InfiniteDuration());
}

// ---- A loop without room ----

TEST_F(SharedTopicsTest, ALoopWithoutRoomPausesTheBroker) {
  const uint32_t number = JoinAndSettle("t", kKept);
  a_.loops[0].mailbox()->budget().set_limit(10000);
  blocked_ = &a_.loops[0];
  for (int i = 1; i <= 60; ++i) PublishMany(i, i);
  blocked_ = nullptr;
  for (int i = 0; i < 10; ++i) Pass(10);
  const Strings got = Got(number);
  ASSERT_EQ(got.size(), 61u) << "nothing is lost";
  EXPECT_EQ(got.back(), "60");
  EXPECT_GT(a_.counts().paused_ms, 0u);
}

TEST_F(SharedTopicsTest, ALoopThatStaysFullIsLeftBehindAndToldOfTheGap) {
  const uint32_t number = JoinAndSettle("t", kKept);
  a_.topics->Join(1, "t", kKept, std::nullopt, 70, /*is_new=*/true).IgnoreError();
  Settle();
  FillLoop();
  EXPECT_LT(a_.loops[1].got[70].size(), 81u) << "paused";
  Pass(1100);
  EXPECT_EQ(a_.loops[1].got[70].size(), 81u) << "the other loop has all";
  const uint32_t late = JoinAndSettle("t", kKept, At(78));
  PublishMany(81, 85);
  EXPECT_EQ(a_.loops[1].got[70].size(), 86u) << "and does not wait again";
  blocked_ = nullptr;
  Pass(200);
  PublishMany(86, 86);
  const Strings got = Got(number);
  EXPECT_EQ(got.front(), "joined 0");
  EXPECT_EQ(got[1], "1");
  EXPECT_EQ(got[got.size() - 2], "gap overfull 85");
  EXPECT_EQ(got.back(), "86");
  EXPECT_THAT(Got(late), ElementsAre(StartsWith("resumed 78"), "79", "80", "81", "82", "83", "84",
                                     "85", "86"));
  EXPECT_EQ(a_.counts().gaps[static_cast<size_t>(GapReason::kOverfull)], 1u);
  EXPECT_GT(a_.counts().skipped, 0u);
}

// The topic is quiet: nothing but the room of the loop can lead to the answer.
TEST_F(SharedTopicsTest, ASessionThatJoinsWhileItsLoopIsSkippedIsAnsweredLater) {
  JoinAndSettle("t", kKept);
  FillLoop();
  Pass(1100);
  const uint32_t number = JoinAndSettle("u", kKept);
  blocked_ = nullptr;
  Pass(200);
  EXPECT_THAT(Got(number), ElementsAre("joined 0"));
}

// An answer is not lost for want of room, so nobody has a gap.
TEST_F(SharedTopicsTest, AnAnswerWaitsForRoomInItsLoop) {
  const uint32_t member = JoinAndSettle("u", kKept);
  PublishMany(1, 3, "u");
  PublishMany(7, 7, "v", kLatest);
  EXPECT_EQ(Got(member).size(), 4u);
  JoinAndSettle("t", kKept);
  FillLoop();
  const uint64_t events = a_.counts().joined + a_.counts().resumed;
  const uint32_t number = JoinAndSettle("u", kKept, Position{hub_.state("u").position.epoch, 1});
  const uint32_t latest = JoinAndSettle("v", kLatest);
  const uint32_t gone = JoinAndSettle("u", kKept);
  a_.topics->Leave(0, "u", gone);
  Pass(1100);
  blocked_ = nullptr;
  Pass(200);
  EXPECT_THAT(Got(number), ElementsAre("resumed 1", "2", "3"));
  EXPECT_THAT(Got(latest), ElementsAre("joined 0", "7"));
  EXPECT_THAT(Got(gone), IsEmpty());
  EXPECT_THAT(Got(member), IsEmpty());
  EXPECT_EQ(a_.counts().joined + a_.counts().resumed, events + 2);
  EXPECT_EQ(a_.counts().gaps[static_cast<size_t>(GapReason::kOverfull)], 1u) << "that of t";
}

// The ring has nothing to send instead of what the loop has missed.
TEST_F(SharedTopicsTest, ALoopThatMissedAnUnreadableValueIsTold) {
  const uint32_t number = JoinAndSettle("v", kLatest);
  PublishMany(1, 1, "v", kLatest);
  JoinAndSettle("t", kKept);
  FillLoop();
  Pass(1100);
  EXPECT_THAT(Got(number), ElementsAre("joined 0", "1"));
  hub_.Cut(*a_.broker);
  PublishMany(2, 2, "v", kLatest);
  hub_.Refuse(*a_.broker, absl::InternalError("broken"));
  hub_.Restore(*a_.broker);
  Pass(3000);
  blocked_ = nullptr;
  Pass(200);
  EXPECT_THAT(Got(number), ElementsAre("gap overfull 1"));
}

TEST_F(SharedTopicsTest, AnAnswerIsSplitForALoopWithLittleRoom) {
  const std::string large(8000, 'x');
  for (int i = 1; i <= 100; ++i) Publish(b_, "t", kKept, absl::StrCat(i, large));
  Settle();
  a_.loops[0].mailbox()->budget().set_limit(400000);
  const uint32_t number = Join("t", kKept, At(0));
  Pass(500);
  const Strings got = Got(number);
  ASSERT_EQ(got.size(), 101u);
  EXPECT_EQ(got[0], "resumed 0");
  for (int i = 1; i <= 100; ++i) ASSERT_EQ(got[i], absl::StrCat(i, large));
  EXPECT_EQ(a_.counts().skipped, 0u);
  EXPECT_EQ(a_.counts().paused_ms, 0u);
  EXPECT_EQ(a_.counts().resumed, 1u);
}

TEST_F(SharedTopicsTest, ManyAnswersAreSplitForALoopWithLittleRoom) {
  a_.loops[0].mailbox()->budget().set_limit(10000);
  for (int i = 0; i < 1000; ++i) Join("t", kKept);
  Pass(2000);
  for (uint32_t number = 1; number <= 1000; ++number) {
    ASSERT_THAT(Got(number), ElementsAre("joined 0")) << number;
  }
  EXPECT_EQ(a_.counts().joined, 1000u);
}

// It could be given to nobody, and the session must not wait for it.
TEST_F(SharedTopicsTest, AMessageThatIsLargerThanTheBudgetIsAGap) {
  PublishMany(1, 1);
  Publish(b_, "t", kKept, std::string(20000, 'x'));
  PublishMany(3, 3);
  a_.loops[0].mailbox()->budget().set_limit(10000);
  const uint32_t number = Join("t", kKept, At(0));
  Pass(500);
  EXPECT_THAT(Got(number), ElementsAre("resumed 0", "1", "gap overfull 3"));
}

TEST_F(SharedTopicsTest, NothingIsReadWhileALoopIsFull) {
  PublishMany(1, 3, "u");
  JoinAndSettle("t", kKept);
  FillLoop();
  const uint64_t reads = a_.counts().reads;
  a_.topics->Join(1, "u", kKept, Position{hub_.state("u").position.epoch, 1}, 70, /*is_new=*/true)
      .IgnoreError();
  Pass(500);
  EXPECT_EQ(a_.counts().reads, reads);
  Pass(600);
  EXPECT_THAT(a_.loops[1].got[70], ElementsAre("resumed 1", "2", "3"));
}

TEST_F(SharedTopicsTest, ALoopThatWasSkippedPausesNobodyForAWhile) {
  const uint32_t number = JoinAndSettle("t", kKept);
  a_.topics->Join(1, "t", kKept, std::nullopt, 70, /*is_new=*/true).IgnoreError();
  FillLoop();
  Pass(1100);
  blocked_ = nullptr;
  Pass(200);
  Strings& other = a_.loops[1].got[70];
  other.clear();
  const uint64_t paused_ms = a_.counts().paused_ms;
  Got(number);
  FillLoop();
  EXPECT_EQ(other.size(), 80u);
  EXPECT_EQ(a_.counts().paused_ms, paused_ms);
  blocked_ = nullptr;
  Pass(200);
  EXPECT_THAT(Got(number).back(), StartsWith("gap overfull"));
  Pass(10000);
  FillLoop();
  Pass(500);
  blocked_ = nullptr;
  Pass(2000);
  EXPECT_EQ(Got(number).size(), 80u) << "it has waited for the loop";
  EXPECT_GT(a_.counts().paused_ms, paused_ms);
}

// ---- Outcomes of publishes ----

class PublishOutcomeTest : public SharedTopicsTest {
 protected:
  void PublishTo(Node& node, absl::string_view payload = "x") {
    node.topics
        ->Publish("t", kKept.kept(), *EncodedMessage::Make(Opcode::kText, payload), "",
                  [this](absl::StatusOr<Position> done) {
                    outcomes_.push_back(done.ok() ? absl::StrCat("stored ", done->offset)
                                                  : absl::StatusCodeToString(done.status().code()));
                  })
        .IgnoreError();
  }
  Strings outcomes_;
};

TEST_F(PublishOutcomeTest, Stored) {
  PublishTo(a_);
  EXPECT_THAT(outcomes_, IsEmpty());
  Settle();
  EXPECT_THAT(outcomes_, ElementsAre("stored 1"));
}

TEST_F(PublishOutcomeTest, UnavailableWhileTheBrokerIsAway) {
  hub_.Cut(*a_.broker);
  PublishTo(a_);
  PublishTo(a_);
  Settle();
  EXPECT_THAT(outcomes_, ElementsAre("UNAVAILABLE", "UNAVAILABLE"));
  EXPECT_EQ(a_.counts().published[static_cast<size_t>(PublishOutcome::kRefused)], 2u);
  EXPECT_THAT(a_.log, ::testing::Contains(HasSubstr("2 messages were not published")));
}

TEST_F(PublishOutcomeTest, UnknownWithoutAnAnswer) {
  hub_.Hold(*a_.broker, MemoryHub::Channel::kCalls);
  PublishTo(a_);
  Settle();
  Pass(3100);
  EXPECT_THAT(outcomes_, ElementsAre("DEADLINE_EXCEEDED"));
}

TEST_F(PublishOutcomeTest, ResourceExhaustedWhenTooMuchWaits) {
  const std::string large(SharedTopics::kMaxInboxBytes / 2, 'x');
  PublishTo(a_, large);
  PublishTo(a_, large);
  EXPECT_THAT(outcomes_, ElementsAre("RESOURCE_EXHAUSTED")) << "at once";
  Settle();
  EXPECT_THAT(outcomes_, ElementsAre("RESOURCE_EXHAUSTED", "stored 1"));
}

TEST_F(PublishOutcomeTest, EachHasOneWhenTheServerStops) {
  PublishTo(a_);
  a_.topics->Stop();
  EXPECT_THAT(outcomes_, ElementsAre("UNAVAILABLE"));
  PublishTo(a_);
  EXPECT_EQ(outcomes_.size(), 2u);
  EXPECT_EQ(a_.counts().published[static_cast<size_t>(PublishOutcome::kRefused)], 2u);
  hub_.Hold(*b_.broker, MemoryHub::Channel::kCalls);
  PublishTo(b_);
  Settle();
  b_.topics->Stop();
  EXPECT_THAT(outcomes_, ElementsAre("UNAVAILABLE", "UNAVAILABLE", "DEADLINE_EXCEEDED"));
}

// A broker whose thread does not exist forgets what is posted to it.
TEST_F(PublishOutcomeTest, ABrokerWithoutAThreadIsAskedAgain) {
  class ForgetfulBroker : public MemoryBroker {
   public:
    using MemoryBroker::MemoryBroker;
    void Post(absl::Duration delay, absl::AnyInvocable<void()> task) override {
      if (!std::exchange(forgot_, true)) return;
      MemoryBroker::Post(delay, std::move(task));
    }

   private:
    bool forgot_ = false;
  };
  SharedTopics topics(std::make_shared<ForgetfulBroker>(hub_),
                      {.clock = &clock_, .guard = &a_.guard});
  ASSERT_TRUE(topics.Start().ok());
  int outcomes = 0;
  const auto publish = [&] {
    EXPECT_TRUE(topics
                    .Publish("t", kKept.kept(), *EncodedMessage::Make(Opcode::kText, "x"), "",
                             [&](absl::StatusOr<Position> done) { outcomes += done.ok() ? 1 : 0; })
                    .ok());
    Settle();
  };
  publish();
  publish();
  EXPECT_EQ(outcomes, 0);
  clock_.AdvanceMs(1000);
  publish();
  EXPECT_EQ(outcomes, 3);
  topics.Stop();
}

TEST_F(PublishOutcomeTest, ACallbackMayThrow) {
  a_.topics
      ->Publish("t", kKept.kept(), *EncodedMessage::Make(Opcode::kText, "x"), "",
                [](absl::StatusOr<Position>) { throw 1; })
      .IgnoreError();
  PublishTo(a_);
  Settle();
  EXPECT_EQ(a_.guard.caught(), 1u);
  EXPECT_THAT(outcomes_, ElementsAre("stored 2"));
}

}  // namespace
}  // namespace weft
