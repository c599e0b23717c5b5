// Tasks on a loop of clients: coro::Spawn and coro::Run.

#include <atomic>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "weft/client/connecting/client_options.h"
#include "weft/core/message.h"
#include "weft/core/testing/frames.h"
#include "weft/coro.h"
#include "weft/coro/testing/client_fixture.h"
#include "weft/coro/testing/coro_fixture.h"
#include "weft/server/router.h"
#include "weft/server/server.h"
#include "weft/testing/fake_server.h"
#include "weft/testing/test_client.h"

namespace weft {
namespace {

Task<> Echo(coro::Session s) {
  while (auto m = co_await s.Receive())
    if (!(co_await s.Send(*m)).ok()) co_return;
}

class RunTest : public testing::CoroClientTest {};

INSTANTIATE_TEST_SUITE_P(OnALoop, RunTest, ::testing::Values(testing::Home::kClients));

Task<> Nothing() { co_return; }
Task<int> Seven() { co_return 7; }
Task<std::string> Ask(ClientLoop& loop, std::string url) {
  ClientOptions options;
  options.proxy = "direct";
  absl::StatusOr<coro::Session> s = co_await coro::Connect(loop, url, options);
  EXPECT_TRUE((co_await s->SendText("question")).ok());
  const auto m = co_await s->Receive();
  co_return std::string(m->payload);
}
Task<absl::Status> Fails() { co_return absl::DataLossError("lost"); }
Task<int> Throws() {
  throw std::runtime_error("thrown");
  co_return 0;
}

TEST_P(RunTest, GivesTheResult) {
  Start({}, coro::Handler(Echo));
  clients_ = NewLoop({.threads = 2});
  EXPECT_EQ(coro::Run(*clients_, Nothing()), absl::OkStatus());
  EXPECT_EQ(coro::Run(*clients_, Seven()), absl::StatusOr<int>(7));
  EXPECT_EQ(coro::Run(*clients_, Fails()), absl::DataLossError("lost"));
  EXPECT_EQ(coro::Run(*clients_, Ask(*clients_, url())), absl::StatusOr<std::string>("question"));
  EXPECT_THROW(coro::Run(*clients_, Throws()).IgnoreError(), std::runtime_error);
}

TEST_P(RunTest, AnEmptyTaskThrows) {
  clients_ = NewLoop();
  EXPECT_THROW(coro::Run(*clients_, Task<>()).IgnoreError(), std::logic_error);
  EXPECT_THROW(coro::Run(*clients_, Task<int>()).IgnoreError(), std::logic_error);
  const auto in_a_branch = []() -> Task<> {
    (void)co_await coro::WhenAny(Task<int>(), coro::Sleep(absl::Hours(1)));
  };
  EXPECT_THROW(coro::Run(*clients_, in_a_branch()).IgnoreError(), std::logic_error);
  const auto in_time = []() -> Task<> {
    (void)co_await coro::WithTimeout(absl::Hours(1), Task<int>());
  };
  EXPECT_THROW(coro::Run(*clients_, in_time()).IgnoreError(), std::logic_error);
  coro::Spawn(*clients_, [] { return Task<>(); });
  log_.WaitForPart("an empty weft::Task was started");
}

TEST_P(RunTest, AnEmptyTaskOfAServerIsAnException) {
  using Accepted = absl::StatusOr<std::unique_ptr<Handler>>;
  Router router;
  router.WebSocket("/session", coro::Handler([](coro::Session) { return Task<>(); }));
  router.WebSocket("/acceptor", coro::Accept([](const SessionRequest&, UpgradeResponse&) {
                     return Task<Accepted>();
                   }));
  Start({}, router);
  testing::TestClient client = Connect(), refused = Connect();
  EXPECT_EQ(client.Upgrade("/session"), "HTTP/1.1 101 Switching Protocols");
  EXPECT_EQ(client.ReadFrame(), "fin close 1011 the handler failed");
  refused.Send(testing::TestClient::UpgradeRequest("/acceptor"));
  EXPECT_EQ(refused.ReadHead().substr(0, 13), "HTTP/1.1 500 ");
  EXPECT_EQ(server_->metrics().exceptions, 2u);
  log_.WaitForPart("an empty weft::Task was started");
}

TEST_P(RunTest, UsesThisThreadIfTheLoopHasNone) {
  Start({}, coro::Handler(Echo));
  clients_ = NewLoop({.threads = 0});
  const std::thread::id own = std::this_thread::get_id();
  const auto ask = [](Task<std::string> asks, std::thread::id thread) -> Task<std::string> {
    EXPECT_EQ(std::this_thread::get_id(), thread);
    co_return co_await std::move(asks);
  };
  EXPECT_EQ(coro::Run(*clients_, ask(Ask(*clients_, url()), own)),
            absl::StatusOr<std::string>("question"));
}

TEST_P(RunTest, RefusesALoopThatHasEndedAndTheThreadOfALoop) {
  clients_ = NewLoop();
  const auto inside = [](ClientLoop& loop) -> Task<absl::Status> {
    co_return coro::Run(loop, Nothing());
  };
  EXPECT_TRUE(absl::IsFailedPrecondition(coro::Run(*clients_, inside(*clients_))));
  clients_->Stop();
  absl::StatusOr<int> late = 0;
  while (late.ok()) late = coro::Run(*clients_, Seven());
  EXPECT_EQ(late.status(), absl::CancelledError("the client loop has ended"));
}

TEST_P(RunTest, ATaskThatIgnoresTheEndOfItsLoopIsDestroyedWhereItWaits) {
  clients_ = NewLoop();
  std::atomic<bool> started{false};
  std::thread stopper([&] {
    while (!started) std::this_thread::yield();
    clients_->Stop();
  });
  const auto ignores = [&]() -> Task<> {
    const testing::CoroTest::Leaves leaves(journal_, "left");
    started = true;
    while (true) (co_await coro::Sleep(absl::Hours(1))).IgnoreError();
  };
  EXPECT_TRUE(absl::IsFailedPrecondition(coro::Run(*clients_, ignores())));
  EXPECT_EQ(journal_.lines(), std::vector<std::string>{"left"});
  stopper.join();
}

// The second message finds no room, and the third one would.
TEST_P(RunTest, NoMessageIsReceivedAfterOneThatIsLost) {
  testing::FakeServer server([](testing::FakePeer& peer) {
    peer.AcceptUpgrade(testing::ServerFrame(Opcode::kText, std::string(10000, 'a')) +
                       testing::ServerFrame(Opcode::kText, std::string(15000, 'b')) +
                       testing::ServerFrame(Opcode::kText, "c"));
    peer.AwaitStop();
  });
  clients_ = NewLoop({.limits = {.max_buffered_bytes = 20000}});
  const auto receive = [](ClientLoop& loop, std::string url) -> Task<std::string> {
    ClientOptions options;
    options.proxy = "direct";
    absl::StatusOr<coro::Session> s = co_await coro::Connect(loop, url, options);
    EXPECT_TRUE(s.ok()) << s.status();
    while (s->status().ok()) (co_await coro::Sleep(absl::ZeroDuration())).IgnoreError();
    std::string received;
    while (const auto m = co_await s->Receive()) received += m->payload.front();
    co_return received;
  };
  coro::Spawn(*clients_,
              [&, this]() -> Task<> { journal_.Write(co_await receive(*clients_, server.url())); });
  while (journal_.lines().empty()) Advance(20);
  EXPECT_EQ(journal_.lines(), std::vector<std::string>{"a"});
}

TEST_P(RunTest, ASpawnedLambdaIsKept) {
  clients_ = NewLoop();
  auto value = std::make_shared<std::string>("captured");
  coro::Spawn(*clients_, [this, value]() -> Task<> {
    (co_await coro::Sleep(absl::Milliseconds(10))).IgnoreError();
    journal_.Write(*value);
  });
  Advance(50);
  journal_.WaitFor("captured");
  Settle();
  EXPECT_EQ(value.use_count(), 1);
}

}  // namespace
}  // namespace weft
