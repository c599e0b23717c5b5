#include "weft/client/client.h"

#include <chrono>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "weft/client/testing/client_tests.h"
#include "weft/core/testing/frames.h"
#include "weft/testing/fake_server.h"

namespace weft {
namespace {

using testing::ConnectOrDie;
using testing::DoNotRead;
using testing::Echo;
using ::testing::ElementsAre;
using testing::FakePeer;
using testing::FakeServer;
using ::testing::HasSubstr;
using testing::Ignore;
using ::testing::IsEmpty;
using testing::kSoon;
using testing::kTooMuch;
using testing::Quiet;
using testing::Say;
using testing::ServerFrame;
using testing::Signal;
using ::testing::StartsWith;
using testing::Text;

// ---- Messages ----

TEST(ClientTest, SendsAndReceives) {
  FakeServer server(Echo);
  std::unique_ptr<Client> client = ConnectOrDie(server);
  ASSERT_TRUE(client->SendText("κόσμε").ok());
  absl::StatusOr<Message> message = client->Receive();
  ASSERT_TRUE(message.ok()) << message.status();
  EXPECT_TRUE(message->is_text());
  EXPECT_EQ(message->payload, "κόσμε");
  EXPECT_TRUE(message->first && message->last);

  ASSERT_TRUE(client->SendBinary(absl::string_view("\0\xff", 2)).ok());
  message = client->Receive();
  ASSERT_TRUE(message.ok()) << message.status();
  EXPECT_FALSE(message->is_text());
  EXPECT_EQ(message->payload, absl::string_view("\0\xff", 2));

  EXPECT_TRUE(client->Close(static_cast<CloseCode>(4000), "bye").ok());
  EXPECT_EQ(client->close_info().code, static_cast<CloseCode>(4000));
  EXPECT_EQ(client->close_info().reason, "bye");
}

TEST(ClientTest, MessagesOfEverySize) {
  FakeServer server(Echo);
  ClientOptions options = Quiet();
  options.connection.max_message_bytes = 16 << 20;
  std::unique_ptr<Client> client = ConnectOrDie(server, options);
  for (const size_t size : {0, 1, 125, 126, 65535, 65536, 1 << 20, 16 << 20, 3}) {
    const std::string text(size, 'x');
    ASSERT_TRUE(client->SendText(text).ok());
    const absl::StatusOr<Message> message = client->Receive();
    ASSERT_TRUE(message.ok()) << message.status();
    EXPECT_TRUE(message->payload == text) << size;
  }
}

TEST(ClientTest, FragmentsMakeOneMessage) {
  FakeServer server(Echo);
  std::unique_ptr<Client> client = ConnectOrDie(server);
  EXPECT_TRUE(client->SendFragment(Opcode::kText, "Hel", false).ok());
  EXPECT_CODE(client->SendText("between"), kFailedPrecondition);
  EXPECT_TRUE(client->SendPing().ok());
  EXPECT_TRUE(client->SendFragment(Opcode::kText, "lo", true).ok());
  EXPECT_RECEIVES(client, "Hello");
}

TEST(ClientTest, SendsWhatItReceivedWholeOrInPieces) {
  FakeServer server(Echo);
  std::unique_ptr<Client> client = ConnectOrDie(server);
  EXPECT_TRUE(client->SendMessage(Opcode::kBinary, "data").ok());
  absl::StatusOr<Message> message = client->Receive();
  ASSERT_TRUE(message.ok()) << message.status();
  EXPECT_FALSE(message->is_text());
  EXPECT_TRUE(client->Send(*message).ok());
  EXPECT_RECEIVES(client, "data");

  const auto piece = [](absl::string_view payload, bool first, bool last) {
    return Message{.opcode = Opcode::kText, .payload = payload, .first = first, .last = last};
  };
  EXPECT_CODE(client->Send(piece("lo", false, true)), kFailedPrecondition);
  EXPECT_TRUE(client->Send(piece("Hel", true, false)).ok());
  EXPECT_CODE(client->Send(piece("Hel", true, false)), kFailedPrecondition);
  EXPECT_TRUE(client->Send(piece("lo", false, true)).ok());
  EXPECT_RECEIVES(client, "Hello");
}

TEST(ClientTest, MessagesInPieces) {
  FakeServer server(
      Say(ServerFrame(Opcode::kText, "Hel", false) + ServerFrame(Opcode::kContinuation, "lo")));
  ClientOptions options = Quiet();
  options.connection.stream_messages = true;
  std::unique_ptr<Client> client = ConnectOrDie(server, options);
  absl::StatusOr<Message> piece = client->Receive();
  ASSERT_TRUE(piece.ok()) << piece.status();
  EXPECT_EQ(piece->payload, "Hel");
  EXPECT_TRUE(piece->first && !piece->last);
  piece = client->Receive();
  ASSERT_TRUE(piece.ok()) << piece.status();
  EXPECT_EQ(piece->payload, "lo");
  EXPECT_TRUE(!piece->first && piece->last);
}

TEST(ClientTest, TheCallersMistakesChangeNothing) {
  FakeServer server(Echo);
  std::unique_ptr<Client> client = ConnectOrDie(server);
  EXPECT_CODE(client->SendText("\xff"), kInvalidArgument);
  EXPECT_CODE(client->SendPing(std::string(126, 'x')), kInvalidArgument);
  EXPECT_CODE(client->Close(CloseCode::kAbnormal), kInvalidArgument);
  ASSERT_TRUE(client->SendText("still here").ok());
  EXPECT_RECEIVES(client, "still here");
}

// ---- Receive and its timeout ----

TEST(ClientReceive, ATimeoutKeepsTheConnection) {
  FakeServer server(Echo);
  std::unique_ptr<Client> client = ConnectOrDie(server);
  EXPECT_CODE(client->Receive(absl::ZeroDuration()).status(), kDeadlineExceeded);
  EXPECT_CODE(client->Receive(kSoon).status(), kDeadlineExceeded);
  ASSERT_TRUE(client->SendText("hello").ok());
  EXPECT_RECEIVES(client, "hello");
}

// However the timeouts fall, even in the middle of a frame, every message arrives whole and once.
TEST(ClientReceive, TimeoutsLoseNothing) {
  std::vector<std::string> sent;
  for (int i = 0; i < 50; ++i) {
    sent.push_back(absl::StrCat(i, std::string(i * 997 % 20000, static_cast<char>('a' + i % 26))));
  }
  FakeServer server([&](FakePeer& peer) {
    peer.AcceptUpgrade();
    std::string all;
    for (const std::string& text : sent) all += Text(text);
    for (size_t at = 0; at < all.size(); at += 731) {
      peer.Write(absl::string_view(all).substr(at, 731));
      std::this_thread::yield();
    }
    peer.ReadToEnd();
  });
  std::unique_ptr<Client> client = ConnectOrDie(server);
  std::vector<std::string> received;
  while (received.size() < sent.size()) {
    const absl::StatusOr<Message> message =
        client->Receive(received.size() % 2 == 0 ? absl::ZeroDuration() : absl::Microseconds(50));
    if (message.ok()) {
      received.emplace_back(message->payload);
    } else {
      ASSERT_EQ(message.status().code(), absl::StatusCode::kDeadlineExceeded) << message.status();
    }
  }
  EXPECT_TRUE(received == sent);
}

// Bytes without a message do not keep Receive() past its time.
TEST(ClientReceive, APeerThatOnlyPingsCannotKeepIt) {
  FakeServer server([](FakePeer& peer) {
    peer.AcceptUpgrade();
    std::string pings;
    for (int i = 0; i < 10000; ++i) pings += ServerFrame(Opcode::kPing, "p");
    while (peer.Write(pings)) {
    }
  });
  std::unique_ptr<Client> client = ConnectOrDie(server);
  EXPECT_CODE(client->Receive(kSoon).status(), kDeadlineExceeded);
}

TEST(ClientReceive, PingsAreAnswered) {
  std::string pong;
  FakeServer server([&](FakePeer& peer) {
    peer.AcceptUpgrade(ServerFrame(Opcode::kPing, "are you there") + Text("now"));
    pong = peer.Next();
  });
  std::unique_ptr<Client> client = ConnectOrDie(server);
  EXPECT_RECEIVES(client, "now");
  server.Join();
  EXPECT_EQ(pong, "pong are you there");
}

// ---- A peer that does not read ----

// Nothing is lost, nothing is sent twice, and each return value is correct.
TEST(ClientSend, APeerThatDoesNotRead) {
  Signal read;
  std::vector<std::string> received;
  FakeServer server([&](FakePeer& peer) {
    peer.AcceptUpgrade();
    read.Await();
    for (int i = 0; i < 2; ++i) received.push_back(peer.Next());
    peer.EchoToEnd();
  });
  ClientOptions options = Quiet();
  options.timeouts.send = absl::Milliseconds(10);
  std::unique_ptr<Client> client = ConnectOrDie(server, options);
  const std::string much(kTooMuch, 'x');
  EXPECT_CODE(client->SendText(much), kDeadlineExceeded);
  EXPECT_CODE(client->SendText("not sent"), kResourceExhausted);
  read.Give();
  absl::Status status;
  do {
    status = client->SendText("sent");
  } while (absl::IsResourceExhausted(status));
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_TRUE(client->Close().ok());
  server.Join();
  ASSERT_EQ(received.size(), 2u);
  EXPECT_TRUE(received[0] == "text " + much);
  EXPECT_EQ(received[1], "text sent");
}

// Receive() continues a write that a Send*() left unfinished.
TEST(ClientSend, ReceiveWritesWhatIsQueued) {
  Signal read;
  FakeServer server([&](FakePeer& peer) {
    peer.AcceptUpgrade();
    read.Await();
    EXPECT_EQ(peer.Next().size(), kTooMuch + 5);
    peer.Write(Text("got it"));
    peer.ReadToEnd();
  });
  ClientOptions options = Quiet();
  options.timeouts.send = absl::Milliseconds(10);
  std::unique_ptr<Client> client = ConnectOrDie(server, options);
  EXPECT_CODE(client->SendText(std::string(kTooMuch, 'x')), kDeadlineExceeded);
  read.Give();
  EXPECT_RECEIVES(client, "got it");
}

TEST(ClientSend, DestructionDoesNotWaitForThePeer) {
  FakeServer server(DoNotRead);
  ClientOptions options = Quiet();
  options.timeouts.send = kSoon;
  options.timeouts.close = absl::InfiniteDuration();
  std::unique_ptr<Client> client = ConnectOrDie(server, options);
  EXPECT_CODE(client->SendBinary(std::string(kTooMuch, 'x')), kDeadlineExceeded);
}

// ---- Threads ----

TEST(ClientThreads, OneReceivesWhileOthersSend) {
  FakeServer server(Echo);
  std::unique_ptr<Client> client = ConnectOrDie(server);
  constexpr int kSenders = 3, kMessages = 200;
  std::vector<std::thread> senders;
  for (int sender = 0; sender < kSenders; ++sender) {
    senders.emplace_back([&client, sender] {
      for (int i = 0; i < kMessages; ++i) {
        const std::string text = absl::StrCat(sender, ":", i, std::string(i * 37, '.'));
        ASSERT_TRUE(client->SendText(text).ok());
        EXPECT_TRUE(i % 10 != 0 || client->SendPing().ok());
      }
    });
  }
  int next[kSenders] = {};
  for (int i = 0; i < kSenders * kMessages; ++i) {
    const absl::StatusOr<Message> message = client->Receive();
    ASSERT_TRUE(message.ok()) << message.status();
    const int sender = message->payload[0] - '0';
    ASSERT_TRUE(sender >= 0 && sender < kSenders);
    const int n = next[sender]++;
    EXPECT_EQ(message->payload, absl::StrCat(sender, ":", n, std::string(n * 37, '.')));
  }
  for (std::thread& sender : senders) sender.join();
  EXPECT_TRUE(client->Close().ok());
}

// ---- Keepalive ----

TEST(ClientKeepalive, ASilentPeerIsPinged) {
  FakeServer server([](FakePeer& peer) {
    peer.AcceptUpgrade();
    for (int i = 0; i < 3; ++i) {
      EXPECT_THAT(peer.Next(), StartsWith("ping "));
      peer.Answer();
    }
    peer.Write(Text("enough"));
    peer.ReadToEnd();
  });
  std::unique_ptr<Client> client = ConnectOrDie(
      server, {.timeouts = {.ping_interval = kSoon, .pong = absl::InfiniteDuration()}});
  EXPECT_RECEIVES(client, "enough");
}

TEST(ClientKeepalive, APeerThatDoesNotAnswerIsGone) {
  FakeServer server(Ignore);
  std::unique_ptr<Client> client =
      ConnectOrDie(server, {.timeouts = {.ping_interval = kSoon, .pong = kSoon}});
  const absl::Status status = client->Receive().status();
  EXPECT_CODE(status, kUnavailable);
  EXPECT_THAT(std::string(status.message()), HasSubstr("is gone"));
  EXPECT_EQ(client->close_info().by, ClosedBy::kTimeout);
  EXPECT_EQ(client->close_info().option, "timeouts.pong");
  EXPECT_EQ(client->SendText("x"), status);
  EXPECT_EQ(client->Close(), status);
  server.Join();
}

// ---- The round trip ----

// Every ping of ours: those of the keepalive, and those of SendPing().
TEST(ClientRoundTrip, IsTimed) {
  for (const absl::Duration ping_interval : {kSoon, absl::InfiniteDuration()}) {
    FakeServer server([](FakePeer& peer) {
      peer.AcceptUpgrade();
      EXPECT_THAT(peer.Next(), StartsWith("ping "));
      peer.Answer();
      peer.Write(Text("done"));
      peer.ReadToEnd();
    });
    const auto begin = std::chrono::steady_clock::now();
    std::unique_ptr<Client> client = ConnectOrDie(
        server, {.timeouts = {.ping_interval = ping_interval, .pong = absl::InfiniteDuration()}});
    EXPECT_EQ(client->round_trip_time(), std::nullopt);
    if (ping_interval > kSoon) {
      EXPECT_TRUE(client->SendPing().ok());
    }
    EXPECT_RECEIVES(client, "done");
    ASSERT_NE(client->round_trip_time(), std::nullopt);
    EXPECT_GT(*client->round_trip_time(), absl::ZeroDuration());
    EXPECT_LE(*client->round_trip_time(),
              absl::FromChrono(std::chrono::steady_clock::now() - begin));
  }
}

TEST(ClientRoundTrip, PongsThatNobodyAskedForDoNotCount) {
  FakeServer server([](FakePeer& peer) {
    peer.AcceptUpgrade();
    EXPECT_EQ(peer.Next(), "ping mine");
    peer.Write(ServerFrame(Opcode::kPong, "") + ServerFrame(Opcode::kPong, "yours") + Text("1"));
    peer.Answer();
    peer.Write(Text("2"));
    peer.ReadToEnd();
  });
  std::vector<std::optional<absl::Duration>> told;
  std::unique_ptr<Client> client = ConnectOrDie(
      server,
      {.hooks = {.on_round_trip = [&told](absl::Duration time) { told.emplace_back(time); }}});
  EXPECT_TRUE(client->SendPing("mine").ok());
  EXPECT_RECEIVES(client, "1");
  EXPECT_EQ(client->round_trip_time(), std::nullopt);
  EXPECT_THAT(told, IsEmpty());
  EXPECT_RECEIVES(client, "2");
  EXPECT_NE(client->round_trip_time(), std::nullopt);
  EXPECT_THAT(told, ElementsAre(client->round_trip_time()));
}

// The payload of the next ping must not be predictable either.
TEST(ClientRoundTrip, EachPingCarriesSomethingElse) {
  std::set<std::string> pings;
  FakeServer server([&pings](FakePeer& peer) {
    peer.AcceptUpgrade();
    for (int i = 0; i < 100; ++i) pings.insert(peer.Next());
  });
  std::unique_ptr<Client> client = ConnectOrDie(server);
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(client->SendPing().ok());
  server.Join();
  EXPECT_EQ(pings.size(), 100u);
  EXPECT_GE(pings.begin()->size(), std::string("ping ").size() + 8);
}

// ---- The log ----

TEST(ClientLog, SaysWhenItBeginsAndEnds) {
  FakeServer server(Echo);
  std::vector<std::string> lines;
  ClientOptions options = Quiet();
  options.hooks.log = [&lines](LogLevel, absl::string_view text) { lines.emplace_back(text); };
  std::unique_ptr<Client> client = ConnectOrDie(server, options);
  EXPECT_TRUE(client->Close().ok());
  EXPECT_THAT(lines, ElementsAre(StartsWith(absl::StrCat("connected to ", server.url())),
                                 HasSubstr("closed here: 1000 normal closure")));
}

}  // namespace
}  // namespace weft
