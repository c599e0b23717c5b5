// Random clients, and random actions in every callback and on other threads, at the same time:
// nothing crashes, races or leaks, and at the end every counter is back at zero. Mainly for
// --config=asan and --config=tsan. The number of actions ends a run, not the time.

#include <sys/socket.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <memory>
#include <mutex>
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
#include "absl/types/span.h"
#include "gtest/gtest.h"
#include "weft/core/deflate/compression.h"
#include "weft/core/encoded_message.h"
#include "weft/core/testing/frames.h"
#include "weft/core/testing/random_choices.h"
#include "weft/server/http/page.h"
#include "weft/server/server.h"
#include "weft/transport/connect.h"
#include "weft/transport/deadline.h"
#include "weft/transport/io.h"
#include "weft/transport/stream.h"
#include "weft/transport/testing/tls_pair.h"
#include "weft/transport/tls_context.h"
#include "weft/transport/wait.h"

namespace weft {
namespace {

using testing::ClientFrame;
using testing::OneIn;
using testing::Random;
using testing::RandomPayload;

constexpr int kClients = 4;        // at once, each on a thread
constexpr int kConnections = 30;   // of each client, one after the other
constexpr int kRefThreads = 2;     // that use references to sessions meanwhile
constexpr int kRefActions = 5000;  // of each of them
constexpr int kTopics = 5;

std::string Topic() { return absl::StrCat("t", Random(kTopics)); }

EncodedMessage Encoded() {
  return *EncodedMessage::Make(OneIn(2) ? Opcode::kText : Opcode::kBinary, RandomPayload('e'),
                               OneIn(2) ? Compress::kYes : Compress::kNo);
}

SendOptions AnyOptions() {
  SendOptions options;
  if (OneIn(3)) options.key = OneIn(2) ? "k1" : "k2";
  if (OneIn(2)) options.when_full = static_cast<WhenFull>(Random(4));
  if (OneIn(4)) options.max_queue_bytes = static_cast<size_t>(10000 + Random(50000));
  if (OneIn(2)) options.compress = Compress::kNo;
  if (OneIn(10)) options.timeout = absl::Milliseconds(Random(20));
  return options;
}

// The state of a server that all callbacks and other threads share.
class World {
 public:
  void set_server(Server* server) { server_ = server; }

  SessionRef AnyRef() {
    const std::lock_guard<std::mutex> lock(mutex_);
    return refs_.empty() ? SessionRef() : refs_[static_cast<size_t>(Random(refs_.size()))];
  }

  void AddRef(SessionRef ref) {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (refs_.size() < 64) {
      refs_.push_back(std::move(ref));
    } else {
      refs_[static_cast<size_t>(Random(64))] = std::move(ref);
    }
  }

  // An action that any thread may take, in a callback or not.
  void Act() {
    const SessionRef ref = AnyRef();
    Server* const server = server_;
    switch (Random(11)) {
      case 0:
        return ref.SendText(absl::string_view("hello")).IgnoreError();
      case 1:
        return ref.SendBinary(RandomPayload('r'), AnyOptions()).IgnoreError();
      case 2:
        return ref.SendBinary(std::make_shared<const std::string>(RandomPayload('s')), AnyOptions())
            .IgnoreError();
      case 3:
        return ref.Send(Encoded(), AnyOptions()).IgnoreError();
      case 4:
        if (OneIn(10)) ref.Close(CloseCode::kNormal, "by a reference").IgnoreError();
        return;
      case 5:
        return ref.Subscribe(Topic()).IgnoreError();
      case 6:
        return ref.Unsubscribe(Topic()).IgnoreError();
      case 7:
        return ref.Publish(Topic(), Opcode::kText, RandomPayload('p'), AnyOptions()).IgnoreError();
      case 8:
        if (server != nullptr) {
          server->Publish(Topic(), Encoded(), AnyOptions()).IgnoreError();
        }
        return;
      case 9:
        if (server != nullptr) server->metrics(), server->subscribers(Topic());
        return;
      default:
        ref.queued_bytes();
    }
  }

  std::atomic<int> opened{0}, closed{0}, handlers_made{0}, handlers_destroyed{0};

 private:
  std::atomic<Server*> server_{nullptr};
  std::mutex mutex_;
  std::vector<SessionRef> refs_;
};

class ChaosHandler : public Handler {
 public:
  explicit ChaosHandler(World& world) : world_(world) { ++world_.handlers_made; }
  ~ChaosHandler() override {
    ++world_.handlers_destroyed;
    EXPECT_EQ(opens_, closes_);
  }

  void OnOpen(Session& session) override {
    ++world_.opened;
    EXPECT_EQ(++opens_, 1);
    if (OneIn(2)) world_.AddRef(session.ref());
    ActSomeTimes(session);
  }

  void OnMessage(Session& session, const Message& message) override {
    EXPECT_EQ(opens_ - closes_, 1);
    const std::string before(message.payload);
    if (OneIn(3)) session.Send(message).IgnoreError();
    ActSomeTimes(session);
    EXPECT_TRUE(before == message.payload) << "the payload died in its callback";
  }

  void OnWritable(Session& session) override {
    EXPECT_EQ(opens_ - closes_, 1);
    ActSomeTimes(session);
  }

  void OnClose(Session& session, const CloseInfo& /*info*/) override {
    ++world_.closed;
    EXPECT_EQ(++closes_, 1);
    ActSomeTimes(session);
  }

 private:
  void ActSomeTimes(Session& session) {
    for (int n = Random(4); n > 0; --n) Act(session);
  }

  void Act(Session& session) {
    switch (Random(22)) {
      case 0:
        return session.SendText(absl::string_view("hi")).IgnoreError();
      case 1:
        return session.SendBinary(RandomPayload('b'), AnyOptions()).IgnoreError();
      case 2:
        return session.SendBinary(absl::string_view(RandomPayload('l'))).IgnoreError();
      case 3:
        return session
            .SendBinary(std::make_shared<const std::string>(RandomPayload('c')), AnyOptions())
            .IgnoreError();
      case 4:
        return session.Send(Encoded(), AnyOptions()).IgnoreError();
      case 5:
        return session.SendFragment(Opcode::kText, "fragment", OneIn(2)).IgnoreError();
      case 6:
        return session.SendFragment(Opcode::kBinary, RandomPayload('f'), OneIn(2)).IgnoreError();
      case 7:
        return session.SendPing(OneIn(2) ? "" : "ping").IgnoreError();
      case 8:
        if (OneIn(8)) session.Close(CloseCode::kNormal, "bye").IgnoreError();
        return;
      case 9:
        if (OneIn(8)) session.Terminate();
        return;
      case 10:
      case 11:
        return session.Subscribe(Topic()).IgnoreError();
      case 12:
        return session.Unsubscribe(Topic());
      case 13:
        return session.Publish(Topic(), Opcode::kText, RandomPayload('q'), AnyOptions())
            .IgnoreError();
      case 14:
        return session.Publish(Topic(), Encoded(), AnyOptions()).IgnoreError();
      case 15:
        return world_.AddRef(session.ref());
      case 16:
        session.subscribers(Topic()), session.queued_bytes(), session.round_trip_time();
        return;
      default:
        world_.Act();
    }
  }

  World& world_;
  int opens_ = 0, closes_ = 0;
};

ServerOptions AnyServer(World& world, int handler_threads) {
  ServerOptions options;
  options.threads = 2;
  options.handler_threads = handler_threads;
  options.limits.max_waiting_messages = 4;
  options.limits.max_waiting_bytes = 20000;
  if (OneIn(4)) options.limits.max_connections_per_address = kClients - 1;
  options.connection.compression = {.use = CompressionOptions::Use::kOn,
                                    .send_takeover = OneIn(2),
                                    .receive_takeover = OneIn(2),
                                    .release_when_idle = OneIn(2)};
  options.connection.stream_messages = OneIn(2);
  options.connection.max_message_bytes = 100000;
  options.sending.max_queue_bytes = 150000;
  options.sending.pause_reading_bytes = 32768;
  options.sending.high_mark_bytes = 16384;
  options.sending.low_mark_bytes = 4096;
  options.limits.max_buffered_bytes = OneIn(3) ? 600000 : 8 << 20;
  options.limits.max_compression_bytes = 4 << 20;
  options.sending.when_full = static_cast<WhenFull>(Random(4));
  options.timeouts.ping_interval = absl::Milliseconds(50);
  options.timeouts.pong = absl::Milliseconds(200);
  options.timeouts.close = absl::Milliseconds(50);
  options.timeouts.idle = absl::Milliseconds(400);
  if (OneIn(3)) {
    options.rates.messages = {.per_second = 500, .burst = 50};
    options.rates.over_rate = OneIn(2) ? OverRate::kClose : OverRate::kDelay;
  }
  options.hooks.topic_options = [](absl::string_view topic) {
    TopicOptions of_topic;
    if (topic == "t1") of_topic.latest_only = true;
    if (topic == "t2") of_topic.when_full = WhenFull::kDropOldest;
    if (topic == "t3") of_topic.max_queue_bytes = 20000;
    return of_topic;
  };
  options.hooks.on_topic_change = [&world](absl::string_view, bool) {
    if (OneIn(3)) world.Act();
  };
  options.http.pages = [&world](const PageRequest& request) -> absl::StatusOr<PageResponse> {
    if (OneIn(10)) return absl::NotFoundError("not there");
    if (OneIn(3)) world.Act();
    return Page("text/plain", std::string(request.path() == "/large" ? 200000 : 10, 'L'));
  };
  return options;
}

// One connection of a client that sends and reads at random.
class ChaosClient {
 public:
  explicit ChaosClient(Stream stream) : stream_(std::move(stream)) {
    const int small = 8192;
    if (OneIn(2)) setsockopt(stream_.fd(), SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
  }

  void Run(TlsContext* tls) {
    if (tls != nullptr && !StartTls(*tls)) return;
    std::string out = Requests();
    for (int rounds = Random(12); rounds >= 0; --rounds) {
      out += Frames();
      if (!Exchange(std::exchange(out, ""), /*read=*/!OneIn(3)) || OneIn(25)) return;
      if (OneIn(30)) shutdown(stream_.fd(), SHUT_WR);
      if (OneIn(30)) {
        const linger reset = {.l_onoff = 1, .l_linger = 0};
        setsockopt(stream_.fd(), SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
        return;
      }
    }
  }

 private:
  bool StartTls(TlsContext& tls) {
    if (!stream_.StartTlsClient(tls, "localhost").ok()) return false;
    for (int i = 0; i < 100 && !OneIn(200); ++i) {
      const IoResult result = stream_.Handshake();
      if (result.status != IoStatus::kWouldBlock) return result.ok();
      Wait(stream_.fd(), result.wanted, Deadline::After(absl::Milliseconds(50))).IgnoreError();
    }
    return false;
  }

  static std::string Requests() {
    std::string out;
    for (int n = Random(3); n > 0; --n) {
      switch (Random(5)) {
        case 0:
          out += "GET /page HTTP/1.1\r\nHost: localhost\r\n\r\n";
          break;
        case 1:
          out += "POST /large HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nhello";
          break;
        case 2:
          out +=
              "POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
              "5\r\nhello\r\n0\r\n\r\n";
          break;
        case 3:
          absl::StrAppend(&out,
                          "POST / HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\n"
                          "Content-Length: 70000\r\n\r\n",
                          std::string(70000, 'b'));
          break;
        default:
          if (OneIn(5)) out += "BAD\r\n\r\n";
      }
    }
    const absl::string_view deflate =
        "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n";
    return absl::StrCat(
        out, "GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n",
        OneIn(2) ? deflate : "", OneIn(20) ? "Origin: http://elsewhere.example\r\n" : "", "\r\n");
  }

  static std::string Frames() {
    std::string out;
    for (int n = Random(8); n > 0; --n) {
      switch (Random(12)) {
        case 0:
          out += ClientFrame(Opcode::kPing, "p");
          break;
        case 1:
          out += ClientFrame(Opcode::kPong, "");
          break;
        case 2:
          out += ClientFrame(Opcode::kBinary, RandomPayload('x'));
          break;
        case 3:
          if (OneIn(10))
            out += ClientFrame(Opcode::kClose,
                               "\x03\xe8"
                               "bye");
          break;
        case 4:
          if (OneIn(30)) out += std::string(50, static_cast<char>(Random(256)));
          break;
        default:
          out += ClientFrame(Opcode::kText, std::string(static_cast<size_t>(Random(200)), 'y'));
      }
    }
    return out;
  }

  // Writes, and reads if `read` is set, until nothing is left to do or it has waited long enough.
  // False: the connection has ended, or is stuck.
  bool Exchange(absl::string_view out, bool read) {
    char buffer[20000];
    for (int waits = 0; waits < 30;) {
      bool idle = true;
      if (!out.empty()) {
        const IoResult result = stream_.Write(out.substr(0, 1 + Random(70000)));
        if (result.status == IoStatus::kError) return false;
        out.remove_prefix(result.bytes);
        idle = result.bytes == 0;
      }
      if (read) {
        const IoResult result = stream_.Read(absl::MakeSpan(buffer, 1 + Random(sizeof(buffer))));
        if (!result.ok() && result.status != IoStatus::kWouldBlock) return false;
        idle = idle && result.bytes == 0;
      }
      if (!idle) continue;
      if (out.empty() && OneIn(4)) return true;
      ++waits;
      Wait(stream_.fd(), out.empty() ? Interest::kRead : Interest::kReadWrite,
           Deadline::After(absl::Milliseconds(2)))
          .IgnoreError();
    }
    return out.empty();
  }

  Stream stream_;
};

struct Setup {
  const char* name;
  bool tls;
  int handler_threads;
};
std::ostream& operator<<(std::ostream& out, const Setup& setup) { return out << setup.name; }

class ChaosTest : public ::testing::TestWithParam<Setup> {};

TEST_P(ChaosTest, EveryCounterIsZeroAtTheEnd) {
  World world;
  ServerOptions options = AnyServer(world, GetParam().handler_threads);
  std::shared_ptr<TlsContext> client_tls;
  if (GetParam().tls) {
    options.tls = testing::TestTlsServer();
    client_tls = testing::TestTlsClient();
  }
  absl::StatusOr<std::unique_ptr<Server>> server =
      Server::Start(options,
                    [&world](const SessionRequest&,
                             UpgradeResponse&) -> absl::StatusOr<std::unique_ptr<Handler>> {
                      if (OneIn(20)) return absl::PermissionDeniedError("no");
                      if (OneIn(5)) world.Act();
                      return std::make_unique<ChaosHandler>(world);
                    });
  ASSERT_TRUE(server.ok()) << server.status();
  world.set_server(server->get());

  std::vector<std::thread> clients, others;
  for (int i = 0; i < kClients; ++i) {
    clients.emplace_back([&, address = (*server)->address()] {
      for (int n = 0; n < kConnections; ++n) {
        absl::StatusOr<Stream> stream = ConnectTo({address}, Deadline::After(absl::Seconds(5)));
        if (stream.ok()) ChaosClient(*std::move(stream)).Run(client_tls.get());
      }
    });
  }
  for (int i = 0; i < kRefThreads; ++i) {
    others.emplace_back([&] {
      for (int n = 0; n < kRefActions; ++n) {
        world.Act();
        if (OneIn(4)) std::this_thread::sleep_for(std::chrono::microseconds(Random(1000)));
        if (GetParam().tls && OneIn(1000)) (*server)->ReloadCertificates().IgnoreError();
      }
    });
  }
  // The end comes after the last client, or while some are still connected.
  const auto join = [](std::vector<std::thread>& threads, size_t left) {
    for (; threads.size() > left; threads.pop_back()) threads.back().join();
  };
  join(clients, static_cast<size_t>(Random(kClients)));
  if (OneIn(2)) join(others, 0);
  if (OneIn(2)) {
    (*server)->Drain(absl::Milliseconds(Random(200)), absl::Milliseconds(Random(200)));
  } else {
    (*server)->Shutdown(absl::Milliseconds(Random(300)));
  }
  join(clients, 0);
  join(others, 0);

  const ServerMetrics metrics = (*server)->metrics();
  EXPECT_EQ(metrics.connections, 0u);
  EXPECT_EQ(metrics.sessions(), 0u);
  EXPECT_EQ(metrics.buffered_bytes, 0u);
  EXPECT_EQ(metrics.held_sessions, 0u);
  for (int i = 0; i < kTopics; ++i) {
    EXPECT_EQ((*server)->subscribers(absl::StrCat("t", i)), 0u);
  }
  world.set_server(nullptr);
  server->reset();
  EXPECT_GT(world.opened, 0) << "nothing was tested";
  EXPECT_EQ(world.opened, world.closed);
  EXPECT_EQ(world.handlers_made, world.handlers_destroyed);
}

INSTANTIATE_TEST_SUITE_P(, ChaosTest,
                         ::testing::Values(Setup{"Plain", false, 0},
                                           Setup{"HandlerThreads", false, 3}, Setup{"Tls", true, 0},
                                           Setup{"TlsAndHandlerThreads", true, 3}),
                         [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace weft
