// Handlers of the library, which hold reading.

#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "gtest/gtest.h"
#include "weft/client/async/async_client.h"
#include "weft/client/async/client_loop.h"
#include "weft/client/async/client_ref.h"
#include "weft/client/async/remote_client.h"
#include "weft/client/async/testing/client_loop_fixture.h"
#include "weft/client/connecting/client_options.h"
#include "weft/core/frame/opcode.h"
#include "weft/core/testing/frames.h"
#include "weft/testing/fake_server.h"
#include "weft/testing/journal.h"
#include "weft/transport/testing/tls_pair.h"

namespace weft {
namespace {

using testing::FakePeer;
using testing::FakeServer;
using testing::Journal;
using testing::ServerFrame;

constexpr int kMessages = 20;

// Message `i`. One TLS record holds all of them, and more than is read with the response.
std::string Text(int i) { return absl::StrCat(i, std::string(700, ' ')); }

// Holds reading after each message, and from the start if `when_open`, until Resume().
class Holding : public LoopClientHandler {
 public:
  Holding(Journal& journal, bool when_open) : journal_(journal), when_open_(when_open) {}

  void Attach(RemoteClient& client) override { client_ = &client; }
  void OnOpen(AsyncClient& /*client*/) override {
    if (when_open_) client_->HoldReading();
    journal_.Write("open");
  }
  void OnMessage(AsyncClient& /*client*/, const Message& message) override {
    client_->HoldReading();
    journal_.Write(absl::StrCat("message ", message.payload.substr(0, message.payload.find(' '))));
  }
  void OnRoundTrip() override {}
  void OnClose(AsyncClient& /*client*/, const CloseInfo& info) override {
    journal_.Write(absl::StrCat("close ", static_cast<int>(info.code), " ", info.reason));
  }

  void Resume() { client_->ResumeReading(); }

 private:
  Journal& journal_;
  const bool when_open_;
  RemoteClient* client_ = nullptr;
};

class HoldReadingTest : public testing::ClientLoopFixture {
 protected:
  ~HoldReadingTest() override { loop_.reset(); }

  // Connects to a server that writes all messages with its response.
  void TakeOneByOne(bool tls, bool when_open) {
    StartLoop();
    FakeServer server([tls](FakePeer& peer) {
      if (tls) peer.StartTls(*testing::TestTlsServer());
      std::string out = FakePeer::Accept(peer.ReadRequest());
      for (int i = 0; i < kMessages; ++i) out += ServerFrame(Opcode::kText, Text(i));
      peer.Write(out);
      peer.ReadToEnd();
    });
    auto handler = std::make_unique<Holding>(journal_, when_open);
    Holding* const holding = handler.get();
    ClientOptions options{.tls = testing::TestTlsClient(), .proxy = "direct"};
    const ClientRef client =
        loop_->Connect(absl::StrCat(tls ? "wss" : "ws", "://127.0.0.1:", server.port(), "/"),
                       std::move(options), std::move(handler));
    journal_.WaitFor("open");
    const auto resume = [&] {
      ASSERT_TRUE(client.Post([holding](AsyncClient&) { holding->Resume(); }).ok());
    };
    if (when_open) resume();
    for (int i = 0; i < kMessages; ++i) {
      journal_.WaitFor(absl::StrCat("message ", i));
      EXPECT_EQ(Count({"message"}), i + 1);
      if (HasFailure()) return;
      resume();
    }
    EXPECT_EQ(Count({"close"}), 0);
    EXPECT_TRUE(client.Terminate().ok());
    journal_.WaitForPart("close 1006 terminated by the application");
  }
};

TEST_F(HoldReadingTest, WhatComesWithTheResponseWaits) { TakeOneByOne(false, false); }

TEST_F(HoldReadingTest, WhatComesWithTheResponseWaitsForOneThatHoldsFromTheStart) {
  TakeOneByOne(false, true);
}

TEST_F(HoldReadingTest, WhatComesWithTheResponseOverTlsWaits) { TakeOneByOne(true, false); }

TEST_F(HoldReadingTest, WhatComesWithTheResponseOverTlsWaitsForOneThatHoldsFromTheStart) {
  TakeOneByOne(true, true);
}

}  // namespace
}  // namespace weft
