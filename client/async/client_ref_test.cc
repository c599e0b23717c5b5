#include "weft/client/async/client_ref.h"

#include <future>
#include <optional>
#include <string>
#include <thread>

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "weft/client/async/async_client.h"
#include "weft/client/async/testing/client_loop_fixture.h"
#include "weft/core/testing/frames.h"
#include "weft/testing/fake_server.h"

namespace weft {
namespace {

using testing::FakePeer;
using testing::FakeServer;
using ::testing::HasSubstr;
using testing::ServerFrame;

class ClientRefTest : public testing::ClientLoopFixture {};

// The part that references share is freed after the last of them, when the timer fires.
TEST_F(ClientRefTest, IsMadeAgainAfterAllWereDropped) {
  FakeServer server([](FakePeer& peer) {
    peer.AcceptUpgrade();
    EXPECT_THAT(peer.Next(), HasSubstr("ping "));
    peer.Answer();
    peer.Write(ServerFrame(Opcode::kText, "first"));
    peer.EchoToEnd();
  });
  std::promise<ClientRef> made;
  std::optional<ClientRef> again;
  Open(server.url(), {.on_message = [&](AsyncClient& client, const Message& message) {
         if (message.payload == "first") made.set_value(client.ref());
         if (message.payload == "second") again = client.ref();
       }});
  clock_.AdvanceMs(20100);
  const ClientRef ref = made.get_future().get();
  EXPECT_TRUE(ref.SendText("second").ok());  // from another thread
  journal_.WaitFor("message second");
  EXPECT_TRUE(ref.Close().ok());
  journal_.WaitForPart(" by application ");
  journal_.WaitFor("destroyed");
  EXPECT_TRUE(again == ref);
  EXPECT_TRUE(absl::IsFailedPrecondition(ref.SendText("late")));
}

// One that is made after a send of the same callback reports the queue as it is then.
TEST_F(ClientRefTest, SeesTheQueueEmptyAfterAMessageThatWasSentBefore) {
  StartLoop({.sending = {.max_queue_bytes = 1000}});
  FakeServer server([](FakePeer& peer) {
    peer.AcceptUpgrade();
    EXPECT_THAT(peer.Next(), HasSubstr("ping "));
    peer.Answer();
    peer.Write(ServerFrame(Opcode::kText, "first"));
    peer.EchoToEnd();
  });
  std::promise<ClientRef> made;
  Open(server.url(), {.on_message = [&](AsyncClient& client, const Message& message) {
         if (message.payload != "first") return;
         EXPECT_TRUE(client.SendText("second").ok());
         made.set_value(client.ref());
       }});
  clock_.AdvanceMs(20100);
  journal_.WaitFor("message second");
  const ClientRef ref = made.get_future().get();
  EXPECT_EQ(ref.queued_bytes(), 0u);
  EXPECT_TRUE(ref.SendText(std::string(1000, 'x')).ok());
}

// The write before OnWritable has made room, which other threads must see already.
TEST_F(ClientRefTest, AThreadThatSendsInOnWritableFindsTheRoom) {
  constexpr size_t kMaxQueue = 700000;
  StartLoop({.sending = {.max_queue_bytes = kMaxQueue, .low_mark_bytes = 0}});
  std::promise<void> filled;
  FakeServer server([&filled](FakePeer& peer) {
    peer.AcceptUpgrade();
    filled.get_future().wait();
    peer.ReadToEnd();
  });
  const ClientRef ref = Connect(
      server.url(),
      {.on_open =
           [&filled](AsyncClient& client) {
             while (client.SendBinary(std::string(100000, 'x')).ok()) {
             }
             filled.set_value();
           },
       .on_writable =
           [](AsyncClient& client) {
             const ClientRef ref = client.ref();
             EXPECT_EQ(ref.queued_bytes(), client.queued_bytes());
             absl::Status sent;
             std::thread([&] { sent = ref.SendBinary(std::string(kMaxQueue, 'x')); }).join();
             EXPECT_TRUE(sent.ok()) << sent;
             client.Terminate();
           }});
  journal_.WaitFor("writable");
  journal_.WaitFor("destroyed");
}

TEST_F(ClientRefTest, OfAConnectionThatHasEnded) {
  FakeServer server([](FakePeer& peer) {
    peer.AcceptUpgrade();
    EXPECT_THAT(peer.Next(), HasSubstr("ping "));
  });
  ClientRef ref;
  Open(server.url(), {.on_close = [&ref](AsyncClient& client) { ref = client.ref(); }});
  clock_.AdvanceMs(20100);
  journal_.WaitFor("destroyed");
  EXPECT_TRUE(absl::IsFailedPrecondition(ref.SendText("late")));
  EXPECT_TRUE(absl::IsFailedPrecondition(ref.Close()));
  EXPECT_EQ(ref.queued_bytes(), 0u);
}

}  // namespace
}  // namespace weft
