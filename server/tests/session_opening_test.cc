// The part of its opening handshake that a session keeps.

#include <mutex>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "weft/server/server.h"
#include "weft/testing/server_fixture.h"
#include "weft/testing/test_client.h"

namespace weft {
namespace {

using testing::TestClient;

// With handlers that the loop calls, and with handlers on threads.
class SessionOpeningTest : public testing::ServerFixture,
                           public ::testing::WithParamInterface<int> {
 protected:
  ~SessionOpeningTest() override { server_.reset(); }

  void StartServer(ServerOptions options = {}) {
    options.handler_threads = GetParam();
    Start(std::move(options));
  }

  // Connects, and sends a message; the journal has what each callback saw.
  void OpenAndClose(absl::string_view target, absl::string_view headers) {
    TestClient client = Connect();
    EXPECT_EQ(client.Upgrade(target, headers), "HTTP/1.1 101 Switching Protocols");
    client.SendText("hello");
    EXPECT_EQ(client.ReadFrame(), "fin text hello");
    client.SendClose(1000);
    EXPECT_EQ(client.ReadFrame(), "fin close 1000");
    journal_.WaitFor("destroyed");
  }
};

INSTANTIATE_TEST_SUITE_P(Handlers, SessionOpeningTest, ::testing::Values(0, 2));

TEST_P(SessionOpeningTest, TheSubprotocolIsThatOfTheAnswerInEveryCallback) {
  accept_ = [](const SessionRequest& request, UpgradeResponse& response) {
    if (!request.subprotocols.empty())
      response.subprotocol = std::string(request.subprotocols.back());
    return absl::OkStatus();
  };
  const auto see = [this](absl::string_view where, Session& session) {
    journal_.Write(absl::StrCat(where, " [", session.subprotocol(), "]"));
  };
  script_.on_open = [&](Session& session) { see("opened", session); };
  script_.on_message = [&](Session& session, const Message& message) {
    see("got", session);
    session.Send(message).IgnoreError();
  };
  script_.on_close = [&](Session& session) { see("closed", session); };
  StartServer();
  OpenAndClose("/", "Sec-WebSocket-Protocol: chat, superchat\r\n");
  for (const char* where : {"opened", "got", "closed"}) {
    journal_.WaitFor(absl::StrCat(where, " [superchat]"));
  }
  journal_.Clear();
  OpenAndClose("/", "");
  for (const char* where : {"opened", "got", "closed"}) {
    journal_.WaitFor(absl::StrCat(where, " []"));
  }
  server_.reset();
}

}  // namespace
}  // namespace weft
