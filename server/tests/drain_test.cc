// Server::Drain.

#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "weft/core/testing/frames.h"
#include "weft/server/metrics/metrics.h"
#include "weft/server/server.h"
#include "weft/testing/server_fixture.h"
#include "weft/testing/test_client.h"
#include "weft/transport/address.h"
#include "weft/transport/connect.h"
#include "weft/transport/deadline.h"
#include "weft/transport/fd.h"
#include "weft/transport/listen.h"
#include "weft/transport/stream.h"

namespace weft {
namespace {

using ::testing::StartsWith;
using testing::TestClient;

constexpr char kRestart[] = "fin close 1012 the server restarts";

class DrainTest : public testing::ServerFixture {
 protected:
  ~DrainTest() override {
    if (server_ != nullptr) server_->Shutdown(absl::ZeroDuration());
    if (drain_.joinable()) drain_.join();
    server_.reset();  // destroyed before the objects that its callbacks use
  }

  // Without the first part of the time, except in the tests of that.
  void Start(ServerOptions options = {}, absl::Duration unready = absl::ZeroDuration()) {
    options.timeouts.unready = unready;
    ServerFixture::Start(std::move(options));
  }

  // Drains on another thread, until the clock says that it is over.
  void BeginDrain(absl::Duration over) {
    drain_ = std::thread([this, over] {
      server_->Drain(over, absl::InfiniteDuration());
      done_ = true;
    });
    while (!server_->draining()) std::this_thread::yield();
  }

  void LetTimePassUntilDone() {
    while (!done_) {
      clock_.AdvanceMs(50);
      std::this_thread::yield();
    }
  }

  // An echo shows that the loop has turned.
  static void Echo(TestClient& client) {
    for (int i = 0; i < 3; ++i) {
      client.SendText("still here");
      EXPECT_EQ(client.ReadFrame(), "fin text still here");
    }
  }

  static bool HasSomethingToRead(TestClient& client) {
    char byte;
    return recv(client.stream().fd(), &byte, 1, MSG_PEEK | MSG_DONTWAIT) >= 0 || errno != EAGAIN;
  }

  // The rest of the request for an upgrade that begins with "GET / HT".
  static void SendRest(TestClient& client) {
    client.Send(
        "TP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n");
  }

  static void AnswerClose(TestClient& client) {
    client.SendClose(1012);
    EXPECT_EQ(client.ReadFrame(), "end");
  }

  int Count(absl::string_view prefix) {
    int count = 0;
    for (const std::string& line : journal_.lines()) {
      count += line.substr(0, prefix.size()) == prefix;
    }
    return count;
  }

  static void ExpectNobodyListens(const SocketAddress& address) {
    const absl::StatusOr<Stream> stream = Connected(address);
    EXPECT_THAT(std::string(stream.status().message()), ::testing::HasSubstr("refused"));
  }

  static absl::StatusOr<Stream> Connected(const SocketAddress& address) {
    return ConnectTo({address}, Deadline::After(absl::Seconds(30)));
  }

  std::thread drain_;
  std::atomic<bool> done_{false};
};

// ---- When ----

TEST_F(DrainTest, SpreadsTheEndsOverTheTime) {
  // A handler starts the drain: when its echo arrives, the drain has started.
  script_.on_message = [this](Session& session, const Message& message) {
    if (message.payload == "drain") server_->Drain(absl::Seconds(40));
    session.Send(message).IgnoreError();
  };
  Start({.timeouts = {.ping_interval = absl::InfiniteDuration()},
         .for_tests = {.random = [] { return 0.25; }}});
  std::vector<TestClient> clients;
  for (int i = 0; i < 4; ++i) clients.push_back(ConnectAndUpgrade());
  clients[3].SendText("drain");
  EXPECT_EQ(clients[3].ReadFrame(), "fin text drain");
  // Each closes a quarter into its slot of ten seconds, and the one at a quarter of the list: index
  // 1 of 4; then index 0 of the rest, in which the last has taken the place of the one closed.
  const int order[] = {1, 0, 2, 3};
  TestClient& witness = clients[3];
  Echo(witness);
  clock_.AdvanceMs(2400);
  for (int i = 0; i < 4; ++i) {
    for (int j = i; j < 4; ++j) {
      if (order[j] != 3) Echo(witness);
      EXPECT_FALSE(HasSomethingToRead(clients[order[j]])) << i << ", " << j;
    }
    clock_.AdvanceMs(200);
    EXPECT_EQ(clients[order[i]].ReadFrame(), kRestart);
    AnswerClose(clients[order[i]]);
    clock_.AdvanceMs(9800);
  }
  server_->Wait();  // no session is left
  EXPECT_EQ(Count("close 1012"), 4);
  EXPECT_EQ(Count("destroyed"), 4);
}

TEST_F(DrainTest, OfManyOnTwoLoops) {
  constexpr int kClients = 200;
  // Time passes as fast as possible: no answer is late.
  Start(
      {.threads = 2,
       .timeouts = {.ping_interval = absl::InfiniteDuration(), .close = absl::InfiniteDuration()}});
  std::vector<TestClient> clients;
  for (int i = 0; i < kClients; ++i) clients.push_back(ConnectAndUpgrade());
  BeginDrain(absl::Seconds(10));
  std::vector<std::thread> readers;
  for (int r = 0; r < 2; ++r) {
    readers.emplace_back([&, r] {
      for (int i = r; i < kClients; i += 2) {
        EXPECT_EQ(clients[i].ReadFrame(), kRestart);
        AnswerClose(clients[i]);
      }
    });
  }
  LetTimePassUntilDone();
  for (std::thread& reader : readers) reader.join();
  EXPECT_EQ(Count("close 1012"), kClients);
  EXPECT_EQ(Count("destroyed"), kClients);
}

TEST_F(DrainTest, InNoTime) {
  Start();
  TestClient one = ConnectAndUpgrade(), two = ConnectAndUpgrade();
  BeginDrain(absl::ZeroDuration());
  for (TestClient* client : {&one, &two}) {
    EXPECT_EQ(client->ReadFrame(), kRestart);
    AnswerClose(*client);
  }
  drain_.join();
}

TEST_F(DrainTest, WithoutSessionsItIsDone) {
  Start({.threads = 3});
  server_->Drain(absl::Hours(1), absl::InfiniteDuration());
  EXPECT_TRUE(server_->draining());
}

TEST_F(DrainTest, IsDoneWhenAllHaveLeftByThemselves) {
  Start({.for_tests = {.random = [] { return 0.999; }}});
  TestClient one = ConnectAndUpgrade(), two = ConnectAndUpgrade();
  BeginDrain(absl::Hours(1));
  one.SendClose(1000);
  EXPECT_EQ(one.ReadFrame(), "fin close 1000");
  two.Close();
  drain_.join();
  EXPECT_EQ(Count("close 1000"), 1);
  EXPECT_EQ(Count("close 1006"), 1);
}

// ---- Not ready ----

TEST_F(DrainTest, ItIsNotReadyBeforeItStopsAccepting) {
  ServerOptions options = {
      .timeouts = {.ping_interval = absl::InfiniteDuration(), .close = absl::InfiniteDuration()}};
  options.http.pages = [this](const PageRequest&) -> absl::StatusOr<PageResponse> {
    return Page("text/plain", server_->draining() ? "no" : "ok");
  };
  Start(std::move(options), absl::Seconds(5));
  const SocketAddress address = server_->address();
  TestClient early = ConnectAndUpgrade();
  BeginDrain(absl::Seconds(20));
  for (int i = 0; i < 4; ++i) {
    TestClient check = Connect();
    check.Send("GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    EXPECT_THAT(check.ReadToEnd(), ::testing::EndsWith("\r\n\r\nno"));
    // A client that a load balancer still sends is served, and told to reconnect later.
    TestClient late = ConnectAndUpgrade();
    Echo(late);
    clock_.AdvanceMs(1200);
    late.SendClose(1000);
    EXPECT_EQ(late.ReadFrame(), "fin close 1000");
  }
  TestClient last = ConnectAndUpgrade();
  EXPECT_FALSE(HasSomethingToRead(early));
  clock_.AdvanceMs(300);  // 5.1 s
  Echo(last);
  while (Connected(address).ok()) {
  }
  ExpectNobodyListens(address);
  std::vector<std::thread> readers;
  for (TestClient* client : {&early, &last}) {
    readers.emplace_back([client] {
      EXPECT_EQ(client->ReadFrame(), kRestart);
      AnswerClose(*client);
    });
  }
  LetTimePassUntilDone();
  for (std::thread& reader : readers) reader.join();
}

TEST_F(DrainTest, ItIsNotReadyForHalfOfTheTimeAtMost) {
  Start({}, absl::Hours(1));
  const SocketAddress address = server_->address();
  TestClient client = ConnectAndUpgrade();
  BeginDrain(absl::Seconds(10));
  Echo(client);  // the loop has begun to wait
  clock_.AdvanceMs(4800);
  Echo(client);
  ConnectAndUpgrade();
  client.SendClose(1000);
  EXPECT_EQ(client.ReadFrame(), "fin close 1000");
  clock_.AdvanceMs(300);
  drain_.join();  // no session is left
  ExpectNobodyListens(address);
}

TEST_F(DrainTest, ShutdownEndsTheTimeInWhichItIsNotReady) {
  Start({.threads = 2}, absl::Hours(1));
  TestClient client = ConnectAndUpgrade();
  BeginDrain(absl::Hours(2));
  Echo(client);
  server_->Shutdown(absl::ZeroDuration());
  drain_.join();
}

// ---- It is bounded ----

TEST_F(DrainTest, AClientThatDoesNotAnswerIsDropped) {
  // Only the drain can end an unfinished request.
  Start({.timeouts = {.handshake = absl::InfiniteDuration(),
                      .ping_interval = absl::InfiniteDuration(),
                      .close = absl::Seconds(3)},
         .rates = {.min_request_bytes_per_second = 0}});
  TestClient deaf = ConnectAndUpgrade(), half = Connect();
  half.Send("GET / HT");
  while (server_->connections() < 2) std::this_thread::yield();
  BeginDrain(absl::Seconds(5));
  LetTimePassUntilDone();
  EXPECT_EQ(deaf.ReadFrame(), kRestart);
  EXPECT_EQ(deaf.ReadFrame(), "end");
  EXPECT_EQ(Count("close 1006 the closing handshake took too long"), 1);
  EXPECT_EQ(half.ReadHead(), "end");
}

TEST_F(DrainTest, GraceIsRealTime) {
  Start({.timeouts = {.close = absl::InfiniteDuration()}});
  TestClient deaf = ConnectAndUpgrade();
  server_->Drain(absl::ZeroDuration(), absl::Milliseconds(10));  // the test's clock stands still
  EXPECT_EQ(Count("close 1006 the server has stopped"), 1);
}

TEST_F(DrainTest, ShutdownEndsItSooner) {
  Start({.threads = 2});
  TestClient one = ConnectAndUpgrade(), two = ConnectAndUpgrade();
  BeginDrain(absl::Hours(1));
  std::thread shutdown([this] { server_->Shutdown(absl::InfiniteDuration()); });
  for (TestClient* client : {&one, &two}) {
    EXPECT_THAT(client->ReadFrame(),
                StartsWith("fin close 10"));  // by the drain or by the shutdown
    AnswerClose(*client);
  }
  shutdown.join();
  drain_.join();
  EXPECT_EQ(Count("destroyed"), 2);
}

TEST_F(DrainTest, FromAHandlerItBegins) {
  script_.on_message = [this](Session& session, const Message&) {
    server_->Drain(absl::ZeroDuration());
    server_->Drain(absl::Hours(1));  // idempotent
    session.SendText("still here").IgnoreError();
  };
  Start({.threads = 2});
  TestClient client = ConnectAndUpgrade(), other = ConnectAndUpgrade();
  client.SendText("drain");
  EXPECT_EQ(client.ReadFrame(), "fin text still here");
  for (TestClient* each : {&client, &other}) {
    EXPECT_EQ(each->ReadFrame(), kRestart);
    AnswerClose(*each);
  }
  server_->Wait();
  EXPECT_EQ(Count("destroyed"), 2);
}

// ---- The door ----

TEST_F(DrainTest, NothingIsAcceptedAndSessionsContinue) {
  Start({.threads = 2, .for_tests = {.random = [] { return 0.999; }}});
  TestClient one = ConnectAndUpgrade(), two = ConnectAndUpgrade(), late = Connect();
  late.Send("GET / HT");
  while (server_->connections() < 3) std::this_thread::yield();
  EXPECT_FALSE(server_->draining());
  const SocketAddress address = server_->address();
  BeginDrain(absl::Hours(1));
  while (Connected(address).ok()) {  // until the last loop has read its mailbox
  }
  ExpectNobodyListens(address);
  Echo(one);
  Echo(two);
  SendRest(late);
  EXPECT_THAT(late.ReadHead(), StartsWith("HTTP/1.1 503 "));
  const ServerMetrics metrics = server_->metrics();
  EXPECT_EQ(metrics.handshake_failures[static_cast<size_t>(HandshakeFailure::kDraining)], 1u);
  EXPECT_EQ(Count("close"), 0);
}

// A restart with a socket of systemd: no client is refused, not even one between its connection and
// its request.
TEST_F(DrainTest, ClientsOfAnInheritedSocketWaitForTheNextServer) {
  const absl::StatusOr<UniqueFd> kept = Listen(*SocketAddress::FromIp("127.0.0.1", 0));
  ASSERT_TRUE(kept.ok()) << kept.status();
  const auto options = [&]() -> ServerOptions {
    return {.address = absl::StrCat("fd:", dup(kept->get())),
            .for_tests = {.random = [] { return 0.5; }}};
  };
  Start(options());
  const SocketAddress address = server_->address();
  EXPECT_EQ(address, LocalAddress(kept->get()));
  TestClient one = ConnectAndUpgrade(), half = Connect();
  half.Send("GET / HT");
  while (server_->connections() < 2) std::this_thread::yield();
  BeginDrain(absl::Seconds(4));
  Echo(one);               // its loop accepts no more
  clock_.AdvanceMs(3500);  // past the moments of both
  EXPECT_EQ(one.ReadFrame(), kRestart);
  AnswerClose(one);
  SendRest(half);
  EXPECT_THAT(half.ReadHead(), StartsWith("HTTP/1.1 101 "));
  TestClient next(address);
  Echo(half);
  EXPECT_EQ(server_->connections(), 1u);
  const absl::StatusOr<std::unique_ptr<Server>> successor =
      Server::Start(options(), [this](auto&, auto&) {
        return std::make_unique<testing::ScriptedHandler>(script_, journal_);
      });
  ASSERT_TRUE(successor.ok()) << successor.status();
  EXPECT_EQ(next.Upgrade(), "HTTP/1.1 101 Switching Protocols");
  Echo(next);
  EXPECT_EQ((*successor)->connections(), 1u);
  const ServerMetrics metrics = server_->metrics();
  EXPECT_EQ(metrics.handshake_failures[static_cast<size_t>(HandshakeFailure::kDraining)], 0u);
  server_->Shutdown(absl::ZeroDuration());
}

TEST_F(DrainTest, ASocketOfTheServersOwnBesideAnInheritedOneIsClosed) {
  const absl::StatusOr<UniqueFd> kept = Listen(*SocketAddress::FromIp("127.0.0.1", 0));
  ASSERT_TRUE(kept.ok()) << kept.status();
  Start({.address = absl::StrCat("fd:", dup(kept->get())),
         .more_endpoints = {{.address = "127.0.0.1", .port = 0}},
         .for_tests = {.random = [] { return 0.999; }}});
  TestClient one = ConnectAndUpgrade(), half(server_->addresses()[1]);
  half.Send("GET / HT");
  while (server_->connections() < 2) std::this_thread::yield();
  BeginDrain(absl::Hours(1));
  Echo(one);  // its loop accepts no more
  ExpectNobodyListens(server_->addresses()[1]);
  SendRest(half);
  EXPECT_THAT(half.ReadHead(), StartsWith("HTTP/1.1 503 "));
}

TEST_F(DrainTest, ShutdownStopsListeningAtOnceToo) {
  Start();
  TestClient client = ConnectAndUpgrade();
  const SocketAddress address = server_->address();
  std::thread shutdown([this] { server_->Shutdown(absl::InfiniteDuration()); });
  while (!server_->draining()) std::this_thread::yield();
  EXPECT_THAT(client.ReadFrame(), StartsWith("fin close 1001"));
  ExpectNobodyListens(address);  // while the session is still open
  client.SendClose(1001);
  shutdown.join();
}

}  // namespace
}  // namespace weft
