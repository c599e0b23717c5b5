// Peers that vanish, reset, or close when the server does: at each moment of a session, with and
// without TLS. Each session ends in bounded time, once, and returns its memory.

#include <sys/socket.h>

#include <algorithm>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "gtest/gtest.h"
#include "weft/core/testing/frames.h"
#include "weft/server/metrics/metrics.h"
#include "weft/server/server.h"
#include "weft/testing/server_fixture.h"
#include "weft/testing/test_client.h"
#include "weft/transport/fd.h"
#include "weft/transport/stream.h"
#include "weft/transport/testing/tls_pair.h"

namespace weft {
namespace {

using testing::ClientFrame;
using testing::ClosePayload;
using testing::TestClient;

constexpr size_t kLarge = 24 << 20;  // more than the sockets hold

class VanishingPeerTest : public testing::ServerFixture {
 protected:
  ~VanishingPeerTest() override {
    server_.reset();
  }  // destroyed before the objects that its callbacks use

  // A server that answers "large" with a large message, "close" with a Close, and echoes other
  // messages.
  void StartServer(ServerOptions options = {}) {
    script_.on_message = [](Session& session, const Message& message) {
      if (message.payload == "large") {
        EXPECT_TRUE(session.SendBinary(std::string(kLarge, 'x')).ok());
      } else if (message.payload == "close") {
        EXPECT_TRUE(session.Close(CloseCode::kGoingAway, "ours").ok());
      } else {
        session.Send(message).IgnoreError();
      }
    };
    options.sending.max_queue_bytes = 2 * kLarge;
    Start(std::move(options));
  }

  int Count(absl::string_view prefix) {
    int count = 0;
    for (const std::string& line : journal_.lines()) {
      count += line.substr(0, prefix.size()) == prefix;
    }
    return count;
  }

  // Every session ended once, and no memory is held for any of them.
  void ExpectAllGone() {
    while (server_->connections() > 0) std::this_thread::yield();
    journal_.WaitFor("destroyed", Count("open"));
    EXPECT_EQ(Count("close "), Count("open"));
    // Returned at the end of the turn in which the last session ended.
    while (server_->metrics().buffered_bytes > 0) std::this_thread::yield();
  }
};

// ---- Half open: the peer's host is gone, and no packet says so ----

// Such a peer neither reads nor sends.
TEST_F(VanishingPeerTest, HalfOpenIdle) {
  StartServer({.timeouts = {.ping_interval = absl::Seconds(30), .pong = absl::Seconds(20)}});
  TestClient gone = ConnectAndUpgrade();
  Pass(30100);
  Pass(19800);
  EXPECT_EQ(Count("close"), 0);
  Pass(300);
  EXPECT_EQ(Count("close 1006 the client did not answer a ping"), 1);
  ExpectAllGone();
}

TEST_F(VanishingPeerTest, HalfOpenWithMuchOnItsWay) {
  StartServer({.timeouts = {.ping_interval = absl::Seconds(30), .pong = absl::Seconds(20)}});
  TestClient gone = ConnectAndUpgrade();
  gone.SendText("large");
  LetTheLoopTurn();
  EXPECT_GT(server_->metrics().buffered_bytes, kLarge / 4);
  // While its kernel takes bytes the client seems alive. That ends soon.
  for (int seconds = 0; Count("close 1006 the client did not answer a ping") == 0; ++seconds) {
    ASSERT_LE(seconds, 300);
    Pass(1000);
  }
  ExpectAllGone();
}

// ---- Resets in the handshake ----

// The first bytes of a TLS client.
std::string ClientHello(TlsContext& context) {
  int pair[2];
  EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
  Stream client((UniqueFd(pair[0]))), wire((UniqueFd(pair[1])));
  EXPECT_TRUE(client.StartTlsClient(context, "localhost").ok());
  client.Handshake();
  std::string bytes(16384, '\0');
  bytes.resize(wire.Read(absl::MakeSpan(&bytes[0], bytes.size())).bytes);
  EXPECT_GT(bytes.size(), 100u);
  return bytes;
}

class HandshakeFaultTest : public VanishingPeerTest, public ::testing::WithParamInterface<bool> {
 protected:
  // Ends the connection by the way of the parameter.
  void Vanish(TestClient client) {
    GetParam() ? client.Reset() : client.Close();
    ExpectAllGone();
  }

  void WaitUntilAccepted() {
    while (server_->connections() == 0) std::this_thread::yield();
  }
};

TEST_P(HandshakeFaultTest, R15_Plain) {
  StartServer();
  const std::string request = TestClient::UpgradeRequest();
  for (size_t size = 0; size < request.size(); size += 13) {
    TestClient client = Connect();
    client.Send(request.substr(0, size));
    WaitUntilAccepted();
    Vanish(std::move(client));
  }
  TestClient unread = Connect();
  unread.Send(request);
  journal_.WaitFor("open");
  Vanish(std::move(unread));
  TestClient refused = Connect();
  refused.Send("GET / HTTP/1.1\r\n\r\n");
  log_.WaitForPart("HTTP 400");
  Vanish(std::move(refused));
  EXPECT_EQ(Count("open"), 1);
}

TEST_P(HandshakeFaultTest, R15_Tls) {
  StartServer({.tls = testing::TestTlsServer()});
  const std::shared_ptr<TlsContext> context = testing::TestTlsClient();
  const std::string hello = ClientHello(*context);
  for (size_t size = 0; size < hello.size(); size += 37) {
    TestClient client = Connect();
    client.Send(hello.substr(0, size));
    WaitUntilAccepted();
    Vanish(std::move(client));
  }
  {
    TestClient answered = Connect();  // the server has sent its whole answer
    answered.Send(hello);
    EXPECT_EQ(answered.ReadBytes(1).size(), 1u);
    Vanish(std::move(answered));
  }
  {
    TestClient nonsense = Connect();
    nonsense.Send(hello + std::string(1000, 'x'));
    log_.WaitForPart("the handshake failed");
    Vanish(std::move(nonsense));
  }
  const std::string request = TestClient::UpgradeRequest();
  for (size_t size = 0; size < request.size(); size += 41) {
    TestClient client = Connect();
    ASSERT_EQ(client.StartTls(*context), "");
    client.Send(request.substr(0, size));
    Vanish(std::move(client));
  }
  TestClient open = Connect();
  ASSERT_EQ(open.StartTls(*context), "");
  EXPECT_EQ(open.Upgrade(), "HTTP/1.1 101 Switching Protocols");
  Vanish(std::move(open));
  EXPECT_EQ(Count("open"), 1);
}

INSTANTIATE_TEST_SUITE_P(CloseAndReset, HandshakeFaultTest, ::testing::Bool());

// ---- Closes that cross ----

// Both sides close before either has read the other's Close: each Close answers the other.
TEST_F(VanishingPeerTest, ClosesThatCross) {
  StartServer();
  TestClient client = ConnectAndUpgrade();
  client.Send(ClientFrame(Opcode::kText, "close") +
              ClientFrame(Opcode::kClose, ClosePayload(CloseCode::kNormal, "theirs")));
  EXPECT_EQ(client.ReadFrame(), "fin close 1001 ours");
  EXPECT_EQ(client.ReadFrame(), "end") << "no second Close";
  journal_.WaitFor("close 1000 theirs");
  ExpectAllGone();
}

TEST_F(VanishingPeerTest, TheirCloseTwiceWithAMessageBetween) {
  StartServer();
  TestClient client = ConnectAndUpgrade();
  const std::string close = ClientFrame(Opcode::kClose, ClosePayload(CloseCode::kNormal));
  client.Send(close + ClientFrame(Opcode::kText, "more") + close);
  EXPECT_EQ(client.ReadFrame(), "fin close 1000");
  journal_.WaitFor("close 1000 ");
  ExpectAllGone();
  EXPECT_EQ(Count("message"), 0);
}

TEST_F(VanishingPeerTest, OursIsAnsweredByTheEndOfTheStream) {
  StartServer();
  for (const bool reset : {false, true}) {
    TestClient client = ConnectAndUpgrade();
    client.SendText("close");
    EXPECT_EQ(client.ReadFrame(), "fin close 1001 ours");
    reset ? client.Reset() : client.Close();
    ExpectAllGone();
  }
  EXPECT_EQ(Count("close 1006 "), 2);
}

TEST_F(VanishingPeerTest, OursIsAnsweredByMessagesWithoutEnd) {
  StartServer({.timeouts = {.close = absl::Seconds(5)}});
  TestClient client = ConnectAndUpgrade();
  client.SendText("close");
  EXPECT_EQ(client.ReadFrame(), "fin close 1001 ours");
  for (int i = 0; i < 100; ++i) client.SendText("and another thing");
  journal_.WaitFor("message and another thing", 100);
  clock_.AdvanceMs(5100);
  journal_.WaitFor("close 1006 the closing handshake took too long");
  ExpectAllGone();
}

// The peer's Close is read, but the server's waits after output that the peer does not read.
TEST_F(VanishingPeerTest, TheirCloseAfterALargeAnswerThatNobodyReads) {
  StartServer({.timeouts = {.close = absl::Seconds(5)}});
  TestClient client = ConnectAndUpgrade();
  client.Send(ClientFrame(Opcode::kText, "large") +
              ClientFrame(Opcode::kClose, ClosePayload(CloseCode::kNormal, "theirs")));
  journal_.WaitFor("close 1000 theirs");
  clock_.AdvanceMs(5100);
  ExpectAllGone();
  log_.WaitForPart("the closing handshake took too long");
}

}  // namespace
}  // namespace weft
