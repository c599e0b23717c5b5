// Shutdown, whatever the sessions are doing.

#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <functional>
#include <map>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "weft/core/testing/frames.h"
#include "weft/server/server.h"
#include "weft/server/testing/server_fixture.h"
#include "weft/server/testing/test_client.h"

namespace weft {
namespace {

using testing::ClientFrame;
using ::testing::StartsWith;
using testing::TestClient;

class ShutdownTest : public testing::ServerFixture {
 protected:
  ~ShutdownTest() override { server_.reset(); }  // before what it refers to

  int Count(absl::string_view prefix) {
    int count = 0;
    for (const std::string& line : journal_.lines())
      count += line.substr(0, prefix.size()) == prefix;
    return count;
  }

  // Time passes until the server has stopped.
  void ShutdownWhileTimePasses() {
    std::atomic<bool> done{false};
    std::thread shutdown([&] {
      server_->Shutdown(absl::InfiniteDuration());
      done = true;
    });
    while (!done) {
      clock_.AdvanceMs(100);
      std::this_thread::yield();
    }
    shutdown.join();
  }
};

// ---- From a handler ----

TEST_F(ShutdownTest, FromAHandlerItBeginsAndDoesNotWait) {
  script_.on_message = [this](Session& session, const Message&) {
    server_->Shutdown();
    server_->Shutdown();
    server_->Wait();  // a mistake, and no deadlock
    session.SendText("still here").IgnoreError();
  };
  Start({.threads = 2});
  TestClient client = ConnectAndUpgrade(), other = ConnectAndUpgrade();
  client.SendText("shut down");
  EXPECT_EQ(client.ReadFrame(), "fin text still here");
  for (TestClient* each : {&client, &other}) {
    EXPECT_EQ(each->ReadFrame(), "fin close 1001 the server is going away");
    each->SendClose(1001);
    EXPECT_EQ(each->ReadFrame(), "end");
  }
  server_->Wait();
  EXPECT_EQ(Count("destroyed"), 2);
  log_.WaitFor("Server::Wait was called by a handler, which it would wait for: it does not wait");
  // Nobody listens any more.
  EXPECT_TRUE(Server::Start({.port = server_->port()}, [](auto&, auto&) {
                return absl::NotFoundError("none");
              }).ok());
}

TEST_F(ShutdownTest, ByManyThreadsAtOnce) {
  Start({.threads = 2});
  TestClient client = ConnectAndUpgrade();
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([this, i] {
      server_->Shutdown(i == 0 ? absl::ZeroDuration() : absl::InfiniteDuration());
      EXPECT_EQ(Count("destroyed"), 1);
    });
  }
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace weft
