// The input that is not read, and the time limits that do not apply, while a handler is busy.

#include <algorithm>
#include <atomic>
#include <functional>
#include <string>
#include <thread>
#include <vector>

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

using testing::ClientFrame;
using testing::TestClient;

using HandlerThreadsPauseTest = testing::HandlerThreadsTest;

// ---- The marks ----

TEST_F(HandlerThreadsPauseTest, NothingIsReadPastTheMarkOfMessages) {
  Start({.handler_threads = 1, .limits = {.max_waiting_messages = 4}});
  TestClient client = ConnectBlocked();
  client.Send(Texts(1000));
  WaitForHeldSessions(1);
  LetTheLoopTurn();
  // The mark is reached in the middle of one read.
  EXPECT_EQ(server_->metrics().messages_received, 1u + 4u);
  Release();
  ExpectTexts(client, 1000);
  WaitForHeldSessions(0);
  client.SendText("on");
  EXPECT_EQ(client.ReadFrame(), "fin text on");
}

TEST_F(HandlerThreadsPauseTest, NothingIsReadPastTheMarkOfBytes) {
  constexpr int kMessages = 500;
  Start({.handler_threads = 1, .limits = {.max_waiting_bytes = 100000}});
  TestClient client = ConnectBlocked();
  const std::string message(30000, 'x');
  std::thread sender([&] {
    for (int i = 0; i < kMessages; ++i) client.SendText(message);
  });
  WaitForHeldSessions(1);
  LetTheLoopTurn();
  EXPECT_EQ(server_->metrics().messages_received, 1u + 4u);
  EXPECT_LT(server_->metrics().bytes_received, 100000u + (512 << 10)) << "and the last read";
  Release();
  for (int i = 0; i < kMessages; ++i) ASSERT_EQ(client.ReadFrame(), "fin text " + message);
  sender.join();
}

TEST_F(HandlerThreadsPauseTest, R26_TheBudgetHoldsForMessagesThatWaitForTheirHandler) {
  Start({.handler_threads = 1,
         .connection = {.max_message_bytes = 4 << 20},
         .limits = {.max_buffered_bytes = 1 << 20}});
  TestClient blocked = ConnectBlocked();
  std::vector<TestClient> clients;
  while (log_.lines().empty()) {
    ASSERT_LT(clients.size(), 10u) << "more than the budget is held";
    clients.push_back(ConnectAndUpgrade());
    clients.back().Send(ClientFrame(Opcode::kBinary, std::string(300000, 'x')));
    // The handler of this client has not even run OnOpen: only the ping is answered.
    clients.back().Send(ClientFrame(Opcode::kPing, ""));
    clients.back().ReadFrame();
  }
  EXPECT_GE(clients.size(), 2u);
  EXPECT_LE(clients.size(), 4u);
  LetTheLoopTurn();
  const std::vector<std::string> lines = log_.lines();
  const int dropped = static_cast<int>(std::count_if(lines.begin(), lines.end(), [](auto& line) {
    return absl::StrContains(line, "hold more than limits.max_buffered_bytes");
  }));
  EXPECT_GE(dropped, 1);
  Release();
  // The sessions that held most were dropped, with their messages; all other messages are
  // delivered.
  journal_.WaitFor("close 1006 all sessions together hold more than limits.max_buffered_bytes",
                   dropped);
  journal_.WaitFor("message " + std::string(40, 'x'), static_cast<int>(clients.size()) - dropped);
}

// A refused message takes no room, so no other session is dropped for it.
TEST_F(HandlerThreadsPauseTest, T22_ARefusedMessageMakesNoOtherSendFail) {
  Start({.handler_threads = 1, .limits = {.max_buffered_bytes = 4 << 20}});
  TestClient client = ConnectAndUpgrade();
  const EncodedMessage large = *EncodedMessage::Make(Opcode::kBinary, std::string(5 << 20, 'b'));
  std::atomic<bool> done{false};
  std::thread publisher([&] {
    while (!done) EXPECT_FALSE(server_->Publish("nobody", large).ok());
  });
  for (int i = 0; i < 3000; ++i) {
    client.SendText("x");
    ASSERT_EQ(client.ReadFrame(), "fin text x") << i;
  }
  done = true;
  publisher.join();
}

// ---- Time ----

TEST_F(HandlerThreadsPauseTest, AClientThatIsNotReadIsNeitherDeadNorIdle) {
  Start({.handler_threads = 1,
         .limits = {.max_waiting_messages = 2},
         .timeouts = {.idle = absl::Seconds(60),
                      .ping_interval = absl::Seconds(30),
                      .pong = absl::Seconds(20)}});
  TestClient client = ConnectBlocked();
  client.Send(Texts(10));
  WaitForHeldSessions(1);
  for (int i = 0; i < 20; ++i) Pass(15000);
  EXPECT_EQ(Count("close "), 0);
  Release();
  ExpectTexts(client, 10);  // and no ping before them
}

TEST_F(HandlerThreadsPauseTest, APongThatCouldNotBeReadIsNotLate) {
  Start({.handler_threads = 1,
         .limits = {.max_waiting_messages = 2},
         .timeouts = {.ping_interval = absl::Seconds(30), .pong = absl::Seconds(20)}});
  TestClient client = ConnectBlocked();
  Pass(31000);
  EXPECT_EQ(client.ReadFrame(), "fin ping ");
  client.Send(Texts(10));
  WaitForHeldSessions(1);
  client.Send(ClientFrame(Opcode::kPong, ""));
  for (int i = 0; i < 10; ++i) Pass(15000);
  EXPECT_EQ(Count("close "), 0);
  Release();
  ExpectTexts(client, 10);
}

TEST_F(HandlerThreadsPauseTest, AClientThatVanishedMeanwhileIsDroppedAfterwards) {
  Start({.handler_threads = 1,
         .limits = {.max_waiting_messages = 2},
         .timeouts = {.ping_interval = absl::Seconds(30), .pong = absl::Seconds(20)}});
  TestClient client = ConnectBlocked();
  client.Send(Texts(10));
  WaitForHeldSessions(1);
  Pass(500000);
  Release();
  journal_.WaitFor("message 9");
  WaitForHeldSessions(0);
  Pass(29000);
  EXPECT_EQ(Count("close "), 0);
  Pass(1100);
  Pass(19000);
  EXPECT_EQ(Count("close "), 0);
  Pass(1100);
  journal_.WaitFor("close 1006 the client did not answer a ping");
}

// Output that a client does not read counts against it, whatever its handler does.
TEST_F(HandlerThreadsPauseTest, AClientThatReadsNothingIsDroppedMeanwhile) {
  script_.on_message = [this](Session& session, const Message& message) {
    if (message.payload != "0") return;
    EXPECT_TRUE(session.SendBinary(std::string(8 << 20, 'x')).ok());
    journal_.Write("sent");
    released_.wait();
  };
  Start({.handler_threads = 1,
         .limits = {.max_waiting_messages = 2},
         .timeouts = {.ping_interval = absl::Seconds(30), .pong = absl::Seconds(20)},
         .sending = {.pause_reading_bytes = 100 << 20}});
  TestClient client = ConnectSlowReader();
  client.Send(Texts(10));
  WaitForHeldSessions(1);
  journal_.WaitFor("sent");
  // timeouts.pong restarts each time that the kernel takes more bytes, which under load it does for
  // a while.
  for (int i = 0; server_->metrics().held_sessions > 0 && i < 100; ++i) Pass(10000);
  EXPECT_EQ(server_->metrics().held_sessions, 0u);
  Release();
  journal_.WaitFor("close 1006 the client did not answer a ping");
}

// The handler's own timers say nothing of the client.
TEST_F(HandlerThreadsPauseTest, TimersDoNotKeepASilentClient) {
  std::function<void(Session&)> again = [&](Session& session) {
    session.RunAfter(absl::Seconds(1), again).IgnoreError();  // refused once it is closed
  };
  script_.on_open = again;
  Start({.handler_threads = 1,
         .timeouts = {.first_message = absl::Seconds(10),
                      .ping_interval = absl::InfiniteDuration()}});
  TestClient client = ConnectAndUpgrade();
  for (int i = 0; i < 30; ++i) Pass(1100);
  client.SendText("is echoed if the session is open");
  EXPECT_TRUE(absl::StartsWith(client.ReadFrame(), "fin close 1008 "));
  server_.reset();
}

// A client that waits for its answer is not idle, and has its full time after it.
TEST_F(HandlerThreadsPauseTest, TheHandlersTimeIsNotTheClients) {
  Start({.handler_threads = 1,
         .timeouts = {.idle = absl::Seconds(60), .ping_interval = absl::InfiniteDuration()}});
  TestClient client = ConnectBlocked(), other = ConnectAndUpgrade();
  for (int i = 0; i < 5; ++i) {
    Pass(50000);
    other.Send(ClientFrame(Opcode::kText, "x"));
  }
  Release();
  for (int i = 0; i < 5; ++i) EXPECT_EQ(other.ReadFrame(), "fin text x");
  other.SendText("y");  // the pool's only thread has finished the first session
  EXPECT_EQ(other.ReadFrame(), "fin text y");
  Pass(59000);
  EXPECT_EQ(Count("close "), 0);
  Pass(1100);
  EXPECT_EQ(client.ReadFrame(), "fin close 1000 idle");
}

TEST_F(HandlerThreadsPauseTest, ClosingTakesNoLongerForIt) {
  SessionRef ref;
  script_.on_open = [&ref](Session& session) { ref = session.ref(); };
  Start({.handler_threads = 1, .limits = {.max_waiting_messages = 2}});
  TestClient client = ConnectBlocked();
  client.Send(Texts(10));
  WaitForHeldSessions(1);
  ASSERT_TRUE(ref.Close(CloseCode::kGoingAway).ok());
  EXPECT_EQ(client.ReadFrame(), "fin close 1001");
  Pass(5100);
  EXPECT_EQ(client.ReadFrame(), "end");
  Release();
  journal_.WaitFor("destroyed");
  const std::vector<std::string> lines = {"open",
                                          "message block",
                                          "message 0",
                                          "message 1",
                                          "close 1006 the closing handshake took too long",
                                          "destroyed"};
  EXPECT_EQ(journal_.lines(), lines);
}

}  // namespace
}  // namespace weft
