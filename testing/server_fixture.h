// A server for tests, whose handlers the test writes and whose clock the test controls.

#ifndef WEFT_TESTING_SERVER_FIXTURE_H_
#define WEFT_TESTING_SERVER_FIXTURE_H_

#include <sys/socket.h>

#include <cstdint>
#include <cstdlib>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "gtest/gtest.h"
#include "weft/loop/clock.h"
#include "weft/server/server.h"
#include "weft/testing/journal.h"
#include "weft/testing/manual_clock.h"
#include "weft/testing/test_client.h"
#include "weft/transport/address.h"

namespace weft::testing {

// A handler whose callbacks the test provides; by default an echo that keeps a journal.
struct Script {
  std::function<void(Session&)> on_open = [](Session&) {};
  std::function<void(Session&, const Message&)> on_message =
      [](Session& session, const Message& message) { session.Send(message).IgnoreError(); };
  std::function<void(Session&)> on_writable = [](Session&) {};
  std::function<void(Session&)> on_close = [](Session&) {};
  std::function<void(Session&, const CloseInfo&)> on_close_info = [](Session&, const CloseInfo&) {};
};

class ScriptedHandler : public Handler {
 public:
  ScriptedHandler(const Script& script, Journal& journal) : script_(script), journal_(journal) {}
  ~ScriptedHandler() override { journal_.Write("destroyed"); }

  void OnOpen(Session& session) override {
    journal_.Write("open");
    script_.on_open(session);
  }
  void OnMessage(Session& session, const Message& message) override {
    journal_.Write(absl::StrCat("message ", message.payload.substr(0, 40)));
    script_.on_message(session, message);
  }
  void OnWritable(Session& session) override {
    journal_.Write("writable");
    script_.on_writable(session);
  }
  void OnClose(Session& session, const CloseInfo& info) override {
    journal_.Write(absl::StrCat("close ", static_cast<int>(info.code), " ", info.reason));
    script_.on_close(session);
    script_.on_close_info(session, info);
  }

 private:
  const Script& script_;
  Journal& journal_;
};

// Starts one server per test, on a free port of the loopback address, with a clock that the test
// controls.
//
//   class ChatTest : public weft::testing::ServerFixture {};
//   TEST_F(ChatTest, Greets) {
//     Start({}, [](auto&, auto&) { return std::make_unique<ChatHandler>(); });
//     weft::testing::TestClient client = ConnectAndUpgrade();
//     EXPECT_EQ(client.ReadFrame(), "fin text Hello");
//   }
//
// Callbacks of `script_` and `accept_` that refer to local variables of the test need a
// server_.reset() before those are destroyed.
class ServerFixture : public ::testing::Test {
 protected:
  // A server whose handlers do what `script_` says, unless `accept_` refuses the request.
  void Start(ServerOptions options = {}) {
    Start(std::move(options),
          [this](const SessionRequest& request,
                 UpgradeResponse& response) -> absl::StatusOr<std::unique_ptr<Handler>> {
            if (accept_) {
              if (absl::Status status = accept_(request, response); !status.ok()) return status;
            }
            return std::make_unique<ScriptedHandler>(script_, journal_);
          });
  }

  // A server with an Acceptor or a Router of the test. `log_` has the lines that it logs.
  template <typename AcceptorOrRouter>
  void Start(ServerOptions options, AcceptorOrRouter accept) {
    if (options.for_tests.clock == &Clock::Steady()) options.for_tests.clock = &clock_;
    if (std::getenv("WEFT_HANDLER_THREADS") != nullptr) options.handler_threads = 2;
    if (!options.hooks.log) {
      options.hooks.log = [this](LogLevel, absl::string_view text) {
        log_.Write(std::string(text));
      };
    }
    absl::StatusOr<std::unique_ptr<Server>> server =
        Server::Start(std::move(options), std::move(accept));
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
    journal_.lines();  // a thread that has written to it has seen server_
  }

  TestClient Connect() { return TestClient(server_->address()); }

  TestClient ConnectAndUpgrade() {
    TestClient client = Connect();
    EXPECT_EQ(client.Upgrade(), "HTTP/1.1 101 Switching Protocols");
    return client;
  }

  // A client that reads only on request: its socket buffers are small, and so are the server's,
  // about 200 KB together.
  TestClient ConnectSlowReader() {
    TestClient client = Connect();
    SetBuffer(client.stream().fd(), SO_RCVBUF);
    EXPECT_EQ(client.Upgrade(), "HTTP/1.1 101 Switching Protocols");
    SetBuffer(ServersEnd(client), SO_SNDBUF);
    return client;
  }

  // The server's socket of a client that it has accepted.
  static int ServersEnd(TestClient& client) {
    const SocketAddress own = LocalAddress(client.stream().fd());
    int found = 0, end = -1;
    for (int fd = 0; fd < 1024; ++fd) {
      if (PeerAddress(fd) != own) continue;
      end = fd;
      ++found;
    }
    EXPECT_EQ(found, 1) << "the server's end";
    return end;
  }

  // When it returns, the server has read everything sent before, its timers have fired, and it has
  // read what was readable then, if it has one loop: it answers a new client within three turns.
  void LetTheLoopTurn() {
    for (int i = 0; i < 3; ++i) {
      TestClient newcomer = Connect();
      newcomer.Send("GET / HTTP/1.1\r\n\r\n");
      EXPECT_EQ(newcomer.ReadHead().substr(0, 13), "HTTP/1.1 400 ");
    }
  }

  // Time passes between the messages sent until then and those sent afterwards.
  void Pass(int64_t ms) {
    LetTheLoopTurn();
    clock_.AdvanceMs(ms);
    LetTheLoopTurn();
  }

  static void SetBuffer(int fd, int which, int size = 64 << 10) {
    EXPECT_EQ(setsockopt(fd, SOL_SOCKET, which, &size, sizeof(size)), 0);
  }

  ManualClock clock_;
  Journal journal_, log_;
  Script script_;
  std::function<absl::Status(const SessionRequest&, UpgradeResponse&)> accept_;
  std::unique_ptr<Server> server_;
};

}  // namespace weft::testing

#endif  // WEFT_TESTING_SERVER_FIXTURE_H_
