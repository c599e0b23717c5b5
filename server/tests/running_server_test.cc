// The server that requests of acceptors and pages refer to.

#include "weft/server/running_server.h"

#include <cstddef>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "weft/server/server.h"
#include "weft/testing/server_fixture.h"
#include "weft/testing/test_client.h"

namespace weft {
namespace {

using testing::TestClient;

// A listener of the topic "news", which answers "x" with "before", a published "x" and "after".
class Listening : public Handler {
 public:
  explicit Listening(RunningServer& server) : server_(server) {}

  void OnOpen(Session& session) override {
    session.Subscribe("news").IgnoreError();
    session.SendText("listening").IgnoreError();
  }
  void OnMessage(Session& session, const Message& message) override {
    session.SendText("before").IgnoreError();
    EXPECT_TRUE(server_.Publish("news", Opcode::kText, message.payload).ok());
    session.SendText("after").IgnoreError();
  }

 private:
  RunningServer& server_;
};

absl::StatusOr<PageResponse> Announce(const PageRequest& request) {
  const absl::Status status = request.server->Publish("news", Opcode::kText, request.body);
  if (!status.ok()) return status;
  return Page("text/plain", "announced");
}

absl::StatusOr<PageResponse> Count(const PageRequest& request) {
  return Page("text/plain", absl::StrCat(request.server->subscribers("news"), " of ",
                                         request.server->metrics().sessions_opened,
                                         request.server->draining() ? ", draining" : ""));
}

class RunningServerTest : public testing::ServerFixture {
 protected:
  void StartRouter(ServerOptions options) {
    Router router;
    router.WebSocket("/news", [](const SessionRequest& request, UpgradeResponse&) {
      return std::make_unique<Listening>(*request.server);
    });
    // Refuses, and tells the listeners.
    router.WebSocket(
        "/refused",
        [](const SessionRequest& request,
           UpgradeResponse&) -> absl::StatusOr<std::unique_ptr<Handler>> {
          EXPECT_TRUE(request.server->Publish("news", Opcode::kText, "somebody was refused").ok());
          return absl::PermissionDeniedError("no");
        });
    router.Any("/announce", Announce);
    router.Get("/count", Count);
    Start(std::move(options), router);
  }

  TestClient Listen() {
    TestClient client = Connect();
    EXPECT_EQ(client.Upgrade("/news"), "HTTP/1.1 101 Switching Protocols");
    EXPECT_EQ(client.ReadFrame(), "fin text listening");
    return client;
  }

  std::string Ask(absl::string_view method, absl::string_view path, absl::string_view body = "") {
    TestClient client = Connect();
    client.Send(absl::StrCat(method, " ", path, " HTTP/1.1\r\nHost: localhost\r\nContent-Length: ",
                             body.size(), "\r\nConnection: close\r\n\r\n", body));
    const std::string answer = client.ReadToEnd();
    return answer.substr(answer.find("\r\n\r\n") + 4);
  }

  void ExpectAllReach(const ServerOptions& options) {
    StartRouter(options);
    EXPECT_EQ(Ask("GET", "/count"), "0 of 0");
    TestClient one = Listen(), two = Listen(), three = Listen();
    // Where handlers have threads, a subscription arrives before later messages.
    EXPECT_EQ(Ask("GET", "/count"), "3 of 3");

    EXPECT_EQ(Ask("POST", "/announce", "breakfast"), "announced");
    for (TestClient* client : {&one, &two, &three}) {
      EXPECT_EQ(client->ReadFrame(), "fin text breakfast");
    }

    EXPECT_EQ(Connect().Upgrade("/refused"), "HTTP/1.1 403 Forbidden");
    for (TestClient* client : {&one, &two, &three}) {
      EXPECT_EQ(client->ReadFrame(), "fin text somebody was refused");
    }
  }
};

TEST_F(RunningServerTest, AcceptorsAndPagesPublish) { ExpectAllReach({}); }

TEST_F(RunningServerTest, AcceptorsAndPagesPublishToEveryLoop) { ExpectAllReach({.threads = 3}); }

TEST_F(RunningServerTest, AcceptorsAndPagesPublishWithHandlerThreads) {
  ExpectAllReach({.threads = 2, .handler_threads = 2});
}

TEST_F(RunningServerTest, APublishedMessageIsInOrderWithWhatTheLoopSends) {
  StartRouter({});
  TestClient client = Listen();
  client.SendText("between");
  EXPECT_EQ(client.ReadFrame(), "fin text before");
  EXPECT_EQ(client.ReadFrame(), "fin text between");
  EXPECT_EQ(client.ReadFrame(), "fin text after");
}

TEST_F(RunningServerTest, AHandlerOnAThreadPublishes) {
  StartRouter({.handler_threads = 2});
  TestClient listener = Listen(), speaker = Listen();
  speaker.SendText("hello");
  EXPECT_EQ(listener.ReadFrame(), "fin text hello");
}

TEST_F(RunningServerTest, ABadMessageIsRefused) {
  Router router;
  router.Get("/", [](const PageRequest& request) -> absl::StatusOr<PageResponse> {
    return request.server->Publish("news", Opcode::kText, "\xff");
  });
  Start({}, router);
  EXPECT_NE(Ask("GET", "/").find("UTF-8"), std::string::npos);
}

}  // namespace
}  // namespace weft
