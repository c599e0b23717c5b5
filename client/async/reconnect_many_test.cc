// A thousand asynchronous clients that lose their server, and come back.

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "weft/client/async/async_client.h"
#include "weft/client/async/client_loop.h"
#include "weft/client/async/reconnect_handler.h"
#include "weft/client/async/reconnect_ref.h"
#include "weft/client/reconnecting/reconnect_event.h"
#include "weft/server/server.h"
#include "weft/testing/manual_clock.h"

namespace weft {
namespace {

using Type = ReconnectEvent::Type;

constexpr int kClients = 1000;
constexpr int kAtOnce = 20;

// The counts of all clients.
struct Crowd {
  std::atomic<int> open{0}, attempts{0}, failed{0}, ended{0};

  // The attempts from kConnecting to the event that follows.
  std::atomic<int> under_way{0}, most_under_way{0};

  void Start() {
    attempts += 1;
    const int now = ++under_way;
    int most = most_under_way;
    while (now > most && !most_under_way.compare_exchange_weak(most, now)) {
    }
  }
};

class Member : public ReconnectHandler {
 public:
  explicit Member(Crowd& crowd) : crowd_(crowd) {}
  ~Member() override { crowd_.ended += 1; }

  void OnOpen(AsyncClient&) override { crowd_.open += 1; }
  void OnMessage(AsyncClient&, const Message&) override {}
  void OnClose(AsyncClient&, const CloseInfo&) override { crowd_.open -= 1; }
  void OnEvent(const ReconnectEvent& event) override {
    if (event.type == Type::kConnecting) {
      connecting_ = true;
      crowd_.Start();
    } else if (std::exchange(connecting_, false)) {
      crowd_.under_way -= 1;
      if (event.type == Type::kWaiting) crowd_.failed += 1;
    }
  }

 private:
  Crowd& crowd_;
  bool connecting_ = false;
};

class Silent : public Handler {
  void OnMessage(Session&, const Message&) override {}
};

std::unique_ptr<Server> StartServer(uint16_t port) {
  absl::StatusOr<std::unique_ptr<Server>> server =
      Server::Start({.port = port}, [](const auto&, auto&) { return std::make_unique<Silent>(); });
  EXPECT_TRUE(server.ok()) << server.status();
  return *std::move(server);
}

TEST(ReconnectManyTest, AThousandComeBackAFewAtATime) {
  std::unique_ptr<Server> server = StartServer(0);
  const uint16_t port = server->port();
  testing::ManualClock clock;
  Crowd crowd;
  absl::StatusOr<std::unique_ptr<ClientLoop>> loop = ClientLoop::Create(
      {.threads = 2, .max_attempts_per_host = kAtOnce, .for_tests = {.clock = &clock}});
  ASSERT_TRUE(loop.ok()) << loop.status();
  std::vector<ReconnectRef> clients;
  for (int i = 0; i < kClients; ++i) {
    clients.push_back(
        (*loop)->Reconnect(absl::StrCat("ws://127.0.0.1:", port, "/"),
                           {.client = {.proxy = "direct",
                                       .timeouts = {.connect = absl::InfiniteDuration(),
                                                    .ping_interval = absl::InfiniteDuration()}}},
                           std::make_unique<Member>(crowd)));
  }
  while (crowd.open < kClients) std::this_thread::yield();
  EXPECT_EQ((*loop)->connections(), static_cast<size_t>(kClients));
  EXPECT_EQ(crowd.attempts, kClients);

  // While the server is away, attempts fail.
  server.reset();
  while (crowd.failed < kClients) {
    clock.AdvanceMs(100);
    std::this_thread::yield();
  }
  EXPECT_EQ(crowd.open, 0);

  // All of them have waited long enough when it is back.
  server = StartServer(port);
  while (crowd.open < kClients) {
    clock.AdvanceMs(60000);
    std::this_thread::yield();
  }
  EXPECT_EQ(server->metrics().sessions(), static_cast<uint64_t>(kClients));
  for (const ReconnectRef& client : clients) EXPECT_TRUE(client.status().ok());
  EXPECT_LE(crowd.most_under_way, kAtOnce);
  EXPECT_GT(crowd.most_under_way, 1);

  loop->reset();
  EXPECT_EQ(crowd.ended, kClients);
  EXPECT_EQ(crowd.open, 0);
}

}  // namespace
}  // namespace weft
