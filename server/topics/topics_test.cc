#include "weft/server/topics/topics.h"

#include <map>
#include <set>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "weft/loop/exception_guard.h"
#include "weft/server/topics/topic_brokers.h"
#include "weft/server/topics/topic_directory.h"
#include "weft/server/topics/topic_options.h"

namespace weft {
namespace {

// Topics only passes ServedSession pointers on: any address works.
class TopicsTest : public ::testing::Test {
 protected:
  ServedSession* At(int i) { return reinterpret_cast<ServedSession*>(&places_[i]); }

  std::set<ServedSession*> Subscribers(absl::string_view topic) {
    std::set<ServedSession*> sessions;
    topics_.ForEachSubscriber(topic, [&](ServedSession& session, const TopicOptions&) {
      EXPECT_TRUE(sessions.insert(&session).second) << "told twice";
    });
    return sessions;
  }

  char places_[64] = {};
  TopicDirectory directory_{nullptr};
  Topics topics_{directory_};
  Topics::Subscriptions subscriptions_[64];
};

TEST_F(TopicsTest, SubscribeTwiceIsOnce) {
  topics_.Subscribe("a", At(0), &subscriptions_[0]).IgnoreError();
  topics_.Subscribe("a", At(0), &subscriptions_[0]).IgnoreError();
  EXPECT_EQ(Subscribers("a"), std::set<ServedSession*>{At(0)});
  topics_.Unsubscribe("a", &subscriptions_[0]);
  EXPECT_TRUE(Subscribers("a").empty());
  EXPECT_EQ(topics_.size(), 0u);
}

TEST_F(TopicsTest, UnsubscribeFromWhatWasNotSubscribed) {
  topics_.Unsubscribe("a", &subscriptions_[0]);
  topics_.UnsubscribeAll(&subscriptions_[0]);
  EXPECT_EQ(topics_.size(), 0u);
}

TEST_F(TopicsTest, TheDirectoryCountsSubscribersOfAllTables) {
  Topics other(directory_);
  topics_.Subscribe("a", At(0), &subscriptions_[0]).IgnoreError();
  topics_.Subscribe("a", At(0), &subscriptions_[0]).IgnoreError();
  topics_.Subscribe("a", At(1), &subscriptions_[1]).IgnoreError();
  other.Subscribe("a", At(2), &subscriptions_[2]).IgnoreError();
  EXPECT_EQ(directory_.Subscribers("a"), 3u);
  topics_.UnsubscribeAll(&subscriptions_[0]);
  topics_.Unsubscribe("a", &subscriptions_[1]);
  EXPECT_EQ(directory_.Subscribers("a"), 1u);
  other.UnsubscribeAll(&subscriptions_[2]);
  EXPECT_EQ(directory_.Subscribers("a"), 0u);
}

TEST_F(TopicsTest, OptionsAreThoseOfTheName) {
  ExceptionGuard guard([](absl::string_view, absl::string_view) {});
  TopicBrokers brokers(
      [](absl::string_view topic) { return TopicOptions{.max_queue_bytes = topic.size()}; },
      nullptr, {.guard = &guard});
  Topics topics(directory_, &brokers);
  for (const absl::string_view topic : {"a", "ccc"}) {
    topics.Subscribe(topic, At(0), &subscriptions_[0]).IgnoreError();
    int visits = 0;
    topics.ForEachSubscriber(topic, [&](ServedSession&, const TopicOptions& options) {
      EXPECT_EQ(options.max_queue_bytes, topic.size());
      ++visits;
    });
    EXPECT_EQ(visits, 1);
  }
  topics.UnsubscribeAll(&subscriptions_[0]);
}

TEST_F(TopicsTest, ATopicThatItsBrokerRefusesIsNotSubscribed) {
  ExceptionGuard guard([](absl::string_view, absl::string_view) {});
  TopicBrokers brokers([](absl::string_view) { return TopicOptions{.latest_only = true}; }, nullptr,
                       {.guard = &guard, .max_topics = 0});
  Topics topics(directory_, &brokers);
  const absl::Status status = topics.Subscribe("a", At(0), &subscriptions_[0]);
  EXPECT_TRUE(absl::IsResourceExhausted(status)) << status;
  EXPECT_EQ(topics.size(), 0u);
  EXPECT_EQ(subscriptions_[0].bytes(), 0u);
  EXPECT_EQ(directory_.Subscribers("a"), 0u);
}

// A hook may do anything with the table that calls it.
TEST_F(TopicsTest, AHookMayComeBack) {
  Topics* reached = nullptr;
  TopicDirectory directory([&](absl::string_view topic, bool has_subscribers) {
    if (topic == "a" && has_subscribers) reached->Unsubscribe("a", &subscriptions_[0]);
    if (topic == "a" && !has_subscribers) {
      reached->Subscribe("b", At(1), &subscriptions_[1]).IgnoreError();
    }
  });
  Topics topics(directory);
  reached = &topics;
  topics.Subscribe("a", At(0), &subscriptions_[0]).IgnoreError();
  EXPECT_EQ(directory.Subscribers("a"), 0u);
  EXPECT_EQ(directory.Subscribers("b"), 1u);
  topics.UnsubscribeAll(&subscriptions_[1]);
  EXPECT_EQ(topics.size(), 0u);
}

TEST_F(TopicsTest, NoMoreThanTheLimitAndTwiceIsStillOnce) {
  Topics::Subscriptions& own = subscriptions_[0];
  EXPECT_TRUE(topics_.Subscribe("a", At(0), &own, 2).ok());
  EXPECT_TRUE(topics_.Subscribe("b", At(0), &own, 2).ok());
  EXPECT_FALSE(topics_.Subscribe("c", At(0), &own, 2).ok());
  EXPECT_EQ(directory_.Subscribers("c"), 0u);
  EXPECT_EQ(topics_.size(), 2u);
  EXPECT_TRUE(topics_.Subscribe("b", At(0), &own, 2).ok()) << "it is one of them";
  topics_.Unsubscribe("a", &own);
  EXPECT_TRUE(topics_.Subscribe("c", At(0), &own, 2).ok());
  topics_.UnsubscribeAll(&own);
}

TEST_F(TopicsTest, CountsWhatSubscriptionsTake) {
  Topics::Subscriptions& own = subscriptions_[0];
  EXPECT_EQ(own.bytes(), 0u);
  topics_.Subscribe(std::string(1000, 'a'), At(0), &own).IgnoreError();
  EXPECT_GE(own.bytes(), 1000u);
  const size_t one = own.bytes();
  topics_.Subscribe(std::string(1000, 'a'), At(0), &own).IgnoreError();
  EXPECT_EQ(own.bytes(), one);
  topics_.Subscribe("b", At(0), &own).IgnoreError();
  EXPECT_GT(own.bytes(), one);
  topics_.Unsubscribe("b", &own);
  EXPECT_EQ(own.bytes(), one);
  topics_.UnsubscribeAll(&own);
  EXPECT_EQ(own.bytes(), 0u);
}

// Scanning all of a session's topics would take minutes here.
TEST_F(TopicsTest, T5_JoiningCostsTheSameHoweverManyWereJoined) {
  constexpr int kTopics = 100000;
  for (int i = 0; i < kTopics; ++i) {
    topics_.Subscribe("topic" + std::to_string(i), At(0), &subscriptions_[0]).IgnoreError();
  }
  EXPECT_EQ(topics_.size(), size_t{kTopics});
  for (int i = 0; i < kTopics; i += 2) {
    topics_.Unsubscribe("topic" + std::to_string(i), &subscriptions_[0]);
  }
  EXPECT_EQ(topics_.size(), size_t{kTopics / 2});
  topics_.UnsubscribeAll(&subscriptions_[0]);
  EXPECT_EQ(topics_.size(), 0u);
}

// Compared with a slow, obvious table, in random order.
TEST_F(TopicsTest, AgreesWithAMapOfSets) {
  std::map<std::string, std::set<int>> expected;
  uint32_t random = 1;
  auto next = [&](uint32_t below) {
    random = random * 1664525 + 1013904223;
    return (random >> 16) % below;
  };
  for (int step = 0; step < 20000; ++step) {
    const int session = next(64);
    const std::string topic(1, static_cast<char>('a' + next(8)));
    switch (next(5)) {
      case 0:
        topics_.Unsubscribe(topic, &subscriptions_[session]);
        expected[topic].erase(session);
        break;
      case 1:
        if (next(4) != 0) break;
        topics_.UnsubscribeAll(&subscriptions_[session]);
        for (auto& [name, sessions] : expected) sessions.erase(session);
        break;
      default:
        topics_.Subscribe(topic, At(session), &subscriptions_[session]).IgnoreError();
        expected[topic].insert(session);
    }
    std::set<ServedSession*> sessions;
    for (const int i : expected[topic]) sessions.insert(At(i));
    ASSERT_EQ(Subscribers(topic), sessions) << topic << " after step " << step;
  }
  for (auto& subscriptions : subscriptions_) topics_.UnsubscribeAll(&subscriptions);
  EXPECT_EQ(topics_.size(), 0u);
}

}  // namespace
}  // namespace weft
