// Several threads that use one ReconnectingClient, in real time.

#include <atomic>
#include <functional>
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
#include "weft/client/reconnecting_client.h"
#include "weft/client/testing/client_tests.h"
#include "weft/testing/fake_server.h"

namespace weft {
namespace {

using testing::BlockedCall;
using testing::CloseFrame;
using testing::Echo;
using testing::FakePeer;
using testing::FakeServer;
using testing::Ignore;
using testing::Quiet;
using testing::Signal;
using testing::Text;

ReconnectOptions Options() {
  ReconnectOptions options;
  options.client = Quiet();
  options.retry.backoff.first = options.retry.backoff.longest = absl::Milliseconds(1);
  return options;
}

// ---- Ends at once, from another thread ----

// The places where a thread in Receive() can be blocked.
struct Blocking {
  std::string name;
  std::function<void(FakePeer&)> script;
  std::function<absl::Status(Client&)> after_connect = nullptr;
};

std::vector<Blocking> EveryBlocking() {
  return {
      {"InAWait",
       [](FakePeer& peer) {
         peer.ReadRequest();
         peer.Write("HTTP/1.1 503 x\r\nRetry-After: 3600\r\nContent-Length: 0\r\n\r\n");
       }},
      {"InAnAttempt", [](FakePeer& peer) { peer.ReadToEnd(); }},
      {"InAfterConnect", Ignore, [](Client& fresh) { return fresh.Receive().status(); }},
      {"InReceive",
       [](FakePeer& peer) {
         peer.AcceptUpgrade();
         while (absl::StartsWith(peer.Next(), "text ")) {
         }
         peer.Answer();
       }},
  };
}

class ReconnectingClientEnd : public ::testing::TestWithParam<Blocking> {};

// IXWebSocket#151: stop() that waits until the next attempt.
TEST_P(ReconnectingClientEnd, WakesEveryThread) {
  for (const bool cancel : {true, false}) {
    const absl::StatusCode code =
        cancel ? absl::StatusCode::kCancelled : absl::StatusCode::kFailedPrecondition;
    FakeServer server(GetParam().script);
    ReconnectOptions options = Options();
    options.hooks.after_connect = GetParam().after_connect;
    const auto client = *ReconnectingClient::Create(server.url(), options);
    BlockedCall first([&] { EXPECT_EQ(client->Receive().status().code(), code); });
    BlockedCall second([&] { EXPECT_EQ(client->Receive().status().code(), code); });
    std::thread third([&] {
      absl::Status status = client->Connect();
      while (status.ok()) status = client->SendText("x");  // it is connected
      EXPECT_EQ(status.code(), code);
    });
    if (cancel) {
      client->Cancel();
    } else {
      EXPECT_TRUE(client->Close().ok());
    }
    first.Join();
    second.Join();
    third.join();
    EXPECT_EQ(client->Receive().status().code(), code);
  }
}

INSTANTIATE_TEST_SUITE_P(EveryBlocking, ReconnectingClientEnd, ::testing::ValuesIn(EveryBlocking()),
                         [](const auto& info) { return info.param.name; });

// ---- While another thread receives ----

// A sender that must connect does not change the message that another thread holds.
TEST(ReconnectingClientThreads, AMessageOutlivesItsConnection) {
  FakeServer server({[](FakePeer& peer) {
                       peer.AcceptUpgrade(Text(std::string(100000, 'a')));
                       peer.Next();
                       peer.Reset();
                     },
                     Echo});
  const auto client = *ReconnectingClient::Create(server.url(), Options());
  Signal received, replaced;
  std::thread receiver([&] {
    const absl::StatusOr<Message> message = client->Receive();
    ASSERT_TRUE(message.ok()) << message.status();
    received.Give();
    replaced.Await();
    EXPECT_TRUE(message->payload == std::string(100000, 'a'));
    EXPECT_RECEIVES(client, "new");
  });
  received.Await();
  while (client->SendText("x").ok()) std::this_thread::yield();
  EXPECT_TRUE(client->Connect().ok());
  replaced.Give();
  EXPECT_TRUE(client->SendText("new").ok());
  receiver.join();
}

// The pattern for Send*(): a caller that gets Unavailable keeps the line, waits for Connect(), and
// sends it again. Lines that had been sent when a connection was lost can be lost, but none arrives
// twice or late, and the last ones, of a connection that was closed, have arrived.
TEST(ReconnectingClientThreads, SendersGoOnWhileConnectionsComeAndGo) {
  constexpr int kSenders = 3, kConnections = 12;
  std::vector<std::vector<std::string>> arrived(kConnections);
  std::vector<FakeServer::Script> scripts;
  for (int i = 0; i < kConnections; ++i) {
    scripts.push_back([&lines = arrived[i], i](FakePeer& peer) {
      peer.AcceptUpgrade();
      while (i + 1 == kConnections || lines.size() < 20u) {
        std::string line = peer.Next();
        if (!absl::StartsWith(line, "text ")) return peer.Answer();
        lines.push_back(std::move(line));
      }
      if (i % 3 == 0) peer.Reset();
      if (i % 3 == 1) peer.Write(CloseFrame(CloseCode::kGoingAway));
    });
  }
  FakeServer server(scripts);
  ReconnectOptions options = Options();
  std::atomic<int> lost = 0;
  options.hooks.on_event = [&](const ReconnectEvent& event) {
    if (event.type == ReconnectEvent::Type::kLost) ++lost;
  };
  const auto client = *ReconnectingClient::Create(server.url(), options);
  std::thread receiver([&] { EXPECT_CODE(client->Receive().status(), kFailedPrecondition); });
  std::vector<int> sent(kSenders);
  std::vector<std::thread> senders;
  for (int sender = 0; sender < kSenders; ++sender) {
    senders.emplace_back([&, sender] {
      for (bool last = false; !last;) {
        last = lost == kConnections - 1;
        const absl::Status status = client->SendText(absl::StrCat(sender, ":", sent[sender]));
        if (status.ok()) {
          ++sent[sender];
        } else {
          ASSERT_TRUE(absl::IsUnavailable(status)) << status;
          ASSERT_TRUE(client->Connect().ok());
          last = false;
        }
      }
    });
  }
  for (std::thread& sender : senders) sender.join();
  EXPECT_TRUE(client->Close().ok());
  receiver.join();
  server.Join();

  std::vector<int> next(kSenders);
  for (const std::vector<std::string>& lines : arrived) {
    for (const std::string& line : lines) {
      const int sender = line[5] - '0';
      const int i = std::stoi(line.substr(7));
      EXPECT_GE(i, next[sender]) << line;
      next[sender] = i + 1;
    }
  }
  EXPECT_EQ(next, sent);
}

// For --config=tsan: all calls at once, and an end at a random moment.
TEST(ReconnectingClientThreads, EveryCallAtOnceAndAnEndAtARandomMoment) {
  for (unsigned seed = 0; seed < 30; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    std::vector<FakeServer::Script> scripts;
    for (int i = 0; i < 20; ++i) {
      scripts.push_back([kind = random() % 5, messages = random() % 20](FakePeer& peer) {
        if (kind == 0) return;  // before the answer
        peer.AcceptUpgrade();
        if (kind == 1) return;
        for (unsigned n = 0; n < messages; ++n) {
          peer.Next();
          peer.Write(Text("answer"));
        }
        if (kind == 2) peer.Reset();
        if (kind == 3) peer.Write(CloseFrame(CloseCode::kGoingAway));
      });
    }
    FakeServer server(scripts);
    ReconnectOptions options = Options();
    options.client.timeouts.connect = absl::Milliseconds(100);
    options.client.timeouts.close = absl::Milliseconds(100);
    options.hooks.after_connect = [](Client& fresh) { return fresh.SendText("hello"); };
    const auto client = *ReconnectingClient::Create(server.url(), options);
    std::atomic<unsigned> calls = 0;
    const auto until_the_end = [&](auto call) {
      return std::thread([&calls, call] {
        for (absl::Status status; !absl::IsCancelled(status) && !absl::IsFailedPrecondition(status);
             ++calls) {
          status = call();
        }
      });
    };
    std::vector<std::thread> threads;
    threads.push_back(
        until_the_end([&] { return client->Receive(absl::Milliseconds(1)).status(); }));
    threads.push_back(until_the_end([&] { return client->SendText("x"); }));
    threads.push_back(until_the_end([&] { return client->Connect(absl::Milliseconds(1)); }));
    threads.push_back(until_the_end([&] {
      const std::shared_ptr<Client> now = client->client();
      if (now != nullptr) now->round_trip_time();
      return client->SendBinary("y");
    }));
    const unsigned end_after = random() % 2000;
    while (calls < end_after) std::this_thread::yield();
    if (random() % 2 == 0) {
      client->Close().IgnoreError();
    } else {
      client->Cancel();
    }
    for (std::thread& thread : threads) thread.join();
  }
}

}  // namespace
}  // namespace weft
