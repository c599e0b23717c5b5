// Asynchronous clients that reconnect. When they wait, and when they give up, is tested in
// client/reconnecting/reconnect_plan_test.cc, and their ends in reconnect_end_test.cc.

#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "weft/client/async/async_client.h"
#include "weft/client/async/async_reconnect_options.h"
#include "weft/client/async/client_loop.h"
#include "weft/client/async/reconnect_ref.h"
#include "weft/client/async/testing/client_loop_fixture.h"
#include "weft/client/testing/reconnecting_client_tests.h"
#include "weft/core/frame/close_code.h"
#include "weft/testing/fake_server.h"

namespace weft {
namespace {

using testing::ClientLoopFixture;
using ::testing::ElementsAre;
using testing::FakePeer;
using testing::FakeServer;
using ::testing::HasSubstr;
using testing::ReconnectScript;
using testing::Refuse;
using testing::Say;
using testing::SayAndClose;
using testing::Text;

class ReconnectTest : public ClientLoopFixture {
 protected:
  // Waits until the client waits for its attempt, and lets that time pass.
  void PassWaitFor(int attempt, int ms) {
    journal_.WaitForPart(absl::StrCat(" before attempt ", attempt, ": "));
    clock_.AdvanceMs(ms);
  }
};

TEST_F(ReconnectTest, ALostConnectionIsFollowedByANewOne) {
  FakeServer server({SayAndClose(Text("one")), SayAndClose(Text("two")), Say(Text("three"))});
  const ReconnectRef client = Reconnect(server.url());
  PassWaitFor(2, 1020);
  PassWaitFor(3, 2020);
  journal_.WaitFor("message three");
  const std::string lost = "closed by the server: 1001 going away";
  EXPECT_THAT(
      journal_.lines(),
      ElementsAre("connecting, attempt 1", "connected at attempt 1", "open", "message one",
                  "close 1001 by peer", "lost the connection: " + lost,
                  "waiting 1s before attempt 2: " + lost, "connecting, attempt 2",
                  "connected at attempt 2", "open", "message two", "close 1001 by peer",
                  "lost the connection: " + lost, "waiting 2s before attempt 3: " + lost,
                  "connecting, attempt 3", "connected at attempt 3", "open", "message three"));
  EXPECT_TRUE(client.status().ok());
  EXPECT_EQ(loop_->connections(), 1u);
}

TEST_F(ReconnectTest, ItDoesNotConnectBeforeTheWaitHasPassed) {
  FakeServer server({Refuse("503 Service Unavailable"), Say("")});
  Reconnect(server.url());
  PassWaitFor(2, 999);
  loop_->Connect(
      "not a URL", {},
      std::make_unique<testing::ScriptedClientHandler>(journal_, testing::ClientScript{}));
  journal_.WaitForPart("failed INVALID_ARGUMENT");  // a whole turn of the loop
  EXPECT_EQ(Count({"connecting, attempt 2"}), 0);
  clock_.AdvanceMs(20);
  journal_.WaitFor("open");
}

TEST_F(ReconnectTest, AConnectionThatLastedStartsOver) {
  FakeServer server({Refuse("503 x"),
                     [](FakePeer& peer) {
                       peer.AcceptUpgrade();
                       peer.Next();
                       peer.Shutdown();
                     },
                     Say("")});
  const ReconnectRef client = Reconnect(server.url());
  PassWaitFor(2, 1020);
  journal_.WaitFor("open");
  clock_.AdvanceMs(30000);
  EXPECT_TRUE(client.SendText("end").ok());
  PassWaitFor(1, 1020);
  journal_.WaitFor("connected at attempt 1");
}

TEST_F(ReconnectTest, WaitsAsLongAsTheServerAsks) {
  FakeServer server({Refuse("503 Service Unavailable\r\nRetry-After: 120"),
                     SayAndClose("", CloseCode::kServiceRestart), Say("")});
  Reconnect(server.url());
  journal_.WaitForPart("waiting 2m1s before attempt 2: ");
  clock_.AdvanceMs(121020);
  journal_.WaitForPart("waiting 17.5s before attempt 3: ");
  clock_.AdvanceMs(17520);
  journal_.WaitFor("connected at attempt 3");
}

TEST_F(ReconnectTest, GivesUpOnAnErrorThatWouldOccurAgain) {
  FakeServer server(Refuse("401 Unauthorized"));
  const ReconnectRef client = Reconnect(server.url());
  journal_.WaitFor("destroyed");
  const std::vector<std::string> lines = journal_.lines();
  ASSERT_EQ(lines.size(), 4u) << ::testing::PrintToString(lines);
  EXPECT_EQ(lines[0], "connecting, attempt 1");
  EXPECT_THAT(lines[1], HasSubstr("gave up: "));
  EXPECT_THAT(lines[2], HasSubstr("401"));
  EXPECT_EQ(lines[2], "end " + testing::StatusText(client.status()));
  EXPECT_EQ(client.SendText("x"), client.status());
  EXPECT_EQ(client.Close(), client.status());
  EXPECT_EQ(client.Terminate(), client.status());
  EXPECT_EQ(client.client(), ClientRef());
}

TEST_F(ReconnectTest, GivesUpAfterItsAttempts) {
  FakeServer server({Refuse("503 x"), SayAndClose("")});
  Reconnect(server.url(), {},
            {.retry = {.backoff = {.first = absl::Seconds(2)}, .max_attempts = 2}});
  PassWaitFor(2, 1020);
  journal_.WaitFor("destroyed");
  EXPECT_EQ(Count({"gave up: gave up after 2 attempts in "}), 1);
  EXPECT_EQ(Count({"end UNAVAILABLE: gave up after 2 attempts in "}), 1);
}

TEST_F(ReconnectTest, OptionsOutOfTheirRange) {
  Reconnect("ws://x/", {}, {.retry = {.max_attempts = 0}});
  journal_.WaitFor("destroyed");
  EXPECT_THAT(journal_.lines(),
              ElementsAre("end INVALID_ARGUMENT: retry.max_attempts is 0, expected at least 1 | ",
                          "destroyed"));
  journal_.Clear();
  Reconnect("ws://x/", {}, {.client = {.timeouts = {.connect = absl::ZeroDuration()}}});
  journal_.WaitForPart("end INVALID_ARGUMENT: client.timeouts.connect is 0");
  journal_.WaitFor("destroyed");
  journal_.Clear();
  Reconnect("not a URL");
  journal_.WaitForPart("end INVALID_ARGUMENT: ");
  journal_.WaitFor("destroyed");
}

TEST_F(ReconnectTest, EachAttemptHasAFreshToken) {
  std::vector<std::string> requests;
  const auto record = [&](FakePeer& peer) {
    requests.push_back(peer.ReadRequest());
    peer.Write("HTTP/1.1 503 x\r\nContent-Length: 0\r\n\r\n");
  };
  FakeServer server({record, record});
  int token = 0;
  Reconnect(server.url(), {.before_connect = [&](ClientOptions& options) {
              if (token == 2) return absl::UnavailableError("no token");
              EXPECT_EQ(options.request.bearer_token, "");
              options.request.bearer_token = absl::StrCat("t", ++token);
              return absl::OkStatus();
            }});
  PassWaitFor(2, 1020);
  PassWaitFor(3, 2020);
  journal_.WaitForPart("waiting 4s before attempt 4: no token");
  server.Join();
  ASSERT_EQ(requests.size(), 2u);
  EXPECT_THAT(requests[0], HasSubstr("Authorization: Bearer t1\r\n"));
  EXPECT_THAT(requests[1], HasSubstr("Authorization: Bearer t2\r\n"));
}

// The connection that was lost waits for the server to end its stream, until the next attempt.
TEST_F(ReconnectTest, AnAttemptMayFailBeforeItConnects) {
  FakeServer server({SayAndClose(""), Say("")});
  int attempts = 0;
  Reconnect(server.url(), {.before_connect = [&](ClientOptions&) {
              return ++attempts == 2 ? absl::UnavailableError("no token") : absl::OkStatus();
            }});
  PassWaitFor(2, 1020);
  PassWaitFor(3, 2020);
  journal_.WaitFor("connected at attempt 3");
  while (loop_->connections() > 1) std::this_thread::yield();
}

// Nothing is queued for the next connection.
TEST_F(ReconnectTest, SendsOnlyWhileThereIsAConnection) {
  std::string seen;
  FakeServer server({Refuse("503 Service Unavailable"),
                     [&](FakePeer& peer) {
                       peer.AcceptUpgrade();
                       for (int i = 0; i < 4; ++i) absl::StrAppend(&seen, peer.Next(), ", ");
                       peer.Shutdown();
                     },
                     Say("")});
  const ReconnectRef client = Reconnect(server.url(), {.on_open = [](AsyncClient& fresh) {
                                          EXPECT_TRUE(fresh.SendText("subscribe").ok());
                                        }});
  journal_.WaitForPart(" before attempt 2: ");
  const absl::Status status = client.SendText("early");
  EXPECT_TRUE(absl::IsUnavailable(status)) << status;
  EXPECT_THAT(status.message(), HasSubstr("503 Service Unavailable"));
  EXPECT_EQ(client.status(), status);
  EXPECT_EQ(client.client().SendText("x"), absl::FailedPreconditionError("the session has ended"));
  clock_.AdvanceMs(1020);
  journal_.WaitFor("open");
  EXPECT_TRUE(client.SendText("view").ok());
  EXPECT_TRUE(client.SendBinary(std::string("string")).ok());
  EXPECT_TRUE(client.SendText(std::make_shared<const std::string>("shared")).ok());
  PassWaitFor(3, 2020);
  journal_.WaitFor("open", 2);
  EXPECT_EQ(seen, "text subscribe, text view, binary string, text shared, ");
  EXPECT_TRUE(absl::IsInvalidArgument(client.SendText("\xFF")));
  EXPECT_TRUE(client.SendMessage(Opcode::kText, "x").ok());
}

TEST_F(ReconnectTest, AReferenceToOneConnectionEndsThatOneOnly) {
  FakeServer server({testing::Echo, testing::Echo});
  const ReconnectRef client = Reconnect(server.url());
  journal_.WaitFor("open");
  const ClientRef first = client.client();
  EXPECT_TRUE(first.Close().ok());
  PassWaitFor(2, 1020);
  journal_.WaitFor("open", 2);
  EXPECT_NE(client.client(), first);
  EXPECT_TRUE(absl::IsFailedPrecondition(first.SendText("late")));
  EXPECT_TRUE(client.SendText("hello").ok());
  journal_.WaitFor("message hello");
}

// As sends by the loop's own thread are: the connection is there in OnOpen, and has gone in
// OnClose.
TEST_F(ReconnectTest, ItsCallbacksMayUseTheReference) {
  FakeServer server({SayAndClose(Text("one")), testing::Echo});
  ReconnectRef client;
  StartLoop({.threads = 0});
  client = Reconnect(server.url(),
                     {.on_open = [&](AsyncClient&) { EXPECT_TRUE(client.SendText("hello").ok()); },
                      .on_message =
                          [&](AsyncClient&, const Message& message) {
                            if (message.payload != "hello") return;
                            EXPECT_TRUE(client.Close().ok());
                          },
                      .on_close = [&](AsyncClient&) { EXPECT_FALSE(client.SendText("late").ok()); },
                      .on_event =
                          [&](const ReconnectEvent& event) {
                            if (event.type == ReconnectEvent::Type::kWaiting)
                              clock_.AdvanceMs(1020);
                          },
                      .on_end =
                          [&] {
                            EXPECT_TRUE(absl::IsFailedPrecondition(client.status()));
                            loop_->Stop();
                          }});
  loop_->Run();
  EXPECT_EQ(Count({"open"}), 2);
  EXPECT_EQ(Count({"end FAILED_PRECONDITION: the client was closed by Close()"}), 1);
}

TEST_F(ReconnectTest, AnExceptionEndsAConnectionOrFailsAnAttempt) {
  FakeServer server({testing::Ignore, testing::Ignore, SayAndClose(""), testing::Ignore});
  int attempts = 0;
  const auto fail = [](bool really) {
    if (really) throw std::runtime_error("x");
  };
  StartLoop({.log = [this](LogLevel, absl::string_view line) {
    journal_.Write(absl::StrCat("log ", line));
  }});
  const ReconnectRef client =
      Reconnect(server.url(), {.before_connect =
                                   [&](ClientOptions&) {
                                     fail(++attempts == 1);
                                     return absl::OkStatus();
                                   },
                               .on_open = [&](AsyncClient&) { fail(attempts == 2); },
                               .on_close = [&](AsyncClient&) { fail(attempts == 4); },
                               .on_event = [&](const ReconnectEvent&) { fail(true); },
                               .on_end = [&] { fail(true); }});
  journal_.WaitFor("waiting 1s before attempt 2: BeforeConnect threw an exception");
  clock_.AdvanceMs(1020);
  journal_.WaitFor("close 1011 by application");
  PassWaitFor(3, 2020);
  journal_.WaitFor("open", 2);
  EXPECT_TRUE(client.client().Terminate().ok());
  PassWaitFor(4, 4020);
  PassWaitFor(5, 8020);
  journal_.WaitFor("open", 4);
  EXPECT_TRUE(client.Terminate().ok());
  journal_.WaitForPart("end FAILED_PRECONDITION");
  journal_.WaitFor("log an exception in OnEnd: x");
  for (const char* where : {"BeforeConnect", "OnOpen", "OnClose"}) {
    EXPECT_EQ(Count({absl::StrCat("log an exception in ", where, ": x")}), 1) << where;
  }
  EXPECT_GT(Count({"log an exception in OnEvent: x"}), 10);
}

}  // namespace
}  // namespace weft
