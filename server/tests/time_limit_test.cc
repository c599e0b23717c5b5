// The time limits of a client, and the time that it took.

#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "weft/core/testing/frames.h"
#include "weft/server/server.h"
#include "weft/testing/server_fixture.h"
#include "weft/testing/test_client.h"
#include "weft/transport/testing/tls_pair.h"

namespace weft {
namespace {

using ::testing::AllOf;
using testing::ClientFrame;
using ::testing::Contains;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;
using testing::TestClient;

class TimeLimitTest : public testing::ServerFixture {
 protected:
  ~TimeLimitTest() override {
    server_.reset();
  }  // destroyed before the objects that its callbacks use

  // Whether the server's end is open: if it is closed, the first write causes a reset, and the
  // second fails.
  bool IsOpen(TestClient& client) {
    client.Send("x");
    LetTheLoopTurn();
    return client.stream().Write("x").ok();
  }

  int Logged(const std::string& part) {
    int count = 0;
    for (const std::string& line : log_.lines()) count += line.find(part) != std::string::npos;
    return count;
  }
};

// ---- The request ----

// One byte a second would stay within timeouts.handshake for long.
TEST_F(TimeLimitTest, R10_ARequestOfOneByteASecond) {
  Start({.timeouts = {.handshake = absl::Hours(1)}});
  TestClient client = Connect();
  const std::string request = TestClient::UpgradeRequest();
  size_t sent = 0;
  for (; Logged("the request came too slowly") == 0; ++sent) {
    ASSERT_LT(sent, 8u);
    client.Send(request.substr(sent, 1));
    Pass(1000);
  }
  EXPECT_EQ(sent, 6u) << "five seconds of grace, and a little for each byte";
}

// A lost packet is sent again after a second, and if it is lost again, two seconds later.
TEST_F(TimeLimitTest, APauseForLostPacketsIsInTheGrace) {
  Start();
  const std::string request = TestClient::UpgradeRequest();
  TestClient client = Connect(), slow = Connect();
  client.Send(request.substr(0, 10));  // 10 bytes allow 100 ms
  slow.Send("GET / HTTP");
  Pass(4900);
  client.Send(request.substr(10));
  EXPECT_EQ(client.ReadHead().substr(0, 13), "HTTP/1.1 101 ");
  EXPECT_EQ(Logged("too slowly"), 0);
  Pass(220);
  EXPECT_EQ(Logged(": HTTP 408, the request came too slowly"), 1);
  EXPECT_THAT(
      slow.ReadToEnd(),
      AllOf(StartsWith("HTTP/1.1 408 Request Timeout\r\n"), HasSubstr("\r\nConnection: close\r\n"),
            HasSubstr("\r\nDate: "), EndsWith("\r\n\r\nthe request came too slowly\n")));
  EXPECT_EQ(server_->metrics().handshake_failures[static_cast<size_t>(HandshakeFailure::kTimeout)],
            1u);
}

TEST_F(TimeLimitTest, ARequestInTimeInManyPieces) {
  Start();
  TestClient client = Connect();
  const std::string request = TestClient::UpgradeRequest();
  ASSERT_LT(request.size(), 200u);
  for (size_t i = 0; i < request.size(); i += 10) {
    client.Send(request.substr(i, 10));
    Pass(100);
  }
  EXPECT_THAT(client.ReadHead(), HasSubstr(" 101 "));
  EXPECT_EQ(Logged("too slowly"), 0);
  Pass(60000);  // the request's deadlines are over
  client.Send(ClientFrame(Opcode::kText, "x"));
  EXPECT_EQ(client.ReadFrame(), "fin ping ");
  EXPECT_EQ(client.ReadFrame(), "fin text x");
}

// Before the first byte a request cannot be slow, however slow TLS is: timeouts.handshake applies.
TEST_F(TimeLimitTest, ARequestThatHasNotBegunIsNotSlow) {
  Start({.tls = testing::TestTlsServer(), .timeouts = {.handshake = absl::Seconds(60)}});
  TestClient silent = Connect();
  TestClient client = Connect();
  Pass(20000);
  EXPECT_EQ(client.StartTls(*testing::TestTlsClient()), "");
  Pass(20000);
  EXPECT_EQ(client.Upgrade(), "HTTP/1.1 101 Switching Protocols");
  Pass(21000);
  EXPECT_EQ(Logged("the handshake took too long"), 1);
  EXPECT_EQ(silent.ReadHead(), "end");
}

TEST_F(TimeLimitTest, AnyRateIfTheOptionIsZero) {
  Start(
      {.timeouts = {.handshake = absl::Seconds(30)}, .rates = {.min_request_bytes_per_second = 0}});
  TestClient client = Connect();
  client.Send("GET ");
  Pass(29000);
  EXPECT_EQ(Logged("dropped"), 0);
  Pass(1100);
  EXPECT_EQ(Logged("the handshake took too long"), 1);
  EXPECT_THAT(client.ReadToEnd(), StartsWith("HTTP/1.1 408 "));
}

// ---- The end ----

// Closing a socket at once with unread input would send a reset, which overtakes the answer.
TEST_F(TimeLimitTest, ARefusedClientHasTwoSecondsToReadWhy) {
  Start();
  TestClient client = Connect();
  client.Send("GET / HTTP/1.1\r\n\r\n");
  EXPECT_THAT(client.ReadToEnd(), StartsWith("HTTP/1.1 400 "));
  Pass(1900);
  client.Send(std::string(100000, 'x'));  // does not extend the time
  EXPECT_TRUE(IsOpen(client));
  Pass(200);
  EXPECT_FALSE(IsOpen(client));
}

// ---- The first message ----

TEST_F(TimeLimitTest, AClientWithoutAFirstMessageIsClosed) {
  Start({.timeouts = {.first_message = absl::Seconds(5)}});
  TestClient silent = ConnectAndUpgrade(), one_that_pings = ConnectAndUpgrade(),
             one_that_begins = ConnectAndUpgrade(), one_that_speaks = ConnectAndUpgrade();
  one_that_pings.Send(ClientFrame(Opcode::kPing, ""));
  EXPECT_EQ(one_that_pings.ReadFrame(), "fin pong ");
  one_that_begins.Send(ClientFrame(Opcode::kText, "so", false));
  one_that_speaks.SendText("x");
  EXPECT_EQ(one_that_speaks.ReadFrame(), "fin text x");
  Pass(4900);
  EXPECT_THAT(journal_.lines(), Not(Contains(StartsWith("close"))));
  Pass(200);
  for (TestClient* client : {&silent, &one_that_pings, &one_that_begins}) {
    EXPECT_EQ(client->ReadFrame(), "fin close 1008 no message was received in time");
    client->SendClose(1008);
    EXPECT_EQ(client->ReadFrame(), "end");
  }
  one_that_speaks.SendText("y");
  EXPECT_EQ(one_that_speaks.ReadFrame(), "fin text y");
}

TEST_F(TimeLimitTest, ByDefaultAClientMayJustListen) {
  Start({.timeouts = {.ping_interval = absl::InfiniteDuration()}});
  TestClient client = ConnectAndUpgrade();
  Pass(int64_t{100} * 24 * 3600 * 1000);
  client.SendText("x");
  EXPECT_EQ(client.ReadFrame(), "fin text x");
}

// ---- The round trip ----

class RoundTripTest : public TimeLimitTest {
 protected:
  // A session that answers each message with its round-trip time, and "ping" with a ping.
  RoundTripTest() {
    script_.on_message = [](Session& session, const Message& message) {
      if (message.payload == "ping") {
        EXPECT_TRUE(session.SendPing().ok());
        return;
      }
      const std::optional<absl::Duration> time = session.round_trip_time();
      const std::string text = time.has_value() ? absl::FormatDuration(*time) : "none";
      EXPECT_TRUE(session.SendText(text).ok());
    };
  }

  static std::string Asked(TestClient& client) {
    client.SendText("?");
    return client.ReadFrame();
  }
};

TEST_F(RoundTripTest, IsMeasuredByTheServersPings) {
  Start({.timeouts = {.ping_interval = absl::Seconds(30), .pong = absl::Seconds(20)}});
  TestClient client = ConnectAndUpgrade();
  EXPECT_EQ(Asked(client), "fin text none");
  for (const int ms : {250, 1000, 0}) {
    Pass(30100);
    EXPECT_EQ(client.ReadFrame(), "fin ping ");
    clock_.AdvanceMs(ms);
    client.Send(ClientFrame(Opcode::kPong, ""));
    EXPECT_EQ(Asked(client),
              absl::StrCat("fin text ", absl::FormatDuration(absl::Milliseconds(ms))));
  }
}

// Other messages show that the client is alive, but do not answer the ping.
TEST_F(RoundTripTest, OnlyThePongCounts) {
  Start({.timeouts = {.ping_interval = absl::Seconds(30), .pong = absl::Seconds(20)}});
  TestClient client = ConnectAndUpgrade();
  Pass(30100);
  EXPECT_EQ(client.ReadFrame(), "fin ping ");
  Pass(15000);
  EXPECT_EQ(Asked(client), "fin text none");
  client.Send(ClientFrame(Opcode::kPong, "other"));
  EXPECT_EQ(Asked(client), "fin text none");
  Pass(10000);  // past timeouts.pong, which ends silent clients only
  client.Send(ClientFrame(Opcode::kPong, ""));
  EXPECT_EQ(Asked(client), "fin text 25s");
  client.Send(ClientFrame(Opcode::kPong, ""));  // unsolicited
  EXPECT_EQ(Asked(client), "fin text 25s");
}

TEST_F(RoundTripTest, IsMeasuredByTheApplicationsEmptyPings) {
  Start();
  TestClient client = ConnectAndUpgrade();
  client.SendText("ping");
  EXPECT_EQ(client.ReadFrame(), "fin ping ");
  Pass(70);
  client.Send(ClientFrame(Opcode::kPong, ""));
  EXPECT_EQ(Asked(client), "fin text 70ms");
}

// Silence ends a session, not a missing pong.
TEST_F(RoundTripTest, AClientThatSendsButAnswersNoPingsIsAlive) {
  Start({.timeouts = {.ping_interval = absl::Hours(1), .pong = absl::Seconds(20)}});
  TestClient client = ConnectAndUpgrade();
  client.SendText("ping");
  EXPECT_EQ(client.ReadFrame(), "fin ping ");
  Pass(19000);
  client.SendText("?");
  EXPECT_EQ(client.ReadFrame(), "fin text none");
  Pass(3600 * 1000 - 20000);
  EXPECT_THAT(journal_.lines(), Not(Contains(StartsWith("close"))));
}

// ---- A message that has begun ----

// Each ends after the first stretch without progress, which is the second one if many bytes were
// sent first.
TEST_F(TimeLimitTest, T23_AMessageThatDoesNotGoOnIsClosed) {
  Start();
  std::vector<TestClient> clients;
  const std::string whole = ClientFrame(Opcode::kBinary, std::string(1000000, 'x'));
  for (const std::string& part : {whole.substr(0, 1), whole.substr(0, 14), whole.substr(0, 900000),
                                  ClientFrame(Opcode::kText, "", false),
                                  ClientFrame(Opcode::kBinary, std::string(1000000, 'x'), false)}) {
    clients.push_back(ConnectAndUpgrade());
    clients.back().Send(part);
  }
  TestClient idle = ConnectAndUpgrade();
  Pass(9900);
  EXPECT_EQ(server_->metrics().sessions(), clients.size() + 1);
  Pass(200);
  for (int i = 0; i < 11; ++i) Pass(1000);
  ASSERT_EQ(server_->metrics().sessions(), 1u) << "one that says nothing is not slow";
  for (TestClient& client : clients) {
    EXPECT_EQ(client.ReadFrame(), "fin close 1008 a message came too slowly");
    EXPECT_EQ(client.ReadFrame(), "end");
  }
}

// Early bytes do not make up for later ones, and pings are not part of the message.
TEST_F(TimeLimitTest, T23_AMessageMustGoOnAllTheTime) {
  Start({.timeouts = {.ping_interval = absl::Hours(1)}});
  TestClient client = ConnectAndUpgrade();
  client.Send(ClientFrame(Opcode::kBinary, std::string(900000, 'x'), false));
  for (int i = 0; i < 10; ++i) {
    client.Send(ClientFrame(Opcode::kPing, std::string(125, 'p')));
    EXPECT_EQ(client.ReadFrame(), "fin pong " + std::string(125, 'p'));
    Pass(2010);
  }
  ASSERT_EQ(server_->metrics().sessions(), 0u);
  EXPECT_EQ(client.ReadFrame(), "fin close 1008 a message came too slowly");
}

TEST_F(TimeLimitTest, AMessageAtTheMinimumRateIsReceived) {
  Start({.timeouts = {.ping_interval = absl::Hours(1)}});
  TestClient client = ConnectAndUpgrade();
  const std::string frame = ClientFrame(Opcode::kBinary, std::string(4000, 'x'));
  for (size_t at = 0; at < frame.size(); at += 400) {
    client.Send(frame.substr(at, 400));
    if (at + 400 < frame.size()) Pass(2500);  // 3 or 4 chunks in 10 s
  }
  EXPECT_EQ(client.ReadFrame(), "fin binary " + std::string(4000, 'x'));
  // One after the other, each split by the reads: each is a new message.
  for (int i = 0; i < 10; ++i) {
    client.Send(frame.substr(i == 0 ? 0 : 3000));
    EXPECT_EQ(client.ReadFrame(), "fin binary " + std::string(4000, 'x'));
    client.Send(frame.substr(0, 3000));
    Pass(5000);
  }
}

TEST_F(TimeLimitTest, AMessageMayHaveAnyRateIfTheOptionIsZero) {
  Start({.timeouts = {.ping_interval = absl::Hours(9)},
         .rates = {.min_message_bytes_per_second = 0}});
  TestClient client = ConnectAndUpgrade();
  const std::string frame = ClientFrame(Opcode::kText, "slow");
  client.Send(frame.substr(0, 5));
  Pass(3600 * 1000);
  client.Send(frame.substr(5));
  EXPECT_EQ(client.ReadFrame(), "fin text slow");
}

// An old ping without a pong does not look like a recent one.
TEST_F(TimeLimitTest, T14_APingOf30DaysAgoIsNotNew) {
  const absl::Duration long_time = absl::Hours(24 * 20);
  script_.on_open = [](Session& session) { session.SendPing().IgnoreError(); };
  Start({.timeouts = {.ping_interval = long_time, .pong = long_time}});
  TestClient client = ConnectAndUpgrade();
  EXPECT_EQ(client.ReadFrame(), "fin ping ");
  for (int days = 0; days < 60; days += 10) {
    Pass(days == 0 ? 1000 : int64_t{10} * 24 * 3600 * 1000);
    client.SendText("here");
    ASSERT_EQ(client.ReadFrame(), "fin text here") << days;
  }
}

}  // namespace
}  // namespace weft
