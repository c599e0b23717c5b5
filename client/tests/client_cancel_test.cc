#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "weft/client/client.h"
#include "weft/client/testing/client_tests.h"
#include "weft/core/testing/frames.h"
#include "weft/testing/fake_server.h"

namespace weft {
namespace {

using testing::BlockedCall;
using testing::CloseFrame;
using testing::ConnectOrDie;
using testing::DoNotRead;
using testing::FakePeer;
using testing::FakeServer;
using testing::Ignore;
using testing::kTooMuch;
using testing::Quiet;
using testing::Say;
using testing::ServerFrame;
using testing::Text;
using testing::TypicalTime;

// ---- Each blocking call ----

// A call that `script` blocks.
struct Blocking {
  std::string name;
  std::function<void(FakePeer&)> script;
  std::function<absl::Status(Client&)> call;
  std::function<void(Client&)> before = [](Client&) {};
};

absl::Status Receive(Client& client) { return client.Receive().status(); }
absl::Status Close(Client& client) { return client.Close(); }
absl::Status Send(Client& client) {
  static const auto* much = new std::string(kTooMuch, 'x');
  return client.SendBinary(*much);
}

// Answers the Close frame, but does not end the stream.
void LingerAfterClose(FakePeer& peer) {
  peer.AcceptUpgrade();
  peer.Next();
  peer.Answer();
  peer.ReadToEnd();
}

std::vector<Blocking> EveryBlockingCall() {
  return {
      {"Receive", Ignore, Receive},
      {"Receive in the middle of a message", Say(Text("half").substr(0, 3)), Receive},
      {"Send, the peer does not read", DoNotRead, Send},
      {"Close, the peer does not answer", Ignore, Close},
      {"Close, the peer does not end the stream", LingerAfterClose, Close},
      {"Close, another thread holds a message", Say(Text("held")), Close,
       [](Client& client) {
         std::thread holder([&client] { EXPECT_RECEIVES(&client, "held"); });
         holder.join();
       }},
  };
}

class ClientCancelTest : public ::testing::TestWithParam<Blocking> {};

// From Cancel() until the blocked call has returned.
absl::Duration TimeToCancel(const Blocking& blocking) {
  FakeServer server(blocking.script);
  std::unique_ptr<Client> client = ConnectOrDie(server);
  blocking.before(*client);
  BlockedCall call([&] { EXPECT_CODE(blocking.call(*client), kCancelled); });
  const auto begin = std::chrono::steady_clock::now();
  client->Cancel();
  call.Join();
  const auto end = std::chrono::steady_clock::now();
  EXPECT_CODE(client->Receive().status(), kCancelled);
  EXPECT_CODE(client->SendText("x"), kCancelled);
  EXPECT_CODE(client->SendPing(), kCancelled);
  EXPECT_CODE(client->Close(), kCancelled);
  client->Cancel();
  return absl::FromChrono(end - begin);
}

TEST_P(ClientCancelTest, ReturnsWithin50Milliseconds) {
  constexpr absl::Duration kLimit = absl::Milliseconds(50);
  EXPECT_LT(TypicalTime(kLimit, [] { return TimeToCancel(GetParam()); }), kLimit);
}

INSTANTIATE_TEST_SUITE_P(EveryBlockingCall, ClientCancelTest,
                         ::testing::ValuesIn(EveryBlockingCall()), [](const auto& info) {
                           std::string name = info.param.name;
                           name.erase(std::remove_if(name.begin(), name.end(),
                                                     [](char c) { return c == ' ' || c == ','; }),
                                      name.end());
                           return name;
                         });

// ---- Calls that are busy, and several at once ----

// There is always more to read, and never a message. Other threads still get their turn.
TEST(ClientCancel, EndsAReceiveThatNeverRests) {
  FakeServer server([](FakePeer& peer) {
    peer.AcceptUpgrade(ServerFrame(Opcode::kBinary, "", false));
    const std::string fragment = ServerFrame(Opcode::kContinuation, "", false);
    std::string fragments;
    for (int i = 0; i < 10000; ++i) fragments += fragment;
    while (peer.Write(fragments)) {
    }
  });
  ClientOptions options = Quiet();
  options.connection.max_fragments = std::numeric_limits<uint32_t>::max();
  std::unique_ptr<Client> client = ConnectOrDie(server, options);
  std::thread receiver([&] { EXPECT_CODE(client->Receive().status(), kCancelled); });
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(client->SendText("a turn").ok());
  client->Cancel();
  receiver.join();
}

// The same for a thread that sends without a pause.
TEST(ClientCancel, EndsASendThatNeverRests) {
  FakeServer server(Ignore);
  std::unique_ptr<Client> client = ConnectOrDie(server);
  std::thread sender([&] {
    const std::string text(1 << 20, 'x');
    absl::Status status;
    while (status.ok()) status = client->SendText(text);
    EXPECT_CODE(status, kCancelled);
  });
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(client->SendText("a turn").ok());
  client->Cancel();
  sender.join();
}

TEST(ClientCancel, EndsAllCallsAtOnce) {
  FakeServer server(DoNotRead);
  std::unique_ptr<Client> client = ConnectOrDie(server);
  std::vector<std::unique_ptr<BlockedCall>> calls;
  for (const auto& call : {Receive, Receive, Send, Send, Close, Close}) {
    calls.push_back(
        std::make_unique<BlockedCall>([&client, call] { EXPECT_CODE(call(*client), kCancelled); }));
  }
  client->Cancel();
  for (const auto& call : calls) call->Join();
}

}  // namespace
}  // namespace weft
