// Asynchronous clients that act at random, in their callbacks and on other threads, on a network
// that fails at random in every step: the name, the dial, the proxy, TLS, the upgrade, the messages
// and the close. Nothing crashes, races, hangs or leaks, and each handler learns of the end once.
// Mainly for --config=asan and --config=tsan. The number of actions limits a run, not time.

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <iterator>
#include <memory>
#include <mutex>
#include <ostream>
#include <stdexcept>
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
#include "weft/client/async/async_client.h"
#include "weft/client/async/client_handler.h"
#include "weft/client/async/client_loop.h"
#include "weft/client/async/client_ref.h"
#include "weft/client/async/testing/faulty_relay.h"
#include "weft/client/connecting/client_options.h"
#include "weft/core/deflate/compression.h"
#include "weft/core/testing/random_choices.h"
#include "weft/sending/send_options.h"
#include "weft/server/server.h"
#include "weft/testing/manual_clock.h"
#include "weft/transport/address.h"
#include "weft/transport/testing/tls_pair.h"

namespace weft {
namespace {

using testing::FaultyRelay;
using testing::ManualClock;
using testing::OneIn;
using testing::Random;
using testing::RandomPayload;
using testing::RelayPlan;

constexpr int kRounds = 15;
constexpr int kConnections = 40;  // of a round, at the same time
constexpr int kReconnects = 20;   // of a round, made by handlers
constexpr int kThreads = 2;       // that use references meanwhile
constexpr int kActions = 300;     // of each of them

// ---- The network ----

RelayPlan AnyPlan() {
  using Fault = RelayPlan::Fault;
  // The sizes of: a dial; a proxy's answers; a handshake; the messages.
  constexpr int kWithin[] = {1, 40, 300, 4000, 100000};
  RelayPlan plan = {
      .proxy = OneIn(3) ? static_cast<RelayPlan::Proxy>(1 + Random(2)) : RelayPlan::Proxy::kNone,
      .to_client = OneIn(2),
      .after_bytes = static_cast<size_t>(Random(kWithin[Random(5)]))};
  if (!OneIn(4)) plan.fault = static_cast<Fault>(1 + Random(5));
  if (OneIn(3)) plan.piece_bytes = static_cast<size_t>(1 + Random(3));
  return plan;
}

// The names of the URLs: some have no address, or several.
absl::StatusOr<std::vector<SocketAddress>> Lookup(const std::string& host, uint16_t port) {
  if (host == "none.example") return absl::NotFoundError("there is no such name");
  return std::vector<SocketAddress>{*SocketAddress::FromIp("127.0.0.1", port)};
}

std::string AnyHost() {
  if (OneIn(20)) return "none.example";
  return OneIn(3) ? "localhost" : "127.0.0.1";
}

size_t OpenDescriptors() {
  const std::filesystem::directory_iterator begin("/proc/self/fd");
  return static_cast<size_t>(std::distance(begin, std::filesystem::directory_iterator()));
}

// ---- The server ----

class ServerHandler : public Handler {
  void OnMessage(Session& session, const Message& message) override {
    session.Send(message).IgnoreError();
    if (OneIn(100)) session.Close(CloseCode::kGoingAway, "the server has had enough").IgnoreError();
    if (OneIn(100)) session.Terminate();
  }
};

std::unique_ptr<Server> StartServer(bool tls, const ManualClock& clock) {
  ServerOptions options = {.port = 0, .for_tests = {.clock = &clock}};
  if (tls) options.tls = testing::TestTlsServer();
  options.connection.compression.use = CompressionOptions::Use::kOn;
  options.connection.max_message_bytes = 200000;
  absl::StatusOr<std::unique_ptr<Server>> server = Server::Start(
      std::move(options),
      [](const SessionRequest&, UpgradeResponse&) -> absl::StatusOr<std::unique_ptr<Handler>> {
        if (OneIn(20)) return absl::PermissionDeniedError("not today");
        return std::make_unique<ServerHandler>();
      });
  EXPECT_TRUE(server.ok()) << server.status();
  return *std::move(server);
}

// ---- The clients ----

ClientOptions AnyOptions() {
  ClientOptions options;
  static const auto* const tls = new std::shared_ptr<TlsContext>(testing::TestTlsClient());
  options.tls = *tls;
  options.timeouts = {.connect = absl::Seconds(1 + Random(20)),
                      .ping_interval = absl::Milliseconds(100 + Random(20000)),
                      .pong = absl::Milliseconds(100 + Random(10000)),
                      .close = absl::Milliseconds(Random(5000))};
  options.connection.compression = {
      .use = OneIn(3) ? CompressionOptions::Use::kOff : CompressionOptions::Use::kOn,
      .send_takeover = OneIn(2),
      .receive_takeover = OneIn(2)};
  options.connection.stream_messages = OneIn(3);
  options.connection.max_message_bytes = 200000;
  return options;
}

SendOptions AnySendOptions() {
  SendOptions options;
  if (OneIn(3)) options.key = OneIn(2) ? "k1" : "k2";
  if (OneIn(2)) options.when_full = static_cast<WhenFull>(Random(4));
  if (OneIn(4)) options.max_queue_bytes = static_cast<size_t>(10000 + Random(50000));
  if (OneIn(2)) options.compress = Compress::kNo;
  if (OneIn(10)) options.timeout = absl::Milliseconds(Random(20));
  return options;
}

class Round;

// Checks the order of its calls: OnOpen at most once, and then OnClose; or OnFailed.
class ChaosHandler : public ClientHandler {
 public:
  explicit ChaosHandler(Round& round);
  ~ChaosHandler() override;

  void OnOpen(AsyncClient& client) override;
  void OnMessage(AsyncClient& client, const Message& message) override;
  void OnWritable(AsyncClient& client) override;
  void OnClose(AsyncClient& client, const CloseInfo& info) override;
  void OnFailed(const absl::Status& error) override;

 private:
  enum class State { kConnecting, kOpen, kEnded };

  void Act(AsyncClient& client);
  void ActLater(AsyncClient& client);

  Round& round_;
  State state_ = State::kConnecting;
  int messages_left_ = 1 + Random(30);
  TimerId timer_;
};

// Connections of one loop, and the threads that use them, up to the end of all.
class Round {
 public:
  Round(const Server& server, bool tls, ManualClock& clock)
      : tls_(tls), relay_(server.address(), AnyPlans(), [&clock] { clock.AdvanceMs(500); }) {
    ClientLoopOptions options = {.threads = 1 + Random(2),
                                 .lookup_threads = 1 + Random(2),
                                 .for_tests = {.clock = &clock, .lookup = Lookup}};
    if (OneIn(2)) options.sending.max_queue_bytes = 150000;
    if (OneIn(2)) options.sending.pause_reading_bytes = 20000;
    options.sending.when_full = static_cast<WhenFull>(Random(4));
    owner_ = ClientLoop::Create(std::move(options)).value();
    loop_ = owner_.get();
  }

  void Run() {
    for (int i = 0; i < kConnections; ++i) Connect();
    std::vector<std::thread> threads;
    for (int i = 0; i < kThreads; ++i) {
      threads.emplace_back([this] {
        for (int n = 0; n < kActions; ++n) {
          ActByReference();
          std::this_thread::sleep_for(std::chrono::microseconds(Random(500)));
        }
      });
    }
    // The end: of each connection by itself; by a drain; or by the end of the loop.
    const int how = Random(4);
    const int after = how < 2 ? Random(kConnections) : kConnections;
    AwaitEnds([=] { return after; });
    if (how == 0) loop_->Drain(absl::Milliseconds(Random(5000)));
    if (how == 1) loop_->Stop();
    for (std::thread& thread : threads) thread.join();
    if (how != 1) AwaitEnds([this] { return made_.load(); });
    owner_.reset();
    EXPECT_EQ(ended_, made_) << "each handler is told of the end";
    EXPECT_EQ(destroyed_, made_);
  }

  void Connect() {
    const size_t index = static_cast<size_t>(Random(static_cast<int>(relay_.plans())));
    const std::string proxy = absl::StrCat("://127.0.0.1:", relay_.port(index));
    ClientOptions options = AnyOptions();
    switch (relay_.plan(index).proxy) {
      case RelayPlan::Proxy::kNone:
        options.proxy = "direct";
        break;
      case RelayPlan::Proxy::kHttp:
        options.proxy = absl::StrCat("http", proxy);
        break;
      case RelayPlan::Proxy::kSocks5:
        options.proxy = absl::StrCat("socks5", proxy);
        break;
    }
    ++made_;
    const std::string url =
        absl::StrCat(tls_ ? "wss" : "ws", "://", AnyHost(), ":", relay_.port(index), "/");
    ClientRef ref = loop_->Connect(url, std::move(options), std::make_unique<ChaosHandler>(*this));
    const std::lock_guard<std::mutex> lock(mutex_);
    refs_.push_back(std::move(ref));
  }

  // From a handler: a few times in each round.
  void ConnectAgain() {
    if (reconnects_ < kReconnects && ++reconnects_ <= kReconnects) Connect();
  }

  ClientRef AnyRef() {
    const std::lock_guard<std::mutex> lock(mutex_);
    return refs_.empty() ? ClientRef() : refs_[static_cast<size_t>(Random(refs_.size()))];
  }

  // By any thread.
  void ActByReference() {
    const ClientRef ref = AnyRef();
    switch (Random(9)) {
      case 0:
        if (OneIn(5)) ref.Close(CloseCode::kNormal, "by a reference").IgnoreError();
        return;
      case 1:
        if (OneIn(10)) ref.Terminate().IgnoreError();
        return;
      case 2:
        return ref.Post([](AsyncClient& client) { client.SendText("sss").IgnoreError(); })
            .IgnoreError();
      case 3:
        return ref.SendText("s").IgnoreError();
      case 4:
        return ref
            .SendBinary(std::make_shared<const std::string>(RandomPayload('s')), AnySendOptions())
            .IgnoreError();
      case 5:
        ref.queued_bytes();
        return;
      default:
        return ref.SendBinary(RandomPayload('s'), AnySendOptions()).IgnoreError();
    }
  }

  // For a handler: its end, and its destructor.
  void Ended() {
    const std::lock_guard<std::mutex> lock(mutex_);
    ++ended_;
    changed_.notify_one();
  }
  void Destroyed() { ++destroyed_; }

 private:
  // Waits until at least `count()` handlers have ended.
  template <typename Count>
  void AwaitEnds(Count count) {
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait(lock, [&] { return ended_ >= count(); });
  }

  static std::vector<RelayPlan> AnyPlans() {
    std::vector<RelayPlan> plans;
    for (int i = 0; i < kConnections; ++i) plans.push_back(AnyPlan());
    return plans;
  }

  const bool tls_;
  std::atomic<int> made_{0}, reconnects_{0}, destroyed_{0};
  std::mutex mutex_;
  std::condition_variable changed_;
  int ended_ = 0;  // under the lock
  std::vector<ClientRef> refs_;
  FaultyRelay relay_;
  ClientLoop* loop_;  // valid until the destructor of the loop returns
  std::unique_ptr<ClientLoop> owner_;
};

ChaosHandler::ChaosHandler(Round& round) : round_(round) {}

ChaosHandler::~ChaosHandler() {
  EXPECT_EQ(state_, State::kEnded);
  round_.Destroyed();
}

void ChaosHandler::OnOpen(AsyncClient& client) {
  EXPECT_EQ(state_, State::kConnecting);
  state_ = State::kOpen;
  // So that a connection on which nothing more is sent ends too.
  const auto end = [](AsyncClient& later) { later.Close().IgnoreError(); };
  EXPECT_TRUE(client.RunAfter(absl::Seconds(Random(20)), end).ok());
  client.SendText("s").IgnoreError();
  Act(client);
}

void ChaosHandler::OnMessage(AsyncClient& client, const Message& message) {
  EXPECT_EQ(state_, State::kOpen);
  EXPECT_EQ(message.payload.find_first_not_of('s'), absl::string_view::npos)
      << "an echo is part of what was sent";
  if (--messages_left_ <= 0) client.Close(CloseCode::kNormal, "enough").IgnoreError();
  Act(client);
}

void ChaosHandler::OnWritable(AsyncClient& client) {
  EXPECT_EQ(state_, State::kOpen);
  Act(client);
}

void ChaosHandler::OnClose(AsyncClient& client, const CloseInfo& info) {
  EXPECT_EQ(state_, State::kOpen);
  state_ = State::kEnded;
  EXPECT_FALSE(client.status().ok()) << info.reason;
  EXPECT_TRUE(absl::IsFailedPrecondition(client.SendText("late")));
  if (OneIn(10)) client.Terminate();
  if (OneIn(3)) round_.ConnectAgain();
  round_.Ended();
  if (OneIn(20)) throw std::runtime_error("in OnClose");
}

void ChaosHandler::OnFailed(const absl::Status& error) {
  EXPECT_EQ(state_, State::kConnecting);
  state_ = State::kEnded;
  EXPECT_FALSE(error.ok());
  // Not once the loop has ended: a connection made in such a call is dropped without a call.
  if (!absl::IsCancelled(error) && OneIn(3)) round_.ConnectAgain();
  round_.Ended();
  if (OneIn(20)) throw std::runtime_error("in OnFailed");
}

void ChaosHandler::Act(AsyncClient& client) {
  switch (Random(14)) {
    case 0:
      return client.SendPing(OneIn(2) ? "" : "ping").IgnoreError();
    case 1:
      return client.SendFragment(Opcode::kBinary, "s", OneIn(2)).IgnoreError();
    case 2:
      if (OneIn(20)) client.Terminate();
      return;
    case 3:
      if (OneIn(20)) throw std::runtime_error("in a callback");
      return;
    case 4:
      return ActLater(client);
    case 5:
      client.CancelTimer(timer_);
      return;
    case 6:
      return client.ref().Post([this](AsyncClient& later) { Act(later); }).IgnoreError();
    case 7:
      return round_.ActByReference();
    case 8:
      client.queued_bytes();
      client.round_trip_time();
      EXPECT_TRUE(client.status().ok());
      return;
    default:
      client.SendBinary(RandomPayload('s'), AnySendOptions()).IgnoreError();
      client.SendText("s").IgnoreError();
  }
}

void ChaosHandler::ActLater(AsyncClient& client) {
  absl::StatusOr<TimerId> timer =
      client.RunAfter(absl::Milliseconds(Random(3000)), [this](AsyncClient& later) {
        EXPECT_EQ(state_, State::kOpen);
        Act(later);
      });
  if (timer.ok()) timer_ = *timer;
}

// ---- The test ----

struct Setup {
  const char* name;
  bool tls;
};
std::ostream& operator<<(std::ostream& out, const Setup& setup) { return out << setup.name; }

class AsyncClientChaosTest : public ::testing::TestWithParam<Setup> {};

TEST_P(AsyncClientChaosTest, EveryHandlerHearsOfItsEndOnceAndNothingIsLeft) {
  ManualClock clock;
  const std::unique_ptr<Server> server = StartServer(GetParam().tls, clock);
  size_t descriptors = 0;
  for (int i = 0; i < kRounds; ++i) {
    std::make_unique<Round>(*server, GetParam().tls, clock)->Run();
    while (server->connections() > 0) {
      clock.AdvanceMs(500);
      std::this_thread::yield();
    }
    if (i == 0) descriptors = OpenDescriptors();
    EXPECT_EQ(OpenDescriptors(), descriptors);
  }
}

INSTANTIATE_TEST_SUITE_P(, AsyncClientChaosTest,
                         ::testing::Values(Setup{"Plain", false}, Setup{"Tls", true}),
                         [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace weft
