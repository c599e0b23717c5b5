// The events of topics, as coroutines await them.

#include "weft/server/topics/topic_event.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "weft/coro.h"
#include "weft/coro/testing/coro_fixture.h"
#include "weft/server/server.h"
#include "weft/server/topics/topic_options.h"
#include "weft/testing/test_client.h"

namespace weft {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using testing::TestClient;
using ::testing::UnorderedElementsAre;

class TopicEventTest : public testing::CoroTest {
 protected:
  // Topics that begin with "kept" keep three messages.
  template <typename Coroutine>
  void StartTopics(Coroutine coroutine) {
    ServerOptions options;
    options.limits.max_topics_per_session = 2;
    options.hooks.topic_options = [](absl::string_view topic) {
      return TopicOptions{.history = {.messages = absl::StartsWith(topic, "kept") ? 3u : 0u}};
    };
    StartServer(coroutine, std::move(options));
  }

  void Publish(absl::string_view text) {
    EXPECT_TRUE(server_->Publish("kept", Opcode::kText, text).ok());
  }

  static std::string Text(const coro::TopicNotice& notice) {
    const TopicEvent& event = notice.event;
    const std::string type = event.type == TopicEvent::Type::kJoined    ? "joined"
                             : event.type == TopicEvent::Type::kResumed ? "resumed"
                                                                        : "gap";
    return absl::StrCat(notice.topic, " ", type, " ", event.position.offset,
                        type == "gap" ? absl::StrCat(" ", GapReasonName(event.reason)) : "");
  }

  // Subscribes to what the client names, with the position that follows; sends the text of each
  // event, and the token of its position.
  static Task<> Tell(coro::Session s) {
    while (const auto notice = co_await s.ReceiveTopicEvent()) {
      const std::string line = absl::StrCat(Text(*notice), " ", notice->event.position.ToString());
      if (!(co_await s.SendText(line)).ok()) co_return;
    }
  }
  static Task<> Listen(coro::Session s) {
    while (const auto message = co_await s.Receive()) {
      const std::string words(message->payload);
      const size_t space = words.find(' ');
      const std::string since = space == std::string::npos ? "" : words.substr(space + 1);
      const absl::Status status = co_await s.Subscribe(words.substr(0, space), since);
      if (!status.ok() && !(co_await s.SendText(status.ToString())).ok()) co_return;
    }
  }
};

INSTANTIATE_TEST_SUITE_P(HandlerThreads, TopicEventTest, ::testing::Values(0, 2));

TEST_P(TopicEventTest, EventsPrecedeTheMessagesThatFollowThem) {
  StartTopics([](coro::Session s) -> Task<> { co_await coro::WhenAny(Listen(s), Tell(s)); });
  TestClient client = ConnectAndUpgrade();
  client.SendText("kept");
  const std::string joined = client.ReadFrame();
  EXPECT_THAT(joined, HasSubstr("fin text kept joined 0 "));
  Publish("1");
  Publish("2");
  EXPECT_EQ(client.ReadFrame(), "fin text 1");
  EXPECT_EQ(client.ReadFrame(), "fin text 2");

  const std::string epoch = joined.substr(joined.rfind(' ') + 1, 8);
  TestClient back = ConnectAndUpgrade();
  back.SendText(absl::StrCat("kept ", epoch, ".1"));
  EXPECT_EQ(back.ReadFrame(), absl::StrCat("fin text kept resumed 1 ", epoch, ".1"));
  EXPECT_EQ(back.ReadFrame(), "fin text 2");

  for (const absl::string_view text : {"3", "4", "5"}) Publish(text);
  TestClient late = ConnectAndUpgrade();
  late.SendText(absl::StrCat("kept ", epoch, ".9"));
  EXPECT_EQ(late.ReadFrame(), absl::StrCat("fin text kept gap 5 ahead ", epoch, ".5"));
  Publish("6");
  EXPECT_EQ(late.ReadFrame(), "fin text 6") << "it goes on after the gap";
}

TEST_P(TopicEventTest, AMalformedPositionIsRefused) {
  StartTopics([](coro::Session s) -> Task<> { co_await coro::WhenAny(Listen(s), Tell(s)); });
  TestClient client = ConnectAndUpgrade();
  client.SendText("kept nonsense");
  EXPECT_THAT(client.ReadFrame(), HasSubstr("INVALID_ARGUMENT"));
}

TEST_P(TopicEventTest, AnEventWaitsForTheCoroutine) {
  StartTopics([](coro::Session s) -> Task<> {
    EXPECT_TRUE((co_await s.Subscribe("kept")).ok());
    const auto message = co_await s.Receive();  // after the topic's first message
    EXPECT_TRUE(message.has_value());
    const auto notice = co_await s.ReceiveTopicEvent();
    EXPECT_TRUE(notice.has_value());
    if (notice.has_value()) (co_await s.SendText(Text(*notice))).IgnoreError();
  });
  TestClient client = ConnectAndUpgrade();
  while (server_->subscribers("kept") == 0) {
  }
  Publish("1");
  EXPECT_EQ(client.ReadFrame(), "fin text 1");
  client.SendText("go on");
  EXPECT_EQ(client.ReadFrame(), "fin text kept joined 0");
  EXPECT_EQ(client.ReadFrame(), "fin close 1000");
}

TEST_P(TopicEventTest, AGapClosesASessionWhoseCoroutineDoesNotAsk) {
  StartTopics([](coro::Session s) -> Task<> {
    EXPECT_TRUE(s.ref().Subscribe("kept", {.since = "old.7"}).ok());
    while (const auto message = co_await s.Receive()) {
    }
  });
  EXPECT_THAT(ConnectAndUpgrade().ReadFrame(), HasSubstr("close 1013"));
}

TEST_P(TopicEventTest, ARefusalIsReplacedWhenTheCoroutineIsSubscribed) {
  StartTopics([](coro::Session s) -> Task<> {
    const auto early = co_await coro::WhenAny(s.ReceiveTopicEvent(), s.Receive());
    EXPECT_EQ(early.index(), 1u);
    EXPECT_TRUE((co_await s.Subscribe("kept")).ok());
    EXPECT_TRUE((co_await s.Subscribe("plain")).ok());
    EXPECT_TRUE(s.ref().Subscribe("kept too").ok());
    EXPECT_TRUE((co_await s.Receive()).has_value());
    s.Unsubscribe("plain");
    EXPECT_TRUE((co_await s.Subscribe("kept too")).ok());
    EXPECT_TRUE((co_await s.Receive()).has_value());
    for (int i = 0; i < 2; ++i) {
      const auto notice = co_await s.ReceiveTopicEvent();
      if (notice.has_value()) (co_await s.SendText(Text(*notice))).IgnoreError();
    }
  });
  TestClient client = ConnectAndUpgrade();
  client.SendText("begin");
  while (server_->subscribers("kept") == 0) {
  }
  Publish("1");
  EXPECT_EQ(client.ReadFrame(), "fin text 1");
  client.SendText("subscribe");
  while (server_->subscribers("kept too") == 0) {
  }
  EXPECT_TRUE(server_->Publish("kept too", Opcode::kText, "2").ok());
  EXPECT_EQ(client.ReadFrame(), "fin text 2") << "its kJoined has come";
  client.SendText("receive");
  const std::vector<std::string> events = {client.ReadFrame(), client.ReadFrame()};
  EXPECT_THAT(events, UnorderedElementsAre("fin text kept joined 0", "fin text kept too joined 0"));
}

TEST_P(TopicEventTest, TheEndOfTheSessionEndsTheWait) {
  StartTopics([this](coro::Session s) -> Task<> {
    const auto notice = co_await s.ReceiveTopicEvent();
    EXPECT_FALSE(notice.has_value());
    EXPECT_FALSE(s.status().ok());
    journal_.Write("ended");
  });
  TestClient client = ConnectAndUpgrade();
  client.SendClose(1000);
  journal_.WaitFor("left");
  EXPECT_THAT(journal_.lines(), Contains("ended"));
}

TEST_P(TopicEventTest, WhatUnsubscribesForgetsTheEvent) {
  StartTopics([](coro::Session s) -> Task<> {
    EXPECT_TRUE((co_await s.Subscribe("kept")).ok());
    EXPECT_TRUE((co_await s.Receive()).has_value());
    s.Unsubscribe("kept");
    EXPECT_TRUE((co_await s.Subscribe("kept too")).ok());
    const auto notice = co_await s.ReceiveTopicEvent();
    if (notice.has_value()) (co_await s.SendText(Text(*notice))).IgnoreError();
  });
  TestClient client = ConnectAndUpgrade();
  while (server_->subscribers("kept") == 0) {
  }
  Publish("1");
  EXPECT_EQ(client.ReadFrame(), "fin text 1");
  client.SendText("go on");
  EXPECT_EQ(client.ReadFrame(), "fin text kept too joined 0");
}

}  // namespace
}  // namespace weft
