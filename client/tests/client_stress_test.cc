// Every call from its own thread, and an end at a random moment: mainly for --config=tsan.

#include <atomic>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "weft/client/client.h"
#include "weft/client/testing/client_tests.h"
#include "weft/core/testing/frames.h"
#include "weft/testing/fake_server.h"

namespace weft {
namespace {

using testing::CloseFrame;
using testing::ConnectOrDie;
using testing::FakePeer;
using testing::FakeServer;
using testing::ServerFrame;

constexpr int kSenders = 2;
constexpr int kMessages = 60;  // of each sender

// Possible actions of a peer meanwhile.
enum class Peer { kEchoes, kPingsAndEchoes, kReadsLate, kCloses, kResets };
enum class End { kClose, kCancel, kBoth };

class Round {
 public:
  explicit Round(int seed) : random_(seed) {}

  void Run() {
    const auto peer = static_cast<Peer>(Random(5));
    const auto end = static_cast<End>(Random(3));
    const int end_after = Random(kSenders * kMessages * 2);
    const int messages_until_peer_ends = Random(kMessages);
    std::string how;
    FakeServer server([&](FakePeer& fake) { how = Serve(fake, peer, messages_until_peer_ends); });
    client_ =
        ConnectOrDie(server, {.timeouts = {.send = absl::Milliseconds(Random(3)),
                                           .ping_interval = absl::Microseconds(100 + Random(1000)),
                                           .pong = absl::InfiniteDuration(),
                                           .close = absl::Milliseconds(Random(100))}});
    std::vector<std::thread> threads;
    for (int i = 0; i < kSenders; ++i) {
      threads.emplace_back([this, i, seed = random_()] { SendAll(i, seed); });
    }
    threads.emplace_back([this, seed = random_()] { ReceiveAll(seed); });
    threads.emplace_back([this] {
      while (!ended_) {
        client_->status().IgnoreError();
        client_->round_trip_time();
        client_->close_info();
        std::this_thread::yield();
      }
    });
    while (!ended_ && calls_ < end_after) std::this_thread::yield();
    if (end != End::kClose) threads.emplace_back([this] { client_->Cancel(); });
    if (end != End::kCancel) {
      closing_ = true;
      client_->Close().IgnoreError();
    }
    for (std::thread& thread : threads) thread.join();

    // Every call returns the same, and the peer saw only whole frames.
    const absl::Status why = client_->Receive().status();
    EXPECT_FALSE(why.ok() || absl::IsInvalidArgument(why)) << why;
    EXPECT_EQ(client_->SendText("x"), why);
    EXPECT_EQ(client_->status(), why);
    client_.reset();
    server.Join();
    EXPECT_FALSE(absl::StartsWith(how, "close 1002") || absl::StartsWith(how, "close 1007")) << how;
  }

 private:
  int Random(int n) { return std::uniform_int_distribution<int>(0, n - 1)(random_); }

  static std::string Serve(FakePeer& fake, Peer peer, int messages) {
    fake.AcceptUpgrade();
    std::string how;
    switch (peer) {
      case Peer::kEchoes:
        break;
      case Peer::kPingsAndEchoes:
        for (int i = 0; i < 100; ++i) fake.Write(ServerFrame(Opcode::kPing, absl::StrCat(i)));
        break;
      case Peer::kReadsLate:
        for (int i = 0; i < 10000; ++i) std::this_thread::yield();
        break;
      case Peer::kCloses:
      case Peer::kResets:
        for (int i = 0; i < messages; ++i) how = fake.Next();
        if (peer == Peer::kResets) {
          fake.Reset();
          return how;
        }
        fake.Write(CloseFrame(CloseCode::kGoingAway));
        break;
    }
    return fake.EchoToEnd();
  }

  // Continues until the connection has ended, because pings are sent without an end.
  void SendAll(int sender, unsigned seed) {
    std::mt19937 random(seed);
    absl::Status status;
    for (int i = 0; !ended_; ++calls_) {
      switch (i < kMessages ? random() % 4 : 0) {
        case 0:
          status = client_->SendPing();
          break;
        case 1:
          status = client_->SendPing(absl::StrCat(sender));
          break;
        default:
          status = client_->SendText(
              absl::StrCat(sender, ":", i, ":", std::string(random() % 50000, '.')));
          // Of the others this message was not sent.
          if (status.ok() || absl::IsDeadlineExceeded(status)) ++i;
      }
      // That is for actions of this side.
      EXPECT_TRUE(closing_ || !absl::IsFailedPrecondition(status)) << status;
      if (!status.ok()) std::this_thread::yield();
    }
  }

  void ReceiveAll(unsigned seed) {
    std::mt19937 random(seed);
    int next[kSenders] = {};
    while (client_->status().ok()) {
      const absl::StatusOr<Message> message = client_->Receive(absl::Microseconds(random() % 500));
      if (!message.ok()) continue;
      const int sender = message->payload[0] - '0';
      ASSERT_TRUE(sender >= 0 && sender < kSenders);
      EXPECT_TRUE(
          absl::StartsWith(message->payload, absl::StrCat(sender, ":", next[sender]++, ":")));
    }
    ended_ = true;
  }

  std::mt19937 random_;
  std::unique_ptr<Client> client_;
  std::atomic<int> calls_ = 0;
  std::atomic<bool> closing_ = false;
  std::atomic<bool> ended_ = false;
};

TEST(ClientStress, EveryCallAtOnceAndAnEndAtARandomMoment) {
  for (int seed = 0; seed < 40; ++seed) {
    SCOPED_TRACE(seed);
    Round(seed).Run();
  }
}

}  // namespace
}  // namespace weft
