// Handlers on threads of their own: ServerOptions::handler_threads.

#include <cstdint>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "weft/core/encoded_message.h"
#include "weft/core/testing/frames.h"
#include "weft/server/server.h"
#include "weft/server/testing/handler_threads_fixture.h"
#include "weft/testing/test_client.h"

namespace weft {
namespace {

using absl::StatusCode;
using testing::ClientFrame;
using testing::HandlerThreadsTest;
using testing::TestClient;

// ---- Order ----

TEST_F(HandlerThreadsTest, OneAfterTheOtherForEachSession) {
  constexpr int kClients = 4, kMessages = 500;
  std::mutex mutex;
  std::set<uint64_t> in_callback;
  script_.on_message = [&](Session& session, const Message& message) {
    {
      const std::lock_guard<std::mutex> lock(mutex);
      EXPECT_TRUE(in_callback.insert(session.id()).second) << "two at once";
    }
    session.Send(message).IgnoreError();
    const std::lock_guard<std::mutex> lock(mutex);
    in_callback.erase(session.id());
  };
  Start({.threads = 2, .handler_threads = 4});
  std::vector<TestClient> clients;
  for (int i = 0; i < kClients; ++i) clients.push_back(ConnectAndUpgrade());
  std::vector<std::thread> threads;
  for (TestClient& client : clients) {
    threads.emplace_back([&client] {
      client.Send(Texts(kMessages));
      ExpectTexts(client, kMessages);
    });
  }
  for (std::thread& thread : threads) thread.join();
  server_.reset();
}

// Each waits for the other: the test ends only if they run at the same time.
TEST_F(HandlerThreadsTest, SessionsRunSideBySide) {
  std::promise<void> came[2];
  std::shared_future<void> has_come[2] = {came[0].get_future().share(),
                                          came[1].get_future().share()};
  script_.on_message = [&](Session& session, const Message& message) {
    const int own = message.payload == "1" ? 1 : 0;
    came[own].set_value();
    has_come[1 - own].wait();
    session.Send(message).IgnoreError();
  };
  Start({.handler_threads = 2});
  TestClient one = ConnectAndUpgrade(), other = ConnectAndUpgrade();
  one.SendText("0");
  other.SendText("1");
  EXPECT_EQ(one.ReadFrame(), "fin text 0");
  EXPECT_EQ(other.ReadFrame(), "fin text 1");
  server_.reset();
}

TEST_F(HandlerThreadsTest, AHandlerThatBlocksDelaysNoOtherSession) {
  Start({.handler_threads = 2});
  TestClient blocked = ConnectBlocked(), other = ConnectAndUpgrade();
  other.Send(Texts(100));
  ExpectTexts(other, 100);
  // Nor does it delay the server's own answers to its client.
  blocked.Send(Texts(10) + ClientFrame(Opcode::kPing, "there?"));
  EXPECT_EQ(blocked.ReadFrame(), "fin pong there?");
  other.SendClose(1000);
  EXPECT_EQ(other.ReadFrame(), "fin close 1000");
  EXPECT_EQ(other.ReadFrame(), "end");
  Release();
  ExpectTexts(blocked, 10);
}

// Each gets one call in turn if more sessions wait than there are threads.
TEST_F(HandlerThreadsTest, TheyTakeTurns) {
  Start({.handler_threads = 1});
  TestClient blocked = ConnectBlocked();
  TestClient many = Connect(), few = Connect();
  many.Send(TestClient::UpgradeRequest() + Texts(10));
  EXPECT_TRUE(absl::StartsWith(many.ReadHead(), "HTTP/1.1 101"));
  LetTheLoopTurn();
  few.Send(TestClient::UpgradeRequest() + ClientFrame(Opcode::kText, "few"));
  EXPECT_TRUE(absl::StartsWith(few.ReadHead(), "HTTP/1.1 101"));
  LetTheLoopTurn();
  journal_.Clear();
  Release();
  ExpectTexts(many, 10);
  EXPECT_EQ(few.ReadFrame(), "fin text few");
  const std::vector<std::string> lines = journal_.lines();
  const std::vector<std::string> first = {"open", "open", "message 0", "message few", "message 1"};
  EXPECT_EQ(std::vector<std::string>(lines.begin(), lines.begin() + 5), first);
}

// ---- The methods of a session, called on another thread ----

TEST_F(HandlerThreadsTest, EveryKindOfSendInOrder) {
  script_.on_message = [](Session& session, const Message& message) {
    EXPECT_EQ(session.SendText("\xff").code(), StatusCode::kInvalidArgument);
    EXPECT_EQ(session.SendMessage(Opcode::kPing, "x").code(), StatusCode::kInvalidArgument);
    EXPECT_EQ(session.SendPing(std::string(126, 'x')).code(), StatusCode::kInvalidArgument);
    EXPECT_EQ(session.Publish("topic", Opcode::kText, "\xff").code(), StatusCode::kInvalidArgument);
    EXPECT_FALSE(session.compressed());
    EXPECT_EQ(session.id(), session.ref().id());
    EXPECT_EQ(session.peer_address().ToString().substr(0, 9), "127.0.0.1");

    std::string text = "view";
    EXPECT_TRUE(session.SendText(text).ok());
    text = "gone";
    EXPECT_TRUE(session.SendBinary(absl::string_view("binary")).ok());
    EXPECT_TRUE(session.SendText(std::string("moved")).ok());
    EXPECT_TRUE(session.SendText(std::make_shared<const std::string>("shared")).ok());
    EXPECT_TRUE(session.Send(*EncodedMessage::Make(Opcode::kText, "encoded")).ok());
    EXPECT_TRUE(session.Send(message).ok());
    EXPECT_TRUE(session.Send(message, {.max_queue_bytes = 100000}).ok());
    EXPECT_TRUE(session.ref().SendText("by reference").ok());
    EXPECT_TRUE(session.SendFragment(Opcode::kText, "a", false).ok());
    EXPECT_EQ(session.SendFragment(Opcode::kBinary, "b", true).code(),
              StatusCode::kInvalidArgument);
    EXPECT_TRUE(session.SendFragment(Opcode::kText, "c", true).ok());
    EXPECT_TRUE(session.SendPing("ping").ok());
    session.Subscribe("topic").IgnoreError();
    EXPECT_TRUE(session.Publish("topic", Opcode::kText, "published").ok());
    session.Unsubscribe("topic");
    EXPECT_TRUE(session.Publish("topic", Opcode::kText, "missed").ok());
    EXPECT_TRUE(session.SendText("last").ok());
  };
  Start({.handler_threads = 1});
  TestClient client = ConnectAndUpgrade();
  client.SendText("x");
  for (const std::string frame :
       {"fin text view", "fin binary binary", "fin text moved", "fin text shared",
        "fin text encoded", "fin text x", "fin text x", "fin text by reference", "text a",
        "fin continuation c", "fin ping ping", "fin text published", "fin text last"}) {
    EXPECT_EQ(client.ReadFrame(), frame);
  }
}

TEST_F(HandlerThreadsTest, PublishesInEachCallback) {
  const auto publish = [](const char* text) {
    return [text](Session& session) {
      EXPECT_TRUE(session.Publish("news", Opcode::kText, text).ok());
    };
  };
  script_.on_open = [&](Session& session) {
    session.Subscribe("news").IgnoreError();
    publish("comes")(session);
  };
  script_.on_close = publish("goes");
  Start({.threads = 2, .handler_threads = 2});
  TestClient stays = ConnectAndUpgrade();
  EXPECT_EQ(stays.ReadFrame(), "fin text comes");
  {
    TestClient leaves = ConnectAndUpgrade();
    EXPECT_EQ(leaves.ReadFrame(), "fin text comes");
    EXPECT_EQ(stays.ReadFrame(), "fin text comes");
  }
  EXPECT_EQ(stays.ReadFrame(), "fin text goes");
}

TEST_F(HandlerThreadsTest, RoundTripTime) {
  script_.on_message = [](Session& session, const Message& message) {
    if (message.payload == "ping") {
      EXPECT_EQ(session.round_trip_time(), std::nullopt);
      EXPECT_TRUE(session.SendPing().ok());
    } else {
      EXPECT_EQ(session.round_trip_time(), absl::Milliseconds(250));
      session.Send(message).IgnoreError();
    }
  };
  Start({.handler_threads = 1});
  TestClient client = ConnectAndUpgrade();
  client.SendText("ping");
  EXPECT_EQ(client.ReadFrame(), "fin ping ");
  Pass(250);
  client.Send(ClientFrame(Opcode::kPong, "") + ClientFrame(Opcode::kText, "done"));
  EXPECT_EQ(client.ReadFrame(), "fin text done");
}

// A message that does not fit is refused, and OnWritable follows when there is room again.
TEST_F(HandlerThreadsTest, AFullQueueRefusesAndOnWritableFollows) {
  script_.on_message = [this](Session& session, const Message&) {
    const std::string data(20000, 'x');
    // A thread of the pool may wait for room: here in vain, because the client does not read.
    const SendOptions patient = {.timeout = absl::Milliseconds(20)};
    const auto fill = [](const std::function<absl::Status()>& send) {
      absl::Status status;
      while (status.ok()) status = send();
      return status.code();
    };
    EXPECT_EQ(fill([&] { return session.SendBinary(data, patient); }),
              StatusCode::kDeadlineExceeded);
    EXPECT_EQ(fill([&] { return session.ref().SendBinary(data, patient); }),
              StatusCode::kDeadlineExceeded);
    EXPECT_EQ(fill([&] { return session.SendBinary(data); }), StatusCode::kResourceExhausted);
    EXPECT_LE(session.queued_bytes(), 700000u + 20000u);
    journal_.Write("full");
  };
  script_.on_writable = [](Session& session) { EXPECT_TRUE(session.SendText("end").ok()); };
  Start({.handler_threads = 1, .sending = {.max_queue_bytes = 700000}});
  TestClient client = ConnectSlowReader();
  client.SendText("go");
  journal_.WaitFor("full");
  EXPECT_EQ(Count("writable"), 0);
  std::string frame;
  while ((frame = client.ReadFrame()) == "fin binary " + std::string(20000, 'x')) {
  }
  EXPECT_EQ(frame, "fin text end");
}

// A handler may wait for room in its own session's queue, which the loop writes meanwhile.
TEST_F(HandlerThreadsTest, AHandlerThatWaitsForRoomGetsIt) {
  script_.on_message = [](Session& session, const Message&) {
    for (int i = 0; i < 200; ++i) {
      EXPECT_TRUE(
          session.SendBinary(std::string(100000, 'x'), {.timeout = absl::InfiniteDuration()}).ok());
    }
    session.SendText("end", {.timeout = absl::InfiniteDuration()}).IgnoreError();
  };
  Start({.handler_threads = 1, .sending = {.max_queue_bytes = 300000}});
  TestClient client = ConnectSlowReader();
  client.SendText("go");
  for (int i = 0; i < 200; ++i) {
    ASSERT_EQ(client.ReadFrame(), "fin binary " + std::string(100000, 'x'));
  }
  EXPECT_EQ(client.ReadFrame(), "fin text end");
}

// ---- Messages of every kind ----

TEST_F(HandlerThreadsTest, LargeMessages) {
  script_.on_message = [](Session& session, const Message& message) {
    EXPECT_TRUE(session.Send(message, {.timeout = absl::InfiniteDuration()}).ok());
  };
  Start({.handler_threads = 1, .connection = {.max_message_bytes = 16 << 20}});
  TestClient client = ConnectAndUpgrade();
  const std::string large(16 << 20, 'x');
  std::thread sender([&] {
    for (int i = 0; i < 3; ++i) client.Send(ClientFrame(Opcode::kBinary, large));
  });
  for (int i = 0; i < 3; ++i) EXPECT_EQ(client.ReadFrame(), "fin binary " + large);
  sender.join();
}

TEST_F(HandlerThreadsTest, FragmentsAndPieces) {
  const std::string fragments =
      ClientFrame(Opcode::kText, "one ", false) + ClientFrame(Opcode::kContinuation, "two", true);
  for (const bool pieces : {false, true}) {
    Start({.handler_threads = 1,
           .connection = {.stream_messages = pieces},
           .limits = {.max_waiting_messages = 1}});
    TestClient client = ConnectAndUpgrade();
    client.Send(fragments + fragments);
    for (int i = 0; i < 2; ++i) {
      EXPECT_EQ(client.ReadFrame(), pieces ? "text one " : "fin text one two");
      if (pieces) {
        EXPECT_EQ(client.ReadFrame(), "fin continuation two");
      }
    }
  }
}

// ---- Many ----

// Sessions that connect, send and leave in every way, while threads send to them and publish.
TEST_F(HandlerThreadsTest, ManySessionsInEveryWay) {
  constexpr int kClients = 8, kRounds = 12;
  script_.on_open = [](Session& session) { session.Subscribe("all").IgnoreError(); };
  script_.on_message = [](Session& session, const Message& message) {
    if (message.payload == "close") return session.Close().IgnoreError();
    if (message.payload == "terminate") return session.Terminate();
    session.Publish("all", Opcode::kText, "published").IgnoreError();
    session.ref().SendText("by reference").IgnoreError();
    session.Send(message).IgnoreError();
  };
  script_.on_close = [](Session& session) {
    session.Publish("all", Opcode::kText, "gone").IgnoreError();
  };
  Start({.threads = 2, .handler_threads = 3, .limits = {.max_waiting_messages = 8}});
  std::vector<std::thread> threads;
  for (int i = 0; i < kClients; ++i) {
    threads.emplace_back([this, i] {
      for (int round = 0; round < kRounds; ++round) {
        TestClient client = Connect();
        client.Send(TestClient::UpgradeRequest() + Texts(50));
        switch ((i + round) % 5) {
          case 0:
            client.SendClose(1000);
            client.ReadToEnd();
            break;
          case 1:
            client.Reset();
            break;
          case 2:
            client.SendText("close");
            client.SendClose(1000);
            client.ReadToEnd();
            break;
          case 3:
            client.SendText("terminate");
            client.ReadToEnd();
            break;
          default:
            client.Close();
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  server_.reset();
  EXPECT_EQ(Count("close "), Count("open"));
  EXPECT_EQ(Count("destroyed"), Count("open"));
}

// It takes memory until its handler has returned from OnClose.
TEST_F(HandlerThreadsTest, R25_ASessionWhoseHandlerIsBehindKeepsItsPlace) {
  Start({.handler_threads = 1, .limits = {.max_connections = 3}});
  TestClient blocked = ConnectBlocked();
  for (int i = 0; i < 2; ++i) {
    ConnectAndUpgrade().Close();
    while (server_->metrics().sessions() > 1) std::this_thread::yield();
  }
  EXPECT_EQ(Connect().Upgrade(), "HTTP/1.1 503 Service Unavailable");
  Release();
  journal_.WaitFor("destroyed", 2);
  while (server_->connections() > 1) std::this_thread::yield();
  ConnectAndUpgrade();
}

}  // namespace
}  // namespace weft
