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

TEST_P(SessionOpeningTest, ARequestThatIsKeptIsReadableInEveryCallback) {
  accept_ = [](const SessionRequest& request, UpgradeResponse& response) {
    response.keep_request = request.path() == "/keep";
    return absl::OkStatus();
  };
  const auto see = [this](absl::string_view where, Session& session) {
    const SessionRequest* const request = session.request();
    if (request == nullptr) return journal_.Write(absl::StrCat(where, " none"));
    EXPECT_EQ(request->server->draining(), false);
    EXPECT_EQ(request->peer_address.ip(), "127.0.0.1");
    EXPECT_EQ(request->headers.Find("X-Long"), std::string(2000, 'x'));
    journal_.Write(absl::StrCat(where, " ", request->path(), " ", request->query("room").value(),
                                " ", request->cookie("sid").value(), " ", request->host));
  };
  script_.on_open = [&](Session& session) { see("opened", session); };
  script_.on_message = [&](Session& session, const Message& message) {
    see("got", session);
    session.Send(message).IgnoreError();
  };
  script_.on_close = [&](Session& session) { see("closed", session); };
  StartServer();
  const std::string headers =
      absl::StrCat("Cookie: sid=31d4\r\nX-Long: ", std::string(2000, 'x'), "\r\n");
  OpenAndClose("/keep?room=a%20b", headers);
  for (const char* where : {"opened", "got", "closed"}) {
    journal_.WaitFor(absl::StrCat(where, " /keep a b 31d4 localhost"));
  }
  journal_.Clear();
  OpenAndClose("/forget?room=1", headers);
  for (const char* where : {"opened", "got", "closed"}) {
    journal_.WaitFor(absl::StrCat(where, " none"));
  }
  server_.reset();
}

TEST_P(SessionOpeningTest, ARequestThatIsKeptCountsInTheAccountOfMemory) {
  bool keep = false;
  accept_ = [&](const SessionRequest&, UpgradeResponse& response) {
    response.keep_request = keep;
    return absl::OkStatus();
  };
  StartServer();
  const auto buffered_with = [&](absl::string_view headers) {
    TestClient client = Connect();
    EXPECT_EQ(client.Upgrade("/", headers), "HTTP/1.1 101 Switching Protocols");
    LetTheLoopTurn();
    const uint64_t bytes = server_->metrics().buffered_bytes;
    client.Close();
    journal_.WaitFor("destroyed");
    LetTheLoopTurn();
    EXPECT_EQ(server_->metrics().buffered_bytes, 0u);
    journal_.Clear();
    return bytes;
  };
  const std::string headers = absl::StrCat("X-Long: ", std::string(10000, 'x'), "\r\n");
  EXPECT_EQ(buffered_with(headers), 0u);
  keep = true;
  const uint64_t little = buffered_with("");
  EXPECT_GT(little, 100u);
  EXPECT_LT(little, 4096u);
  EXPECT_GE(buffered_with(headers), little + 10000);
  server_.reset();
}

}  // namespace
}  // namespace weft
