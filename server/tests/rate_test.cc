// Clients that exceed ServerRates::messages or bytes.

#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "weft/core/testing/frames.h"
#include "weft/server/server.h"
#include "weft/testing/server_fixture.h"
#include "weft/testing/test_client.h"
#include "weft/transport/testing/tls_pair.h"

namespace weft {
namespace {

using testing::ClientFrame;
using testing::TestClient;

constexpr char kTooManyMessages[] = "1008 more messages a second than this server accepts";
constexpr char kTooManyBytes[] = "1008 more bytes a second than this server accepts";

class RateTest : public testing::ServerFixture {
 protected:
  ~RateTest() override { server_.reset(); }  // destroyed before the objects that its callbacks use

  static std::string Messages(int count, absl::string_view text = "message") {
    std::string bytes;
    for (int i = 1; i <= count; ++i) bytes += ClientFrame(Opcode::kText, absl::StrCat(text, i));
    return bytes;
  }

  static void ExpectEchoes(TestClient& client, int count, absl::string_view text = "message") {
    for (int i = 1; i <= count; ++i) {
      ASSERT_EQ(client.ReadFrame(), absl::StrCat("fin text ", text, i));
    }
  }

  int Count(const std::string& part) {
    int count = 0;
    for (const std::string& line : journal_.lines()) count += line.find(part) != std::string::npos;
    return count;
  }
};

// ---- By waiting ----

TEST_F(RateTest, MessagesOverTheirRateWait) {
  Start({.rates = {.messages = {.per_second = 10}}});
  TestClient client = ConnectAndUpgrade();
  client.Send(Messages(30));  // read at once: 20 are over the rate
  ExpectEchoes(client, 30);
  client.SendText("late");
  Pass(2000);
  EXPECT_EQ(Count("late"), 0);
  Pass(150);
  EXPECT_EQ(client.ReadFrame(), "fin text late");
}

TEST_F(RateTest, MessagesWithinTheirRateDoNot) {
  Start({.rates = {.messages = {.per_second = 10, .burst = 20}}});
  TestClient client = ConnectAndUpgrade();
  client.Send(Messages(18));
  ExpectEchoes(client, 18);
  for (int round = 0; round < 30; ++round) {
    client.Send(Messages(1));
    ExpectEchoes(client, 1);
    clock_.AdvanceMs(100);
  }
}

TEST_F(RateTest, BytesOverTheirRateWait) {
  constexpr int kSeconds = 20;
  Start({.rates = {.bytes = {.per_second = 10000}}});
  TestClient client = ConnectAndUpgrade();
  client.SendText(std::string(10000 * (kSeconds + 1), 'x'));  // the burst of a second, and the rest
  int seconds = 0;
  for (; Count("message") == 0; ++seconds) {
    ASSERT_LE(seconds, kSeconds + 3);
    Pass(1000);
  }
  EXPECT_GE(seconds, kSeconds - 1);
  EXPECT_EQ(client.ReadFrame().size(), 9 + 10000 * (kSeconds + 1));
}

TEST_F(RateTest, OverTlsTheyWaitAsWell) {
  Start({.tls = testing::TestTlsServer(), .rates = {.bytes = {.per_second = 10000}}});
  TestClient client = Connect();
  ASSERT_EQ(client.StartTls(*testing::TestTlsClient()), "");
  EXPECT_EQ(client.Upgrade(), "HTTP/1.1 101 Switching Protocols");
  client.SendText(std::string(50000, 'x'));
  client.SendText("late");
  for (int tenths = 0; Count("message x") == 0; ++tenths) {
    ASSERT_LE(tenths, 100);
    Pass(100);
  }
  EXPECT_EQ(client.ReadFrame().size(), 9u + 50000);
  for (int tenths = 0; Count("late") == 0; ++tenths) {
    ASSERT_LE(tenths, 100);
    Pass(100);
  }
  EXPECT_EQ(client.ReadFrame(), "fin text late");
}

// Nothing is read from a client that is over its rate, not even its pongs: it is not silent.
TEST_F(RateTest, AClientOverItsRateIsNotSilent) {
  Start({.timeouts = {.idle = absl::Seconds(20),
                      .ping_interval = absl::Seconds(10),
                      .pong = absl::Seconds(5)},
         .rates = {.messages = {.per_second = 1}}});
  TestClient client = ConnectAndUpgrade();
  client.Send(Messages(100));
  ExpectEchoes(client, 100);
  client.SendText("late");
  for (int second = 0; second < 98; second += 2) Pass(2000);
  EXPECT_EQ(Count("late"), 0);
  EXPECT_EQ(Count("close"), 0);
  Pass(4000);
  EXPECT_EQ(client.ReadFrame(), "fin text late");
  EXPECT_EQ(Count("close"), 0);
}

TEST_F(RateTest, AClientThatLeavesOverItsRateEndsOnceThereIsRoom) {
  Start({.rates = {.messages = {.per_second = 1}}});
  TestClient client = ConnectAndUpgrade();
  client.Send(Messages(10));
  ExpectEchoes(client, 10);
  client.Close();
  Pass(11000);
  journal_.WaitFor("close 1006 ");
  journal_.WaitFor("destroyed");
}

TEST_F(RateTest, ShutdownOfAClientOverItsRate) {
  Start({.rates = {.messages = {.per_second = 1}}});
  TestClient client = ConnectAndUpgrade();
  client.Send(Messages(10));
  ExpectEchoes(client, 10);
  server_->Shutdown(absl::ZeroDuration());
  EXPECT_EQ(Count("close 1006 the server has stopped"), 1);
  EXPECT_EQ(client.ReadFrame(), "fin close 1001 the server is going away");
}

// ---- By closing ----

TEST_F(RateTest, TheMessageThatIsOneTooManyIsNotDelivered) {
  Start({.rates = {.messages = {.per_second = 3}, .over_rate = OverRate::kClose}});
  TestClient client = ConnectAndUpgrade();
  client.Send(Messages(5));
  ExpectEchoes(client, 3);
  EXPECT_EQ(client.ReadFrame(), absl::StrCat("fin close ", kTooManyMessages));
  client.Send(Messages(5));
  EXPECT_EQ(client.ReadFrame(), "end");
  client.Close();
  journal_.WaitFor("destroyed");
  EXPECT_EQ(Count("message message"), 3);
  EXPECT_EQ(Count(absl::StrCat("close ", kTooManyMessages)), 1);
  EXPECT_EQ(Count("close"), 1);
}

TEST_F(RateTest, PingsCount) {
  Start({.rates = {.messages = {.per_second = 3}, .over_rate = OverRate::kClose}});
  TestClient client = ConnectAndUpgrade();
  for (int i = 0; i < 3; ++i) client.Send(ClientFrame(Opcode::kPing, ""));
  for (int i = 0; i < 3; ++i) EXPECT_EQ(client.ReadFrame(), "fin pong ");
  client.Send(ClientFrame(Opcode::kPong, ""));
  EXPECT_EQ(client.ReadFrame(), absl::StrCat("fin close ", kTooManyMessages));
}

TEST_F(RateTest, ACloseFrameIsNeverTooMuch) {
  Start({.rates = {.messages = {.per_second = 3}, .over_rate = OverRate::kClose}});
  TestClient client = ConnectAndUpgrade();
  client.Send(Messages(3) + ClientFrame(Opcode::kClose, testing::ClosePayload(CloseCode::kNormal)));
  ExpectEchoes(client, 3);
  EXPECT_EQ(client.ReadFrame(), "fin close 1000");
}

TEST_F(RateTest, BytesThatAreTooManyAreNotLookedAt) {
  Start({.rates = {.bytes = {.per_second = 10000}, .over_rate = OverRate::kClose}});
  TestClient client = ConnectAndUpgrade();
  client.SendText(std::string(9000, 'x'));
  EXPECT_EQ(client.ReadFrame().size(), 9u + 9000);
  client.SendText(std::string(2000, 'y'));
  EXPECT_EQ(client.ReadFrame(), absl::StrCat("fin close ", kTooManyBytes));
  EXPECT_EQ(Count("message y"), 0);
  journal_.WaitFor(absl::StrCat("close ", kTooManyBytes));
}

// ---- On every path ----

TEST_F(RateTest, R26_BytesAfterTheHandshakeCount) {
  for (const bool bytes : {false, true}) {
    const RateLimit limit = {.per_second = bytes ? 10 : 1};
    Start({.rates = {.messages = bytes ? RateLimit() : limit,
                     .bytes = bytes ? limit : RateLimit(),
                     .over_rate = OverRate::kClose}});
    TestClient client = Connect();
    client.Send(TestClient::UpgradeRequest() + Messages(2));
    EXPECT_TRUE(absl::StrContains(client.ReadHead(), " 101 "));
    if (!bytes) ExpectEchoes(client, 1);
    EXPECT_EQ(client.ReadFrame(),
              absl::StrCat("fin close ", bytes ? kTooManyBytes : kTooManyMessages));
    server_.reset();
  }
}

TEST_F(RateTest, PiecesOfAStreamedMessageAreOneAndFragmentsAreNone) {
  Start({.connection = {.stream_messages = true},
         .rates = {.messages = {.per_second = 1}, .over_rate = OverRate::kClose}});
  TestClient client = ConnectAndUpgrade();
  client.Send(ClientFrame(Opcode::kText, "a", false));
  for (int i = 0; i < 100; ++i) client.Send(ClientFrame(Opcode::kContinuation, "b", false));
  client.Send(ClientFrame(Opcode::kContinuation, "c", true));
  journal_.WaitFor("message c");
  EXPECT_EQ(Count("close"), 0);
  client.Send(ClientFrame(Opcode::kText, "a", false));
  journal_.WaitFor(absl::StrCat("close ", kTooManyMessages));
}

}  // namespace
}  // namespace weft
