// Topics over the servers of one process: real sockets, and a MemoryHub as the store.

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "weft/cluster/cluster.h"
#include "weft/cluster/memory_broker.h"
#include "weft/cluster/testing/hub_thread.h"
#include "weft/core/encoded_message.h"
#include "weft/core/frame/opcode.h"
#include "weft/loop/mailbox.h"
#include "weft/sending/send_options.h"
#include "weft/server/handler.h"
#include "weft/server/held_topics.h"
#include "weft/server/router.h"
#include "weft/server/server.h"
#include "weft/server/session.h"
#include "weft/server/topics/position.h"
#include "weft/server/topics/topic_event.h"
#include "weft/server/topics/topic_history.h"
#include "weft/server/topics/topic_options.h"
#include "weft/testing/journal.h"
#include "weft/testing/manual_clock.h"
#include "weft/testing/test_client.h"

namespace weft {
namespace {

using Channel = MemoryHub::Channel;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;
using testing::TestClient;

// "kept/...", "latest/...", "live/..." are shared; "own/..." and "own-latest/..." are kept by one
// server; others are plain.
TopicOptions OptionsOf(absl::string_view topic) {
  if (absl::StartsWith(topic, "kept/")) return {.shared = true, .history = {.messages = 100}};
  if (absl::StartsWith(topic, "latest/")) return {.latest_only = true, .shared = true};
  if (absl::StartsWith(topic, "live/")) return {.shared = true};
  if (absl::StartsWith(topic, "own/")) return {.history = {.messages = 100}};
  if (absl::StartsWith(topic, "own-latest/")) return {.latest_only = true};
  return {};
}

std::string Text(const TopicEvent& event) {
  std::string text = event.type == TopicEvent::Type::kJoined    ? "joined"
                     : event.type == TopicEvent::Type::kResumed ? "resumed"
                                                                : "gap ";
  if (event.type == TopicEvent::Type::kGap) absl::StrAppend(&text, GapReasonName(event.reason));
  if (event.position.is_set()) absl::StrAppend(&text, " ", event.position.offset);
  return text;
}

// Does what its client asks for: "sub TOPIC [SINCE]", "unsub TOPIC", "sub-unsub TOPIC SINCE", "pub
// TOPIC TEXT", "echo TEXT".
class Asked : public Handler {
 public:
  explicit Asked(std::function<void()> in_event = nullptr) : in_event_(std::move(in_event)) {}

  void OnMessage(Session& session, const Message& message) override {
    const std::vector<std::string> words = absl::StrSplit(message.payload, ' ');
    absl::Status status;
    if (words[0] == "sub") {
      status = session.Subscribe(words[1], {.since = words.size() > 2 ? words[2] : ""});
    } else if (words[0] == "sub-unsub") {
      status = session.Subscribe(words[1], {.since = words[2]});
      session.Unsubscribe(words[1]);
    } else if (words[0] == "unsub") {
      session.Unsubscribe(words[1]);
    } else if (words[0] == "pub") {
      status = session.Publish(words[1], Opcode::kText, words[2]);
    } else {
      session.SendText(words[1]).IgnoreError();
    }
    if (!status.ok()) session.SendText(status.ToString()).IgnoreError();
  }

  void OnTopic(Session& session, absl::string_view, const TopicEvent& event) override {
    if (in_event_) in_event_();
    session.SendText(Text(event)).IgnoreError();
  }

 private:
  const std::function<void()> in_event_;
};

// Holds the first of all calls of OnTopic, on a handler thread.
class FirstEvent {
 public:
  void Hold() {
    if (calls_++ > 0) return;
    entered_.set_value();
    released_.get_future().wait();
  }
  void Await() { entered_.get_future().wait(); }
  void Release() { released_.set_value(); }

 private:
  std::atomic<int> calls_{0};
  std::promise<void> entered_, released_;
};

// Subscribes to what its client names, and leaves the rest to the defaults.
class Simple : public Handler {
 public:
  void OnMessage(Session& session, const Message& message) override {
    session.Subscribe(message.payload).IgnoreError();
    session.Send(message).IgnoreError();
  }
};

class SharedTopicTest : public ::testing::Test {
 protected:
  struct Node {
    std::shared_ptr<MemoryBroker> broker;
    std::unique_ptr<Server> server;
  };

  template <typename MakeHandler>
  Node Start(MakeHandler make, ServerOptions options = {}, bool with_broker = true) {
    Node node;
    if (with_broker) node.broker = std::make_shared<MemoryBroker>(hub());
    options.for_tests.clock = &clock_;
    options.broker = node.broker;
    options.hooks.topic_options = OptionsOf;
    options.hooks.log = [this](LogLevel, absl::string_view text) { log_.Write(std::string(text)); };
    absl::StatusOr<std::unique_ptr<Server>> server = Server::Start(
        std::move(options),
        [make](const SessionRequest&,
               UpgradeResponse&) -> absl::StatusOr<std::unique_ptr<Handler>> { return make(); });
    EXPECT_TRUE(server.ok()) << server.status();
    node.server = *std::move(server);
    return node;
  }
  Node StartAsked(ServerOptions options = {}, bool with_broker = true) {
    return Start([] { return std::make_unique<Asked>(); }, std::move(options), with_broker);
  }

  static TestClient Connect(const Node& node) {
    TestClient client(node.server->address());
    EXPECT_EQ(client.Upgrade(), "HTTP/1.1 101 Switching Protocols");
    return client;
  }

  // A client that has subscribed, and its first frame.
  static TestClient Subscriber(const Node& node, absl::string_view topic, absl::string_view event) {
    TestClient client = Connect(node);
    client.SendText(absl::StrCat("sub ", topic));
    EXPECT_EQ(Read(client), event);
    return client;
  }

  // The text of the next frame.
  static std::string Read(TestClient& client) {
    std::string frame = client.ReadFrame();
    const absl::string_view prefix = "fin text ";
    return absl::StartsWith(frame, prefix) ? frame.substr(prefix.size()) : frame;
  }
  static std::vector<std::string> Read(TestClient& client, int count) {
    std::vector<std::string> texts;
    for (int i = 0; i < count; ++i) texts.push_back(Read(client));
    return texts;
  }

  // Publishes and waits for the outcome.
  static absl::StatusOr<Position> Publish(const Node& node, absl::string_view topic,
                                          absl::string_view text) {
    std::promise<absl::StatusOr<Position>> outcome;
    node.server->Publish(topic, Opcode::kText, text, {}, [&](absl::StatusOr<Position> done) {
      outcome.set_value(std::move(done));
    });
    return outcome.get_future().get();
  }

  std::string Token(absl::string_view topic, uint64_t offset) {
    return Position{hub().state(topic).position.epoch, offset}.ToString();
  }

  MemoryHub& hub() { return thread_.hub(); }

  testing::ManualClock clock_;
  testing::Journal log_;
  testing::HubThread thread_{clock_};
};

TEST_F(SharedTopicTest, ANodeReachesTheSessionsOfAnotherInOneOrder) {
  const Node a = StartAsked({.threads = 2}), b = StartAsked();
  TestClient first = Subscriber(a, "kept/t", "joined 0");
  TestClient second = Subscriber(a, "kept/t", "joined 0");
  TestClient third = Subscriber(b, "kept/t", "joined 0");
  for (int i = 0; i < 50; ++i) {
    EXPECT_TRUE(a.server->Publish("kept/t", Opcode::kText, absl::StrCat("a", i)).ok());
    third.SendText(absl::StrCat("pub kept/t b", i));
  }
  const std::vector<std::string> order = Read(first, 100);
  EXPECT_EQ(Read(second, 100), order);
  EXPECT_EQ(Read(third, 100), order);
  int next[2] = {};
  for (const std::string& text : order) {
    EXPECT_EQ(text.substr(1), absl::StrCat(next[text[0] - 'a']++)) << "of one publisher";
  }
  EXPECT_EQ(a.server->subscribers("kept/t"), 2u) << "of this server";
}

TEST_F(SharedTopicTest, AClientResumesAtAnotherNode) {
  const Node a = StartAsked(), b = StartAsked();
  TestClient client = Subscriber(a, "kept/t", "joined 0");
  for (int i = 1; i <= 5; ++i) EXPECT_TRUE(Publish(b, "kept/t", absl::StrCat(i)).ok());
  EXPECT_THAT(Read(client, 3), ElementsAre("1", "2", "3"));
  client.Close();
  TestClient again = Connect(b);
  again.SendText(absl::StrCat("sub kept/t ", Token("kept/t", 3)));
  EXPECT_THAT(Read(again, 3), ElementsAre("resumed 3", "4", "5"));
  EXPECT_TRUE(Publish(a, "kept/t", "6").ok());
  EXPECT_EQ(Read(again), "6");
}

TEST_F(SharedTopicTest, TheLatestValueComesFirst) {
  const Node a = StartAsked();
  EXPECT_TRUE(Publish(a, "latest/t", "1").ok());
  EXPECT_TRUE(Publish(a, "latest/t", "2").ok());
  TestClient client = Subscriber(a, "latest/t", "joined 1");
  EXPECT_EQ(Read(client), "2");
  TestClient second = Subscriber(a, "latest/t", "joined 1");
  EXPECT_EQ(Read(second), "2");
  EXPECT_TRUE(Publish(a, "latest/t", "3").ok());
  EXPECT_EQ(Read(client), "3");
  EXPECT_EQ(Read(second), "3");
}

// Without ServerOptions::broker.
TEST_F(SharedTopicTest, OneServerKeepsHistoryByItself) {
  const Node node = StartAsked({}, /*with_broker=*/false);
  for (const absl::string_view topic : {"own/t", "kept/t"}) {
    Position first;
    for (int i = 1; i <= 3; ++i) {
      const absl::StatusOr<Position> stored = Publish(node, topic, absl::StrCat(i));
      ASSERT_TRUE(stored.ok());
      if (i == 1) first = *stored;
    }
    TestClient client = Connect(node);
    client.SendText(absl::StrCat("sub ", topic, " ", first.ToString()));
    EXPECT_THAT(Read(client, 3), ElementsAre("resumed 1", "2", "3"));
  }
  EXPECT_TRUE(Publish(node, "own-latest/t", "now").ok());
  TestClient client = Subscriber(node, "own-latest/t", "joined 0");
  EXPECT_EQ(Read(client), "now");
}

// Nothing of a broker: no event, and the callback at once.
TEST_F(SharedTopicTest, APlainTopicIsAsItWas) {
  const Node a = StartAsked(), b = StartAsked();
  TestClient client = Connect(a);
  client.SendText("sub plain");
  client.SendText("echo subscribed");
  EXPECT_EQ(Read(client), "subscribed");
  EXPECT_EQ(*Publish(b, "plain", "of b"), Position());
  EXPECT_EQ(*Publish(a, "plain", "of a"), Position());
  EXPECT_EQ(Read(client), "of a");
  client.SendText("unsub plain");
  client.SendText("sub plain e.1");
  EXPECT_EQ(Read(client), "gap other epoch") << "it has no positions";
  // No event for a subscription that exists, or that is over by then.
  client.SendText("sub plain e.1");
  client.SendText("unsub plain");
  client.SendText("sub-unsub plain e.1");
  client.SendText("echo done");
  client.SendText("echo really");
  EXPECT_EQ(Read(client), "done");
  EXPECT_EQ(Read(client), "really");
}

TEST_F(SharedTopicTest, AMalformedPositionIsRefused) {
  const Node a = StartAsked();
  TestClient client = Connect(a);
  client.SendText("sub kept/t here");
  EXPECT_THAT(Read(client),
              HasSubstr("INVALID_ARGUMENT: since: a position is an epoch, a dot and"));
  EXPECT_EQ(a.server->subscribers("kept/t"), 0u);
}

TEST_F(SharedTopicTest, ARefusedSubscriptionIsToldWhereItsCallCannot) {
  ServerOptions options = {.handler_threads = 1};
  options.limits.max_topics_per_session = 1;
  const Node a = StartAsked(std::move(options));
  TestClient client = Subscriber(a, "kept/t", "joined 0");
  for (int i = 0; i < 2; ++i) {
    client.SendText("sub kept/u");
    EXPECT_EQ(Read(client), "gap refused");
  }
  client.SendText("sub plain");
  EXPECT_EQ(Read(client), "gap refused") << "of a topic without a broker too";
  client.SendText("unsub kept/t");
  client.SendText("sub kept/u");
  EXPECT_EQ(Read(client), "joined 0") << "there is room again";
  EXPECT_TRUE(Publish(a, "kept/u", "1").ok());
  EXPECT_EQ(Read(client), "1");
}

// The sessions of two servers, by what each has heard of the other.
TEST_F(SharedTopicTest, ACountOfSubscribersIsThatOfTheServerOrOfTheCluster) {
  Node nodes[2];
  std::shared_ptr<Cluster> clusters[2];
  for (int i = 0; i < 2; ++i) {
    nodes[i].broker = std::make_shared<MemoryBroker>(hub());
    clusters[i] = *Cluster::Create(nodes[i].broker);
    ServerOptions options;
    options.broker = clusters[i];
    options.hooks.topic_options = OptionsOf;
    nodes[i].server = *Server::Start(
        std::move(options),
        [](const SessionRequest&, UpgradeResponse&) -> absl::StatusOr<std::unique_ptr<Handler>> {
          return std::make_unique<Asked>();
        });
  }
  TestClient first = Subscriber(nodes[0], "live/t", "joined");
  TestClient second = Subscriber(nodes[1], "live/t", "joined");
  TestClient third = Subscriber(nodes[1], "live/t", "joined");
  EXPECT_EQ(nodes[0].server->subscribers("live/t"), 1u) << "of this server";
  for (const std::shared_ptr<Cluster>& cluster : clusters) {
    while (cluster->subscribers("live/t") != 3) {
      clock_.AdvanceMs(1000);
      hub().Run();
    }
  }
  third.SendText("sub weft:nodes");
  EXPECT_THAT(Read(third), HasSubstr("INVALID_ARGUMENT"));
  nodes[1].server->Shutdown(absl::ZeroDuration());
  while (clusters[0]->subscribers("live/t") != 1) {
    clock_.AdvanceMs(1000);
    hub().Run();
  }
}

// Its client would come back and do the same.
TEST_F(SharedTopicTest, ARefusedSubscriptionDoesNotCloseTheSession) {
  class Greedy : public Handler {
   public:
    void OnMessage(Session& session, const Message& message) override {
      session.Subscribe(message.payload).IgnoreError();
      session.Post([](Session& later) { later.SendText("here").IgnoreError(); }).IgnoreError();
    }
  };
  ServerOptions options = {.handler_threads = 1};
  options.limits.max_topics_per_session = 1;
  const Node a = Start([] { return std::make_unique<Greedy>(); }, std::move(options));
  TestClient client = Connect(a);
  for (const absl::string_view topic : {"plain", "plain2", "kept/t", "plain3"}) {
    client.SendText(topic);
    EXPECT_EQ(Read(client), "here");
  }
  EXPECT_TRUE(a.server->Publish("plain", Opcode::kText, "1").ok());
  EXPECT_EQ(Read(client), "1");
  EXPECT_EQ(a.server->metrics().topics->gaps[static_cast<size_t>(GapReason::kRefused)], 3u);
  EXPECT_THAT(log_.lines(), Contains(HasSubstr("a session is not subscribed")).Times(1));
  EXPECT_THAT(log_.lines(), Contains(HasSubstr("topic \"plain2\": a session is not subscribed: the "
                                               "session is subscribed to 1 topics")));
}

TEST_F(SharedTopicTest, AGapClosesTheSessionUnlessOnlyTheLatestCounts) {
  const Node a = Start([] { return std::make_unique<Simple>(); });
  TestClient live = Connect(a), latest = Connect(a);
  for (const auto& [client, topic] :
       {std::make_pair(&live, "live/t"), std::make_pair(&latest, "latest/t")}) {
    client->SendText(topic);
    EXPECT_EQ(Read(*client), topic);
    EXPECT_TRUE(Publish(a, topic, "1").ok());
    EXPECT_EQ(Read(*client), "1");
  }
  hub().Cut(*a.broker);
  hub().Restore(*a.broker);
  EXPECT_THAT(live.ReadFrame(), HasSubstr("close 1013"));
  EXPECT_TRUE(Publish(a, "latest/t", "2").ok());
  EXPECT_EQ(Read(latest), "2");
}

TEST_F(SharedTopicTest, UnsubscribingWhileJoiningIsInTime) {
  const Node a = StartAsked();
  hub().Hold(*a.broker, Channel::kCalls);
  TestClient client = Connect(a);
  client.SendText("sub kept/t");
  client.SendText("unsub kept/t");
  client.SendText("echo 1");
  EXPECT_EQ(Read(client), "1");
  hub().Release(*a.broker, Channel::kCalls);
  EXPECT_TRUE(Publish(a, "kept/t", "x").ok());
  client.SendText("sub kept/t");
  EXPECT_EQ(Read(client), "joined 1");
}

TEST_F(SharedTopicTest, ASubscriptionThatWaitsCountsForTheLimit) {
  ServerOptions options;
  options.limits.max_topics_per_session = 1;
  const Node a = StartAsked(std::move(options));
  hub().Hold(*a.broker, Channel::kCalls);
  TestClient client = Connect(a);
  client.SendText("sub kept/t");
  client.SendText("sub kept/u");
  EXPECT_THAT(Read(client), StartsWith("RESOURCE_EXHAUSTED"));
  hub().Release(*a.broker, Channel::kCalls);
  EXPECT_EQ(Read(client), "joined 0");
}

TEST_F(SharedTopicTest, ASessionMayEndWhileItJoins) {
  Node a = StartAsked();
  hub().Hold(*a.broker, Channel::kCalls);
  for (int i = 0; i < 3; ++i) {
    TestClient client = Connect(a);
    client.SendText("sub kept/t");
    client.SendText("echo 1");
    EXPECT_EQ(Read(client), "1");
    client.SendClose(1000);
    EXPECT_EQ(client.ReadFrame(), "fin close 1000");
  }
  TestClient client = Connect(a);
  client.SendText("sub kept/t");
  client.SendText("echo 1");
  EXPECT_EQ(Read(client), "1");
  EXPECT_EQ(a.server->subscribers("kept/t"), 1u);
  hub().Release(*a.broker, Channel::kCalls);
  EXPECT_EQ(Read(client), "joined 0");
}

TEST_F(SharedTopicTest, AServerMayEndWhileSessionsJoin) {
  for (const bool drain : {false, true}) {
    Node a = StartAsked();
    hub().Hold(*a.broker, Channel::kCalls);
    TestClient client = Connect(a);
    client.SendText("sub kept/t");
    client.SendText("echo 1");
    EXPECT_EQ(Read(client), "1");
    if (drain) a.server->Drain(absl::ZeroDuration(), absl::ZeroDuration());
    a.server.reset();
  }
}

TEST_F(SharedTopicTest, EachPublishHasAnOutcome) {
  const Node a = StartAsked();
  EXPECT_EQ(Publish(a, "kept/t", "x")->offset, 1u);
  EXPECT_EQ(Publish(a, "kept/t", "\xff").status().code(), absl::StatusCode::kInvalidArgument);
  hub().Cut(*a.broker);
  EXPECT_EQ(Publish(a, "kept/t", "x").status().code(), absl::StatusCode::kUnavailable);
  hub().Restore(*a.broker);
  hub().Refuse(*a.broker, absl::ResourceExhaustedError("OOM"));
  EXPECT_EQ(Publish(a, "kept/t", "x").status().code(), absl::StatusCode::kResourceExhausted);
  hub().Refuse(*a.broker, absl::OkStatus());
  hub().Hold(*a.broker, Channel::kCalls);
  std::promise<absl::StatusOr<Position>> outcome;
  a.server->Publish("kept/t", Opcode::kText, "x", {},
                    [&](absl::StatusOr<Position> done) { outcome.set_value(done); });
  std::future<absl::StatusOr<Position>> late = outcome.get_future();
  while (late.wait_for(std::chrono::milliseconds(1)) != std::future_status::ready) {
    clock_.AdvanceMs(1000);
  }
  EXPECT_EQ(late.get().status().code(), absl::StatusCode::kDeadlineExceeded);
}

TEST_F(SharedTopicTest, PublishesThatAreLeftHaveAnOutcomeWhenTheServerIsDestroyed) {
  Node a = StartAsked();
  hub().Hold(*a.broker, Channel::kCalls);
  std::atomic<int> failed{0};
  const auto count = [&](absl::StatusOr<Position> done) { failed += !done.ok(); };
  for (int i = 0; i < 10; ++i) a.server->Publish("kept/t", Opcode::kText, "x", {}, count);
  a.server.reset();
  EXPECT_EQ(failed, 10);
}

// Otherwise other nodes would miss, at each deployment, who has left.
TEST_F(SharedTopicTest, AShutdownWaitsForWhatOnCloseHasPublished) {
  class Leaver : public Asked {
   public:
    void OnClose(Session& session, const CloseInfo&) override {
      session.Publish("kept/t", Opcode::kText, "left").IgnoreError();
    }
  };
  Node a = Start([] { return std::make_unique<Leaver>(); });
  const Node b = StartAsked();
  TestClient other = Subscriber(b, "kept/t", "joined 0");
  TestClient client = Connect(a);
  hub().Hold(*a.broker, Channel::kCalls);
  std::thread shutdown([&] {
    a.server->Shutdown(absl::Minutes(5));
    a.server.reset();
  });
  EXPECT_THAT(client.ReadFrame(), StartsWith("fin close 1001"));
  client.SendClose(1001);
  EXPECT_EQ(client.ReadFrame(), "end");
  hub().Release(*a.broker, Channel::kCalls);
  EXPECT_EQ(Read(other), "left");
  shutdown.join();
}

// By a reference, also when the session has ended.
TEST_F(SharedTopicTest, ARefPublishesWithAnOutcome) {
  std::promise<SessionRef> opened;
  struct Giver : Asked {
    explicit Giver(std::promise<SessionRef>& opened) : opened(opened) {}
    void OnOpen(Session& session) override { opened.set_value(session.ref()); }
    std::promise<SessionRef>& opened;
  };
  Node a = Start([&] { return std::make_unique<Giver>(opened); });
  TestClient client = Connect(a);
  const SessionRef ref = opened.get_future().get();
  const auto publish = [&] {
    std::promise<absl::StatusOr<Position>> outcome;
    ref.Publish("kept/t", Opcode::kText, "x", {},
                [&](absl::StatusOr<Position> done) { outcome.set_value(done); });
    return outcome.get_future().get();
  };
  EXPECT_EQ(publish()->offset, 1u);
  EXPECT_TRUE(ref.Subscribe("kept/t", {.since = Token("kept/t", 0)}).ok());
  EXPECT_THAT(Read(client, 2), ElementsAre("resumed 0", "x"));
  EXPECT_EQ(ref.Subscribe("kept/t", {.since = "?"}).code(), absl::StatusCode::kInvalidArgument);
  a.server.reset();
  EXPECT_EQ(publish().status().code(), absl::StatusCode::kFailedPrecondition);
}

TEST_F(SharedTopicTest, TheServerKnowsWhenItsBrokerIsAwayAndCounts) {
  Node node;
  node.broker = std::make_shared<MemoryBroker>(hub());
  ServerOptions options;
  options.for_tests.clock = &clock_;
  options.broker = node.broker;
  options.hooks.topic_options = OptionsOf;
  Router router;
  router.WebSocket(
      "/", [](const SessionRequest&, UpgradeResponse&) { return std::make_unique<Asked>(); });
  router.ServeStatus();
  absl::StatusOr<std::unique_ptr<Server>> server = Server::Start(std::move(options), router);
  ASSERT_TRUE(server.ok()) << server.status();
  node.server = *std::move(server);
  const auto get = [&](absl::string_view path) {
    TestClient client(node.server->address());
    client.Send(
        absl::StrCat("GET ", path, " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"));
    return client.ReadToEnd();
  };
  TestClient client = Subscriber(node, "kept/t", "joined 0");
  EXPECT_TRUE(Publish(node, "kept/t", "1").ok());
  EXPECT_EQ(Read(client), "1");
  EXPECT_TRUE(Publish(node, "own/t", "1").ok());  // takes no time, and would hide the others
  EXPECT_THAT(get("/metrics"),
              AllOf(HasSubstr("weft_cluster_up{role=\"messages\"} 1\n"),
                    HasSubstr("weft_cluster_up{role=\"commands\"} 1\n"),
                    HasSubstr("weft_cluster_publish_seconds_count 1\n"),
                    HasSubstr("weft_cluster_lag_seconds_count 1\n"),
                    HasSubstr("weft_cluster_reconnects_total{reason=\"lost\"} 0\n"),
                    HasSubstr("weft_cluster_published_total{outcome=\"stored\"} 2\n"),
                    HasSubstr("weft_cluster_received_total 1\n"),
                    HasSubstr("weft_cluster_connects_total 0\n"),  // a MemoryBroker has none
                    HasSubstr("weft_cluster_probe_seconds 0\n")));
  EXPECT_THAT(get("/readyz"), HasSubstr(" 200 "));
  hub().Cut(*node.broker);
  EXPECT_FALSE(Publish(node, "kept/t", "2").ok());  // by then the state has changed
  clock_.AdvanceMs(4900);
  EXPECT_THAT(get("/readyz"), HasSubstr(" 200 "));
  clock_.AdvanceMs(100);
  EXPECT_THAT(get("/readyz"), HasSubstr(" 503 "));
  hub().Restore(*node.broker);
  EXPECT_TRUE(Publish(node, "kept/t", "3").ok());
  EXPECT_THAT(get("/readyz"), HasSubstr(" 200 "));
}

// ---- Slow readers ----

// The client resumes and has every message: none is left out of its queue.
TEST_F(SharedTopicTest, AClientThatReadsTooSlowlyLosesNothing) {
  ServerOptions options;
  options.sending.max_queue_bytes = 1 << 20;
  options.sending.when_full = WhenFull::kDropNewest;
  const Node a = StartAsked(std::move(options));
  TestClient client = Subscriber(a, "kept/t", "joined 0");
  const std::string large(500'000, 'x');
  for (int i = 1; i <= 99; ++i) {
    EXPECT_TRUE(Publish(a, "kept/t", absl::StrCat(i, " ", large)).ok());
  }
  int last = 0, resumes = 0;
  while (last < 99 && !HasFailure()) {
    const std::string text = Read(client);
    if (absl::StrContains(text, "close 1013")) {
      ++resumes;
      client = Connect(a);
      client.SendText(absl::StrCat("sub kept/t ", Token("kept/t", last)));
      EXPECT_EQ(Read(client), absl::StrCat("resumed ", last));
      continue;
    }
    ASSERT_EQ(text.substr(0, text.find(' ')), absl::StrCat(++last)) << text.substr(0, 60);
  }
  EXPECT_GT(resumes, 0) << "the queue was full";
}

// Without positions it cannot see it.
TEST_F(SharedTopicTest, ASlowReaderOfATopicWithoutHistoryIsToldOfTheGap) {
  ServerOptions options;
  options.sending.max_queue_bytes = 1 << 20;
  const Node a = StartAsked(std::move(options));
  TestClient client = Subscriber(a, "live/t", "joined");
  const std::string large(500'000, 'x');
  for (int i = 1; i <= 99; ++i) {
    EXPECT_TRUE(Publish(a, "live/t", absl::StrCat(i, " ", large)).ok());
  }
  EXPECT_TRUE(Publish(a, "live/t", "100 last").ok());
  int last = 0, messages = 0, gaps = 0;
  while ((last < 100 || gaps == 0) && !HasFailure()) {
    const std::string text = Read(client);
    if (text == "gap overfull") {
      ++gaps;
      // The last one may have been missed too.
      EXPECT_TRUE(Publish(a, "live/t", "100 last").ok());
      continue;
    }
    int number = 0;
    ASSERT_TRUE(absl::SimpleAtoi(text.substr(0, text.find(' ')), &number)) << text.substr(0, 60);
    EXPECT_GE(number, last);
    last = number;
    ++messages;
  }
  EXPECT_LT(messages, 100) << "the queue was full";
}

// The application says that the messages may be dropped.
TEST_F(SharedTopicTest, ASlowReaderThatMayMissMessagesGetsNoGap) {
  ServerOptions options;
  options.sending.max_queue_bytes = 1 << 20;
  options.sending.when_full = WhenFull::kDropOldest;
  const Node a = StartAsked(std::move(options));
  TestClient client = Subscriber(a, "live/t", "joined");
  const std::string large(500'000, 'x');
  for (int i = 1; i <= 99; ++i) {
    EXPECT_TRUE(Publish(a, "live/t", absl::StrCat(i, " ", large)).ok());
  }
  EXPECT_TRUE(Publish(a, "live/t", "100 last").ok());
  int messages = 0;
  std::string text;
  for (; text != "100 last" && !HasFailure(); ++messages) {
    text = Read(client);
    EXPECT_NE(text, "gap overfull");
  }
  EXPECT_LT(messages, 100) << "the queue was full";
}

// ---- Handler threads ----

// The messages after an event wait until OnTopic has returned.
TEST_F(SharedTopicTest, WithHandlerThreadsAnEventPrecedesItsMessages) {
  FirstEvent first;
  const Node a =
      Start([&] { return std::make_unique<Asked>([&] { first.Hold(); }); }, {.handler_threads = 2});
  TestClient client = Connect(a);
  client.SendText("sub kept/t");
  first.Await();
  // A second session shows that the loop has had the messages.
  TestClient witness = Connect(a);
  witness.SendText("sub kept/t");
  EXPECT_EQ(Read(witness), "joined 0");
  for (int i = 1; i <= 20; ++i) EXPECT_TRUE(Publish(a, "kept/t", absl::StrCat(i)).ok());
  for (int i = 1; i <= 20; ++i) EXPECT_EQ(Read(witness), absl::StrCat(i));
  first.Release();
  EXPECT_EQ(Read(client), "joined 0");
  for (int i = 1; i <= 20; ++i) EXPECT_EQ(Read(client), absl::StrCat(i));
}

// All of the answer comes before OnTopic can return, however large it is.
TEST_F(SharedTopicTest, WithHandlerThreadsALargeHistoryResumes) {
  const Node a =
      Start([] { return std::make_unique<Asked>(); }, ServerOptions{.handler_threads = 2});
  const std::string large(30'000, 'x');
  for (int i = 1; i <= 90; ++i) {
    EXPECT_TRUE(Publish(a, "kept/t", absl::StrCat(i, " ", large)).ok());
  }
  TestClient client = Connect(a);
  client.SendText(absl::StrCat("sub kept/t ", Token("kept/t", 0)));
  EXPECT_EQ(Read(client), "resumed 0");
  for (int i = 1; i <= 90; ++i) {
    const std::string text = Read(client);
    ASSERT_EQ(text.substr(0, text.find(' ')), absl::StrCat(i)) << text.substr(0, 60);
  }
}

// The live messages that wait for a handler are limited.
TEST_F(SharedTopicTest, AHandlerThatTakesTooLongInAnEventGetsAGap) {
  FirstEvent first;
  const Node a =
      Start([&] { return std::make_unique<Asked>([&] { first.Hold(); }); }, {.handler_threads = 2});
  TestClient client = Connect(a);
  client.SendText("sub kept/t");
  first.Await();
  TestClient witness = Connect(a);
  witness.SendText("sub kept/t");
  EXPECT_EQ(Read(witness), "joined 0");
  const std::string large(100000, 'x');
  for (int i = 1; i <= 15; ++i) {
    EXPECT_TRUE(Publish(a, "kept/t", large).ok());
    witness.ReadFrame();
  }
  first.Release();
  EXPECT_EQ(Read(client), "joined 0");
  EXPECT_EQ(Read(client), "gap overfull 11") << "ten fit";
  for (int i = 12; i <= 15; ++i) EXPECT_THAT(client.ReadFrame(), HasSubstr("xxx"));
}

// Of a session that has many, any of which may be held.
TEST(HeldTopicsTest, AllTopicsHaveOneLimit) {
  Mailbox mailbox;
  HeldTopics held(mailbox);
  const TopicOptions options = {.history = {.messages = 100}};
  const TopicMessage message = {.message =
                                    *EncodedMessage::Make(Opcode::kText, std::string(100000, 'x'))};
  const uint64_t t = held.Hold("t"), u = held.Hold("u");
  for (int i = 0; i < 5; ++i) {
    held.Add("t", message, options, /*is_live=*/true);
    held.Add("u", message, options, /*is_live=*/true);
  }
  const size_t each = held.bytes() / 10;
  EXPECT_EQ(held.bytes(), mailbox.budget().taken());
  EXPECT_GT(each, 100000u);
  held.Add("u", message, options, /*is_live=*/true);
  EXPECT_EQ(held.bytes(), 5 * each) << "those of u are dropped";
  std::optional<HeldTopics::Next> next = held.TakeNext("u", u);
  ASSERT_TRUE(next.has_value());
  EXPECT_EQ(std::get<TopicEvent>(next->entry).reason, GapReason::kOverfull);
  held.Add("u", message, options, /*is_live=*/true);
  next = held.TakeNext("t", t);
  ASSERT_TRUE(next.has_value());
  EXPECT_TRUE(std::holds_alternative<TopicMessage>(next->entry)) << "those of t are not";
  EXPECT_EQ(held.bytes(), 5 * each);
  held.Forget("t");
  EXPECT_EQ(held.bytes(), each);
  held.Clear();
  EXPECT_EQ(held.bytes(), 0u);
  EXPECT_EQ(mailbox.budget().taken(), 0u);
  held.Hold("t");
  for (int i = 0; i < 10; ++i) held.Add("t", message, options, /*is_live=*/true);
  EXPECT_EQ(held.bytes(), 10 * each) << "there is room again";
}

}  // namespace
}  // namespace weft
