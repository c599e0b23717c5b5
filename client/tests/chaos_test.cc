// Clients that send, receive, close and cancel at random on several threads, and servers that
// behave well or badly at random: nothing crashes, races, hangs or leaks, and every caller learns
// of the end. Mainly for --config=asan and --config=tsan. The number of actions limits a run, not
// time.

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <filesystem>
#include <iterator>
#include <memory>
#include <ostream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "weft/client/client.h"
#include "weft/client/reconnecting_client.h"
#include "weft/client/testing/client_tests.h"
#include "weft/core/deflate/compression.h"
#include "weft/core/testing/frames.h"
#include "weft/core/testing/random_choices.h"
#include "weft/testing/fake_server.h"
#include "weft/transport/notification.h"
#include "weft/transport/testing/tls_pair.h"

namespace weft {
namespace {

using testing::CloseFrame;
using testing::FakePeer;
using testing::FakeServer;
using testing::OneIn;
using testing::Random;
using testing::RandomPayload;
using testing::ServerFrame;

constexpr int kRounds = 25;
constexpr int kServersOfARound = 8;  // that a client meets, one after the other
constexpr int kSenders = 2;
constexpr int kSends = 60;  // of each sender

// ---- Servers ----

// Responses that do not open a connection.
std::string AnyRefusal() {
  switch (Random(8)) {
    case 0:
      return "HTTP/1.1 503 Busy\r\nRetry-After: 0\r\nContent-Length: 4\r\n\r\nlate";
    case 1:
      return "HTTP/1.1 429 Slow Down\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nno!\r\n0\r\n\r\n";
    case 2:
      return "HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\n\r\n";
    case 3:
      return "HTTP/1.1 302 Found\r\nLocation: http://\x1b[31m\r\n\r\n";
    case 4:
      return "HTTP/1.1 500 Broken\r\n\r\n\x1b]0;title\x07";
    case 5:
      return "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
             "Sec-WebSocket-Accept: of another\r\n\r\n";
    case 6:
      return absl::StrCat("HTTP/1.1 200 OK\r\nX: ", std::string(20000, 'x'), "\r\n\r\n");
    default:
      return std::string(static_cast<size_t>(Random(3000)), static_cast<char>(Random(256)));
  }
}

void Refuse(FakePeer& peer) {
  peer.ReadRequest();
  for (int n = OneIn(3) ? 1000 : 0; n > 0; --n) peer.Write("HTTP/1.1 103 Early Hints\r\n\r\n");
  const std::string answer = AnyRefusal();
  peer.Write(OneIn(3) ? answer.substr(0, static_cast<size_t>(Random(answer.size() + 1))) : answer);
}

// Frames that a server may send, and some that it must not.
std::string AnyFrames() {
  std::string out;
  for (int n = Random(10); n > 0; --n) {
    switch (Random(12)) {
      case 0:
        out += ServerFrame(Opcode::kPing, "ping");
        break;
      case 1:
        out += ServerFrame(Opcode::kPong, "");
        break;
      case 2:
        out += ServerFrame(Opcode::kText, "one ", false) + ServerFrame(Opcode::kPing, "") +
               ServerFrame(Opcode::kContinuation, "two");
        break;
      case 3:
        if (OneIn(5)) out += CloseFrame(OneIn(2) ? CloseCode::kTryAgainLater : CloseCode::kNormal);
        break;
      case 4:
        // With reserved bits: bytes of 2 would be a fragment that Check() does not know.
        if (OneIn(10)) out += std::string(40, static_cast<char>(Random(256) | 0x30));
        break;
      case 5:
        if (OneIn(10)) out += testing::ClientFrame(Opcode::kText, "masked");
        break;
      case 6:
        if (OneIn(10)) out += ServerFrame(Opcode::kText, "\xff");
        break;
      default:
        out += ServerFrame(Opcode::kBinary, RandomPayload('m'));
    }
  }
  return out;
}

// False: the peer has closed.
bool Talk(FakePeer& peer) {
  const CompressionOptions compression = {.use = CompressionOptions::Use::kOn,
                                          .send_takeover = OneIn(2)};
  if (OneIn(2)) {
    peer.AcceptCompressed(compression, AnyFrames());
  } else {
    peer.AcceptUpgrade(AnyFrames());
  }
  for (int n = Random(4); n > 0 && peer.Write(AnyFrames()); --n) {
  }
  if (OneIn(2)) {
    return peer.EchoToEnd() == "end of the stream";
  }
  if (OneIn(2)) peer.ReadToEnd();
  return true;
}

void Misbehave(FakePeer& peer) {
  switch (Random(8)) {
    case 0:
      return;  // closes at once
    case 1:
      peer.ReadToEnd();  // sends nothing
      return;
    case 2:
    case 3:
      Refuse(peer);
      break;
    default:
      if (!Talk(peer)) return;
  }
  switch (Random(4)) {
    case 0:
      return peer.Reset();
    case 1:
      peer.Shutdown();
      return peer.ReadToEnd();
    default:
      return;
  }
}

// A refusal that ends all attempts.
void Forbid(FakePeer& peer) {
  peer.ReadRequest();
  peer.Write("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n");
}

std::vector<FakeServer::Script> AnyScripts(bool tls) {
  std::vector<FakeServer::Script> scripts;
  for (int i = 0; i < 2 * kServersOfARound; ++i) {
    scripts.push_back([tls, last = i >= kServersOfARound](FakePeer& peer) {
      if (tls && !OneIn(10)) peer.StartTls(*testing::TestTlsServer());
      last ? Forbid(peer) : Misbehave(peer);
    });
  }
  return scripts;
}

// ---- Clients ----

ClientOptions AnyClient() {
  ClientOptions options = {
      .tls = testing::TestTls(),
      .proxy = "direct",
      .http = {.max_redirects = Random(3)},
      .timeouts = {.connect = absl::Milliseconds(OneIn(2) ? 20 : 200),
                   .send = absl::Milliseconds(Random(30)),
                   .ping_interval = absl::Milliseconds(1 + Random(20)),
                   .pong = absl::Milliseconds(1 + Random(100)),
                   .close = absl::Milliseconds(Random(30))},
  };
  options.connection.compression.use = static_cast<CompressionOptions::Use>(Random(3));
  options.connection.compression.receive_takeover = OneIn(2);
  options.connection.stream_messages = OneIn(2);
  options.connection.max_message_bytes = 100000;
  return options;
}

// The received message is exactly as sent: it has not become part of another one.
void Check(const Message& message) {
  if (message.opcode != Opcode::kBinary) return;
  EXPECT_EQ(message.payload.find_first_not_of("ms"), absl::string_view::npos);
}

size_t OpenDescriptors() {
  const std::filesystem::directory_iterator begin("/proc/self/fd");
  return static_cast<size_t>(std::distance(begin, std::filesystem::directory_iterator()));
}

struct Setup {
  const char* name;
  bool tls;
};
std::ostream& operator<<(std::ostream& out, const Setup& setup) { return out << setup.name; }

class ClientChaosTest : public ::testing::TestWithParam<Setup> {
 protected:
  std::string UrlOf(const FakeServer& server) const {
    return absl::StrCat(GetParam().tls ? "wss" : "ws", "://127.0.0.1:", server.port(), "/");
  }
};

// One client used by several threads, and ended at a random moment.
class Round {
 public:
  void Run(const std::string& url) {
    ReconnectOptions options = {
        .client = AnyClient(),
        .retry = {.backoff = {.first = absl::Milliseconds(1),
                              .longest = absl::Milliseconds(5),
                              .longest_asked = absl::Milliseconds(5)},
                  .max_attempts = 3 * kServersOfARound,
                  .service_restart = {.spread = absl::Milliseconds(5)},
                  .try_again_later = {.spread = absl::Milliseconds(5)}},
        .hooks = {.after_connect = [](Client& fresh) { return AfterConnect(fresh); },
                  .on_event = [this](const ReconnectEvent& event) { Count(event); }},
    };
    absl::StatusOr<std::unique_ptr<ReconnectingClient>> client =
        ReconnectingClient::Create(url, std::move(options));
    ASSERT_TRUE(client.ok()) << client.status();
    client_ = *std::move(client);

    std::vector<std::thread> threads;
    for (int i = 0; i < kSenders; ++i) threads.emplace_back([this] { SendAll(); });
    threads.emplace_back([this] { EndAtSomeMoment(); });
    const absl::Status first = ReceiveAll();
    for (std::thread& thread : threads) thread.join();

    // Every call returns the same from now on. Receive's first result may have been followed by a
    // Close or Cancel.
    EXPECT_FALSE(first.ok());
    const absl::Status end = client_->Receive().status();
    EXPECT_TRUE(end == first || absl::IsCancelled(end) || absl::IsFailedPrecondition(end)) << end;
    EXPECT_EQ(client_->SendText("x"), end);
    EXPECT_EQ(client_->Connect(), end);
    EXPECT_GE(connected_, lost_);
    EXPECT_LE(connected_ - lost_, 1) << "a connection was lost, and nobody was told";
  }

 private:
  static absl::Status AfterConnect(Client& fresh) {
    if (OneIn(10)) return absl::UnavailableError("the application does not like it");
    return OneIn(2) ? fresh.SendText("log in") : absl::OkStatus();
  }

  void Count(const ReconnectEvent& event) {
    connected_ += event.type == ReconnectEvent::Type::kConnected;
    lost_ += event.type == ReconnectEvent::Type::kLost;
  }

  absl::Status ReceiveAll() {
    while (true) {
      const absl::StatusOr<Message> message =
          client_->Receive(OneIn(2) ? absl::Milliseconds(Random(10)) : absl::InfiniteDuration());
      if (message.ok()) {
        Check(*message);
      } else if (!absl::IsDeadlineExceeded(message.status())) {
        return message.status();
      }
    }
  }

  void SendAll() {
    for (int n = 0; n < kSends; ++n) {
      const std::shared_ptr<Client> now = client_->client();
      switch (Random(10)) {
        case 0:
          if (now != nullptr) now->SendPing().IgnoreError();
          break;
        case 1:
          if (now != nullptr) now->SendFragment(Opcode::kBinary, "s", OneIn(2)).IgnoreError();
          break;
        case 2:
          if (now != nullptr && OneIn(5)) now->Cancel();
          break;
        case 3:
          if (now != nullptr && OneIn(5)) now->Close().IgnoreError();
          break;
        case 4:
          if (now != nullptr) {
            now->status().IgnoreError();
            now->round_trip_time();
            now->close_info();
          }
          break;
        case 5:
          client_->Connect(absl::Milliseconds(Random(5))).IgnoreError();
          break;
        case 6:
          client_->SendText("text").IgnoreError();
          break;
        default:
          client_->SendBinary(RandomPayload('s')).IgnoreError();
      }
      ++sends_;
      std::this_thread::sleep_for(std::chrono::microseconds(Random(500)));
    }
  }

  // In half of the rounds this is after everything was sent.
  void EndAtSomeMoment() {
    const int after = std::min(Random(2 * kSenders * kSends), kSenders * kSends);
    while (sends_ < after) std::this_thread::yield();
    if (OneIn(2)) {
      client_->Close().IgnoreError();
    } else {
      client_->Cancel();
    }
  }

  std::unique_ptr<ReconnectingClient> client_;
  std::atomic<int> sends_{0};
  int connected_ = 0, lost_ = 0;  // for the driving thread
};

TEST_P(ClientChaosTest, EverybodyHearsOfTheEndAndNothingIsLeft) {
  testing::TestTls();  // created once
  size_t descriptors = 0;
  for (int i = 0; i < kRounds; ++i) {
    {
      FakeServer server(AnyScripts(GetParam().tls));
      Round().Run(UrlOf(server));
    }
    if (i == 0) descriptors = OpenDescriptors();
    EXPECT_EQ(OpenDescriptors(), descriptors);
  }
}

// Clients with one connection each, whose Connect() may be cancelled in any step.
TEST_P(ClientChaosTest, ConnectIsCancelledAtAnyMoment) {
  FakeServer server(AnyScripts(GetParam().tls));
  for (int i = 0; i < kServersOfARound; ++i) {
    const auto cancel = std::make_shared<const Notification>(*Notification::Create());
    std::thread canceller([&cancel] {
      std::this_thread::sleep_for(std::chrono::microseconds(Random(5000)));
      cancel->Notify();
    });
    ClientOptions options = AnyClient();
    options.cancel = cancel;
    const absl::StatusOr<std::unique_ptr<Client>> client =
        Client::Connect(UrlOf(server), std::move(options));
    if (client.ok()) {
      while ((*client)->Receive(absl::Milliseconds(10)).ok()) {
      }
      if (OneIn(2)) (*client)->Close().IgnoreError();
    }
    canceller.join();
  }
}

INSTANTIATE_TEST_SUITE_P(, ClientChaosTest,
                         ::testing::Values(Setup{"Plain", false}, Setup{"Tls", true}),
                         [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace weft
