// Shutdown, in every state of the sessions.

#include <atomic>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "weft/core/testing/frames.h"
#include "weft/server/server.h"
#include "weft/testing/server_fixture.h"
#include "weft/testing/test_client.h"

namespace weft {
namespace {

using testing::ClientFrame;
using ::testing::StartsWith;
using testing::TestClient;

class ShutdownTest : public testing::ServerFixture {
 protected:
  ~ShutdownTest() override {
    server_.reset();
  }  // destroyed before the objects that its callbacks use

  int Count(absl::string_view prefix) {
    int count = 0;
    for (const std::string& line : journal_.lines())
      count += line.substr(0, prefix.size()) == prefix;
    return count;
  }

  // Time passes until `shut_down` returns.
  void WhileTimePasses(const std::function<void()>& shut_down) {
    std::atomic<bool> done{false};
    std::thread shutdown([&] {
      shut_down();
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
    server_->Wait();  // a mistake, but no deadlock
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
  // Nothing listens on the port.
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

// ---- In every state of a session ----

class ShutdownInStateTest : public ShutdownTest, public ::testing::WithParamInterface<const char*> {
 protected:
  ShutdownInStateTest() {
    const std::string large(24 << 20, 'x');
    script_.on_message = [large](Session& session, const Message& message) {
      if (message.payload == "close") session.Close().IgnoreError();
      if (message.payload == "large") {
        EXPECT_TRUE(session.SendBinary(large).ok());
      }
    };
    accept_ = [large](const UpgradeRequest& request, UpgradeResponse&) {
      if (request.path() == "/refused") return absl::NotFoundError("no such room");
      if (request.path() == "/refused-at-length") return absl::NotFoundError(large);
      return absl::OkStatus();
    };
    Start({.connection = {.max_message_bytes = 1000}, .sending = {.max_queue_bytes = 64 << 20}});
  }

  // A client whose session is in the state that the parameter names.
  TestClient Reach() {
    const std::string state = GetParam();
    if (state == "handshake") {
      TestClient client = Connect();
      client.Send("GET / HTTP/1.1\r\nHo");
      WaitForConnection();
      return client;
    }
    if (state == "refusing") {
      TestClient client = Connect();
      client.Send(TestClient::UpgradeRequest("/refused-at-length"));
      EXPECT_EQ(client.ReadBytes(12), "HTTP/1.1 404");
      return client;
    }
    if (state == "lingering after a refusal") {
      TestClient client = Connect();
      EXPECT_THAT(client.Upgrade("/refused"), StartsWith("HTTP/1.1 404"));
      return client;
    }
    TestClient client = ConnectAndUpgrade();
    // Sent with the next bytes in one write: once the answer waits, nothing more is read.
    const std::string large = ClientFrame(Opcode::kText, "large");
    if (state == "closing") {
      client.SendText("close");
      EXPECT_EQ(client.ReadFrame(), "fin close 1000");
    } else if (state == "lingering") {
      client.Send(testing::ServerFrame(Opcode::kText, "naked"));
      EXPECT_THAT(client.ReadFrame(), StartsWith("fin close 1002"));
    } else if (state == "write-blocked") {
      client.Send(large);
      EXPECT_EQ(client.ReadBytes(1), "\x82");
    } else if (state == "write-blocked and closing") {
      client.Send(large + ClientFrame(Opcode::kText, "close"));
      EXPECT_EQ(client.ReadBytes(1), "\x82");
    } else if (state == "write-blocked and closed by the client") {
      client.Send(large + ClientFrame(Opcode::kClose, ""));
      journal_.WaitFor("close 1005 ");
    } else if (state == "write-blocked and failed") {
      client.Send(large + testing::ServerFrame(Opcode::kText, "naked"));
      journal_.WaitFor("close 1002 a client must mask every frame");
    } else {
      EXPECT_EQ(state, "open");
    }
    return client;
  }

  void WaitForConnection() {
    while (server_->connections() == 0) std::this_thread::yield();
  }

  void ExpectAllEnded() {
    EXPECT_EQ(server_->connections(), 0u);
    EXPECT_EQ(Count("close "), Count("open"));
    EXPECT_EQ(Count("destroyed"), Count("open"));
  }
};

TEST_P(ShutdownInStateTest, AtOnce) {
  TestClient client = Reach();
  server_->Shutdown(absl::ZeroDuration());
  ExpectAllEnded();
}

// Every state has its own time limit, so it is enough that time passes.
TEST_P(ShutdownInStateTest, Politely) {
  TestClient client = Reach();
  WhileTimePasses([this] { server_->Shutdown(absl::InfiniteDuration()); });
  ExpectAllEnded();
}

TEST_P(ShutdownInStateTest, Drained) {
  TestClient client = Reach();
  WhileTimePasses([this] { server_->Drain(absl::Seconds(2), absl::InfiniteDuration()); });
  ExpectAllEnded();
}

TEST_P(ShutdownInStateTest, WhenTheClientReadsAndLeaves) {
  TestClient client = Reach();
  std::thread shutdown([this] { server_->Shutdown(absl::InfiniteDuration()); });
  std::thread answers([&client] {
    client.SendClose(1001);
    client.stream().ShutdownWrite();  // fails if the server closed first
    client.ReadToEnd();
  });
  shutdown.join();
  answers.join();
  ExpectAllEnded();
}

INSTANTIATE_TEST_SUITE_P(All, ShutdownInStateTest,
                         ::testing::Values("handshake", "refusing", "lingering after a refusal",
                                           "open", "closing", "lingering", "write-blocked",
                                           "write-blocked and closing",
                                           "write-blocked and closed by the client",
                                           "write-blocked and failed"));

}  // namespace
}  // namespace weft
