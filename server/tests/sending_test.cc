// Messages to a client that does not read.

#include <algorithm>
#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "weft/core/encoded_message.h"
#include "weft/core/testing/frames.h"
#include "weft/server/server.h"
#include "weft/testing/server_fixture.h"
#include "weft/testing/test_client.h"

namespace weft {
namespace {

using testing::ClientFrame;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::TestClient;

class SendingTest : public testing::ServerFixture {
 protected:
  ~SendingTest() override {
    server_.reset();
  }  // destroyed before the objects that its callbacks use

  // Sends until the client's socket is full, and stays full while the client does not read.
  void Block(Session& session) {
    while (session.queued_bytes() < kBlocked) {
      ASSERT_TRUE(session.SendBinary(filler_, {.when_full = WhenFull::kFail}).ok());
    }
  }

  // A server that blocks the client that asks for it, and then calls `what`, once.
  TestClient ConnectBlocked(std::function<void(Session&)> what, ServerOptions options = {}) {
    script_.on_message = [this, what = std::move(what)](Session& session, const Message&) {
      Block(session);
      what(session);
      journal_.Write("done");
    };
    Start(std::move(options));
    TestClient client = ConnectSlowReader();
    client.SendText("go");
    journal_.WaitFor("done");
    return client;
  }

  // Reads up to `last`; returns the frames that are not filler.
  std::vector<std::string> ReadTo(TestClient& client, const std::string& last) {
    std::vector<std::string> frames;
    while (true) {
      std::string frame = client.ReadFrame();
      if (frame == "fin binary " + filler_) continue;
      frames.push_back(frame.substr(0, 60));
      if (frame == last || !(absl::StartsWith(frame, "fin ") || absl::StartsWith(frame, "text") ||
                             absl::StartsWith(frame, "continuation"))) {
        return frames;
      }
    }
  }

  uint64_t Drops(DropReason reason) {
    return server_->metrics().dropped_messages[static_cast<size_t>(reason)];
  }

  // More bytes than move from the server's socket to the client's after the first was full.
  static constexpr size_t kBlocked = 400000;
  const std::string filler_ = std::string(100000, 'f');
};

// ---- Policies ----

TEST_F(SendingTest, FailReturnsAnError) {
  TestClient client = ConnectBlocked(
      [](Session& session) {
        int refused = 0;
        for (int i = 0; i < 20; ++i) {
          const absl::Status status = session.SendText(std::string(100000, 'x'));
          if (status.ok()) continue;
          EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
          ++refused;
        }
        EXPECT_GE(refused, 10);
        EXPECT_TRUE(session.SendText("end").ok());
      },
      {.sending = {.max_queue_bytes = 1000000}});
  EXPECT_GE(Drops(DropReason::kQueueFull), 10u);
  ReadTo(client, "fin text end");
}

TEST_F(SendingTest, DropNewestKeepsTheFirstMessages) {
  TestClient client = ConnectBlocked(
      [](Session& session) {
        for (int i = 0; i < 100; ++i) {
          EXPECT_TRUE(session.SendText(absl::StrCat(i, std::string(20000, 'x'))).ok());
          EXPECT_LE(session.queued_bytes(), 1000000u);
        }
        EXPECT_TRUE(session.SendText("end").ok()) << "it is small enough";
      },
      {.sending = {.max_queue_bytes = 1000000, .when_full = WhenFull::kDropNewest}});
  const std::vector<std::string> frames = ReadTo(client, "fin text end");
  ASSERT_GE(frames.size(), 20u);
  for (size_t i = 0; i + 1 < frames.size(); ++i) {
    EXPECT_TRUE(absl::StartsWith(frames[i], absl::StrCat("fin text ", i, "x"))) << frames[i];
  }
  EXPECT_EQ(Drops(DropReason::kNewest), 101 - frames.size());
}

TEST_F(SendingTest, DropOldestKeepsTheLastMessages) {
  TestClient client = ConnectBlocked(
      [](Session& session) {
        EXPECT_TRUE(session.SendText("promised", {.when_full = WhenFull::kFail}).ok());
        for (int i = 0; i < 100; ++i) {
          EXPECT_TRUE(session.SendText(absl::StrCat(i, std::string(20000, 'x'))).ok());
          EXPECT_LE(session.queued_bytes(), 1000000u);
        }
        EXPECT_TRUE(session.SendText("end").ok());
      },
      {.sending = {.max_queue_bytes = 1000000, .when_full = WhenFull::kDropOldest}});
  std::vector<std::string> frames = ReadTo(client, "fin text end");
  EXPECT_EQ(frames[0], "fin text promised");
  ASSERT_GE(frames.size(), 20u);
  for (size_t i = 1; i + 1 < frames.size(); ++i) {
    const size_t number = 100 - (frames.size() - 1) + i;
    EXPECT_TRUE(absl::StartsWith(frames[i], absl::StrCat("fin text ", number, "x"))) << frames[i];
  }
  EXPECT_EQ(Drops(DropReason::kOldest), 102 - frames.size());
}

// A message larger than the queue's limit drops only itself.
TEST_F(SendingTest, DropOldestOfAMessageThatNeverFits) {
  TestClient client = ConnectBlocked(
      [](Session& session) {
        EXPECT_TRUE(session.SendText("one").ok());
        EXPECT_TRUE(session.SendText(std::string(2000000, 'x')).ok());
        EXPECT_TRUE(session.SendText("two").ok());
      },
      {.sending = {.max_queue_bytes = 1000000, .when_full = WhenFull::kDropOldest}});
  EXPECT_THAT(ReadTo(client, "fin text two"), ElementsAre("fin text one", "fin text two"));
  EXPECT_EQ(Drops(DropReason::kNewest), 1u);
  EXPECT_EQ(Drops(DropReason::kOldest), 0u);
}

TEST_F(SendingTest, OnlyTheLatestOfAKey) {
  TestClient client = ConnectBlocked([](Session& session) {
    for (int i = 0; i < 1000; ++i) {
      for (const char* key : {"cursor/1", "cursor/2"}) {
        EXPECT_TRUE(session.SendText(absl::StrCat(key, " at ", i), {.key = key}).ok());
      }
      EXPECT_TRUE(
          session.Send(Message{.opcode = Opcode::kText, .payload = "score"}, {.key = "score"})
              .ok());
    }
    EXPECT_LE(session.queued_bytes(), kBlocked + 110000);
    EXPECT_TRUE(session.SendText("end").ok());
  });
  EXPECT_THAT(ReadTo(client, "fin text end"),
              ElementsAre("fin text cursor/1 at 999", "fin text cursor/2 at 999", "fin text score",
                          "fin text end"));
  EXPECT_EQ(Drops(DropReason::kReplaced), 3 * 999u);
}

// A replacement needs no more room than the message that it replaces.
TEST_F(SendingTest, TheLatestOfAKeyFitsWhereTheQueueIsFull) {
  TestClient client = ConnectBlocked(
      [](Session& session) {
        const size_t more = 1000000 - session.queued_bytes();
        EXPECT_TRUE(session.SendText(std::string(more - 1000, 'a'), {.key = "key"}).ok());
        EXPECT_FALSE(session.SendText(std::string(5000, 'b')).ok());
        EXPECT_TRUE(session.SendText(std::string(more - 1000, 'c'), {.key = "key"}).ok());
        EXPECT_FALSE(session.SendText(std::string(more + 1000, 'd'), {.key = "key"}).ok());
        EXPECT_TRUE(session.SendText("end").ok());
      },
      {.sending = {.max_queue_bytes = 1000000}});
  const std::vector<std::string> frames = ReadTo(client, "fin text end");
  EXPECT_THAT(frames, ElementsAre("fin text " + std::string(51, 'c'), "fin text end"));
}

TEST_F(SendingTest, WithoutNeedAKeyChangesNothing) {
  script_.on_message = [](Session& session, const Message&) {
    for (int i = 0; i < 3; ++i) EXPECT_TRUE(session.SendText("x", {.key = "key"}).ok());
  };
  Start();
  TestClient client = ConnectAndUpgrade();
  client.SendText("go");
  for (int i = 0; i < 3; ++i) EXPECT_EQ(client.ReadFrame(), "fin text x");
}

TEST_F(SendingTest, DisconnectSends1013AndDropsTheQueue) {
  TestClient client = ConnectBlocked(
      [](Session& session) {
        EXPECT_TRUE(session.SendText("waits", {.key = "key"}).ok());
        absl::Status status;
        while (status.ok()) status = session.SendText(std::string(100000, 'x'));
        EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
        EXPECT_LT(session.queued_bytes(), kBlocked + 110000);
        EXPECT_EQ(session.SendText("late").code(), absl::StatusCode::kFailedPrecondition);
      },
      {.sending = {.max_queue_bytes = 1000000, .when_full = WhenFull::kDisconnect}});
  const std::string close = "fin close 1013 the client reads too slowly";
  EXPECT_THAT(ReadTo(client, close), ElementsAre(close));
  EXPECT_GE(Drops(DropReason::kDisconnected), 5u);
  client.SendClose(1013);
  journal_.WaitFor("close 1013 ");
}

TEST_F(SendingTest, ASmallerLimitLeavesRoomForImportantMessages) {
  TestClient client = ConnectBlocked(
      [](Session& session) {
        const SendOptions chatter = {.when_full = WhenFull::kDropNewest, .max_queue_bytes = 600000};
        for (int i = 0; i < 100; ++i) {
          EXPECT_TRUE(session.SendText(std::string(50000, 'x'), chatter).ok());
        }
        EXPECT_LE(session.queued_bytes(), 600000u);
        EXPECT_TRUE(session.SendText(std::string(300000, 'm')).ok());
        EXPECT_TRUE(session.SendText("end").ok());
      },
      {.sending = {.max_queue_bytes = 1000000}});
  EXPECT_LE(ReadTo(client, "fin text end").size(), 8u);
}

// ---- Marks ----

TEST_F(SendingTest, OnWritableOnceThereIsRoomAgain) {
  script_.on_writable = [](Session& session) {
    EXPECT_LE(session.queued_bytes(), 50000u);
    EXPECT_TRUE(session.SendText("end").ok());
  };
  TestClient client = ConnectBlocked(
      [this](Session& session) {
        while (session.queued_bytes() < 500000) EXPECT_TRUE(session.SendBinary(filler_).ok());
      },
      {.sending = {.high_mark_bytes = 500000, .low_mark_bytes = 50000}});
  EXPECT_THAT(journal_.lines(), ElementsAre("open", "message go", "done"));
  EXPECT_THAT(ReadTo(client, "fin text end"), ElementsAre("fin text end"));
  client.SendClose(1000);
  journal_.WaitFor("destroyed");
  EXPECT_THAT(journal_.lines(),
              ElementsAre("open", "message go", "done", "writable", "close 1000 ", "destroyed"));
}

// A producer that sends up to the high mark makes progress, even if the socket takes everything.
TEST_F(SendingTest, AProducerGoesOnInOnWritable) {
  constexpr int kMessages = 2000;
  int sent = 0;
  const auto produce = [&sent](Session& session) {
    while (sent < kMessages && session.queued_bytes() < 100000) {
      const std::string number = absl::StrCat(sent, " ");
      ASSERT_TRUE(session.SendText(number + std::string(sent % 30000, 'x')).ok());
      ++sent;
    }
  };
  script_.on_message = [&](Session& session, const Message&) { produce(session); };
  script_.on_writable = produce;
  Start(
      {.sending = {.max_queue_bytes = 200000, .high_mark_bytes = 100000, .low_mark_bytes = 10000}});
  TestClient client = ConnectAndUpgrade();
  client.SendText("go");
  for (int i = 0; i < kMessages; ++i) {
    ASSERT_EQ(client.ReadFrame(), absl::StrCat("fin text ", i, " ", std::string(i % 30000, 'x')));
  }
  server_.reset();
}

// OnWritable follows a refusal as well: the marks are lowered to fit the queue.
TEST_F(SendingTest, OnWritableAfterARefusal) {
  script_.on_writable = [](Session& session) { EXPECT_TRUE(session.SendText("end").ok()); };
  TestClient client = ConnectBlocked(
      [](Session& session) {
        while (session.SendText(std::string(20000, 'x')).ok()) {
        }
      },
      {.sending = {.max_queue_bytes = 700000}});
  EXPECT_EQ(ReadTo(client, "fin text end").back(), "fin text end");
}

TEST_F(SendingTest, TerminateInOnWritable) {
  script_.on_writable = [](Session& session) {
    EXPECT_TRUE(session.SendText("never seen").ok());
    session.Terminate();
    EXPECT_FALSE(session.SendText("too late").ok());
  };
  TestClient client = ConnectBlocked(
      [](Session& session) {
        while (session.SendText(std::string(20000, 'x')).ok()) {
        }
      },
      {.sending = {.max_queue_bytes = 700000}});
  client.ReadToEnd();
  journal_.WaitFor("close 1006 terminated by the application");
  journal_.WaitFor("destroyed");
}

// ---- Fragments ----

TEST_F(SendingTest, WholeMessagesWaitForTheEndOfAFragmentedOne) {
  script_.on_message = [](Session& session, const Message& message) {
    if (message.payload == "begin") {
      session.Subscribe("topic").IgnoreError();
      EXPECT_TRUE(session.SendFragment(Opcode::kText, "a", false).ok());
      EXPECT_TRUE(session.SendText("sent").ok());
      EXPECT_TRUE(session.Publish("topic", Opcode::kText, "published").ok());
      EXPECT_TRUE(session.ref().SendText("by reference").ok());
      EXPECT_TRUE(session.SendPing("overtakes").ok());
      EXPECT_EQ(session.SendText("\xff").code(), absl::StatusCode::kInvalidArgument);
      EXPECT_TRUE(session.SendFragment(Opcode::kText, "b", false).ok());
    } else {
      EXPECT_TRUE(session.SendFragment(Opcode::kText, "c", true).ok());
      EXPECT_TRUE(session.SendText("after").ok());
      EXPECT_TRUE(session.SendFragment(Opcode::kText, "d", true).ok());
    }
  };
  Start();
  TestClient client = ConnectAndUpgrade();
  client.SendText("begin");
  EXPECT_EQ(client.ReadFrame(), "text a");
  EXPECT_EQ(client.ReadFrame(), "fin ping overtakes");
  EXPECT_EQ(client.ReadFrame(), "continuation b");
  client.SendText("end");
  EXPECT_EQ(client.ReadFrame(), "fin continuation c");
  EXPECT_EQ(client.ReadFrame(), "fin text sent");
  EXPECT_EQ(client.ReadFrame(), "fin text published");
  EXPECT_EQ(client.ReadFrame(), "fin text by reference");
  EXPECT_EQ(client.ReadFrame(), "fin text after");
  EXPECT_EQ(client.ReadFrame(), "fin text d");
}

// Fragments keep their order after messages that wait; these can no longer be dropped.
TEST_F(SendingTest, FragmentsAfterMessagesThatWait) {
  TestClient client = ConnectBlocked([](Session& session) {
    EXPECT_TRUE(session.SendText("first", {.key = "key"}).ok());
    EXPECT_TRUE(session.SendFragment(Opcode::kText, "a", false).ok());
    EXPECT_TRUE(session.SendText("third", {.key = "key"}).ok());
    EXPECT_TRUE(session.SendFragment(Opcode::kText, "b", true).ok());
  });
  EXPECT_THAT(ReadTo(client, "fin text third"),
              ElementsAre("fin text first", "text a", "fin continuation b", "fin text third"));
}

TEST_F(SendingTest, AFragmentedMessageThatNeverEnds) {
  script_.on_message = [](Session& session, const Message&) {
    EXPECT_TRUE(session.SendFragment(Opcode::kText, "a", false).ok());
    absl::Status status;
    while (status.ok()) status = session.SendText(std::string(1000, 'x'));
    EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
    EXPECT_TRUE(session.Close().ok());
  };
  Start({.sending = {.max_queue_bytes = 100000}});
  TestClient client = ConnectAndUpgrade();
  client.SendText("go");
  EXPECT_EQ(client.ReadFrame(), "text a");
  EXPECT_EQ(client.ReadFrame(), "fin close 1000");
  EXPECT_GE(Drops(DropReason::kClosed), 80u);
}

// ---- The end ----

TEST_F(SendingTest, WaitingMessagesAreSentBeforeOurClose) {
  TestClient client = ConnectBlocked([](Session& session) {
    EXPECT_TRUE(session.SendText("waits", {.key = "key"}).ok());
    EXPECT_EQ(session.Close(CloseCode::kAbnormal).code(), absl::StatusCode::kInvalidArgument);
    EXPECT_TRUE(session.SendText("waits longer", {.key = "key"}).ok());
    EXPECT_TRUE(session.Close().ok());
  });
  EXPECT_THAT(ReadTo(client, "fin close 1000"),
              ElementsAre("fin text waits longer", "fin close 1000"));
}

TEST_F(SendingTest, WaitingMessagesAreSentBeforeTheirCloseIsAnswered) {
  script_.on_close = [](Session& session) { EXPECT_FALSE(session.SendText("too late").ok()); };
  TestClient client = ConnectBlocked(
      [](Session& session) { EXPECT_TRUE(session.SendText("waits", {.key = "key"}).ok()); });
  client.SendClose(1001);
  journal_.WaitFor("close 1001 ");
  EXPECT_THAT(ReadTo(client, "fin close 1001"), ElementsAre("fin text waits", "fin close 1001"));
  EXPECT_EQ(client.ReadFrame(), "end");
  EXPECT_EQ(Drops(DropReason::kClosed), 0u);
}

TEST_F(SendingTest, WaitingMessagesOfAClientThatIsGone) {
  TestClient client = ConnectBlocked([](Session& session) {
    EXPECT_TRUE(session.SendText("waits", {.key = "key"}).ok());
    EXPECT_TRUE(session.SendText("waits", {.key = "another"}).ok());
  });
  client.Reset();
  journal_.WaitFor("destroyed");
  EXPECT_EQ(Drops(DropReason::kClosed), 2u);
}

TEST_F(SendingTest, WaitingMessagesOfAClientThatBreaksARule) {
  TestClient client = ConnectBlocked(
      [](Session& session) { EXPECT_TRUE(session.SendText("waits", {.key = "key"}).ok()); });
  client.Send(testing::ServerFrame(Opcode::kText, "naked"));
  const std::string close = "fin close 1002 a client must mask every frame";
  EXPECT_THAT(ReadTo(client, close), ElementsAre(close));
  EXPECT_EQ(Drops(DropReason::kClosed), 1u);
}

// ---- Who owns the payload ----

TEST_F(SendingTest, EveryKindOfPayloadInEveryStateArrives) {
  std::vector<std::string> expected;
  TestClient client = ConnectBlocked([&expected](Session& session) {
    for (const size_t size : {0, 10, 20000, 300000}) {
      for (const SendOptions& options : {SendOptions{}, SendOptions{.compress = Compress::kNo},
                                         SendOptions{.when_full = WhenFull::kDropOldest}}) {
        const std::string payload = absl::StrCat(expected.size(), std::string(size, 'x'));
        const auto shared = std::make_shared<const std::string>(payload);
        const EncodedMessage encoded = *EncodedMessage::Make(Opcode::kText, payload);
        EXPECT_TRUE(session.SendText(payload, options).ok());
        EXPECT_TRUE(session.SendText(std::string(payload), options).ok());
        EXPECT_TRUE(session.SendText(shared, options).ok());
        EXPECT_TRUE(session.Send(encoded, options).ok());
        for (int i = 0; i < 4; ++i) expected.push_back("fin text " + payload);
      }
    }
    EXPECT_TRUE(session.SendBinary(std::string("b")).ok());
    EXPECT_TRUE(session.SendBinary(std::make_shared<const std::string>("b")).ok());
    EXPECT_TRUE(session.SendBinary("b", SendOptions{}).ok());
  });
  std::string frame;
  while ((frame = client.ReadFrame()) == "fin binary " + filler_) {
  }
  for (const std::string& text : expected) {
    EXPECT_TRUE(frame == text) << frame.substr(0, 30) << " " << frame.size();
    frame = client.ReadFrame();
  }
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(frame, "fin binary b");
    if (i < 2) frame = client.ReadFrame();
  }
}

// Twenty sessions that keep one payload do not exceed the budget.
TEST_F(SendingTest, ASharedPayloadCountsOnceInTheBudget) {
  constexpr int kClients = 20;
  const auto shared = std::make_shared<const std::string>(1 << 20, 's');
  std::vector<Session*> sessions;
  script_.on_open = [&](Session& session) { sessions.push_back(&session); };
  script_.on_message = [&](Session& session, const Message& message) {
    if (message.payload == "block") return Block(session);
    for (Session* each : sessions) {
      EXPECT_TRUE(each->SendBinary(shared).ok());
      EXPECT_TRUE(each->SendBinary(shared).ok());
    }
  };
  Start({.limits = {.max_buffered_bytes = 48 << 20}});
  std::vector<TestClient> clients;
  for (int i = 0; i < kClients; ++i) {
    clients.push_back(ConnectSlowReader());
    clients.back().SendText("block");
  }
  journal_.WaitFor("message block", kClients);
  clients[0].SendText("send");
  for (TestClient& client : clients) {
    for (int shared_frames = 0; shared_frames < 2;) {
      const std::string frame = client.ReadFrame();
      if (frame == "fin binary " + filler_) continue;
      ASSERT_TRUE(frame == "fin binary " + *shared) << frame.substr(0, 60);
      ++shared_frames;
    }
  }
  EXPECT_THAT(log_.lines(), IsEmpty());
  server_.reset();
  EXPECT_EQ(shared.use_count(), 1);
}

// A payload that only one session keeps counts, whoever owned it first.
TEST_F(SendingTest, R26_TheBudgetHoldsForWaitingMessages) {
  TestClient client = ConnectBlocked(
      [](Session& session) {
        for (int i = 0; i < 10; ++i) {
          EXPECT_TRUE(session.SendBinary(std::string(1 << 20, 'x')).ok());
        }
      },
      {.limits = {.max_buffered_bytes = 8 << 20}});
  journal_.WaitFor("close 1006 all sessions together hold more than limits.max_buffered_bytes");
  journal_.WaitFor("destroyed");
  // All memory was returned.
  script_.on_message = [](Session& session, const Message&) {
    EXPECT_TRUE(session.SendBinary(std::string(7 << 20, 'x')).ok());
  };
  TestClient next = ConnectAndUpgrade();
  next.SendText("go");
  EXPECT_EQ(next.ReadFrame().size(), 11u + (7 << 20));
}

TEST_F(SendingTest, ManySmallMessagesCountToo) {
  TestClient client = ConnectBlocked(
      [](Session& session) {
        for (int i = 0; i < 100000; ++i) {
          session.SendText("", {.key = absl::StrCat(i)}).IgnoreError();
        }
        EXPECT_LE(session.queued_bytes(), 1000000u);
      },
      {.sending = {.max_queue_bytes = 1000000}});
  EXPECT_GE(Drops(DropReason::kQueueFull), 90000u);
}

}  // namespace
}  // namespace weft
