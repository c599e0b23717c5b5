// Server::Listen() and Run(): a server on the thread of its caller.

#include <dirent.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "weft/core/testing/frames.h"
#include "weft/loop/mailbox.h"
#include "weft/loop/signals.h"
#include "weft/server/server.h"
#include "weft/testing/server_fixture.h"
#include "weft/testing/test_client.h"

namespace weft {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;
using testing::TestClient;

int Threads() {
  DIR* const tasks = opendir("/proc/self/task");
  int count = 0;
  while (readdir(tasks) != nullptr) ++count;
  closedir(tasks);
  return count - 2;  // without . and ..
}

class RunTest : public testing::ServerFixture {
 protected:
  void Listen(ServerOptions options = {}) {
    absl::StatusOr<std::unique_ptr<Server>> server =
        Server::Listen(std::move(options), [this](auto&, auto&) {
          return std::make_unique<testing::ScriptedHandler>(script_, journal_);
        });
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
  }
};

TEST_F(RunTest, ServesOnTheCallingThreadAlone) {
  std::thread::id served;
  int threads = 0;
  script_.on_message = [&](Session& session, const Message& message) {
    served = std::this_thread::get_id();
    threads = Threads();
    session.Send(message).IgnoreError();
  };
  const int before = Threads();
  Listen();
  std::thread client([this] {
    TestClient one = ConnectAndUpgrade();
    one.SendText("Hello");
    EXPECT_EQ(one.ReadFrame(), "fin text Hello");
    server_->Shutdown(absl::ZeroDuration());
    EXPECT_EQ(server_->connections(), 0u) << "another thread waits until all is over";
  });
  EXPECT_TRUE(server_->Run().ok());
  client.join();
  EXPECT_FALSE(Mailbox::OnAnyLoopThread()) << "it may wait again";
  EXPECT_EQ(served, std::this_thread::get_id());
  EXPECT_EQ(threads, before + 1) << "the client's";
  EXPECT_THAT(journal_.lines(), ::testing::Contains(StartsWith("close ")));
}

TEST_F(RunTest, ClientsThatConnectBeforeAreServed) {
  Listen();
  TestClient early = Connect();
  early.Send(TestClient::UpgradeRequest("/"));
  std::thread client([&] {
    EXPECT_THAT(early.ReadHead(), StartsWith("HTTP/1.1 101 "));
    server_->Shutdown(absl::ZeroDuration());
  });
  EXPECT_TRUE(server_->Run().ok());
  client.join();
}

TEST_F(RunTest, SignalsReachTheirFunctionOnThisThread) {
  auto signals = SignalWaiter::Create({SIGUSR1, SIGUSR2});
  ASSERT_TRUE(signals.ok()) << signals.status();
  Listen({.threads = 2});
  std::thread client([this] {
    TestClient one = ConnectAndUpgrade(), two = ConnectAndUpgrade();
    kill(getpid(), SIGUSR1);
    journal_.WaitFor("signal");
    one.SendText("still here");
    EXPECT_EQ(one.ReadFrame(), "fin text still here");
    kill(getpid(), SIGUSR2);
    EXPECT_THAT(one.ReadFrame(), StartsWith("fin close 1012 "));
    EXPECT_THAT(two.ReadFrame(), StartsWith("fin close 1012 "));
    for (TestClient* each : {&one, &two})
      each->Send(testing::ClientFrame(Opcode::kClose, "\x03\xf4"));
  });
  const absl::Status status =
      server_->Run(*signals, [&, main = std::this_thread::get_id()](int signal) {
        EXPECT_EQ(std::this_thread::get_id(), main);
        if (signal == SIGUSR1) return journal_.Write("signal");
        server_->Drain(absl::ZeroDuration());  // only begins: it would wait for its caller
        EXPECT_TRUE(server_->draining());
      });
  EXPECT_TRUE(status.ok()) << status;
  client.join();
  EXPECT_EQ(server_->connections(), 0u);
}

TEST_F(RunTest, SignalsArriveWhileOnlyAnotherLoopHasSessions) {
  auto signals = SignalWaiter::Create({SIGUSR1, SIGUSR2});
  ASSERT_TRUE(signals.ok()) << signals.status();
  const std::thread::id main = std::this_thread::get_id();
  script_.on_open = [&](Session&) {
    journal_.Write(std::this_thread::get_id() == main ? "here" : "there");
  };
  Listen({.threads = 2});
  std::thread client([this] {
    TestClient here = ConnectAndUpgrade(), there = ConnectAndUpgrade();
    journal_.WaitFor("here");
    journal_.WaitFor("there");
    const std::vector<std::string> lines = journal_.lines();
    const auto line = [&](const char* text) { return std::find(lines.begin(), lines.end(), text); };
    if (line("there") < line("here")) std::swap(here, there);
    here.Send(testing::ClientFrame(Opcode::kClose, ""));
    EXPECT_EQ(here.ReadToEnd(), testing::ServerFrame(Opcode::kClose, ""));
    kill(getpid(), SIGUSR1);
    journal_.WaitFor("drains");
    kill(getpid(), SIGUSR2);
    EXPECT_THAT(there.ReadFrame(), StartsWith("fin close 1001 "));
    there.Send(testing::ClientFrame(Opcode::kClose, "\x03\xe9"));
  });
  const absl::Status status = server_->Run(*signals, [&](int signal) {
    if (signal == SIGUSR2) return server_->Shutdown();
    server_->Drain(absl::Hours(1));
    journal_.Write("drains");
  });
  EXPECT_TRUE(status.ok()) << status;
  client.join();
}

TEST_F(RunTest, AnExceptionOfTheFunctionForSignalsEndsNothing) {
  auto signals = SignalWaiter::Create({SIGUSR1});
  ASSERT_TRUE(signals.ok()) << signals.status();
  Listen({.hooks = {
              .log = [this](LogLevel, absl::string_view line) { log_.Write(std::string(line)); }}});
  kill(getpid(), SIGUSR1);
  std::thread client([this] {
    log_.WaitForPart("the function for signals threw an exception: \"no\"");
    ConnectAndUpgrade();
    server_->Shutdown(absl::ZeroDuration());
  });
  EXPECT_TRUE(server_->Run(*signals, [](int) { throw std::runtime_error("no"); }).ok());
  client.join();
}

TEST_F(RunTest, RunsOnce) {
  Listen();
  server_->Shutdown();  // of a server that does not run yet: it ends in its first turn
  EXPECT_TRUE(server_->Run().ok());
  const absl::Status again = server_->Run();
  EXPECT_TRUE(absl::IsFailedPrecondition(again)) << again;
  EXPECT_THAT(std::string(again.message()), HasSubstr("has run before"));
  server_.reset();
  Start();
  EXPECT_TRUE(absl::IsFailedPrecondition(server_->Run())) << "it runs on threads of its own";
}

TEST_F(RunTest, ListensWithoutEverRunning) {
  Listen({.threads = 3, .handler_threads = 2});
  TestClient client = Connect();
  server_->Wait();
  server_.reset();
  EXPECT_EQ(client.ReadToEnd(), "");
}

}  // namespace
}  // namespace weft
