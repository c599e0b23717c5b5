// How a session ends if its handler has a thread of its own.

#include <atomic>
#include <functional>
#include <future>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "weft/core/testing/frames.h"
#include "weft/server/server.h"
#include "weft/server/testing/handler_threads_fixture.h"
#include "weft/testing/test_client.h"

namespace weft {
namespace {

using absl::StatusCode;
using testing::ClientFrame;
using ::testing::ElementsAre;
using ::testing::StartsWith;
using testing::TestClient;

using HandlerThreadsEndTest = testing::HandlerThreadsTest;

TEST_F(HandlerThreadsEndTest, MessagesBeforeACloseAreAnsweredBeforeIt) {
  Start({.handler_threads = 1});
  TestClient client = ConnectBlocked();
  client.Send(Texts(3));
  client.SendClose(1000);
  LetTheLoopTurn();
  clock_.AdvanceMs(60000);  // neither silence nor timeouts.close ends the session
  LetTheLoopTurn();
  Release();
  ExpectTexts(client, 3);
  EXPECT_EQ(client.ReadFrame(), "fin close 1000");
  EXPECT_EQ(client.ReadFrame(), "end");
  journal_.WaitFor("destroyed");
  EXPECT_THAT(journal_.lines(), ElementsAre("open", "message block", "message 0", "message 1",
                                            "message 2", "close 1000 ", "destroyed"));
}

// A continuation frame without a message (section 5.4), which ends the connection with 1002.
const char kViolation[] = "\x80\x80\0\0\0\0";

TEST_F(HandlerThreadsEndTest, MessagesBeforeAViolationAreAnsweredBeforeIt) {
  Start({.handler_threads = 1});
  TestClient client = ConnectBlocked();
  client.Send(Texts(3) + std::string(kViolation, 6) + Texts(1));
  LetTheLoopTurn();
  ASSERT_EQ(server_->metrics().held_sessions, 1u);
  Release();
  ExpectTexts(client, 3);
  EXPECT_THAT(client.ReadFrame(), StartsWith("fin close 1002 "));
  EXPECT_EQ(client.ReadFrame(), "end");
  journal_.WaitFor("destroyed");
  EXPECT_THAT(journal_.lines(), ElementsAre("open", "message block", "message 0", "message 1",
                                            "message 2", StartsWith("close 1002 "), "destroyed"));
}

// For at most timeouts.close: then the Close frame is sent without the answers.
TEST_F(HandlerThreadsEndTest, AViolationWaitsForAnswersUntilTheCloseDeadline) {
  Start({.handler_threads = 1, .timeouts = {.close = absl::Seconds(5)}});
  TestClient client = ConnectBlocked();
  client.Send(Texts(2) + std::string(kViolation, 6));
  WaitForHeldSessions(1);
  Pass(4900);
  EXPECT_EQ(server_->metrics().held_sessions, 1u);
  Pass(200);
  EXPECT_THAT(client.ReadFrame(), StartsWith("fin close 1002 "));
  EXPECT_EQ(client.ReadFrame(), "end");
  Release();
  journal_.WaitFor("destroyed");
  EXPECT_THAT(journal_.lines(), ElementsAre("open", "message block", "message 0", "message 1",
                                            StartsWith("close 1002 "), "destroyed"));
}

TEST_F(HandlerThreadsEndTest, AClientThatIsTooFastGetsTheAnswersToEarlierMessages) {
  Start({.handler_threads = 1,
         .rates = {.messages = {.per_second = 1, .burst = 3}, .over_rate = OverRate::kClose}});
  TestClient client = ConnectBlocked();
  client.Send(Texts(5));
  WaitForHeldSessions(1);
  Release();
  ExpectTexts(client, 2);
  EXPECT_THAT(client.ReadFrame(), StartsWith("fin close 1008 "));
}

// The handler has returned, and its answer is in the mailbox, when the loop, which was busy with
// another client, reads the client's next message.
TEST_F(HandlerThreadsEndTest, AnAnswerOnItsWayIsSentBeforeTheEnd) {
  for (const std::string& end :
       {std::string(kViolation, 6), ClientFrame(Opcode::kClose, "\x03\xe8")}) {
    std::promise<void> answer, busy, go_on;
    script_.on_message = [&](Session& session, const Message& message) {
      answer.get_future().wait();
      session.Send(message).IgnoreError();
    };
    int accepted = 0;
    accept_ = [&](const SessionRequest&, UpgradeResponse&) {
      if (++accepted == 2) {
        busy.set_value();
        go_on.get_future().wait();
      }
      return absl::OkStatus();
    };
    journal_.Clear();
    Start({.handler_threads = 1});
    TestClient client = ConnectAndUpgrade();
    client.SendText("question");
    journal_.WaitFor("message question");
    TestClient other = Connect();
    other.Send(TestClient::UpgradeRequest());
    busy.get_future().wait();
    client.Send(end);
    answer.set_value();
    // Whether the handler has returned or not, its answer is sent first.
    go_on.set_value();
    EXPECT_EQ(client.ReadFrame(), "fin text question");
    EXPECT_THAT(client.ReadFrame(), StartsWith("fin close 100"));
    server_.reset();
  }
}

TEST_F(HandlerThreadsEndTest, MessagesBeforeAnAbruptEndAreDelivered) {
  Start({.handler_threads = 1});
  TestClient client = ConnectBlocked();
  client.Send(Texts(2) + ClientFrame(Opcode::kPing, ""));
  EXPECT_EQ(client.ReadFrame(), "fin pong ");
  client.Reset();
  log_.WaitForPart("lost ");
  Release();
  journal_.WaitFor("destroyed");
  EXPECT_THAT(journal_.lines(), ElementsAre("open", "message block", "message 0", "message 1",
                                            "close 1006 ", "destroyed"));
}

// Past the mark the server notices a reset, but reads nothing.
TEST_F(HandlerThreadsEndTest, ResetPastTheMark) {
  Start({.handler_threads = 1, .limits = {.max_waiting_messages = 2}});
  TestClient client = ConnectBlocked();
  client.Send(Texts(10));
  WaitForHeldSessions(1);
  client.Reset();
  log_.WaitForPart("the client is gone");
  WaitForHeldSessions(0);
  Release();
  journal_.WaitFor("destroyed");
  EXPECT_THAT(journal_.lines(), ElementsAre("open", "message block", "message 0", "message 1",
                                            "close 1006 the client is gone", "destroyed"));
}

TEST_F(HandlerThreadsEndTest, ClosingByTheHandler) {
  script_.on_message = [this](Session& session, const Message&) {
    EXPECT_TRUE(session.SendText("before").ok());
    EXPECT_EQ(session.Close(static_cast<CloseCode>(1005), "x").code(),
              StatusCode::kInvalidArgument);
    EXPECT_TRUE(session.Close(CloseCode::kGoingAway, "enough").ok());
    EXPECT_EQ(session.Close().code(), StatusCode::kFailedPrecondition);
    EXPECT_EQ(session.SendText("behind").code(), StatusCode::kFailedPrecondition);
    EXPECT_EQ(session.SendPing().code(), StatusCode::kFailedPrecondition);
    EXPECT_EQ(session.SendFragment(Opcode::kText, "behind", true).code(),
              StatusCode::kFailedPrecondition);
    journal_.Write("said");
  };
  Start({.handler_threads = 1});
  TestClient client = ConnectAndUpgrade();
  client.SendText("x");
  EXPECT_EQ(client.ReadFrame(), "fin text before");
  EXPECT_EQ(client.ReadFrame(), "fin close 1001 enough");
  client.SendClose(1001);
  EXPECT_EQ(client.ReadFrame(), "end");
  journal_.WaitFor("destroyed");
  EXPECT_THAT(journal_.lines(),
              ElementsAre("open", "message x", "said", "close 1001 ", "destroyed"));
}

// Messages that wait are then not delivered.
TEST_F(HandlerThreadsEndTest, TerminatingByTheHandler) {
  script_.on_message = [this](Session& session, const Message&) {
    released_.wait();
    session.Terminate();
    EXPECT_EQ(session.SendText("behind").code(), StatusCode::kFailedPrecondition);
  };
  Start({.handler_threads = 1});
  TestClient client = ConnectAndUpgrade();
  client.Send(Texts(100) + ClientFrame(Opcode::kPing, ""));
  EXPECT_EQ(client.ReadFrame(), "fin pong ");
  Release();
  EXPECT_EQ(client.ReadToEnd(), "");
  journal_.WaitFor("destroyed");
  EXPECT_THAT(
      journal_.lines(),
      ElementsAre("open", "message 0", "close 1006 terminated by the application", "destroyed"));
}

// R15: OnClose is the last call and the only one of its kind, whatever the handler does in any
// callback.
TEST_F(HandlerThreadsEndTest, R15_TheHandlerEndsItsSessionInEachCallback) {
  for (const std::string where : {"open", "message", "writable", "close"}) {
    for (const bool politely : {true, false}) {
      SCOPED_TRACE(absl::StrCat(where, politely ? " closes" : " terminates"));
      const auto end = [&](Session& session) {
        if (!politely) session.Terminate();
        session.Close().IgnoreError();
        session.SendText("late").IgnoreError();
        session.Subscribe("late").IgnoreError();
      };
      const auto nothing = [](Session&) {};
      script_.on_open = where == "open" ? std::function<void(Session&)>(end) : nothing;
      script_.on_message = [&](Session& session, const Message&) {
        if (where == "message") return end(session);
        while (session.queued_bytes() < 10000 && session.SendBinary(std::string(1000, 'x')).ok()) {
        }
      };
      script_.on_writable = where == "writable" ? std::function<void(Session&)>(end) : nothing;
      script_.on_close = where == "close" ? std::function<void(Session&)>(end) : nothing;
      Start({.handler_threads = 2, .sending = {.high_mark_bytes = 10000, .low_mark_bytes = 100}});
      {
        TestClient client = ConnectAndUpgrade();
        client.Send(Texts(2));
        client.SendClose(1000);
        client.ReadToEnd();
      }
      journal_.WaitFor("destroyed");
      EXPECT_EQ(Count("close "), 1);
      const std::vector<std::string> lines = journal_.lines();
      ASSERT_GE(lines.size(), 3u);
      EXPECT_TRUE(absl::StartsWith(lines[lines.size() - 2], "close ")) << lines[lines.size() - 2];
      EXPECT_EQ(lines.back(), "destroyed");
      EXPECT_EQ(server_->subscribers("late"), 0u);
      server_.reset();
      EXPECT_EQ(Count("destroyed"), 1);
      journal_.Clear();
    }
  }
}

// Shutdown waits for a callback that has started; messages that wait are dropped.
TEST_F(HandlerThreadsEndTest, ShutdownWhileAHandlerIsAtWork) {
  Start({.threads = 2, .handler_threads = 1});
  TestClient client = ConnectBlocked(), other = ConnectAndUpgrade();
  client.Send(Texts(3) + ClientFrame(Opcode::kPing, ""));
  EXPECT_EQ(client.ReadFrame(), "fin pong ");
  std::atomic<bool> over{false};
  std::thread shutdown([&] {
    server_->Shutdown(absl::ZeroDuration());
    over = true;
  });
  EXPECT_EQ(client.ReadFrame(), "fin close 1001 the server is going away");
  EXPECT_EQ(client.ReadFrame(), "end");
  EXPECT_FALSE(over);
  EXPECT_EQ(Count("close "), 0);
  Release();
  shutdown.join();
  EXPECT_EQ(Count("message "), 1);
  EXPECT_EQ(Count("close 1006 the server has stopped"), 2);
  EXPECT_EQ(Count("destroyed"), 2);
}

TEST_F(HandlerThreadsEndTest, ShutdownByAHandlerBeginsAndDoesNotWait) {
  script_.on_message = [this](Session& session, const Message&) {
    EXPECT_TRUE(session.SendText("here").ok());
    server_->Shutdown();
    server_->Wait();  // a mistake, but no deadlock
    server_->Drain(absl::Seconds(1));
    journal_.Write("not dead");
  };
  Start({.handler_threads = 1});
  TestClient client = ConnectAndUpgrade();
  client.SendText("shut down");
  EXPECT_EQ(client.ReadFrame(), "fin text here");
  EXPECT_EQ(client.ReadFrame(), "fin close 1001 the server is going away");
  client.SendClose(1001);
  EXPECT_EQ(client.ReadFrame(), "end");
  server_->Wait();
  EXPECT_EQ(Count("not dead"), 1);
  EXPECT_EQ(Count("destroyed"), 1);
}

}  // namespace
}  // namespace weft
