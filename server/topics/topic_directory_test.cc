#include "weft/server/topics/topic_directory.h"

#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace weft {
namespace {

using ::testing::ElementsAre;

TEST(TopicDirectoryTest, CountsOverAllLoops) {
  TopicDirectory directory(nullptr);
  EXPECT_EQ(directory.Subscribers("a"), 0u);
  *directory.Join("a") += 2;
  *directory.Join("a") += 3;
  EXPECT_EQ(directory.Subscribers("a"), 5u);
  EXPECT_EQ(directory.Subscribers("b"), 0u);
  directory.Leave("a");
  directory.Leave("a");
  EXPECT_EQ(directory.Subscribers("a"), 0u);
}

TEST(TopicDirectoryTest, TellsOfTheFirstAndTheLast) {
  std::vector<std::string> told;
  TopicDirectory directory([&](absl::string_view topic, bool has_subscribers) {
    told.push_back(absl::StrCat(topic, has_subscribers ? " +" : " -"));
  });
  directory.Join("a");
  directory.Join("a");
  directory.Tell();
  EXPECT_THAT(told, ElementsAre("a +"));
  directory.Join("b");
  directory.Leave("a");
  directory.Leave("a");
  directory.Join("a");
  directory.Tell();
  directory.Tell();
  EXPECT_THAT(told, ElementsAre("a +", "b +", "a -", "a +"));
}

// Changes made by a hook are reported after it has returned.
TEST(TopicDirectoryTest, AHookMayComeBack) {
  std::vector<std::string> told;
  TopicDirectory* reached = nullptr;
  TopicDirectory directory([&](absl::string_view topic, bool has_subscribers) {
    if (topic == "a" && has_subscribers) {
      reached->Join("b");
      reached->Tell();
      reached->Leave("b");
      reached->Tell();
    }
    told.push_back(absl::StrCat(topic, has_subscribers ? " +" : " -"));
  });
  reached = &directory;
  directory.Join("a");
  directory.Tell();
  EXPECT_THAT(told, ElementsAre("a +", "b +", "b -"));
}

// No lock is held while the hook runs: calls come one at a time, alternating for each topic.
TEST(TopicDirectoryTest, ManyThreads) {
  bool has[2] = {};
  int calls = 0;
  TopicDirectory directory([&](absl::string_view topic, bool has_subscribers) {
    EXPECT_NE(has[topic[0] - 'a'], has_subscribers);
    has[topic[0] - 'a'] = has_subscribers;
    ++calls;
  });
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&directory, t] {
      const std::string topic(1, static_cast<char>('a' + t % 2));
      for (int i = 0; i < 5000; ++i) {
        const auto count = directory.Join(topic);
        directory.Tell();
        *count += 1;
        EXPECT_GE(directory.Subscribers(topic), 1u);
        *count -= 1;
        directory.Leave(topic);
        directory.Tell();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_FALSE(has[0] || has[1]);
  EXPECT_GE(calls, 4);
}

}  // namespace
}  // namespace weft
