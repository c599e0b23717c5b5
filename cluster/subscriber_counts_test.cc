#include "weft/cluster/subscriber_counts.h"

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "weft/cluster/subscriber_report.h"
#include "weft/server/topics/position.h"

namespace weft {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// Nodes that hear each other, themselves too, as over a store.
class SubscriberCountsTest : public ::testing::Test {
 protected:
  static constexpr int kLease = SubscriberCounts::kLeaseTicks;
  static constexpr int kAll = SubscriberCounts::kAllTicks;

  SubscriberCounts& AddNode() {
    nodes_.push_back(std::make_unique<SubscriberCounts>(Epoch::FromNumber(nodes_.size() + 1)));
    return *nodes_.back();
  }

  // Ticks, and returns what the node reports.
  static std::vector<SubscriberReport> Reports(SubscriberCounts& node) {
    return node.Tick(/*can_send=*/true).reports;
  }

  void Deliver(const std::vector<SubscriberReport>& reports) {
    for (const SubscriberReport& report : reports) {
      ++reports_;
      if (report.begins_all) telling_.insert(std::string(report.node.text()));
      most_telling_ = std::max(most_telling_, telling_.size());
      if (report.ends_all) telling_.erase(std::string(report.node.text()));
      const absl::StatusOr<SubscriberReport> read = SubscriberReport::Parse(report.ToBytes());
      ASSERT_TRUE(read.ok()) << read.status();
      for (const auto& node : nodes_) {
        if (node.get() != deaf_) node->OnReport(*read);
      }
    }
  }

  // Each node ticks, but one that is stopped.
  void Tick(int times = 1) {
    for (int i = 0; i < times; ++i) {
      for (const auto& node : nodes_) {
        if (node.get() == stopped_) continue;
        SubscriberCounts::Turn turn = node->Tick(/*can_send=*/true);
        for (const Epoch& gone : turn.gone) gone_.emplace_back(gone.text());
        Deliver(turn.reports);
      }
    }
  }

  std::vector<std::unique_ptr<SubscriberCounts>> nodes_;
  const SubscriberCounts* deaf_ = nullptr;     // does not get reports
  const SubscriberCounts* stopped_ = nullptr;  // does nothing
  std::vector<std::string> gone_;
  size_t reports_ = 0;
  std::set<std::string> telling_;  // nodes that have begun to tell all counts, and not ended
  size_t most_telling_ = 0;
};

TEST_F(SubscriberCountsTest, TheNumberIsThatOfAllNodes) {
  SubscriberCounts& a = AddNode();
  SubscriberCounts& b = AddNode();
  EXPECT_EQ(a.subscribers("t"), 0u);
  a.SetOwn("t", 2);
  EXPECT_EQ(a.subscribers("t"), 2u) << "its own at once";
  b.SetOwn("t", 3);
  b.SetOwn("u", 1);
  Tick(2);
  for (const SubscriberCounts* node : {&a, &b}) {
    EXPECT_EQ(node->subscribers("t"), 5u);
    EXPECT_EQ(node->subscribers("u"), 1u);
    EXPECT_EQ(node->subscribers("none"), 0u);
    EXPECT_EQ(node->nodes(), 2u);
  }
  b.SetOwn("t", 0);
  b.SetOwn("u", 7);
  Tick();
  EXPECT_EQ(a.subscribers("t"), 2u);
  EXPECT_EQ(a.subscribers("u"), 7u);
}

TEST_F(SubscriberCountsTest, ReportsHaveTheTopicsThatChangedOnceEach) {
  SubscriberCounts& a = AddNode();
  a.SetOwn("quiet", 1);
  Reports(a);
  for (size_t i = 1; i <= 1000; ++i) a.SetOwn("busy", i);
  const std::vector<SubscriberReport> reports = Reports(a);
  ASSERT_EQ(reports.size(), 1u) << "not one for each subscription";
  EXPECT_THAT(reports[0].counts, ElementsAre(SubscriberReport::Count{"busy", 1000}));
  EXPECT_THAT(Reports(a), IsEmpty()) << "nothing has changed";
  a.SetOwn("never told", 1);
  a.SetOwn("never told", 0);
  EXPECT_THAT(Reports(a), IsEmpty());
  a.SetOwn("busy", 0);
  EXPECT_THAT(Reports(a)[0].counts, ElementsAre(SubscriberReport::Count{"busy", 0}));
}

TEST_F(SubscriberCountsTest, AQuietNodeIsHeardInItsLease) {
  SubscriberCounts& a = AddNode();
  AddNode();
  Tick(2);
  reports_ = 0;
  Tick(10 * SubscriberCounts::kBeatTicks);
  EXPECT_EQ(reports_, 20u) << "one for each kBeatTicks of a node";
  EXPECT_EQ(a.nodes(), 2u);
  EXPECT_THAT(gone_, IsEmpty());
}

TEST_F(SubscriberCountsTest, ANodeThatDiesDisappearsAfterItsLease) {
  SubscriberCounts& a = AddNode();
  SubscriberCounts& b = AddNode();
  a.SetOwn("t", 1);
  Tick(2);
  b.SetOwn("t", 2);
  Tick();  // it is heard for the last time
  stopped_ = &b;
  Tick(kLease - 1);
  EXPECT_EQ(a.subscribers("t"), 3u);
  Tick();
  EXPECT_EQ(a.subscribers("t"), 1u);
  EXPECT_EQ(a.nodes(), 1u);
  EXPECT_THAT(gone_, ElementsAre(std::string(b.node().text())));
}

// SIGSTOP: the others have forgotten it, and it does not know.
TEST_F(SubscriberCountsTest, ANodeThatContinuesIsAskedForAllItHas) {
  SubscriberCounts& a = AddNode();
  SubscriberCounts& b = AddNode();
  SubscriberCounts& c = AddNode();
  b.SetOwn("t", 2);
  b.SetOwn("u", 3);
  c.SetOwn("t", 1);
  Tick(2);
  stopped_ = deaf_ = &b;
  Tick(kLease);
  EXPECT_EQ(a.subscribers("t"), 1u);
  stopped_ = deaf_ = nullptr;
  b.SetOwn("t", 4);
  Tick(kAll + 2);
  EXPECT_EQ(a.subscribers("t"), 5u);
  EXPECT_EQ(a.subscribers("u"), 3u) << "what has not changed either";
  EXPECT_EQ(b.subscribers("t"), 5u);
}

TEST_F(SubscriberCountsTest, ANodeThatMissedReportsCatchesUp) {
  SubscriberCounts& a = AddNode();
  SubscriberCounts& b = AddNode();
  b.SetOwn("left", 1);
  b.SetOwn("stays", 1);
  Tick(2);
  deaf_ = &a;
  b.SetOwn("left", 0);
  b.SetOwn("stays", 5);
  Tick();
  EXPECT_EQ(a.subscribers("left"), 1u) << "it has not heard of it";
  deaf_ = nullptr;
  a.OnLost();
  Tick(kAll);
  EXPECT_EQ(a.subscribers("left"), 0u);
  EXPECT_EQ(a.subscribers("stays"), 5u);
}

// The numbers of reports show it, should a broker not tell.
TEST_F(SubscriberCountsTest, AMissingReportIsNoticed) {
  SubscriberCounts& a = AddNode();
  SubscriberCounts& b = AddNode();
  Tick(1 + SubscriberCounts::kBeatTicks);
  b.SetOwn("t", 1);
  Reports(b);  // is lost
  b.SetOwn("u", 1);
  Tick(3);
  EXPECT_EQ(a.subscribers("t"), 1u);
}

TEST_F(SubscriberCountsTest, WhatCouldNotBeSentIsSentAgain) {
  SubscriberCounts& a = AddNode();
  SubscriberCounts& b = AddNode();
  Tick(2);
  b.SetOwn("t", 1);
  EXPECT_THAT(b.Tick(/*can_send=*/false).reports, IsEmpty());
  Tick(kAll);
  EXPECT_EQ(a.subscribers("t"), 1u);
  b.SetOwn("t", 2);
  Reports(b);  // fails
  b.OnUnsent();
  Tick(kAll);
  EXPECT_EQ(a.subscribers("t"), 2u);
}

TEST_F(SubscriberCountsTest, ManyTopicsAreSentInParts) {
  SubscriberCounts& a = AddNode();
  constexpr size_t kTopics = 40'000;
  for (size_t i = 0; i < kTopics; ++i) a.SetOwn(absl::StrCat("topic/", 100'000 + i), 1);
  size_t ticks = 0;
  size_t sent = 0;
  bool ended = false;
  for (; !ended; ++ticks) {
    const std::vector<SubscriberReport> reports = Reports(a);
    for (const SubscriberReport& report : reports) {
      EXPECT_LE(report.ToBytes().size(), SubscriberCounts::kMaxReportBytes + 30);
      EXPECT_EQ(report.begins_all, sent == 0);
      sent += report.counts.size();
      ended = report.ends_all;
    }
    EXPECT_LE(reports.size(), SubscriberCounts::kMaxReports);
    ASSERT_LT(ticks, 100u);
  }
  EXPECT_EQ(ticks, 3u) << "for 720,000 bytes";
  EXPECT_EQ(sent, kTopics);
}

// A node that is asked while it sends everything does so again afterwards, and not from the start
// at each question.
TEST_F(SubscriberCountsTest, QuestionsDoNotKeepAnAnswerFromItsEnd) {
  SubscriberCounts& a = AddNode();
  for (size_t i = 0; i < 40'000; ++i) a.SetOwn(absl::StrCat("topic/", 100'000 + i), 1);
  SubscriberCounts& b = AddNode();
  const Epoch asker = Epoch::FromNumber(99);
  for (uint32_t i = 0; i < 4; ++i) {
    a.OnReport({.node = asker, .number = i, .asked = a.node()});
    Tick();
  }
  EXPECT_EQ(b.subscribers("topic/100000"), 1u);
  EXPECT_EQ(b.subscribers("topic/139999"), 1u);
}

TEST_F(SubscriberCountsTest, ANodeThatIsAskedAgainAndAgainAnswersOnceInAWhile) {
  SubscriberCounts& a = AddNode();
  a.SetOwn("t", 1);
  int answers = 0;
  for (uint32_t i = 0; i < 10 * kAll; ++i) {
    a.OnReport({.node = Epoch::FromNumber(99), .number = i, .asked = a.node()});
    for (const SubscriberReport& report : Reports(a)) answers += report.begins_all ? 1 : 0;
  }
  EXPECT_EQ(answers, 10);
}

// All nodes hear the answers: those of all at once would exceed what one can read.
TEST_F(SubscriberCountsTest, ANewNodeAsksOneNodeAfterTheOther) {
  const std::string kLong(1000, 'x');  // an answer takes 12 ticks
  for (int n = 0; n < 4; ++n) {
    SubscriberCounts& node = AddNode();
    for (size_t i = 0; i < 3000; ++i) node.SetOwn(absl::StrCat(i, kLong), 1);
  }
  Tick(20);
  most_telling_ = 0;
  SubscriberCounts& late = AddNode();
  Tick(60);
  EXPECT_EQ(late.subscribers(absl::StrCat(2999, kLong)), 4u);
  EXPECT_EQ(most_telling_, 1u);
}

// The broker is away for long, and clients come and go, each with a topic of its own.
TEST_F(SubscriberCountsTest, WhatEndsWhileNothingCanBeSentIsForgotten) {
  SubscriberCounts& a = AddNode();
  SubscriberCounts& b = AddNode();
  a.SetOwn("before", 1);
  Tick(2);
  a.SetOwn("before", 0);
  for (int i = 0; i < 5000; ++i) {
    a.SetOwn(absl::StrCat("user/", i), 1);
    if (i % 500 == 0) a.Tick(/*can_send=*/false);
    a.SetOwn(absl::StrCat("user/", i), 0);
  }
  a.SetOwn("t", 1);
  std::vector<SubscriberReport> reports = Reports(a);
  ASSERT_EQ(reports.size(), 1u);
  EXPECT_THAT(reports[0].counts, ElementsAre(SubscriberReport::Count{"t", 1}));
  Deliver(reports);
  EXPECT_EQ(b.subscribers("t"), 1u);
  EXPECT_EQ(b.subscribers("before"), 0u);
}

// More than can be sent: what waits has a limit, and answers end all the same.
TEST_F(SubscriberCountsTest, ChangesThatAreTooManyDoNotPileUp) {
  SubscriberCounts& a = AddNode();
  SubscriberCounts& b = AddNode();
  a.SetOwn("stays", 1);
  Tick(2);
  constexpr int kEach = 30'000;
  int ends = 0;
  const auto change = [&a](int tick, size_t subscribers) {
    for (int i = 0; i < kEach; ++i) a.SetOwn(absl::StrCat("user/", tick * kEach + i), subscribers);
  };
  for (int tick = 0; tick < 8 * kAll; ++tick) {
    change(tick, 1);
    const std::vector<SubscriberReport> reports = Reports(a);
    for (const SubscriberReport& report : reports) ends += report.ends_all ? 1 : 0;
    Deliver(reports);
    Deliver(Reports(b));
    change(tick, 0);
  }
  EXPECT_GE(ends, 4);
  size_t left = 0;
  for (int tick = 0; tick < 2 * kAll; ++tick) {
    for (const SubscriberReport& report : Reports(a)) {
      left += report.counts.size();
      Deliver({report});
    }
  }
  EXPECT_LE(left, SubscriberCounts::kMaxChanges + 2);
  EXPECT_EQ(b.subscribers("stays"), 1u);
  EXPECT_EQ(b.subscribers(absl::StrCat("user/", kEach)), 0u);
  EXPECT_EQ(b.subscribers(absl::StrCat("user/", 8 * kAll * kEach - 1)), 0u);
}

TEST_F(SubscriberCountsTest, NoLeaseEndsWhileNothingCanBeHeard) {
  SubscriberCounts& a = AddNode();
  AddNode();
  Tick(2);
  for (int i = 0; i < 2 * kLease; ++i) {
    EXPECT_THAT(a.Tick(/*can_send=*/true, /*can_hear=*/false).gone, IsEmpty());
  }
  EXPECT_EQ(a.nodes(), 2u);
}

// Each change that a reader may see: counts of this node and of another one, all counts again, and
// the end of a lease. ThreadSanitizer sees a change without the lock.
TEST_F(SubscriberCountsTest, OtherThreadsReadWhileNodesComeAndGo) {
  SubscriberCounts& a = AddNode();
  SubscriberCounts& b = AddNode();
  std::atomic<bool> is_over{false};
  std::thread reader([&a, &is_over] {
    while (!is_over) {
      EXPECT_LE(a.subscribers("lobby"), 3u);
      EXPECT_LE(a.nodes(), 2u);
      EXPECT_EQ(a.uncounted(), 0u);
    }
  });
  for (int round = 0; round < 20; ++round) {
    a.SetOwn("lobby", 1);
    b.SetOwn("lobby", 2);
    Tick(2 * kAll);
    EXPECT_EQ(a.subscribers("lobby"), 3u);
    a.SetOwn("lobby", 0);
    stopped_ = &b;
    Tick(kLease);
    EXPECT_EQ(a.nodes(), 1u);
    stopped_ = nullptr;
  }
  is_over = true;
  reader.join();
}

TEST_F(SubscriberCountsTest, TheNumbersAgreeAfterRandomFaults) {
  std::mt19937 random(20'261'130);
  const auto below = [&random](size_t n) { return random() % n; };
  for (int i = 0; i < 3; ++i) AddNode();
  std::vector<std::vector<size_t>> own(3, std::vector<size_t>(8));
  for (int step = 0; step < 3000; ++step) {
    const size_t n = below(3);
    const size_t topic = below(8);
    own[n][topic] = below(4);
    nodes_[n]->SetOwn(absl::StrCat(topic), own[n][topic]);
    if (below(3) > 0) continue;
    SubscriberCounts& node = *nodes_[below(3)];
    const bool is_cut = below(10) == 0;
    SubscriberCounts::Turn turn = node.Tick(!is_cut);
    if (below(8) == 0) {
      if (!turn.reports.empty()) node.OnUnsent();
    } else {
      deaf_ = below(6) == 0 ? nodes_[below(3)].get() : nullptr;
      Deliver(turn.reports);
      if (deaf_ != nullptr && below(2) == 0) nodes_[below(3)]->OnLost();
      deaf_ = nullptr;
    }
  }
  Tick(10 * kAll);
  for (size_t topic = 0; topic < 8; ++topic) {
    const size_t sum = own[0][topic] + own[1][topic] + own[2][topic];
    for (const auto& node : nodes_) {
      EXPECT_EQ(node->subscribers(absl::StrCat(topic)), sum) << topic;
    }
  }
}

}  // namespace
}  // namespace weft
