// Coroutines that connect to a server, for tests.

#ifndef WEFT_CORO_TESTING_CLIENT_FIXTURE_H_
#define WEFT_CORO_TESTING_CLIENT_FIXTURE_H_

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "weft/client/async/client_loop.h"
#include "weft/client/async/client_loop_options.h"
#include "weft/client/connecting/client_options.h"
#include "weft/coro.h"
#include "weft/coro/testing/coro_fixture.h"
#include "weft/server/acceptor.h"
#include "weft/server/handler.h"
#include "weft/server/server.h"
#include "weft/testing/journal.h"
#include "weft/testing/server_fixture.h"
#include "weft/testing/test_client.h"
#include "weft/transport/testing/tls_pair.h"

namespace weft::testing {

// The loop on which the coroutines run that use `clients_`.
enum class Home {
  kClients,    // its own thread: connection and coroutine call each other
  kOtherLoop,  // another loop of clients: they post to each other
  kServer,     // that of a server's session: a gateway
  kRequest,    // that of an acceptor
};

// `server_` is the server to which the coroutines connect, if the test starts it.
class CoroClientTest : public ServerFixture, public ::testing::WithParamInterface<Home> {
 protected:
  using Body = std::function<Task<>()>;

  ~CoroClientTest() override {
    EndHome();
    clients_.reset();
    server_.reset();
  }

  // Without the proxy of the environment, unless `options` have one.
  coro::ConnectAwaitable ConnectTo(const std::string& url, const ClientOptions& options) {
    ClientOptions direct = options;
    direct.tls = TestTlsClient();
    if (direct.proxy.empty()) direct.proxy = "direct";
    return coro::Connect(*clients_, url, direct);
  }
  coro::ConnectAwaitable ConnectTo(const std::string& url) {
    return ConnectTo(url, ClientOptions());
  }
  std::string url() const { return absl::StrCat("ws://", server_->address().ToString(), "/"); }

  std::unique_ptr<ClientLoop> NewLoop(ClientLoopOptions options = {}) {
    options.for_tests.clock = &clock_;
    if (!options.log) {
      options.log = [this](LogLevel, absl::string_view text) { log_.Write(std::string(text)); };
    }
    absl::StatusOr<std::unique_ptr<ClientLoop>> loop = ClientLoop::Create(std::move(options));
    EXPECT_TRUE(loop.ok()) << loop.status();
    return *std::move(loop);
  }

  // Runs `body` where the test's parameter says. The journal has "left" when it has ended.
  void Run(Body body, ClientLoopOptions options = {}) {
    EndHome();
    clients_ = NewLoop(std::move(options));
    const auto run = [this, body = std::move(body)]() -> Task<> {
      const CoroTest::Leaves leaves(journal_, "left");
      co_await body();
    };
    if (GetParam() == Home::kClients) return coro::Spawn(*clients_, run);
    if (GetParam() == Home::kOtherLoop) {
      own_ = NewLoop();
      return coro::Spawn(*own_, run);
    }
    ServerOptions gateway;
    gateway.for_tests.clock = &clock_;
    gateway.hooks.log = [this](LogLevel, absl::string_view text) { log_.Write(std::string(text)); };
    gateway.timeouts.handshake = absl::Hours(1);
    Acceptor acceptor = coro::Handler([run](coro::Session) -> Task<> { co_await run(); });
    if (GetParam() == Home::kRequest) {
      using Accepted = absl::StatusOr<std::unique_ptr<weft::Handler>>;
      acceptor = coro::Accept([run](const SessionRequest&, UpgradeResponse&) -> Task<Accepted> {
        co_await run();
        co_return absl::NotFoundError("no session");
      });
    }
    absl::StatusOr<std::unique_ptr<Server>> server =
        Server::Start(std::move(gateway), std::move(acceptor));
    ASSERT_TRUE(server.ok()) << server.status();
    gateway_ = *std::move(server);
    visitor_.emplace(gateway_->address());
    visitor_->Send(TestClient::UpgradeRequest());
  }

  // Ends the loop on which the coroutine runs.
  void EndHome() {
    own_.reset();
    gateway_.reset();
    visitor_.reset();
    if (GetParam() == Home::kClients) clients_.reset();
  }

  // When it returns, both loops have done everything that was ready, and fired the timers due.
  void Settle() {
    for (int i = 0; i < 3; ++i) {
      if (clients_ != nullptr) Turn(*clients_);
      if (own_ != nullptr) Turn(*own_);
      if (gateway_ != nullptr) {
        TestClient newcomer(gateway_->address());
        newcomer.Send("GET / HTTP/1.1\r\n\r\n");
        EXPECT_EQ(newcomer.ReadHead().substr(0, 13), "HTTP/1.1 400 ");
      }
    }
  }
  void Advance(int ms) {
    Settle();
    clock_.AdvanceMs(ms);
    Settle();
  }

  std::unique_ptr<ClientLoop> clients_;  // of the connections

 private:
  static Task<> DoNothing() { co_return; }
  static void Turn(ClientLoop& loop) {
    for (int i = 0; i < 2; ++i) EXPECT_TRUE(coro::Run(loop, DoNothing()).ok());
  }

  std::unique_ptr<ClientLoop> own_;
  std::unique_ptr<Server> gateway_;
  std::optional<TestClient> visitor_;  // the client of the gateway
};

inline std::string NameOfHome(const ::testing::TestParamInfo<Home>& info) {
  switch (info.param) {
    case Home::kClients:
      return "OnItsLoop";
    case Home::kOtherLoop:
      return "OnAnotherLoop";
    case Home::kServer:
      return "InAServersSession";
    case Home::kRequest:
      break;
  }
  return "InAnAcceptor";
}

inline auto AllHomes() {
  return ::testing::Values(Home::kClients, Home::kOtherLoop, Home::kServer, Home::kRequest);
}

}  // namespace weft::testing

#endif  // WEFT_CORO_TESTING_CLIENT_FIXTURE_H_
