// Peers that misbehave, in every state that a session can be in.

#include <sys/socket.h>

#include <algorithm>
#include <atomic>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "weft/core/testing/frames.h"
#include "weft/server/clock.h"
#include "weft/server/server.h"
#include "weft/server/testing/server_fixture.h"
#include "weft/server/testing/test_client.h"

namespace weft {
namespace {

using testing::ClientFrame;
using testing::ClosePayload;
using ::testing::ElementsAre;
using ::testing::StartsWith;
using testing::TestClient;

// More than the kernel takes for a client that does not read: see ConnectSlowReader.
constexpr size_t kMoreThanSocketsHold = 24 << 20;

// A loop asks for the time once a turn. This one stands still and lets the loop wait.
class TurnCounter : public Clock {
 public:
  int64_t NowMs() const override {
    ++count;
    return 1000;
  }

  mutable std::atomic<int> count{0};
};

class SessionFaultTest : public testing::ServerFixture {
 protected:
  ~SessionFaultTest() override { server_.reset(); }  // before what it refers to

  // A server that answers "large" with more than the sockets hold, and echoes the rest.
  void StartLarge(ServerOptions options = {}) {
    options.max_send_queue_bytes = 2 * kMoreThanSocketsHold;
    script_.on_message = [this](Session& session, const Message& message) {
      if (message.payload == "large") {
        EXPECT_TRUE(session.SendBinary(large_).ok());
      } else {
        session.Send(message).IgnoreError();
      }
    };
    Start(std::move(options));
  }

  // One whose socket takes little: what the kernel holds then is what the server's socket takes, a
  // few megabytes.
  TestClient ConnectSlowReader() {
    TestClient client = Connect();
    const int size = 64 << 10;
    EXPECT_EQ(setsockopt(client.stream().fd(), SOL_SOCKET, SO_RCVBUF, &size, sizeof(size)), 0);
    EXPECT_EQ(client.Upgrade(), "HTTP/1.1 101 Switching Protocols");
    return client;
  }

  static void Echo(TestClient& client, int times) {
    for (int i = 0; i < times; ++i) {
      client.SendText("echo");
      EXPECT_EQ(client.ReadFrame(), "fin text echo");
    }
  }

  // How often the loop turned, of a server whose clock is `turns_`, while `what` ran.
  int TurnsOf(const std::function<void()>& what) {
    const int before = turns_.count;
    what();
    return turns_.count - before;
  }

  const TurnCounter turns_;
  const std::string large_ = std::string(kMoreThanSocketsHold, 'x');
};

// ---- The end of a session whose client reads late ----

// What says why must not be overtaken by a reset.
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

TEST_F(SessionFaultTest, CloseFrameReachesAClientThatHasSaidAll) {
  Start();
  TestClient client = ConnectAndUpgrade();
  client.Send(testing::ServerFrame(Opcode::kText, "naked") + std::string(2 << 20, '?'));
  ASSERT_TRUE(client.stream().ShutdownWrite().ok());
  EXPECT_EQ(client.ReadFrame(), "fin close 1002 a client must mask every frame");
  EXPECT_EQ(client.ReadFrame(), "end");
}

// A client may end its side before it has read all that it is sent.
TEST_F(SessionFaultTest, HalfClosedClientReadsToTheEndAndCostsNoTurns) {
  StartLarge({.pause_reading_bytes = 2 * kMoreThanSocketsHold, .clock = &turns_});
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

// Its pong stands behind what it has not read yet, and is itself not read while too much is queued.
// But it takes what it is sent: it is there.
TEST_F(SessionFaultTest, SlowReaderIsNotGivenUpForItsLatePong) {
  StartLarge({.ping_interval = absl::Seconds(30), .pong_timeout = absl::Seconds(20)});
  TestClient slow = ConnectSlowReader(), other = ConnectAndUpgrade();
  slow.Send(ClientFrame(Opcode::kText, "large"));
  journal_.WaitFor("message large");
  Echo(other, 1);
  clock_.AdvanceMs(31000);
  EXPECT_EQ(other.ReadFrame(), "fin ping ");  // the older session was pinged before
  std::string received;
  for (int round = 1; round <= 3; ++round) {
    // More than the sockets held in between: some was written since the last round.
    received += slow.ReadBytes(6 << 20);
    clock_.AdvanceMs(15000);
    Echo(other, 2);  // the timers have fired
  }
  received += slow.ReadBytes(10 + large_.size() - received.size());
  EXPECT_EQ(testing::DescribeFrames(received).size(), 1u);
  EXPECT_EQ(slow.ReadFrame(), "fin ping ");
  Echo(slow, 1);
}

}  // namespace
}  // namespace weft
