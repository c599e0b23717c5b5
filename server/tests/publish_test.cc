// Published messages, over loopback: their subscribers, their order, and a subscriber that does not
// read.

#include <algorithm>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "weft/core/encoded_message.h"
#include "weft/core/testing/frames.h"
#include "weft/server/server.h"
#include "weft/testing/server_fixture.h"
#include "weft/testing/test_client.h"

namespace weft {
namespace {

using ::testing::ElementsAre;
using testing::TestClient;

class PublishTest : public testing::ServerFixture {
 protected:
  // Each message is the name of a topic to subscribe to; with a minus before it, to unsubscribe
  // from.
  PublishTest() {
    script_.on_message = [this](Session& session, const Message& message) {
      absl::string_view topic = message.payload;
      if (topic == "block") {
        while (session.queued_bytes() < 400000) EXPECT_TRUE(session.SendBinary(filler_).ok());
      } else if (absl::ConsumePrefix(&topic, "-")) {
        session.Unsubscribe(topic);
      } else {
        session.Subscribe(topic).IgnoreError();
      }
      session.SendText("done").IgnoreError();
    };
  }
  ~PublishTest() override { server_.reset(); }

  void Do(TestClient& client, const std::string& what) {
    client.SendText(what);
    EXPECT_EQ(client.ReadFrame(), "fin text done");
  }

  // A client that subscribes to `topics`, and then reads nothing.
  TestClient Blocked(const std::vector<std::string>& topics) {
    TestClient client = ConnectSlowReader();
    for (const std::string& topic : topics) Do(client, topic);
    client.SendText("block");
    journal_.WaitFor("message block");
    return client;
  }

  // Waits until the loop has delivered the published messages: reading earlier would make room.
  void AwaitPublished() {
    TestClient witness = ConnectAndUpgrade();
    Do(witness, "witness");
    EXPECT_TRUE(server_->Publish("witness", Opcode::kText, "all is done").ok());
    EXPECT_EQ(witness.ReadFrame(), "fin text all is done");
  }

  // The same for a topic that is kept, whose messages come from another thread: `witness` is
  // subscribed to it, and reads all.
  static void AwaitPublished(TestClient& witness, absl::string_view last) {
    for (std::string frame; frame != last && frame != "timeout";) frame = witness.ReadFrame();
  }

  // Reads frames up to `last`; returns those that are not filler.
  std::vector<std::string> ReadTo(TestClient& client, const std::string& last) {
    std::vector<std::string> frames;
    while (frames.empty() || (frames.back() != last && frames.back() != "timeout")) {
      std::string frame = client.ReadFrame();
      if (frame != "fin binary " + filler_ && frame != "fin text done") {
        frames.push_back(frame.substr(0, 40));
      }
    }
    return frames;
  }

  const std::string filler_ = std::string(100000, 'f');
};

TEST_F(PublishTest, EachTopicHasItsPolicy) {
  Start({.hooks = {.topic_options = [](absl::string_view topic) {
           TopicOptions options;
           if (topic == "position") options.latest_only = true;
           if (topic == "log") {
             options = {.when_full = WhenFull::kDropOldest, .max_queue_bytes = 700000};
           }
           if (topic == "hint")
             options = {.when_full = WhenFull::kDropNewest, .max_queue_bytes = 0};
           return options;
         }}});
  TestClient witness = ConnectAndUpgrade();
  Do(witness, "position");
  TestClient client = Blocked({"position", "log", "hint", "all"});
  const std::string line(20000, 'x');
  for (int i = 0; i < 100; ++i) {
    EXPECT_TRUE(server_->Publish("position", Opcode::kText, absl::StrCat("at ", i)).ok());
    EXPECT_TRUE(server_->Publish("log", Opcode::kText, absl::StrCat("line ", i, " ", line)).ok());
    EXPECT_TRUE(server_->Publish("hint", Opcode::kText, "hint").ok());
  }
  AwaitPublished(witness, "fin text at 99");
  EXPECT_TRUE(server_->Publish("all", Opcode::kText, "end").ok());
  AwaitPublished();
  std::vector<std::string> frames = ReadTo(client, "fin text end");
  // The place among the others is that of the first one, which came from another thread.
  const auto position = std::find(frames.begin(), frames.end(), "fin text at 99");
  ASSERT_NE(position, frames.end());
  frames.erase(position);
  ASSERT_LE(frames.size(), 59u);
  ASSERT_GE(frames.size(), 4u);
  for (size_t i = 0; i + 1 < frames.size(); ++i) {
    const size_t number = 100 - (frames.size() - 1) + i;
    EXPECT_TRUE(absl::StartsWith(frames[i], absl::StrCat("fin text line ", number, " x")))
        << frames[i];
  }
}

TEST_F(PublishTest, OptionsOfAMessageOverrideThoseOfItsTopic) {
  Start({.hooks = {.topic_options = [](absl::string_view) {
           return TopicOptions{.when_full = WhenFull::kDropNewest, .latest_only = true};
         }}});
  TestClient witness = ConnectAndUpgrade();
  Do(witness, "cursors");
  TestClient client = Blocked({"cursors"});
  for (int i = 0; i < 100; ++i) {
    const std::string key = absl::StrCat("cursor/", i % 2);
    const std::string text = absl::StrCat(key, " at ", i);
    EXPECT_TRUE(server_->Publish("cursors", Opcode::kText, text, SendOptions{.key = key}).ok());
  }
  const EncodedMessage end = *EncodedMessage::Make(Opcode::kText, "end");
  EXPECT_TRUE(server_->Publish("cursors", end).ok());
  AwaitPublished(witness, "fin text end");
  EXPECT_THAT(ReadTo(client, "fin text end"),
              ElementsAre("fin text cursor/0 at 98", "fin text cursor/1 at 99", "fin text end"));
}

TEST_F(PublishTest, FirstAndLastSubscriberOfAllThreads) {
  Start({.threads = 2,
         .hooks = {.on_topic_change = [this](absl::string_view topic, bool has_subscribers) {
           journal_.Write(absl::StrCat(topic, has_subscribers ? " +" : " -"));
         }}});
  {
    TestClient a = ConnectAndUpgrade(), b = ConnectAndUpgrade(), c = ConnectAndUpgrade();
    EXPECT_EQ(server_->subscribers("news"), 0u);
    for (TestClient* client : {&a, &b, &c}) Do(*client, "news");
    Do(a, "news");
    EXPECT_EQ(server_->subscribers("news"), 3u);
    Do(a, "weather");
    Do(a, "-news");
    EXPECT_EQ(server_->subscribers("news"), 2u);
    Do(b, "-news");
    b.SendText("-news");
  }
  journal_.WaitFor("news -");
  journal_.WaitFor("weather -");
  EXPECT_EQ(server_->subscribers("news"), 0u);
  std::vector<std::string> told;
  for (const std::string& line : journal_.lines()) {
    if (absl::StartsWith(line, "news")) told.push_back(line);
  }
  EXPECT_THAT(told, ElementsAre("news +", "news -"));
}

// When the server has stopped there are no subscribers, and the hook was called for that.
TEST_F(PublishTest, TheLastSubscriberLeavesWithTheServer) {
  Start({.hooks = {.on_topic_change = [this](absl::string_view topic, bool has_subscribers) {
           journal_.Write(absl::StrCat(topic, has_subscribers ? " +" : " -"));
         }}});
  TestClient client = ConnectAndUpgrade();
  Do(client, "news");
  server_.reset();
  EXPECT_THAT(journal_.lines(), ElementsAre("open", "message news", "news +", "news -",
                                            "close 1006 the server has stopped", "destroyed"));
}

// A hook may do anything: here it ends the session that caused the call.
TEST_F(PublishTest, TheHookMayUseTheServer) {
  std::mutex mutex;
  SessionRef ref;
  script_.on_open = [&](Session& session) {
    const std::lock_guard<std::mutex> lock(mutex);
    ref = session.ref();
  };
  Start({.hooks = {.on_topic_change = [&](absl::string_view topic, bool has_subscribers) {
           EXPECT_EQ(server_->subscribers(topic), has_subscribers ? 1u : 0u);
           EXPECT_TRUE(server_->Publish(topic, Opcode::kText, "published by the hook").ok());
           const std::lock_guard<std::mutex> lock(mutex);
           EXPECT_TRUE(ref.Unsubscribe(topic).ok());
           journal_.Write(absl::StrCat(topic, has_subscribers ? " +" : " -"));
         }}});
  TestClient client = ConnectAndUpgrade();
  client.SendText("news");
  // The hook runs on the session's loop, and ends the subscription after it has published.
  EXPECT_EQ(client.ReadFrame(), "fin text published by the hook");
  EXPECT_EQ(client.ReadFrame(), "fin text done");
  journal_.WaitFor("news -");
  server_.reset();
}

TEST_F(PublishTest, AReferencePublishesInOrderWithWhatItSends) {
  std::mutex mutex;
  std::vector<SessionRef> refs;
  script_.on_open = [&](Session& session) {
    const std::lock_guard<std::mutex> lock(mutex);
    refs.push_back(session.ref());
  };
  Start({.threads = 2});
  TestClient first = ConnectAndUpgrade(), second = ConnectAndUpgrade();
  Do(first, "news");
  Do(second, "news");
  SessionRef ref;
  {
    const std::lock_guard<std::mutex> lock(mutex);
    ref = refs[0];
  }
  for (int i = 0; i < 100; ++i) {
    EXPECT_TRUE(ref.SendText(absl::StrCat("sent ", i)).ok());
    EXPECT_TRUE(ref.Publish("news", Opcode::kText, absl::StrCat("published ", i)).ok());
  }
  EXPECT_EQ(ref.Publish("news", Opcode::kText, "\xff").code(), absl::StatusCode::kInvalidArgument);
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(first.ReadFrame(), absl::StrCat("fin text sent ", i));
    EXPECT_EQ(first.ReadFrame(), absl::StrCat("fin text published ", i));
    EXPECT_EQ(second.ReadFrame(), absl::StrCat("fin text published ", i));
  }
  server_.reset();
  EXPECT_EQ(ref.Publish("news", Opcode::kText, "late").code(),
            absl::StatusCode::kFailedPrecondition);
}

// Published messages keep their order with all other messages to a subscriber, although they wait
// for the end of the loop's turn.
TEST_F(PublishTest, StaysInOrderWithAllThatTheSessionDoes) {
  const std::string large(30000, 'l');
  script_.on_message = [&](Session& session, const Message& message) {
    const auto publish = [&](absl::string_view topic, absl::string_view text) {
      EXPECT_TRUE(session.Publish(topic, Opcode::kText, text).ok());
    };
    session.Subscribe("news").IgnoreError();
    publish("news", "1");
    publish("news", "2");
    session.Send(message).IgnoreError();
    session.Subscribe("weather").IgnoreError();
    publish("weather", "3");
    publish("news", "4");
    EXPECT_TRUE(session.SendText("5", SendOptions{}).ok());
    publish("news", "6");
    EXPECT_TRUE(session.Send(*EncodedMessage::Make(Opcode::kText, "7")).ok());
    publish("news", large);
    publish("news", "8");
    EXPECT_TRUE(session.Publish("news", Opcode::kText, "9", SendOptions{.key = "k"}).ok());
    publish("weather", "10");
    session.Unsubscribe("weather");
    publish("weather", "nobody is there");
    EXPECT_TRUE(session.SendFragment(Opcode::kText, "11", false).ok());
    publish("news", "waits");
    EXPECT_TRUE(session.SendFragment(Opcode::kText, "12", true).ok());
    publish("news", "13");
    EXPECT_TRUE(session.Close(CloseCode::kNormal, "14").ok());
    publish("news", "too late");
  };
  Start({});
  TestClient client = ConnectAndUpgrade();
  client.SendText("echo");
  for (const char* frame : {"fin text 1", "fin text 2", "fin text echo", "fin text 3", "fin text 4",
                            "fin text 5", "fin text 6", "fin text 7"}) {
    EXPECT_EQ(client.ReadFrame(), frame);
  }
  EXPECT_EQ(client.ReadFrame(), "fin text " + large);
  for (const char* frame :
       {"fin text 8", "fin text 9", "fin text 10", "text 11", "fin continuation 12",
        "fin text waits", "fin text 13", "fin close 1000 14"}) {
    EXPECT_EQ(client.ReadFrame(), frame);
  }
}

// More messages from one callback than one batch takes.
TEST_F(PublishTest, ManyInARowReachEverySubscriber) {
  constexpr int kMessages = 5000;
  script_.on_message = [this](Session& session, const Message& message) {
    if (message.payload == "join") {
      session.Subscribe("news").IgnoreError();
      session.SendText("done").IgnoreError();
      return;
    }
    for (int i = 0; i < kMessages; ++i) {
      EXPECT_TRUE(session.Publish("news", Opcode::kText, absl::StrCat("line ", i)).ok());
    }
    journal_.Write("published");
  };
  Start({});
  std::vector<TestClient> clients;
  for (int i = 0; i < 3; ++i) {
    clients.push_back(ConnectAndUpgrade());
    Do(clients.back(), "join");
  }
  clients[0].SendText("go");
  for (TestClient& client : clients) {
    for (int i = 0; i < kMessages; ++i) {
      ASSERT_EQ(client.ReadFrame(), absl::StrCat("fin text line ", i));
    }
  }
}

// Sooner or later the socket takes a part of a message. The rest comes before later messages.
TEST_F(PublishTest, ASubscriberThatReadsLateGetsEveryByteInOrder) {
  constexpr int kMessages = 600;
  Start({.sending = {.max_queue_bytes = 16 << 20}});
  TestClient client = ConnectSlowReader();
  Do(client, "news");
  const std::string text(9999, 'n');
  for (int i = 0; i < kMessages; ++i) {
    EXPECT_TRUE(server_->Publish("news", Opcode::kText, absl::StrCat(i, text)).ok());
  }
  AwaitPublished();
  EXPECT_GT(server_->metrics().buffered_bytes, text.size()) << "the socket was never full";
  for (int i = 0; i < kMessages; ++i) {
    ASSERT_EQ(client.ReadFrame(), absl::StrCat("fin text ", i, text));
  }
  const ServerMetrics metrics = server_->metrics();
  EXPECT_EQ(metrics.messages_sent, kMessages + 3u) << "two are answers, one is the witness's";
  EXPECT_GT(metrics.bytes_sent, kMessages * text.size());
  EXPECT_LT(metrics.bytes_sent, kMessages * text.size() + 20000);
}

// A client may send Close directly after its messages, and still gets them back before the Close.
TEST_F(PublishTest, AClientThatClosesAtOnceStillGetsItsMessages) {
  script_.on_message = [](Session& session, const Message& message) {
    session.Subscribe("news").IgnoreError();
    session.Publish("news", message.opcode, message.payload).IgnoreError();
  };
  Start({});
  TestClient client = ConnectAndUpgrade();
  client.Send(testing::ClientFrame(Opcode::kText, "bye") +
              testing::ClientFrame(Opcode::kClose, "\x03\xe8"));
  EXPECT_EQ(client.ReadFrame(), "fin text bye");
  EXPECT_EQ(client.ReadFrame(), "fin close 1000");
}

// ---- Topics that clients choose ----

TEST_F(PublishTest, T5_TopicsAndTheirNamesHaveLimits) {
  script_.on_message = [](Session& session, const Message& message) {
    const absl::Status status = session.Subscribe(message.payload);
    session.SendText(status.ok() ? "ok" : status.message()).IgnoreError();
  };
  Start({.limits = {.max_topics_per_session = 2, .max_topic_bytes = 5}});
  TestClient client = ConnectAndUpgrade();
  for (const auto& [topic, answer] : std::vector<std::pair<std::string, std::string>>{
           {"12345", "ok"},
           {"123456", "the name of a topic has at most 5 bytes, not 6: see limits.max_topic_bytes"},
           {"", "ok"},
           {"third", "the session is subscribed to 2 topics: see limits.max_topics_per_session"},
           {"12345", "ok"}}) {
    client.SendText(topic);
    EXPECT_EQ(client.ReadFrame(), "fin text " + answer);
  }
  EXPECT_EQ(server_->subscribers("third"), 0u);
  // The limits of a second client are its own.
  TestClient other = ConnectAndUpgrade();
  other.SendText("third");
  EXPECT_EQ(other.ReadFrame(), "fin text ok");
  EXPECT_EQ(server_->subscribers("third"), 1u);
}

TEST_F(PublishTest, T5_SubscriptionsCountInTheBudget) {
  script_.on_message = [](Session& session, const Message& message) {
    if (message.payload == "leave") return session.Unsubscribe(std::string(200, 'a'));
    session.Subscribe(message.payload).IgnoreError();
  };
  Start({.limits = {.max_buffered_bytes = 100000}});
  TestClient one = ConnectAndUpgrade();
  one.SendText(std::string(200, 'a'));
  LetTheLoopTurn();
  EXPECT_GE(server_->metrics().buffered_bytes, 200u);
  one.SendText("leave");
  LetTheLoopTurn();
  EXPECT_EQ(server_->metrics().buffered_bytes, 0u);

  std::string frames;
  for (int i = 0; i < 1000; ++i) {
    frames += testing::ClientFrame(Opcode::kText, absl::StrCat(i, std::string(200, 'b')));
  }
  one.Send(frames);
  EXPECT_EQ(one.ReadFrame(), "fin close 1013 the server is out of memory");
  journal_.WaitFor("destroyed");
  LetTheLoopTurn();
  EXPECT_EQ(server_->metrics().buffered_bytes, 0u);
}

// R26: a message published before a send takes room first, on every path of a send.
TEST_F(PublishTest, R26_SendQueueLimitOnEveryPathAfterAPublish) {
  const std::string text(600, 's');
  const std::vector<std::function<absl::Status(Session&)>> sends = {
      [&](Session& s) { return s.SendText(text); },
      [&](Session& s) { return s.SendBinary(text, SendOptions()); },
      [&](Session& s) { return s.SendText(std::string(text)); },
      [&](Session& s) { return s.SendText(std::make_shared<const std::string>(text)); },
      [&](Session& s) { return s.Send({.payload = text}); },
      [&](Session& s) { return s.Send({.payload = text}, SendOptions()); },
      [&](Session& s) { return s.Send({.payload = text, .last = false}); },
      [&](Session& s) { return s.Send(*EncodedMessage::Make(Opcode::kText, text)); },
      [&](Session& s) { return s.SendFragment(Opcode::kText, text, true); },
      [&](Session& s) { return s.SendFragment(Opcode::kText, text, false); },
      [&](Session& s) { return s.ref().SendText(text); },
      [&](Session& s) { return s.SendPing(std::string(125, 'p')); },
  };
  size_t next = 0;
  script_.on_open = [&](Session& session) {
    session.Subscribe("topic").IgnoreError();
    const std::string published(next + 1 == sends.size() ? 800 : 600, 'p');
    EXPECT_TRUE(session.Publish("topic", Opcode::kText, published).ok());
    EXPECT_EQ(sends[next](session).code(), absl::StatusCode::kResourceExhausted) << next;
    EXPECT_LE(session.queued_bytes(), 1000u) << next;
    EXPECT_GE(session.queued_bytes(), published.size()) << next;
  };
  Start({.sending = {.max_queue_bytes = 1000}});
  for (; next < sends.size(); ++next) {
    TestClient client = ConnectAndUpgrade();
    EXPECT_EQ(client.ReadFrame().substr(0, 12), "fin text ppp") << next;
    client.SendClose(1000);
    EXPECT_EQ(client.ReadFrame(), "fin close 1000");
    EXPECT_EQ(client.ReadFrame(), "end");
  }
  server_.reset();
}

// R26: a message on its way keeps its room until it arrives, and an earlier published message
// cannot take that room.
TEST_F(PublishTest, R26_SendQueueLimitForMessagesThatArriveAfterAPublish) {
  script_.on_message = [this](Session& session, const Message&) {
    session.Subscribe("topic").IgnoreError();
    std::thread([this, ref = session.ref()] {
      EXPECT_TRUE(server_->Publish("topic", Opcode::kText, std::string(600, 'p')).ok());
      EXPECT_TRUE(ref.SendText(std::string(600, 's')).ok());
    }).join();
  };
  Start({.sending = {.max_queue_bytes = 1000}});
  TestClient client = ConnectAndUpgrade();
  client.SendText("go");
  EXPECT_EQ(client.ReadFrame(), "fin text " + std::string(600, 's'));
  EXPECT_EQ(server_->metrics().dropped_messages[static_cast<size_t>(DropReason::kQueueFull)], 1u);
}

// R26: messages that are published faster than a loop delivers them count in the budget.
TEST_F(PublishTest, R26_TheBudgetHoldsForPublishedMessages) {
  script_.on_message = [this](Session& session, const Message&) {
    session.Subscribe("news").IgnoreError();
    std::thread([this] {
      const std::string large(1 << 20, 'x');
      int taken = 0;
      while (server_->Publish("news", Opcode::kBinary, large).ok()) ++taken;
      EXPECT_GE(taken, 6);
      EXPECT_LE(taken, 8);
      EXPECT_EQ(server_->Publish("news", Opcode::kBinary, large).code(),
                absl::StatusCode::kResourceExhausted);
    }).join();
    journal_.Write("checked");
  };
  Start({.limits = {.max_buffered_bytes = 8 << 20}});
  TestClient client = ConnectAndUpgrade();
  client.SendText("go");
  journal_.WaitFor("checked");
  for (int i = 0; i < 6; ++i) EXPECT_EQ(client.ReadFrame().size(), 11u + (1 << 20));
}

}  // namespace
}  // namespace weft
