// The counters of a server.

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "weft/core/testing/frames.h"
#include "weft/server/metrics/metrics.h"
#include "weft/server/server.h"
#include "weft/testing/server_fixture.h"
#include "weft/testing/test_client.h"

namespace weft {
namespace {

using ::testing::StartsWith;
using ::weft::testing::ServerFixture;
using ::weft::testing::TestClient;

class ServerMetricsTest : public ServerFixture {
 protected:
  uint64_t Failures(HandshakeFailure reason) {
    return server_->metrics().handshake_failures[static_cast<size_t>(reason)];
  }
  uint64_t Closes(CloseCode code) { return server_->metrics().closes_with(code); }
};

TEST_F(ServerMetricsTest, CountsSessionsMessagesAndBytes) {
  Start({.threads = 2});
  TestClient client = ConnectAndUpgrade(), other = ConnectAndUpgrade();
  for (int i = 0; i < 3; ++i) {
    client.SendText("hello");
    EXPECT_EQ(client.ReadFrame(), "fin text hello");
  }
  ServerMetrics metrics = server_->metrics();
  EXPECT_EQ(metrics.connections, 2u);
  EXPECT_EQ(metrics.sessions(), 2u);
  EXPECT_EQ(metrics.messages_received, 3u);
  EXPECT_EQ(metrics.messages_sent, 3u);
  const size_t requests = 2 * TestClient::UpgradeRequest().size();
  EXPECT_EQ(metrics.bytes_received, requests + 3 * (2 + 4 + 5));
  EXPECT_GT(metrics.bytes_sent, uint64_t{3 * (2 + 5)});

  client.SendClose(1001);
  journal_.WaitFor("close 1001 ");
  EXPECT_EQ(Closes(CloseCode::kGoingAway), 1u);
  EXPECT_EQ(server_->metrics().sessions(), 1u);
  other.Reset();
  journal_.WaitForPart("close 1006");
  EXPECT_EQ(Closes(CloseCode::kAbnormal), 1u);
  EXPECT_EQ(server_->metrics().sessions_opened, 2u);
}

TEST_F(ServerMetricsTest, CountsWhyHandshakesFail) {
  accept_ = [](const SessionRequest& request, UpgradeResponse&) {
    return request.path() == "/no" ? absl::NotFoundError("no") : absl::OkStatus();
  };
  Start();
  EXPECT_THAT(Connect().Upgrade("/no"), StartsWith("HTTP/1.1 404 "));
  EXPECT_EQ(Failures(HandshakeFailure::kRefused), 1u);
  EXPECT_THAT(Connect().Upgrade("/", "Origin: http://evil.example\r\n"),
              StartsWith("HTTP/1.1 403 "));
  EXPECT_EQ(Failures(HandshakeFailure::kOrigin), 1u);

  TestClient page = Connect();
  page.Send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_THAT(page.ReadHead(), StartsWith("HTTP/1.1 426 "));
  EXPECT_EQ(Failures(HandshakeFailure::kNotWebSocket), 1u);
  TestClient noise = Connect();
  noise.Send("noise\r\n\r\n");
  EXPECT_THAT(noise.ReadHead(), StartsWith("HTTP/1.1 400 "));
  EXPECT_EQ(Failures(HandshakeFailure::kMalformed), 1u);
  TestClient tls = Connect();
  tls.Send("\x16\x03\x01");
  EXPECT_THAT(tls.ReadHead(), StartsWith("HTTP/1.1 400 "));
  EXPECT_EQ(Failures(HandshakeFailure::kTls), 1u);

  Connect().Close();
  log_.WaitForPart("the client left during the handshake");
  EXPECT_EQ(Failures(HandshakeFailure::kLeft), 1u);
  EXPECT_EQ(server_->metrics().sessions_opened, 0u);
}

TEST_F(ServerMetricsTest, CountsHandshakesThatTakeTooLong) {
  Start({.timeouts = {.handshake = absl::Seconds(3)}});
  const TestClient slow = Connect();
  ConnectAndUpgrade();  // the slow client was accepted before, so its timer is armed
  clock_.AdvanceMs(3100);
  log_.WaitForPart("the handshake took too long");
  EXPECT_EQ(Failures(HandshakeFailure::kTimeout), 1u);
}

TEST_F(ServerMetricsTest, MeasuresPings) {
  Start({.timeouts = {.ping_interval = absl::Seconds(1), .pong = absl::Seconds(10)}});
  TestClient client = ConnectAndUpgrade();
  clock_.AdvanceMs(1100);
  EXPECT_EQ(client.ReadFrame(), "fin ping ");
  clock_.AdvanceMs(300);
  client.Send(testing::ClientFrame(Opcode::kPong, ""));
  client.SendText("I am here");
  EXPECT_EQ(client.ReadFrame(), "fin text I am here");
  const ServerMetrics metrics = server_->metrics();
  EXPECT_EQ(metrics.round_trip.count(), 1u);
  EXPECT_GE(metrics.round_trip.sum_ms, 300u);
  EXPECT_LE(metrics.round_trip.sum_ms, 400u);
}

TEST_F(ServerMetricsTest, MeasuresTheLagOfItsLoops) {
  script_.on_message = [this](Session& session, const Message& message) {
    clock_.AdvanceMs(150);  // a slow handler
    session.Send(message).IgnoreError();
  };
  Start();
  TestClient client = ConnectAndUpgrade();
  client.SendText("slow");
  EXPECT_EQ(client.ReadFrame(), "fin text slow");
  client.SendText("once more");  // read in a later turn: the first one has ended
  EXPECT_EQ(client.ReadFrame(), "fin text once more");
  EXPECT_GE(server_->metrics().loop_lag.sum_ms, 150u);
}

TEST_F(ServerMetricsTest, CountsMessagesThatFindNoRoom) {
  script_.on_message = [](Session& session, const Message&) {
    EXPECT_FALSE(session.SendText(std::string(101, 'x')).ok());
    session.SendText("no room").IgnoreError();
  };
  Start({.sending = {.max_queue_bytes = 100}});
  TestClient client = ConnectAndUpgrade();
  client.SendText("more");
  EXPECT_EQ(client.ReadFrame(), "fin text no room");
  EXPECT_EQ(server_->metrics().dropped_messages[static_cast<size_t>(DropReason::kQueueFull)], 1u);
}

}  // namespace
}  // namespace weft
