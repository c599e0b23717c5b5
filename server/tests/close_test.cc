// The cause of a session's end, as OnClose, status(), the log and the metrics report it.

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "weft/core/frame/close_info.h"
#include "weft/core/testing/frames.h"
#include "weft/server/metrics/prometheus.h"
#include "weft/server/server.h"
#include "weft/testing/server_fixture.h"
#include "weft/testing/test_client.h"

namespace weft {
namespace {

using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::weft::testing::ClientFrame;
using ::weft::testing::ServerFixture;
using ::weft::testing::TestClient;

class CloseTest : public ServerFixture {
 protected:
  ~CloseTest() override { server_.reset(); }  // destroyed before the objects that its callbacks use

  void Begin(ServerOptions options = {}) {
    script_.on_close_info = [this](Session& session, const CloseInfo& info) {
      statuses_.Write(session.status().ToString());
      ends_.Write(absl::StrCat(NameOf(info.by), " ", info.option, " ", static_cast<int>(info.code),
                               " ", info.reason));
    };
    options.hooks.log = [this](LogLevel level, absl::string_view line) {
      log_.Write(absl::StrCat(level == LogLevel::kWarning ? "W " : "I ", line));
    };
    Start(std::move(options));
  }

  // Waits for the end of a session, and checks all four reports.
  void ExpectEnd(absl::string_view end, absl::string_view status, ClosedBy by, CloseCode code) {
    ends_.WaitFor(std::string(end));
    EXPECT_THAT(statuses_.lines().back(), HasSubstr(std::string(status)));
    const std::string line = log_.lines().back();
    EXPECT_THAT(line, ContainsRegex("^[IW] session [0-9]+ of 127.0.0.1:[0-9]+: "));
    EXPECT_EQ(line[0], by == ClosedBy::kLimit ? 'W' : 'I');
    EXPECT_EQ(server_->metrics().closes[static_cast<size_t>(by)][CloseSlotOf(code)], 1u);
    PrometheusWriter text;
    WriteMetrics(server_->metrics(), &text);
    EXPECT_THAT(text.text(),
                HasSubstr(absl::StrCat("weft_closes_total{by=\"", NameOf(by), "\",code=\"",
                                       static_cast<int>(code), "\"} 1\n")));
  }

  testing::Journal ends_, statuses_;
};

TEST_F(CloseTest, ThePeer) {
  Begin();
  ConnectAndUpgrade().SendClose(1001);
  ExpectEnd("peer  1001 ", "UNAVAILABLE: closed by the client: 1001 going away", ClosedBy::kPeer,
            CloseCode::kGoingAway);
}

TEST_F(CloseTest, TheApplication) {
  script_.on_message = [](Session& session, const Message&) {
    EXPECT_TRUE(session.status().ok());
    session.Close(CloseCode::kNormal, "enough").IgnoreError();
  };
  Begin();
  TestClient client = ConnectAndUpgrade();
  client.SendText("x");
  EXPECT_EQ(client.ReadFrame(), "fin close 1000 enough");
  client.SendClose(1000);
  ends_.WaitForPart("application  1000");
  EXPECT_THAT(statuses_.lines().back(),
              HasSubstr("FAILED_PRECONDITION: closed by the application"));
}

TEST_F(CloseTest, TheApplicationWithoutAHandshake) {
  script_.on_message = [](Session& session, const Message&) { session.Terminate(); };
  Begin();
  TestClient client = ConnectAndUpgrade();
  client.SendText("x");
  ExpectEnd("application  1006 terminated by the application", "closed by the application",
            ClosedBy::kApplication, CloseCode::kAbnormal);
}

TEST_F(CloseTest, ARuleOfTheProtocol) {
  Begin();
  TestClient client = ConnectAndUpgrade();
  client.Send("\x81\x01x");
  ExpectEnd("rule  1002 a client must mask every frame",
            "INVALID_ARGUMENT: the client broke a rule: 1002 protocol error", ClosedBy::kRule,
            CloseCode::kProtocolError);
}

TEST_F(CloseTest, ALimit) {
  Begin({.connection = {.max_message_bytes = 100}});
  TestClient client = ConnectAndUpgrade();
  client.SendText(std::string(101, 'x'));
  ExpectEnd("limit connection.max_message_bytes 1009 the message is larger than this end accepts",
            "RESOURCE_EXHAUSTED: the client went beyond connection.max_message_bytes",
            ClosedBy::kLimit, CloseCode::kMessageTooBig);
}

TEST_F(CloseTest, ALimitOfTheRate) {
  Begin({.rates = {.messages = {.per_second = 1}, .over_rate = OverRate::kClose}});
  TestClient client = ConnectAndUpgrade();
  client.Send(ClientFrame(Opcode::kText, "a") + ClientFrame(Opcode::kText, "b"));
  ends_.WaitForPart("limit rates.messages 1008");
}

TEST_F(CloseTest, ATimeout) {
  Begin({.timeouts = {.ping_interval = absl::Seconds(10), .pong = absl::Seconds(10)}});
  TestClient client = ConnectAndUpgrade();
  clock_.AdvanceMs(10100);
  EXPECT_EQ(client.ReadFrame(), "fin ping ");
  clock_.AdvanceMs(10100);
  ExpectEnd("timeout timeouts.pong 1006 the client did not answer a ping",
            "DEADLINE_EXCEEDED: the client did not keep to timeouts.pong", ClosedBy::kTimeout,
            CloseCode::kAbnormal);
}

TEST_F(CloseTest, ALoss) {
  Begin();
  ConnectAndUpgrade().Reset();
  ends_.WaitForPart("lost  1006");
  EXPECT_THAT(log_.lines().back(), HasSubstr("Connection reset by peer"));
}

TEST_F(CloseTest, AShutdown) {
  Begin();
  TestClient client = ConnectAndUpgrade();
  server_->Shutdown(absl::ZeroDuration());
  ends_.WaitForPart("shutdown ");
  EXPECT_EQ(ends_.lines().size(), 1u);
}

// The first cause counts, even if the closing handshake is never answered.
TEST_F(CloseTest, TheFirstCauseCounts) {
  script_.on_message = [](Session& session, const Message&) {
    session.Close(CloseCode{4001}, "enough").IgnoreError();
  };
  Begin();
  TestClient client = ConnectAndUpgrade();
  client.SendText("x");
  EXPECT_EQ(client.ReadFrame(), "fin close 4001 enough");
  client.Reset();
  ends_.WaitForPart("application  1006");
}

}  // namespace
}  // namespace weft
