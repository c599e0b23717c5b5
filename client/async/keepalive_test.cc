// The pings by which an asynchronous client asks whether its server is alive.

#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "weft/client/async/async_client.h"
#include "weft/client/async/testing/client_loop_fixture.h"
#include "weft/client/connecting/client_options.h"
#include "weft/core/testing/frames.h"
#include "weft/testing/fake_server.h"

namespace weft {
namespace {

using testing::FakePeer;
using testing::FakeServer;
using ::testing::HasSubstr;
using testing::ServerFrame;

class KeepaliveTest : public testing::ClientLoopFixture {};

TEST_F(KeepaliveTest, PingsAgainAfterThePongHoweverLongThatMayTake) {
  for (const absl::Duration pong : {absl::Seconds(60), absl::InfiniteDuration()}) {
    journal_.Clear();
    FakeServer server([](FakePeer& peer) {
      peer.AcceptUpgrade();
      for (int i = 0; i < 3; ++i) {
        EXPECT_THAT(peer.Next(), HasSubstr("ping "));
        peer.Answer();
        peer.Write(ServerFrame(Opcode::kText, absl::StrCat("ponged ", i)));
      }
      peer.ReadToEnd();
    });
    ClientOptions options;
    options.timeouts.pong = pong;
    const ClientRef client = Open(server.url(), {}, options);
    for (int i = 0; i < 3; ++i) {
      clock_.AdvanceMs(20100);
      journal_.WaitFor(absl::StrCat("message ponged ", i));
    }
    EXPECT_TRUE(client.Terminate().ok());
    journal_.WaitFor("destroyed");
  }
}

// Otherwise servers could tell by it which connections belong together.
TEST_F(KeepaliveTest, ThePingsOfConnectionsDifferAtTheSameTime) {
  const auto answer_to = [](std::string& ping) {
    return [&ping](FakePeer& peer) {
      peer.AcceptUpgrade();
      ping = peer.Next();
      peer.Answer();
      peer.Write(ServerFrame(Opcode::kText, "ponged"));
      peer.ReadToEnd();
    };
  };
  std::string pings[2];
  FakeServer first(answer_to(pings[0])), second(answer_to(pings[1]));
  Connect(first.url());
  Connect(second.url());
  AwaitCount("open", 2);
  clock_.AdvanceMs(20100);
  AwaitCount("message ponged", 2);
  loop_.reset();
  EXPECT_THAT(pings[0], HasSubstr("ping "));
  EXPECT_EQ(pings[0].size(), pings[1].size());
  EXPECT_NE(pings[0], pings[1]);
}

// A server may answer only the latest of several pings (RFC 6455, section 5.5.3).
TEST_F(KeepaliveTest, ItsPongEndsTheWaitForThoseOfEarlierPings) {
  FakeServer server([](FakePeer& peer) {
    peer.AcceptUpgrade();
    EXPECT_EQ(peer.Next(), "ping mine");
    const std::string ping = peer.Next();
    EXPECT_THAT(ping, HasSubstr("ping "));
    peer.Write(ServerFrame(Opcode::kPong, ping.substr(5)));
    peer.Write(ServerFrame(Opcode::kPong, "mine") + ServerFrame(Opcode::kText, "ponged"));
    peer.ReadToEnd();
  });
  std::optional<absl::Duration> round_trip;
  Open(server.url(),
       {.on_open = [](AsyncClient& client) { EXPECT_TRUE(client.SendPing("mine").ok()); },
        .on_message = [&round_trip](AsyncClient& client,
                                    const Message&) { round_trip = client.round_trip_time(); }});
  clock_.AdvanceMs(20100);
  journal_.WaitFor("message ponged");
  loop_.reset();
  EXPECT_EQ(round_trip, absl::ZeroDuration());
}

}  // namespace
}  // namespace weft
