// The counters of asynchronous clients.

#include "weft/client/async/client_metrics.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <thread>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "weft/client/async/async_client.h"
#include "weft/client/async/client_loop.h"
#include "weft/client/async/reconnect_ref.h"
#include "weft/client/async/testing/client_loop_fixture.h"
#include "weft/client/testing/reconnecting_client_tests.h"
#include "weft/core/frame/close_code.h"
#include "weft/core/frame/close_info.h"
#include "weft/core/frame/opcode.h"
#include "weft/core/testing/frames.h"
#include "weft/metrics/prometheus_writer.h"
#include "weft/testing/fake_server.h"

namespace weft {
namespace {

using testing::ClientLoopFixture;
using testing::FakePeer;
using testing::FakeServer;
using ::testing::HasSubstr;
using testing::Refuse;
using testing::SayAndClose;
using testing::Text;

class ClientMetricsTest : public ClientLoopFixture {
 protected:
  uint64_t Reconnects(ReconnectReason reason) {
    return loop_->metrics().reconnects[static_cast<size_t>(reason)];
  }

  // Waits for the line, and lets the longest wait pass.
  void PassWaitFor(int attempt) {
    journal_.WaitForPart(absl::StrCat(" before attempt ", attempt, ": "));
    clock_.AdvanceMs(60000);
  }
};

TEST_F(ClientMetricsTest, CountsSessionsMessagesAndBytes) {
  FakeServer server([](FakePeer& peer) {
    peer.AcceptUpgrade(Text("early"));
    peer.EchoToEnd();
  });
  const ClientRef client = Open(server.url());
  journal_.WaitFor("message early");
  EXPECT_TRUE(client.SendText("hello").ok());
  journal_.WaitFor("message hello");
  ClientMetrics metrics = loop_->metrics();
  EXPECT_EQ(metrics.sessions(), 1u);
  EXPECT_EQ(metrics.connections, 1u);
  EXPECT_EQ(metrics.messages_received, 2u);
  EXPECT_EQ(metrics.messages_sent, 1u);
  EXPECT_EQ(metrics.bytes_received, 2u * (2 + 5));
  EXPECT_EQ(metrics.bytes_sent, 2u + 4 + 5);  // with the masking key
  EXPECT_TRUE(client.Close(CloseCode{3001}).ok());
  journal_.WaitFor("destroyed");
  while (loop_->connections() > 0) std::this_thread::yield();
  metrics = loop_->metrics();
  EXPECT_EQ(metrics.sessions(), 0u);
  EXPECT_EQ(metrics.sessions_opened, 1u);
  EXPECT_EQ(metrics.sessions_failed, 0u);
  EXPECT_EQ(
      metrics.closes[static_cast<size_t>(ClosedBy::kApplication)][CloseSlotOf(CloseCode{3001})],
      1u);
  EXPECT_EQ(metrics.closes_with(CloseCode{3001}), 1u);

  Connect("not a URL");
  journal_.WaitForPart("failed ");
  EXPECT_EQ(loop_->metrics().sessions_failed, 1u);
  EXPECT_EQ(loop_->metrics().sessions_opened, 1u);
}

TEST_F(ClientMetricsTest, CountsRoundTrips) {
  FakeServer server([this](FakePeer& peer) {
    peer.AcceptUpgrade();
    EXPECT_EQ(peer.Next(), "ping p");
    clock_.AdvanceMs(30);
    peer.Answer();
    peer.EchoToEnd();
  });
  const ClientRef client = Open(
      server.url(), {.on_open = [](AsyncClient& open) { EXPECT_TRUE(open.SendPing("p").ok()); }});
  EXPECT_TRUE(client.SendText("after the pong").ok());
  journal_.WaitFor("message after the pong");
  const ClientMetrics metrics = loop_->metrics();
  EXPECT_EQ(metrics.round_trip.count(), 1u);
  EXPECT_EQ(metrics.round_trip.sum_ms, 30u);
  EXPECT_GT(metrics.loop_lag.count(), 0u);
}

TEST_F(ClientMetricsTest, CountsReconnectsByReason) {
  FakeServer server({Refuse("503 x"), SayAndClose(""),
                     [](FakePeer& peer) {
                       peer.AcceptUpgrade();
                       peer.Reset();
                     },
                     [](FakePeer& peer) { peer.ReadRequest(); },  // no answer
                     [](FakePeer& peer) {
                       peer.AcceptUpgrade(testing::ServerFrame(Opcode{3}, ""));
                       peer.ReadToEnd();
                     },
                     testing::Echo, testing::Echo});
  const ReconnectRef client = Reconnect(server.url());
  for (int attempt = 2; attempt <= 6; ++attempt) PassWaitFor(attempt);
  journal_.WaitFor("connected at attempt 6");
  EXPECT_TRUE(client.client().Close().ok());
  PassWaitFor(7);
  journal_.WaitFor("connected at attempt 7");
  EXPECT_EQ(Reconnects(ReconnectReason::kRefused), 1u);
  EXPECT_EQ(Reconnects(ReconnectReason::kClosed), 1u);
  EXPECT_EQ(Reconnects(ReconnectReason::kLost), 1u);
  EXPECT_EQ(Reconnects(ReconnectReason::kFailed), 1u);
  EXPECT_EQ(Reconnects(ReconnectReason::kViolation), 1u);
  EXPECT_EQ(Reconnects(ReconnectReason::kApplication), 1u);
  EXPECT_EQ(Reconnects(ReconnectReason::kTimeout), 0u);
  EXPECT_EQ(loop_->metrics().sessions_opened, 5u);
  EXPECT_EQ(loop_->metrics().sessions_failed, 2u);
}

TEST(ClientMetricsTextTest, EveryReasonHasANameOfItsOwn) {
  std::set<std::string> names;
  for (size_t i = 0; i < kReconnectReasons; ++i) {
    names.emplace(NameOf(static_cast<ReconnectReason>(i)));
  }
  EXPECT_EQ(names.size(), kReconnectReasons);
  EXPECT_EQ(names.count(""), 0u);
  EXPECT_EQ(ReasonOf(ClosedBy::kTimeout), ReconnectReason::kTimeout);
  EXPECT_EQ(ReasonOf(ClosedBy::kLimit), ReconnectReason::kViolation);
  EXPECT_EQ(ReasonOf(ClosedBy::kShutdown), ReconnectReason::kApplication);
}

TEST(ClientMetricsTextTest, LoopsAreSummedAndWritten) {
  // Not on the stack: g++ 12 does not align it enough under AddressSanitizer.
  const auto a = std::make_unique<ClientLoopMetrics>(), b = std::make_unique<ClientLoopMetrics>();
  a->sessions_opened += 2;
  b->sessions_opened += 3;
  b->CountClose({.code = CloseCode::kGoingAway, .by = ClosedBy::kPeer});
  a->sessions_failed += 7;
  b->reconnects[static_cast<size_t>(ReconnectReason::kClosed)] += 1;
  ClientMetrics sum;
  sum.Add(*a);
  sum.Add(*b);
  PrometheusWriter out;
  WriteMetrics(sum, &out);
  EXPECT_TRUE(out.status().ok()) << out.status();
  const std::string text = out.text();
  for (const char* line : {"weft_client_sessions 4", "weft_client_sessions_opened_total 5",
                           "weft_client_sessions_failed_total 7",
                           "weft_client_closes_total{by=\"peer\",code=\"1001\"} 1",
                           "weft_client_reconnects_total{reason=\"closed\"} 1",
                           "weft_client_reconnects_total{reason=\"refused\"} 0"}) {
    EXPECT_THAT(text, HasSubstr(absl::StrCat("\n", line, "\n")));
  }
  EXPECT_THAT(text, HasSubstr("\nweft_client_round_trip_seconds_bucket{le=\"+Inf\"} 0\n"));
}

}  // namespace
}  // namespace weft
