// Peers that misbehave, in every state of a session.

#include <algorithm>
#include <atomic>
#include <functional>
#include <future>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "weft/core/testing/frames.h"
#include "weft/loop/clock.h"
#include "weft/server/server.h"
#include "weft/testing/server_fixture.h"
#include "weft/testing/test_client.h"
#include "weft/transport/deadline.h"
#include "weft/transport/wait.h"

namespace weft {
namespace {

using testing::ClientFrame;
using testing::ClosePayload;
using ::testing::Contains;
using ::testing::StartsWith;
using testing::TestClient;

// More bytes than the kernel takes for a client that does not read: see ConnectSlowReader.
constexpr size_t kMoreThanSocketsHold = 24 << 20;

// Counts the turns of a loop: a loop that has timers asks once a turn how long to wait. This clock
// stands still, so no timer turns the loop.
class TurnCounter : public Clock {
 public:
  int64_t NowMs() const override { return 1000; }
  int64_t WaitMs(int64_t /*ms*/) const override {
    ++count;
    return 3600 * 1000;
  }

  mutable std::atomic<int> count{0};
};

class SessionFaultTest : public testing::ServerFixture {
 protected:
  ~SessionFaultTest() override {
    server_.reset();
  }  // destroyed before the objects that its callbacks use

  // A server that answers "large" with more bytes than the sockets hold, and echoes other messages.
  void StartLarge(ServerOptions options = {}) {
    options.sending.max_queue_bytes = 2 * kMoreThanSocketsHold;
    script_.on_message = [this](Session& session, const Message& message) {
      if (message.payload == "large") {
        EXPECT_TRUE(session.SendBinary(large_).ok());
      } else {
        session.Send(message).IgnoreError();
      }
    };
    Start(std::move(options));
  }

  static void Echo(TestClient& client, int times) {
    for (int i = 0; i < times; ++i) {
      client.SendText("echo");
      EXPECT_EQ(client.ReadFrame(), "fin text echo");
    }
  }

  // The number of turns of the loop while `what` runs; the server's clock must be `turns_`.
  int TurnsOf(const std::function<void()>& what) {
    const int before = turns_.count;
    what();
    return turns_.count - before;
  }

  const TurnCounter turns_{};
  const std::string large_ = std::string(kMoreThanSocketsHold, 'x');
};

// ---- The end of a session whose client reads late ----

// A reset must not overtake the Close frame, which has the reason.
TEST_F(SessionFaultTest, CloseFrameReachesAClientThatReadsLate) {
  StartLarge();
  TestClient client = ConnectSlowReader();
  client.Send(ClientFrame(Opcode::kText, "large") + testing::ServerFrame(Opcode::kText, "naked"));
  journal_.WaitFor("close 1002 a client must mask every frame");
  client.Send(std::string(200000, '?'));
  EXPECT_EQ(client.ReadFrame().size(), 11 + large_.size());
  EXPECT_EQ(client.ReadFrame(), "fin close 1002 a client must mask every frame");
  EXPECT_EQ(client.ReadFrame(), "end");
}

TEST_F(SessionFaultTest, CloseFrameReachesAClientThatHasEndedItsOutput) {
  Start();
  TestClient client = ConnectAndUpgrade();
  client.Send(testing::ServerFrame(Opcode::kText, "naked") + std::string(2 << 20, '?'));
  ASSERT_TRUE(client.stream().ShutdownWrite().ok());
  EXPECT_EQ(client.ReadFrame(), "fin close 1002 a client must mask every frame");
  EXPECT_EQ(client.ReadFrame(), "end");
}

// A client may end its output before it has read all of its input.
TEST_F(SessionFaultTest, HalfClosedClientReadsToTheEndAndCostsNoTurns) {
  StartLarge({.sending = {.pause_reading_bytes = 2 * kMoreThanSocketsHold},
              .for_tests = {.clock = &turns_}});
  TestClient other = ConnectAndUpgrade();
  TestClient client = ConnectSlowReader();
  client.Send(ClientFrame(Opcode::kText, "large"));
  client.SendClose(1000);
  ASSERT_TRUE(client.stream().ShutdownWrite().ok());
  journal_.WaitFor("close 1000 ");
  EXPECT_LE(TurnsOf([&] { Echo(other, 1000); }), 2000);
  EXPECT_EQ(client.ReadFrame().size(), 11 + large_.size());
  EXPECT_EQ(client.ReadFrame(), "fin close 1000");
  EXPECT_EQ(client.ReadFrame(), "end");
}

// ---- Slow clients ----

// The ping is queued after output that the client has not read, and the pong is not read while too
// much is queued. But the client reads, so it is alive.
TEST_F(SessionFaultTest, SlowReaderIsNotGivenUpForItsLatePong) {
  StartLarge({.timeouts = {.ping_interval = absl::Seconds(30), .pong = absl::Seconds(20)}});
  TestClient slow = ConnectSlowReader(), other = ConnectAndUpgrade();
  slow.Send(ClientFrame(Opcode::kText, "large"));
  journal_.WaitFor("message large");
  Echo(other, 1);
  clock_.AdvanceMs(31000);
  EXPECT_EQ(other.ReadFrame(), "fin ping ");
  std::string received;
  for (int round = 1; round <= 3; ++round) {
    // More than the sockets hold: some of it was written after the last round.
    received += slow.ReadBytes(6 << 20);
    clock_.AdvanceMs(15000);
    Echo(other, 2);  // the timers have fired
  }
  received += slow.ReadBytes(10 + large_.size() - received.size());
  EXPECT_EQ(testing::DescribeFrames(received).size(), 1u);
  // It was pinged with the other session, unless the kernel took more output for it only then.
  slow.SendText("still here");
  std::string frame = slow.ReadFrame();
  if (frame == "fin ping ") frame = slow.ReadFrame();
  EXPECT_EQ(frame, "fin text still here");
}

// R16: pings whose pongs nobody reads. The queue does not grow with them.
TEST_F(SessionFaultTest, R16_AMillionPingsUnread) {
  constexpr int kPings = 1000000;
  script_.on_message = [this](Session& session, const Message& message) {
    EXPECT_LT(session.queued_bytes(), 50000u);
    if (message.payload == "end") journal_.Write("all pings are read");
  };
  Start();
  TestClient client = ConnectSlowReader();
  std::string bytes;
  const auto ping = [](int i) { return absl::StrCat("a ping of some length ", i); };
  for (int i = 1; i <= kPings; ++i) {
    bytes += ClientFrame(Opcode::kPing, ping(i));
    if (i % 10000 != 0) continue;
    client.Send(bytes + ClientFrame(Opcode::kText, i == kPings ? "end" : "."));
    bytes.clear();
  }
  journal_.WaitFor("all pings are read");
  int pongs = 0;
  for (std::string frame; frame != "fin pong " + ping(kPings); ++pongs) {
    ASSERT_THAT(frame = client.ReadFrame(), StartsWith("fin pong a ping of some length "));
  }
  EXPECT_LT(pongs, kPings);
}

// ---- Bytes ----

TEST_F(SessionFaultTest, OneByteAtATime) {
  Start();
  TestClient client = Connect();
  const std::string long_text(70000, 'x');
  const auto send = [&client](absl::string_view bytes) {
    for (size_t i = 0; i < bytes.size(); ++i) client.Send(bytes.substr(i, 1));
  };
  send(TestClient::UpgradeRequest());
  EXPECT_THAT(client.ReadHead(), StartsWith("HTTP/1.1 101 "));
  send(ClientFrame(Opcode::kText, "Hel", false) + ClientFrame(Opcode::kPing, "p") +
       ClientFrame(Opcode::kContinuation, "lo"));
  EXPECT_EQ(client.ReadFrame(), "fin pong p");
  EXPECT_EQ(client.ReadFrame(), "fin text Hello");
  send(ClientFrame(Opcode::kText, long_text));
  EXPECT_EQ(client.ReadFrame(), "fin text " + long_text);
  send(ClientFrame(Opcode::kClose, ClosePayload(CloseCode::kNormal, "bye")));
  EXPECT_EQ(client.ReadFrame(), "fin close 1000 bye");
  EXPECT_EQ(client.ReadFrame(), "end");
}

// ---- Clients that vanish ----

// R15: during a large message, at any place in it, and after any earlier message.
TEST_F(SessionFaultTest, R15_ResetWhileALargeMessageIsWritten) {
  script_.on_close = [](Session& session) {
    EXPECT_FALSE(session.SendText("too late").ok());
    EXPECT_FALSE(session.Close().ok());
  };
  StartLarge();
  const std::string large = ClientFrame(Opcode::kText, "large");
  const std::string before[] = {
      large,
      large + large,
      large + ClientFrame(Opcode::kText, "unfinished", false),
      large + ClientFrame(Opcode::kText, "cut in the header").substr(0, 3),
      large + ClientFrame(Opcode::kClose, ""),
      large + testing::ServerFrame(Opcode::kText, "naked"),
  };
  int sessions = 0;
  for (const std::string& said : before) {
    for (const size_t taken : {size_t{0}, size_t{1}, size_t{100000}, kMoreThanSocketsHold / 2}) {
      for (const bool reset : {false, true}) {
        TestClient client = ConnectSlowReader();
        client.Send(said);
        journal_.WaitFor("message large", ++sessions);
        EXPECT_EQ(client.ReadBytes(taken).size(), taken);
        reset ? client.Reset() : client.Close();
      }
    }
  }
  journal_.WaitFor("destroyed", sessions);
  const std::vector<std::string> lines = journal_.lines();
  EXPECT_EQ(std::count(lines.begin(), lines.end(), "open"), sessions);
  EXPECT_EQ(std::count_if(lines.begin(), lines.end(),
                          [](const std::string& line) { return line.substr(0, 6) == "close "; }),
            sessions);
}

// ---- Sessions on one loop that use each other ----

// The handlers of one loop may use each other's sessions until their OnClose.
class NeighboursTest : public SessionFaultTest {
 protected:
  NeighboursTest() {
    script_.on_open = [this](Session& session) { sessions_.push_back(&session); };
    script_.on_close = [this](Session& session) {
      sessions_.erase(std::find(sessions_.begin(), sessions_.end(), &session));
    };
  }
  ~NeighboursTest() override { server_.reset(); }

  void ForOthers(Session& session, const std::function<void(Session&)>& what) {
    for (Session* other : sessions_) {
      if (other != &session) what(*other);
    }
  }

  std::vector<Session*> sessions_;  // all of the loop
};

TEST_F(NeighboursTest, SendToEachOtherInOnMessage) {
  script_.on_message = [this](Session& session, const Message& message) {
    // The payload is in the buffer into which all sessions of the loop read.
    ForOthers(session, [&](Session& other) { EXPECT_TRUE(other.Send(message).ok()); });
    EXPECT_TRUE(session.Send(message).ok());
  };
  Start({.sending = {.max_queue_bytes = 64 << 20}});
  TestClient a = ConnectAndUpgrade(), b = ConnectAndUpgrade();
  // b has an open fragmented message all the time.
  b.Send(ClientFrame(Opcode::kText, "from ", false));
  for (const size_t size : {10, 1000, 20000, 200000, 1000000}) {
    const std::string payload(size, static_cast<char>('a' + size % 7));
    for (int i = 0; i < 5; ++i) a.SendText(payload);
    for (int i = 0; i < 5; ++i) EXPECT_TRUE(a.ReadFrame() == "fin text " + payload) << size;
    for (int i = 0; i < 5; ++i) EXPECT_TRUE(b.ReadFrame() == "fin text " + payload) << size;
  }
  b.Send(ClientFrame(Opcode::kContinuation, "b"));
  EXPECT_EQ(a.ReadFrame(), "fin text from b");
  EXPECT_EQ(b.ReadFrame(), "fin text from b");
}

// Large enough to wait: a payload borrowed from the loop's read buffer must be copied.
TEST_F(NeighboursTest, SendToANeighbourThatDoesNotRead) {
  script_.on_message = [this](Session& session, const Message& message) {
    ForOthers(session, [&](Session& other) { EXPECT_TRUE(other.Send(message).ok()); });
  };
  Start({.sending = {.max_queue_bytes = 64 << 20}});
  TestClient a = ConnectAndUpgrade(), b = ConnectSlowReader();
  constexpr int kMessages = 200;
  for (int i = 0; i < kMessages; ++i) {
    a.SendText(absl::StrCat(i, std::string(100000, static_cast<char>('a' + i % 26))));
  }
  journal_.WaitFor(absl::StrCat("message ", kMessages - 1, std::string(37, 'r')));
  for (int i = 0; i < kMessages; ++i) {
    EXPECT_TRUE(b.ReadFrame() ==
                absl::StrCat("fin text ", i, std::string(100000, static_cast<char>('a' + i % 26))))
        << i;
  }
}

TEST_F(NeighboursTest, EndEachOtherInOnMessage) {
  script_.on_message = [this](Session& session, const Message& message) {
    ForOthers(session, [&](Session& other) {
      other.SendText("last words").IgnoreError();
      if (message.payload == "close") other.Close(CloseCode::kGoingAway).IgnoreError();
      if (message.payload == "terminate") other.Terminate();
      other.SendText("too late").IgnoreError();
    });
  };
  Start();
  TestClient a = ConnectAndUpgrade(), b = ConnectAndUpgrade(), c = ConnectAndUpgrade();
  // c has unread bytes in the same turn in which it is ended.
  c.SendText("close");
  EXPECT_EQ(a.ReadFrame(), "fin text last words");
  EXPECT_EQ(a.ReadFrame(), "fin close 1001");
  EXPECT_EQ(b.ReadFrame(), "fin text last words");
  EXPECT_EQ(b.ReadFrame(), "fin close 1001");
  c.SendText("terminate");
  journal_.WaitFor("close 1006 terminated by the application", 2);
  EXPECT_EQ(Connect().Upgrade(), "HTTP/1.1 101 Switching Protocols");
}

// The message arrives after the connections, so the turn that accepts the first of them reads it.
TEST_F(NeighboursTest, ManyNewConnectionsLeaveSessionsTheirTurn) {
  std::promise<void> release;
  script_.on_message = [this, released = release.get_future().share()](Session&,
                                                                       const Message& message) {
    if (message.payload == "block") return released.wait();
    journal_.Write(absl::StrCat(server_->connections(), " connections"));
  };
  Start();
  TestClient blocks = ConnectAndUpgrade(), client = ConnectAndUpgrade();
  blocks.SendText("block");
  journal_.WaitFor("message block");
  std::vector<TestClient> crowd;
  for (int i = 0; i < 200; ++i) crowd.push_back(Connect());
  client.SendText("count");
  release.set_value();
  journal_.WaitForPart(" connections");
  EXPECT_THAT(journal_.lines(), Contains("66 connections"));
}

// OnClose is called after the turn's output was written. No event turns the loop again for the
// messages that OnClose sends.
TEST_F(NeighboursTest, MessagesOfTheEndOfATurnAreSentInIt) {
  script_.on_message = [](Session& session, const Message&) { session.Terminate(); };
  const auto leave = script_.on_close;
  script_.on_close = [this, leave](Session& session) {
    leave(session);
    ForOthers(session, [](Session& other) { other.SendText("one has left").IgnoreError(); });
  };
  Start({.for_tests = {.clock = &turns_}});
  TestClient stays = ConnectAndUpgrade(), leaves = ConnectAndUpgrade();
  leaves.SendText("terminate");
  ASSERT_TRUE(Wait(stays.stream().fd(), Interest::kRead, Deadline::After(absl::Seconds(10))).ok());
  EXPECT_EQ(stays.ReadFrame(), "fin text one has left");
}

TEST_F(NeighboursTest, SendAndEndInOnClose) {
  script_.on_message = [](Session& session, const Message& message) {
    if (message.payload == "terminate") session.Terminate();
  };
  const auto leave = script_.on_close;
  script_.on_close = [this, leave](Session& session) {
    leave(session);
    ForOthers(session, [](Session& other) { other.SendText("one has left").IgnoreError(); });
    // And ends another session, whose OnClose does the same.
    if (sessions_.size() > 2) sessions_.front()->Terminate();
  };
  Start();
  std::vector<TestClient> clients;
  for (int i = 0; i < 5; ++i) clients.push_back(ConnectAndUpgrade());
  clients[4].SendText("terminate");
  journal_.WaitFor("destroyed", 3);
  for (int i = 2; i < 4; ++i) {
    for (int left = 0; left < 3; ++left) EXPECT_EQ(clients[i].ReadFrame(), "fin text one has left");
  }
  server_.reset();
  const std::vector<std::string> lines = journal_.lines();
  EXPECT_EQ(std::count(lines.begin(), lines.end(), "destroyed"), 5);
}

}  // namespace
}  // namespace weft
