// Acceptors and pages that run on the handler threads: OnHandlerThreads.

#include "weft/server/on_handler_threads.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <semaphore>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "weft/server/server.h"
#include "weft/testing/server_fixture.h"
#include "weft/testing/test_client.h"

namespace weft {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::TestClient;

// Writes to the journal where it runs.
class SaysWhere : public Handler {
 public:
  SaysWhere(testing::Journal& journal, std::string greeting)
      : journal_(journal), greeting_(std::move(greeting)) {}
  ~SaysWhere() override { journal_.Write("destroyed"); }

  void OnOpen(Session& session) override { session.SendText(greeting_).IgnoreError(); }
  void OnMessage(Session& session, const Message& message) override {
    session.Send(message).IgnoreError();
  }

 private:
  testing::Journal& journal_;
  const std::string greeting_;
};

class OnHandlerThreadsTest : public testing::ServerFixture {
 protected:
  ~OnHandlerThreadsTest() override {
    released_.release(100);
    server_.reset();
  }

  // Waits for Release(), with a line in the journal before and after it.
  void Block(absl::string_view name) {
    journal_.Write(absl::StrCat(name, " blocks"));
    released_.acquire();
    journal_.Write(absl::StrCat(name, " returns"));
  }
  void Release() { released_.release(); }

  // Endpoints and pages that block. /rooms/{id} greets with the parts of its request.
  Router TheRouter() {
    Router router;
    router.WebSocket(
        "/rooms/{id}",
        OnHandlerThreads([this](const SessionRequest& request, UpgradeResponse& response)
                             -> absl::StatusOr<std::unique_ptr<Handler>> {
          Block("acceptor");
          if (request.query("refuse").has_value()) {
            response.headers.push_back({"WWW-Authenticate", "Bearer"});
            return absl::UnauthenticatedError("log in first");
          }
          response.headers.push_back({"X-Found", "1"});
          return std::make_unique<SaysWhere>(
              journal_, absl::StrCat(*request.path("id"), " ", request.path(), " ",
                                     request.query("n").value_or(""), " ",
                                     request.cookie("sid").value_or(""), " ", request.host, " ",
                                     request.peer_address.ip(), " ", request.server->draining()));
        }));
    router.WebSocket("/echo", [this](const SessionRequest&, UpgradeResponse&) {
      return std::make_unique<SaysWhere>(journal_, "hello");
    });
    router.Any("/pages/{id}/*",
               OnHandlerThreads([this](const PageRequest& request) -> absl::StatusOr<PageResponse> {
                 Block("page");
                 return Page("text/plain",
                             absl::StrCat(request.method, " ", *request.path("id"), " ",
                                          request.subpath, " ", request.query("n").value_or(""),
                                          " ", request.cookie("sid").value_or(""), " ",
                                          request.host, " ", request.body));
               }));
    return router;
  }

  void StartRouter(int threads = 2, ServerOptions options = {}) {
    options.handler_threads = threads;
    Start(std::move(options), TheRouter());
  }

  std::counting_semaphore<1000> released_{0};
};

TEST_F(OnHandlerThreadsTest, AnAcceptorBlocksNoLoop) {
  StartRouter();
  TestClient client = Connect(), other = Connect();
  client.Send(TestClient::UpgradeRequest("/rooms/a%20b?n=7", "Cookie: sid=31d4\r\n"));
  journal_.WaitFor("acceptor blocks");
  EXPECT_EQ(other.Upgrade("/echo"), "HTTP/1.1 101 Switching Protocols");
  EXPECT_EQ(other.ReadFrame(), "fin text hello");
  // The request in the connection's buffer moves while the acceptor reads its copy.
  client.SendText(std::string(30000, 'x'));
  LetTheLoopTurn();
  Release();
  const std::string head = client.ReadHead();
  EXPECT_EQ(head.substr(0, 13), "HTTP/1.1 101 ");
  EXPECT_THAT(head, HasSubstr("X-Found: 1\r\n"));
  EXPECT_EQ(client.ReadFrame(), "fin text a b /rooms/a%20b 7 31d4 localhost 127.0.0.1 0");
  EXPECT_EQ(client.ReadFrame(), "fin text " + std::string(30000, 'x'));
}

TEST_F(OnHandlerThreadsTest, AnAcceptorRefuses) {
  StartRouter();
  TestClient client = Connect();
  client.Send(TestClient::UpgradeRequest("/rooms/1?refuse"));
  Release();
  const std::string answer = client.ReadToEnd();
  EXPECT_EQ(answer.substr(0, 13), "HTTP/1.1 401 ");
  EXPECT_THAT(answer, HasSubstr("WWW-Authenticate: Bearer\r\n"));
  EXPECT_THAT(answer, HasSubstr("log in first"));
}

TEST_F(OnHandlerThreadsTest, APageBlocksNoLoop) {
  StartRouter();
  TestClient client = Connect();
  client.Send(
      "POST http://localhost/pages/a%20b/c/d?n=7 HTTP/1.1\r\nHost: localhost\r\nCookie: "
      "sid=31d4\r\n"
      "Transfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n"
      "HEAD /pages/x/y HTTP/1.1\r\nHost: localhost\r\n\r\n");
  journal_.WaitFor("page blocks");
  LetTheLoopTurn();
  Release();
  EXPECT_EQ(client.ReadHead().substr(0, 13), "HTTP/1.1 200 ");
  const std::string expected = "POST a b c/d 7 31d4 localhost body";
  EXPECT_EQ(client.ReadBytes(expected.size()), expected);
  Release();
  EXPECT_THAT(
      client.ReadHead(),
      HasSubstr(absl::StrCat("Content-Length: ", std::string("HEAD x y   localhost ").size())));
}

// It failed to parse a request from which a function had removed header fields.
TEST_F(OnHandlerThreadsTest, TheCopyHasTheTargetThatAnotherFunctionChose) {
  static const HttpHeaders kNone;
  Router router;
  router.WebSocket("/*", [acceptor = OnHandlerThreads(
                              [](const SessionRequest& request, UpgradeResponse&) -> absl::Status {
                                return absl::NotFoundError(absl::StrCat(
                                    request.target, " ", request.cookie("sid").value_or("")));
                              })](const SessionRequest& request, UpgradeResponse& response) {
    SessionRequest changed = request;
    changed.target = "/changed?n=8";
    changed.headers = kNone;
    return acceptor(changed, response);
  });
  router.Get(
      "/*",
      [pages = OnHandlerThreads([](const PageRequest& request) -> absl::StatusOr<PageResponse> {
         return Page("text/plain", absl::StrCat(request.target, " ", request.host, " ",
                                                request.cookie("sid").value_or("")));
       })](const PageRequest& request) {
        const std::string target = "/changed?n=8";
        PageRequest changed = request;
        changed.target = target;
        changed.headers = kNone;
        return pages(changed);
      });
  Start({.handler_threads = 1}, router);
  TestClient client = Connect(), visitor = Connect();
  client.Send(TestClient::UpgradeRequest("/rooms/1", "Cookie: sid=31d4\r\n"));
  EXPECT_THAT(client.ReadToEnd(), HasSubstr("/changed?n=8 31d4"));
  visitor.Send("GET /page HTTP/1.1\r\nHost: localhost\r\nCookie: sid=31d4\r\n\r\n");
  EXPECT_EQ(visitor.ReadHead().substr(0, 13), "HTTP/1.1 200 ");
  EXPECT_EQ(visitor.ReadBytes(27), "/changed?n=8 localhost 31d4");
}

TEST_F(OnHandlerThreadsTest, SeveralRunAtOnce) {
  StartRouter(3);
  std::vector<TestClient> clients;
  for (int i = 0; i < 3; ++i) {
    clients.push_back(Connect());
    clients.back().Send(TestClient::UpgradeRequest("/rooms/1"));
  }
  journal_.WaitFor("acceptor blocks", 3);
  for (int i = 0; i < 3; ++i) Release();
  for (TestClient& client : clients) EXPECT_EQ(client.ReadHead().substr(0, 13), "HTTP/1.1 101 ");
}

TEST_F(OnHandlerThreadsTest, AnExceptionIs500) {
  Router router;
  router.WebSocket(
      "/ws", OnHandlerThreads([](const SessionRequest&,
                                 UpgradeResponse&) -> absl::StatusOr<std::unique_ptr<Handler>> {
        throw std::runtime_error("no database");
      }));
  router.Get("/page", OnHandlerThreads([](const PageRequest&) -> absl::StatusOr<PageResponse> {
               throw std::runtime_error("no disk");
             }));
  Start({.handler_threads = 1}, router);
  TestClient client = Connect(), visitor = Connect();
  EXPECT_EQ(client.Upgrade("/ws").substr(0, 13), "HTTP/1.1 500 ");
  log_.WaitFor("the acceptor threw an exception: \"no database\"");
  visitor.Send("GET /page HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_EQ(visitor.ReadHead().substr(0, 13), "HTTP/1.1 500 ");
  EXPECT_EQ(visitor.ReadBytes(22), "the application failed");
  log_.WaitFor("a page threw an exception: \"no disk\"");
  EXPECT_EQ(server_->metrics().exceptions, 2u);
}

TEST_F(OnHandlerThreadsTest, AResultOfTheWrongKindIs500) {
  Router router;
  router.WebSocket("/none", OnHandlerThreads([](const SessionRequest&, UpgradeResponse&) {
                     return std::unique_ptr<Handler>();
                   }));
  router.WebSocket("/ok", OnHandlerThreads([](const SessionRequest&, UpgradeResponse&) {
                     return absl::InternalError("");
                   }));
  Start({.handler_threads = 1}, router);
  for (const char* path : {"/none", "/ok"}) {
    TestClient client = Connect();
    EXPECT_EQ(client.Upgrade(path).substr(0, 13), "HTTP/1.1 500 ") << path;
  }
}

// The one thread is busy; the others wait for it.
TEST_F(OnHandlerThreadsTest, AFunctionWhoseClientHasLeftIsNotCalled) {
  StartRouter(1);
  TestClient first = Connect(), second = Connect(), third = Connect();
  first.Send(TestClient::UpgradeRequest("/rooms/1"));
  journal_.WaitFor("acceptor blocks");
  second.Send(TestClient::UpgradeRequest("/rooms/2"));
  third.Send("GET /pages/3/ HTTP/1.1\r\nHost: localhost\r\n\r\n");
  LetTheLoopTurn();
  second.Close();
  third.Close();
  LetTheLoopTurn();
  Release();
  EXPECT_EQ(first.ReadHead().substr(0, 13), "HTTP/1.1 101 ");
  TestClient fourth = Connect();
  fourth.Send(TestClient::UpgradeRequest("/rooms/4"));
  // The functions of `second` and `third` too, if they are called.
  for (int i = 0; i < 3; ++i) Release();
  EXPECT_EQ(fourth.ReadHead().substr(0, 13), "HTTP/1.1 101 ");
  EXPECT_THAT(journal_.lines(), Contains("acceptor blocks").Times(2));
  EXPECT_THAT(journal_.lines(), Not(Contains("page blocks")));
  EXPECT_EQ(server_->metrics().sessions_opened, 2u);
}

TEST_F(OnHandlerThreadsTest, AResultAfterTheDeadlineIsDestroyed) {
  ServerOptions options;
  options.timeouts.handshake = absl::Seconds(5);
  StartRouter(1, std::move(options));
  TestClient client = Connect();
  client.Send(TestClient::UpgradeRequest("/rooms/1"));
  journal_.WaitFor("acceptor blocks");
  Pass(5100);
  EXPECT_EQ(client.ReadHead().substr(0, 13), "HTTP/1.1 503 ");
  Release();
  journal_.WaitFor("destroyed");
}

TEST_F(OnHandlerThreadsTest, ShutdownDoesNotWaitForAnAcceptor) {
  StartRouter(1);
  TestClient client = Connect(), waiting = Connect();
  client.Send(TestClient::UpgradeRequest("/rooms/1"));
  journal_.WaitFor("acceptor blocks");
  waiting.Send(TestClient::UpgradeRequest("/rooms/2"));
  LetTheLoopTurn();
  server_->Shutdown(absl::ZeroDuration());
  EXPECT_EQ(client.ReadHead().substr(0, 13), "HTTP/1.1 503 ");
  EXPECT_EQ(waiting.ReadHead().substr(0, 13), "HTTP/1.1 503 ");
  EXPECT_THAT(journal_.lines(), Not(Contains("acceptor returns")));
  Release();
  server_.reset();  // which does
  EXPECT_THAT(journal_.lines(), Contains("acceptor returns").Times(1));
  EXPECT_THAT(journal_.lines(), Contains("destroyed").Times(1));
}

TEST_F(OnHandlerThreadsTest, ADrainRefusesAnUpgradeThatWaits) {
  ServerOptions options;
  options.for_tests.random = [] { return 0.5; };
  options.timeouts.unready = absl::ZeroDuration();
  StartRouter(1, std::move(options));
  TestClient client = Connect();
  client.Send(TestClient::UpgradeRequest("/rooms/1"));
  journal_.WaitFor("acceptor blocks");
  std::thread drain([this] { server_->Drain(absl::Seconds(10), absl::InfiniteDuration()); });
  while (!server_->draining()) std::this_thread::yield();
  Release();
  EXPECT_EQ(client.ReadToEnd().substr(0, 13), "HTTP/1.1 503 ");
  client.Close();
  drain.join();
  server_.reset();
  EXPECT_THAT(journal_.lines(), Contains("destroyed").Times(1));
}

TEST_F(OnHandlerThreadsTest, AFunctionMayAnswerLaterStill) {
  Router router;
  std::vector<std::thread> threads;
  router.WebSocket("/ws", OnHandlerThreads([&](const SessionRequest& request, UpgradeResponse&) {
                     threads.emplace_back([this, answer = request.AnswerLater()] {
                       released_.acquire();
                       answer.Accept(std::make_unique<SaysWhere>(journal_, "late"));
                     });
                     return std::unique_ptr<Handler>();
                   }));
  router.Get("/page",
             OnHandlerThreads([&](const PageRequest& request) -> absl::StatusOr<PageResponse> {
               request.AnswerLater();  // and destroys it
               return Page("text/plain", "is ignored");
             }));
  Start({.handler_threads = 1}, router);
  TestClient client = Connect(), visitor = Connect();
  client.Send(TestClient::UpgradeRequest("/ws"));
  visitor.Send("GET /page HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_EQ(visitor.ReadHead().substr(0, 13), "HTTP/1.1 500 ");
  Release();
  EXPECT_EQ(client.ReadHead().substr(0, 13), "HTTP/1.1 101 ");
  EXPECT_EQ(client.ReadFrame(), "fin text late");
  for (std::thread& thread : threads) thread.join();
}

TEST_F(OnHandlerThreadsTest, WithoutHandlerThreadsTheServerDoesNotStart) {
  const auto acceptor = OnHandlerThreads(
      [](const SessionRequest&, UpgradeResponse&) { return absl::InternalError("unused"); });
  const auto page = OnHandlerThreads(
      [](const PageRequest&) -> absl::StatusOr<PageResponse> { return PageResponse(); });
  const auto error = [](const auto& server) { return std::string(server.status().message()); };
  EXPECT_EQ(error(Server::Start({}, acceptor)),
            "handler_threads is 0, expected at least 1: the acceptor runs on them");
  ServerOptions options;
  options.http.pages = page;
  EXPECT_EQ(
      error(Server::Start(options, [](const SessionRequest&,
                                      UpgradeResponse&) { return absl::InternalError("unused"); })),
      "handler_threads is 0, expected at least 1: http.pages runs on them");
  EXPECT_EQ(error(Server::Start({}, Router().WebSocket("/rooms/{id}", acceptor))),
            "handler_threads is 0, expected at least 1: the path \"/rooms/{id}\" runs on them");
  EXPECT_EQ(error(Server::Start({}, Router().Get("/page", page))),
            "handler_threads is 0, expected at least 1: the path \"/page\" runs on them");
  EXPECT_EQ(error(Server::Start({}, OnHandlerThreads(Acceptor()))),
            "the acceptor is empty, expected a function");
}

TEST_F(OnHandlerThreadsTest, WithoutHandlerThreadsAHiddenOneIs500) {
  const auto hidden = OnHandlerThreads(
      [](const SessionRequest&, UpgradeResponse&) { return absl::InternalError("unused"); });
  Start({}, [hidden](const SessionRequest& request, UpgradeResponse& response) {
    return hidden(request, response);
  });
  if (server_ == nullptr || std::getenv("WEFT_HANDLER_THREADS") != nullptr) return;
  TestClient client = Connect();
  client.Send(TestClient::UpgradeRequest("/"));
  const std::string answer = client.ReadToEnd();
  EXPECT_EQ(answer.substr(0, 13), "HTTP/1.1 500 ");
  EXPECT_THAT(answer, HasSubstr("ServerOptions::handler_threads is 0"));
}

// The copies of requests take the memory of the server, and give it back.
TEST_F(OnHandlerThreadsTest, RequestsThatWaitCountInTheAccountOfMemory) {
  ServerOptions options;
  options.limits.max_buffered_bytes = 400 << 10;
  StartRouter(1, std::move(options));
  const std::string request = TestClient::UpgradeRequest(
      "/rooms/1", absl::StrCat("X-Long: ", std::string(10000, 'x'), "\r\n"));
  int first_round = 0;
  for (int round = 0; round < 3; ++round) {
    std::vector<TestClient> clients;
    std::string answer;
    int waiting = 0;
    while (answer.empty() && waiting < 100) {
      clients.push_back(Connect());
      clients.back().Send(request);
      LetTheLoopTurn();
      // Only a refusal is answered at once.
      if (server_->metrics().http_responses[ResponseSlotOf(503)] > static_cast<uint64_t>(round)) {
        answer = clients.back().ReadToEnd();
      } else {
        ++waiting;
      }
    }
    EXPECT_EQ(answer.substr(0, 13), "HTTP/1.1 503 ");
    EXPECT_THAT(answer, HasSubstr("no memory left for requests that wait"));
    EXPECT_GT(waiting, 10);
    EXPECT_LT(waiting, 25);  // the request itself, and its copy
    if (round == 0) first_round = waiting;
    EXPECT_EQ(waiting, first_round);
    for (int i = 0; i < waiting; ++i) Release();
    for (int i = 0; i < waiting; ++i) {
      EXPECT_EQ(clients[i].ReadHead().substr(0, 13), "HTTP/1.1 101 ");
    }
    clients.clear();
    journal_.WaitFor("destroyed", waiting);
    journal_.Clear();
    LetTheLoopTurn();
  }
}

}  // namespace
}  // namespace weft
