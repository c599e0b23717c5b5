// Exceptions of the application's code, wherever the library calls it.

#include <stdexcept>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "weft/core/testing/frames.h"
#include "weft/server/http/page.h"
#include "weft/server/server.h"
#include "weft/server/topics/position.h"
#include "weft/testing/server_fixture.h"
#include "weft/testing/test_client.h"

namespace weft {
namespace {

using testing::ClientFrame;
using ::testing::HasSubstr;
using ::testing::StartsWith;
using testing::TestClient;

// With handlers that the loop calls, and with handlers on threads.
class ExceptionsTest : public testing::ServerFixture, public ::testing::WithParamInterface<int> {
 protected:
  ~ExceptionsTest() override { server_.reset(); }

  void StartServer(ServerOptions options = {}) {
    options.handler_threads = GetParam();
    Start(std::move(options));
  }

  int Count(const std::string& begin) {
    int count = 0;
    for (const std::string& line : journal_.lines()) count += line.rfind(begin, 0) == 0;
    return count;
  }
};

INSTANTIATE_TEST_SUITE_P(Handlers, ExceptionsTest, ::testing::Values(0, 2));

TEST_P(ExceptionsTest, InOnMessageClosesThatSessionWith1011) {
  script_.on_message = [](Session& session, const Message& message) {
    if (message.payload == "throw") throw std::runtime_error("bad \x1b[2J\n number");
    session.Send(message).IgnoreError();
  };
  StartServer();
  TestClient client = ConnectAndUpgrade(), other = ConnectAndUpgrade();
  client.Send(ClientFrame(Opcode::kText, "before") + ClientFrame(Opcode::kText, "throw") +
              ClientFrame(Opcode::kText, "after"));
  EXPECT_EQ(client.ReadFrame(), "fin text before");
  EXPECT_EQ(client.ReadFrame(), "fin close 1011 the handler failed");
  EXPECT_EQ(client.ReadFrame(), "end");
  journal_.WaitFor("destroyed");
  EXPECT_EQ(Count("close 1011 the handler failed"), 1);
  EXPECT_EQ(Count("message after"), 0) << "it is told of the end only";
  other.SendText("on");
  EXPECT_EQ(other.ReadFrame(), "fin text on");
  EXPECT_EQ(server_->metrics().exceptions, 1u);
  EXPECT_EQ(server_->metrics().closes_with(CloseCode::kInternalError), 1u);
  log_.WaitFor("OnMessage threw an exception: \"bad \\x1b[2J\\n number\"");
}

TEST_P(ExceptionsTest, InOnOpen) {
  script_.on_open = [](Session&) { throw 7; };
  StartServer();
  TestClient client = ConnectAndUpgrade();
  client.SendText("too late");
  EXPECT_EQ(client.ReadFrame(), "fin close 1011 the handler failed");
  journal_.WaitFor("destroyed");
  EXPECT_EQ(Count("close 1011"), 1);
  EXPECT_EQ(Count("message"), 0);
  log_.WaitFor("OnOpen threw an exception: \"not a std::exception\"");
}

TEST_P(ExceptionsTest, InOnWritable) {
  script_.on_message = [](Session& session, const Message&) {
    session.SendBinary(std::string(5000, 'x')).IgnoreError();
  };
  script_.on_writable = [](Session&) { throw std::runtime_error("writable"); };
  StartServer({.sending = {.high_mark_bytes = 1000, .low_mark_bytes = 100}});
  TestClient client = ConnectAndUpgrade();
  client.SendText("go");
  EXPECT_THAT(client.ReadFrame(), StartsWith("fin binary "));
  EXPECT_EQ(client.ReadFrame(), "fin close 1011 the handler failed");
  journal_.WaitFor("destroyed");
  EXPECT_EQ(Count("close 1011"), 1);
}

TEST_P(ExceptionsTest, InOnClose) {
  script_.on_close = [](Session&) { throw std::runtime_error("close"); };
  StartServer();
  TestClient client = ConnectAndUpgrade();
  client.SendClose(1000);
  EXPECT_EQ(client.ReadFrame(), "fin close 1000");
  EXPECT_EQ(client.ReadFrame(), "end");
  journal_.WaitFor("destroyed");
  EXPECT_EQ(Count("close "), 1);
  TestClient gone = ConnectAndUpgrade();
  gone.Reset();
  journal_.WaitFor("destroyed", 2);
  EXPECT_EQ(server_->metrics().exceptions, 2u);
}

// A handler that throws, and then throws again in OnClose.
TEST_P(ExceptionsTest, InOnMessageAndInOnClose) {
  script_.on_message = [](Session&, const Message&) { throw std::runtime_error("message"); };
  script_.on_close = [](Session&) { throw std::runtime_error("close"); };
  StartServer();
  for (int i = 1; i <= 3; ++i) {
    TestClient client = ConnectAndUpgrade();
    client.SendText("go");
    EXPECT_EQ(client.ReadFrame(), "fin close 1011 the handler failed");
    journal_.WaitFor("destroyed", i);
  }
  EXPECT_EQ(server_->metrics().exceptions, 6u);
}

TEST_P(ExceptionsTest, InTheAcceptorAnswers500) {
  accept_ = [](const SessionRequest& request, UpgradeResponse&) -> absl::Status {
    if (request.path() == "/throw") throw std::runtime_error("the database is gone");
    return absl::OkStatus();
  };
  StartServer();
  TestClient client = Connect();
  EXPECT_EQ(client.Upgrade("/throw"), "HTTP/1.1 500 Internal Server Error");
  EXPECT_THAT(client.ReadToEnd(), ::testing::Not(HasSubstr("database")));
  ConnectAndUpgrade();
  EXPECT_EQ(server_->metrics().exceptions, 1u);
  log_.WaitFor("the acceptor threw an exception: \"the database is gone\"");
}

TEST_P(ExceptionsTest, InAPageAnswers500) {
  ServerOptions options;
  options.http.pages = [](const PageRequest& request) -> absl::StatusOr<PageResponse> {
    if (request.path() == "/throw") throw std::runtime_error("no file");
    return Page("text/plain", "page");
  };
  StartServer(std::move(options));
  TestClient client = Connect();
  client.Send("GET /throw HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_THAT(client.ReadHead(), StartsWith("HTTP/1.1 500 "));
  log_.WaitFor("a page threw an exception: \"no file\"");
  TestClient other = Connect();
  other.Send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_THAT(other.ReadHead(), StartsWith("HTTP/1.1 200 "));
  EXPECT_EQ(server_->metrics().exceptions, 1u);
}

TEST_P(ExceptionsTest, InTheFunctionsOfTopics) {
  ServerOptions options;
  options.hooks.topic_options = [](absl::string_view topic) -> TopicOptions {
    if (topic == "unknown") throw std::runtime_error("o");
    return {};
  };
  options.hooks.on_topic_change = [](absl::string_view, bool) { throw std::runtime_error("h"); };
  script_.on_message = [](Session& session, const Message& message) {
    session.Subscribe("unknown").IgnoreError();
    session.Subscribe("topic").IgnoreError();
    EXPECT_EQ(session.Publish("unknown", message.opcode, "1").code(), absl::StatusCode::kInternal);
    int outcomes = 0;
    session.Publish("unknown", message.opcode, "2", {}, [&](const absl::StatusOr<Position>& done) {
      ++outcomes;
      EXPECT_EQ(done.status().code(), absl::StatusCode::kInternal);
    });
    EXPECT_EQ(outcomes, 1);
    session.Publish("topic", message.opcode, message.payload).IgnoreError();
  };
  StartServer(std::move(options));
  TestClient client = ConnectAndUpgrade();
  client.SendText("hello");
  EXPECT_EQ(client.ReadFrame(), "fin text hello");
  client.SendClose(1000);
  EXPECT_EQ(client.ReadFrame(), "fin close 1000");
  EXPECT_EQ(client.ReadFrame(), "end");
  journal_.WaitFor("destroyed");
  EXPECT_EQ(server_->metrics().exceptions, 5u) << "three calls, the first subscriber, the last";
  EXPECT_EQ(server_->subscribers("unknown"), 0u);
  log_.WaitFor("hooks.on_topic_change threw an exception: \"h\"", 2);
}

}  // namespace
}  // namespace weft
