// Acceptors and pages that are coroutines: coro::Accept and coro::Answer.

#include <algorithm>
#include <functional>
#include <future>
#include <memory>
#include <optional>
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
#include "weft/coro.h"
#include "weft/coro/testing/coro_fixture.h"
#include "weft/server/on_handler_threads.h"
#include "weft/server/server.h"
#include "weft/testing/server_fixture.h"
#include "weft/testing/test_client.h"

namespace weft {
namespace {

using ::testing::Contains;
using testing::Gate;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::TestClient;

using Accepted = absl::StatusOr<std::unique_ptr<Handler>>;

class JournalingEcho : public Handler {
 public:
  explicit JournalingEcho(testing::Journal& journal) : journal_(journal) {}
  ~JournalingEcho() override { journal_.Write("destroyed"); }

  void OnMessage(Session& session, const Message& message) override {
    session.Send(message).IgnoreError();
  }

 private:
  testing::Journal& journal_;
};

class CoroAcceptorTest : public testing::CoroTest {
 protected:
  ~CoroAcceptorTest() override { server_.reset(); }

  // Each upgrade of / runs `acceptor`, and each request for /page `page`. The journal has "left"
  // when one has ended.
  using AcceptorFunction = std::function<Task<Accepted>(const SessionRequest&, UpgradeResponse&)>;
  using PageFunction = std::function<Task<absl::StatusOr<PageResponse>>(const PageRequest&)>;

  void StartBoth(AcceptorFunction acceptor, PageFunction page, ServerOptions options = {}) {
    options.handler_threads = GetParam();
    Router router;
    router.WebSocket("/rooms/{id}",
                     coro::Accept([this, acceptor](const SessionRequest& request,
                                                   UpgradeResponse& response) -> Task<Accepted> {
                       const Leaves leaves(journal_, "left");
                       co_return co_await acceptor(request, response);
                     }));
    router.Any("/pages/{id}",
               coro::Answer(
                   [this, page](const PageRequest& request) -> Task<absl::StatusOr<PageResponse>> {
                     const Leaves leaves(journal_, "left");
                     co_return co_await page(request);
                   }));
    Start(std::move(options), router);
  }

  // Both wait, as `wait` does, and then answer with OK.
  void StartWaiting(std::function<Task<absl::Status>()> wait, ServerOptions options = {}) {
    StartBoth(
        [this, wait](const SessionRequest&, UpgradeResponse&) -> Task<Accepted> {
          journal_.Write("waits");
          absl::Status status = co_await wait();
          journal_.Write(absl::StrCat("waited: ", status.message()));
          if (!status.ok()) co_return status;
          co_return std::make_unique<JournalingEcho>(journal_);
        },
        [this, wait](const PageRequest&) -> Task<absl::StatusOr<PageResponse>> {
          journal_.Write("waits");
          absl::Status status = co_await wait();
          journal_.Write(absl::StrCat("waited: ", status.message()));
          if (!status.ok()) co_return status;
          co_return Page("text/plain", "page");
        },
        std::move(options));
  }

  std::function<Task<absl::Status>()> OpensGate() {
    return [this]() -> Task<absl::Status> {
      co_await gate_;
      co_return absl::OkStatus();
    };
  }

  // Of both kinds.
  static const std::vector<std::string>& Requests() {
    static const auto* const kRequests = new std::vector<std::string>{
        TestClient::UpgradeRequest("/rooms/1"),
        "GET /pages/1 HTTP/1.1\r\nHost: localhost\r\n\r\n",
    };
    return *kRequests;
  }

  Gate gate_;
};

INSTANTIATE_TEST_SUITE_P(HandlerThreads, CoroAcceptorTest, ::testing::Values(0, 2));

Task<absl::Status> AtOnce() { co_return absl::OkStatus(); }
Task<absl::Status> Sleeps() { co_return co_await coro::Sleep(absl::Seconds(3)); }

TEST_P(CoroAcceptorTest, AnswersWithoutAWait) {
  StartWaiting(AtOnce);
  TestClient client = Connect(), visitor = Connect();
  EXPECT_EQ(client.Upgrade("/rooms/1"), "HTTP/1.1 101 Switching Protocols");
  client.SendText("a");
  EXPECT_EQ(client.ReadFrame(), "fin text a");
  for (int i = 0; i < 3; ++i) {
    visitor.Send(Requests()[1]);
    EXPECT_EQ(visitor.ReadHead().substr(0, 13), "HTTP/1.1 200 ");
    EXPECT_EQ(visitor.ReadBytes(4), "page");
  }
}

TEST_P(CoroAcceptorTest, AnswersAfterASleep) {
  StartWaiting(Sleeps);
  for (const std::string& request : Requests()) {
    TestClient client = Connect();
    client.Send(request);
    journal_.WaitFor("waits");
    Pass(2900);
    EXPECT_THAT(journal_.lines(), Not(Contains("waited: ")));
    Pass(200);
    const std::string status = client.ReadHead().substr(0, 13);
    EXPECT_EQ(status, request == Requests()[0] ? "HTTP/1.1 101 " : "HTTP/1.1 200 ");
    client.Close();
    LetTheLoopTurn();
    journal_.Clear();
  }
}

// A thousand that continue at once do not keep the loop from its other sessions.
TEST_P(CoroAcceptorTest, OthersAreReadWhileManyContinue) {
  constexpr int kMany = 100;
  std::promise<void> sent;
  std::future<void> when_sent = sent.get_future();
  const Acceptor opens = coro::Handler([&](coro::Session session) -> Task<> {
    journal_.Write("open");
    if (when_sent.valid()) when_sent.get();  // the first one
    co_await session.Receive();
  });
  const Acceptor echo = coro::Handler([&](coro::Session session) -> Task<> {
    while (co_await session.Receive()) journal_.Write("read");
  });
  StartBoth(
      [=, this](const SessionRequest& request, UpgradeResponse& response) -> Task<Accepted> {
        if (request.path("id") == "echo") co_return echo(request, response);
        journal_.Write("waits");
        (co_await coro::Sleep(absl::Seconds(3))).IgnoreError();
        co_return opens(request, response);
      },
      nullptr);
  TestClient other = Connect();
  EXPECT_EQ(other.Upgrade("/rooms/echo"), "HTTP/1.1 101 Switching Protocols");
  std::vector<TestClient> clients;
  for (int i = 0; i < kMany; ++i) {
    clients.push_back(Connect());
    clients.back().Send(Requests()[0]);
  }
  journal_.WaitFor("waits", kMany);
  LetTheLoopTurn();
  clock_.AdvanceMs(3100);
  journal_.WaitFor("open");
  other.SendText("x");
  sent.set_value();
  for (TestClient& client : clients) {
    EXPECT_EQ(client.ReadHead().substr(0, 13), "HTTP/1.1 101 ");
  }
  journal_.WaitFor("read");
  const std::vector<std::string> lines = journal_.lines();
  const auto read = std::find(lines.begin(), lines.end(), "read");
  EXPECT_LT(std::count(lines.begin(), read, "open"), kMany / 4);
  server_.reset();
}

TEST_P(CoroAcceptorTest, AnotherThreadResumesItAndItContinuesOnItsLoop) {
  std::thread::id started, continued;
  StartBoth(
      [&](const SessionRequest&, UpgradeResponse&) -> Task<Accepted> {
        started = std::this_thread::get_id();
        EXPECT_EQ(co_await gate_, 7);
        continued = std::this_thread::get_id();
        co_return std::make_unique<JournalingEcho>(journal_);
      },
      nullptr);
  TestClient client = Connect();
  client.Send(Requests()[0]);
  std::thread([this] { gate_.Open(); }).join();
  EXPECT_EQ(client.ReadHead().substr(0, 13), "HTTP/1.1 101 ");
  EXPECT_EQ(started, continued);
  EXPECT_NE(started, std::thread::id());
}

TEST_P(CoroAcceptorTest, TheRequestAndTheResponseAreValidUntilItsEnd) {
  StartBoth(
      [this](const SessionRequest& request, UpgradeResponse& response) -> Task<Accepted> {
        co_await gate_;
        response.headers.push_back({"X-Room", std::string(*request.path("id"))});
        co_return absl::NotFoundError(absl::StrCat(request.path(), " ",
                                                   request.query("n").value_or(""), " ",
                                                   request.cookie("sid").value_or("")));
      },
      [this](const PageRequest& request) -> Task<absl::StatusOr<PageResponse>> {
        co_await gate_;
        co_return Page("text/plain",
                       absl::StrCat(*request.path("id"), " ", request.host, " ", request.body));
      });
  TestClient client = Connect(), visitor = Connect();
  client.Send(TestClient::UpgradeRequest("/rooms/a%20b?n=7", "Cookie: sid=31d4\r\n"));
  LetTheLoopTurn();
  client.SendText(std::string(20000, 'x'));  // moves the bytes of the request
  LetTheLoopTurn();
  gate_.Open();
  const std::string answer = client.ReadToEnd();
  EXPECT_EQ(answer.substr(0, 13), "HTTP/1.1 404 ");
  EXPECT_THAT(answer, HasSubstr("X-Room: a b\r\n"));
  EXPECT_THAT(answer, HasSubstr("/rooms/a%20b 7 31d4"));
  visitor.Send("POST /pages/x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\n\r\nbody");
  LetTheLoopTurn();
  gate_.Open();
  EXPECT_EQ(visitor.ReadHead().substr(0, 13), "HTTP/1.1 200 ");
  EXPECT_EQ(visitor.ReadBytes(16), "x localhost body");
}

TEST_P(CoroAcceptorTest, AcceptsASessionThatIsACoroutine) {
  const Acceptor echo = coro::Handler([](coro::Session session) -> Task<> {
    while (const auto message = co_await session.Receive()) {
      if (!(co_await session.Send(*message)).ok()) co_return;
    }
  });
  StartBoth(
      [echo](const SessionRequest& request, UpgradeResponse& response) -> Task<Accepted> {
        (co_await coro::Sleep(absl::Seconds(1))).IgnoreError();
        co_return echo(request, response);
      },
      nullptr);
  TestClient client = Connect();
  client.Send(Requests()[0]);
  Pass(1100);
  EXPECT_EQ(client.ReadHead().substr(0, 13), "HTTP/1.1 101 ");
  client.SendText("a");
  EXPECT_EQ(client.ReadFrame(), "fin text a");
}

TEST_P(CoroAcceptorTest, MayLeaveItsAnswerToAnother) {
  const Acceptor later =
      coro::Accept([this](const SessionRequest&, UpgradeResponse&) -> Task<Accepted> {
        (co_await coro::Sleep(absl::Seconds(1))).IgnoreError();
        co_return std::make_unique<JournalingEcho>(journal_);
      });
  StartBoth(
      [&](const SessionRequest& request, UpgradeResponse& response) -> Task<Accepted> {
        Accepted ignored = later(request, response);
        const absl::Status status = co_await coro::Sleep(absl::Hours(1));
        journal_.Write(absl::StrCat("outer: ", status.message()));
        co_return absl::NotFoundError("too late");
      },
      nullptr);
  TestClient client = Connect();
  client.Send(Requests()[0]);
  Pass(1100);
  EXPECT_EQ(client.ReadHead().substr(0, 13), "HTTP/1.1 101 ");
  journal_.WaitForPart("outer: the session has ended");
}

// It may use the server in any way, so that it does not continue inside the work of the connection.
TEST_P(CoroAcceptorTest, ContinuesWhenTheAnswerOfAnotherWasSent) {
  for (const bool waits : {false, true}) {
    const auto wait = [this, waits]() -> Task<> {
      journal_.Write("waits");
      if (waits) (co_await coro::Sleep(absl::Seconds(1))).IgnoreError();
    };
    const Acceptor accepts =
        coro::Accept([this, wait](const SessionRequest&, UpgradeResponse&) -> Task<Accepted> {
          co_await wait();
          co_return std::make_unique<JournalingEcho>(journal_);
        });
    const Pages answers =
        coro::Answer([wait](const PageRequest&) -> Task<absl::StatusOr<PageResponse>> {
          co_await wait();
          co_return Page("text/plain", "page");
        });
    const auto await_end = [this](const RunningServer& server) -> Task<> {
      (co_await coro::Sleep(absl::Hours(1))).IgnoreError();
      const ServerMetrics metrics = server.metrics();
      journal_.Write(absl::StrCat("over: ", metrics.sessions_opened, " sessions, ",
                                  metrics.http_responses[ResponseSlotOf(200)], " pages"));
    };
    StartBoth(
        [=](const SessionRequest& request, UpgradeResponse& response) -> Task<Accepted> {
          const Accepted ignored = accepts(request, response);
          co_await await_end(*request.server);
          co_return absl::NotFoundError("too late");
        },
        [=](const PageRequest& request) -> Task<absl::StatusOr<PageResponse>> {
          const absl::StatusOr<PageResponse> ignored = answers(request);
          co_await await_end(*request.server);
          co_return absl::NotFoundError("too late");
        });
    TestClient client = Connect(), visitor = Connect();
    client.Send(Requests()[0]);
    journal_.WaitFor("waits");
    if (waits) Pass(1100);
    EXPECT_EQ(client.ReadHead().substr(0, 13), "HTTP/1.1 101 ");
    journal_.WaitFor("left");
    EXPECT_THAT(journal_.lines(), Contains("over: 1 sessions, 0 pages"));
    visitor.Send(Requests()[1]);
    journal_.WaitFor("waits", 2);
    if (waits) Pass(1100);
    EXPECT_EQ(visitor.ReadHead().substr(0, 13), "HTTP/1.1 200 ");
    journal_.WaitFor("left", 2);
    EXPECT_THAT(journal_.lines(), Contains("over: 1 sessions, 1 pages"));
    journal_.Clear();
  }
}

// Both continue, when the client leaves, and when the server ends, also by the first one.
TEST_P(CoroAcceptorTest, EndsWithTheOneThatHasItsAnswer) {
  const auto sleeps = [this](std::string name) -> Task<> {
    journal_.Write(absl::StrCat(name, " waits"));
    (co_await coro::Sleep(absl::Hours(1))).IgnoreError();
    journal_.Write(absl::StrCat(name, " is over"));
  };
  const Acceptor inner =
      coro::Accept([sleeps](const SessionRequest&, UpgradeResponse&) -> Task<Accepted> {
        co_await sleeps("inner");
        co_return absl::NotFoundError("too late");
      });
  for (const absl::string_view end : {"the client leaves", "the server ends", "both"}) {
    SCOPED_TRACE(end);
    StartBoth(
        [&](const SessionRequest& request, UpgradeResponse& response) -> Task<Accepted> {
          const Accepted ignored = inner(request, response);
          co_await sleeps("outer");
          if (end == "both") server_->Shutdown();
          co_return absl::NotFoundError("too late");
        },
        nullptr);
    TestClient client = Connect();
    client.Send(Requests()[0]);
    journal_.WaitFor("inner waits");
    journal_.WaitFor("outer waits");
    if (end != "the server ends") {
      client.Close();
      journal_.WaitFor("left");
    }
    server_.reset();
    EXPECT_THAT(journal_.lines(), Contains("inner is over").Times(1));
    EXPECT_THAT(journal_.lines(), Contains("outer is over").Times(1));
    EXPECT_THAT(journal_.lines(), Contains("left").Times(1));
    journal_.Clear();
  }
}

// Two coroutines for one answer: nobody waits for the first one, and it ends.
TEST_P(CoroAcceptorTest, TheLastOfTwoAnswers) {
  const auto sleeps = [this](absl::string_view name) {
    return coro::Accept([this, name](const SessionRequest&, UpgradeResponse&) -> Task<Accepted> {
      const absl::Status status = co_await coro::Sleep(absl::Seconds(1));
      journal_.Write(absl::StrCat(name, ": ", status.message()));
      co_return std::make_unique<JournalingEcho>(journal_);
    });
  };
  Router router;
  router.WebSocket("/ws", [first = sleeps("first"), last = sleeps("last")](
                              const SessionRequest& request, UpgradeResponse& response) {
    const Accepted ignored = first(request, response);
    return last(request, response);
  });
  Start({}, router);
  TestClient client = Connect();
  client.Send(TestClient::UpgradeRequest("/ws"));
  journal_.WaitFor("first: the session has ended");
  Pass(1100);
  EXPECT_EQ(client.ReadHead().substr(0, 13), "HTTP/1.1 101 ");
  journal_.WaitFor("last: ");
}

TEST_P(CoroAcceptorTest, CallsNoOtherOneForAClientThatHasLeft) {
  const Acceptor inner =
      coro::Accept([this](const SessionRequest&, UpgradeResponse&) -> Task<Accepted> {
        journal_.Write("inner starts");
        co_return absl::NotFoundError("too late");
      });
  StartBoth(
      [&](const SessionRequest& request, UpgradeResponse& response) -> Task<Accepted> {
        journal_.Write("waits");
        (co_await coro::Sleep(absl::Hours(1))).IgnoreError();
        const Accepted result = inner(request, response);
        journal_.Write(absl::StrCat("inner: ", result.status().message()));
        co_return absl::NotFoundError("too late");
      },
      nullptr);
  TestClient client = Connect();
  client.Send(Requests()[0]);
  journal_.WaitFor("waits");
  client.Close();
  journal_.WaitFor("inner: nobody waits for an answer any more");
  journal_.WaitFor("left");
  EXPECT_THAT(journal_.lines(), Not(Contains("inner starts")));
}

TEST_P(CoroAcceptorTest, CallsNoOtherOneAfterTheServer) {
  const std::vector<Acceptor> others = {
      coro::Accept([](const SessionRequest&, UpgradeResponse&) -> Task<Accepted> {
        co_return absl::NotFoundError("too late");
      }),
      OnHandlerThreads([](const SessionRequest&, UpgradeResponse&) -> Accepted {
        return absl::NotFoundError("too late");
      })};
  for (const Acceptor& other : others) {
    if (GetParam() == 0 && &other == &others[1]) continue;  // there are no threads
    StartBoth(
        [&](const SessionRequest& request, UpgradeResponse& response) -> Task<Accepted> {
          journal_.Write("waits");
          co_await gate_;
          const Accepted result = other(request, response);
          journal_.Write(absl::StrCat("other: ", result.status().message()));
          co_return absl::NotFoundError("too late");
        },
        nullptr);
    TestClient client = Connect();
    client.Send(Requests()[0]);
    journal_.WaitFor("waits");
    server_.reset();
    gate_.Open();
    EXPECT_THAT(journal_.lines(), Contains("other: nobody waits for an answer any more"));
    EXPECT_THAT(journal_.lines(), Contains("left"));
    journal_.Clear();
  }
}

TEST(CoroAcceptorFunctionTest, AnEmptyFunctionIsEmpty) {
  EXPECT_FALSE(
      coro::Accept(std::function<Task<Accepted>(const SessionRequest&, UpgradeResponse&)>()));
  EXPECT_FALSE(
      coro::Answer(std::function<Task<absl::StatusOr<PageResponse>>(const PageRequest&)>()));
}

// As in a unit test of the application.
TEST(CoroAcceptorFunctionTest, ARequestThatComesFromNoServerIs500) {
  UpgradeResponse response;
  EXPECT_EQ(
      HttpStatusOf(coro::Accept([](const SessionRequest&, UpgradeResponse&) -> Task<Accepted> {
                     co_return nullptr;
                   })(SessionRequest(), response)
                       .status()),
      500);
  EXPECT_EQ(HttpStatusOf(coro::Answer([](const PageRequest&) -> Task<absl::StatusOr<PageResponse>> {
                           co_return PageResponse();
                         })(PageRequest())
                             .status()),
            500);
}

TEST_P(CoroAcceptorTest, AnExceptionIs500) {
  StartWaiting([this]() -> Task<absl::Status> {
    co_await gate_;
    throw std::runtime_error("no database");
  });
  for (const std::string& request : Requests()) {
    TestClient client = Connect();
    client.Send(request);
    gate_.Open();
    EXPECT_EQ(client.ReadHead().substr(0, 13), "HTTP/1.1 500 ");
  }
  log_.WaitFor("the acceptor threw an exception: \"no database\"");
  log_.WaitFor("a page threw an exception: \"no database\"");
  EXPECT_EQ(server_->metrics().exceptions, 2u);
}

TEST_P(CoroAcceptorTest, AnExceptionWithoutAWaitIs500) {
  StartWaiting([]() -> Task<absl::Status> {
    throw std::runtime_error("no database");
    co_return absl::OkStatus();
  });
  for (const std::string& request : Requests()) {
    TestClient client = Connect();
    client.Send(request);
    EXPECT_EQ(client.ReadHead().substr(0, 13), "HTTP/1.1 500 ");
  }
  EXPECT_EQ(server_->metrics().exceptions, 2u);
}

TEST_P(CoroAcceptorTest, AClientThatLeavesEndsItsWaits) {
  StartWaiting(Sleeps);
  for (const std::string& request : Requests()) {
    TestClient client = Connect();
    client.Send(request);
    journal_.WaitFor("waits");
    client.Close();
    journal_.WaitFor("waited: the session has ended");
    journal_.WaitFor("left");
    journal_.Clear();
  }
  EXPECT_EQ(server_->metrics().sessions_opened, 0u);
}

TEST_P(CoroAcceptorTest, ADeadlineEndsItsWaits) {
  StartWaiting([]() -> Task<absl::Status> { co_return co_await coro::Sleep(absl::Hours(1)); });
  for (const std::string& request : Requests()) {
    TestClient client = Connect();
    client.Send(request);
    journal_.WaitFor("waits");
    Pass(61000);
    EXPECT_EQ(client.ReadHead().substr(0, 13), "HTTP/1.1 503 ");
    journal_.WaitFor("left");
    journal_.Clear();
  }
}

// Not even by its end: the awaitable of the application resumes it.
TEST_P(CoroAcceptorTest, AnAwaitableOfTheApplicationIsWaitedForAfterTheClientHasLeft) {
  StartWaiting(OpensGate());
  for (const std::string& request : Requests()) {
    TestClient client = Connect();
    client.Send(request);
    journal_.WaitFor("waits");
    client.Close();
    LetTheLoopTurn();
    EXPECT_THAT(journal_.lines(), Not(Contains("left")));
    gate_.Open();
    journal_.WaitFor("left");
    if (request == Requests()[0]) journal_.WaitFor("destroyed");
    journal_.Clear();
  }
  EXPECT_EQ(server_->metrics().sessions_opened, 0u);
}

TEST_P(CoroAcceptorTest, ServerEndsWhileItSleeps) {
  for (const std::string& request : Requests()) {
    for (const bool at_once : {false, true}) {
      StartWaiting(Sleeps);
      TestClient client = Connect();
      client.Send(request);
      journal_.WaitFor("waits");
      if (!at_once) server_->Shutdown(absl::ZeroDuration());
      server_.reset();
      EXPECT_EQ(client.ReadHead().substr(0, 13), "HTTP/1.1 503 ");
      EXPECT_THAT(journal_.lines(), Contains("left").Times(1));
      journal_.Clear();
    }
  }
}

TEST_P(CoroAcceptorTest, AServerMayEndBeforeAnAwaitableOfTheApplication) {
  for (const std::string& request : Requests()) {
    StartWaiting([this]() -> Task<absl::Status> {
      co_await gate_;
      co_return co_await coro::WithTimeout(absl::Hours(1), coro::Sleep(absl::Seconds(1)));
    });
    TestClient client = Connect();
    client.Send(request);
    journal_.WaitFor("waits");
    server_.reset();
    EXPECT_EQ(client.ReadHead().substr(0, 13), "HTTP/1.1 503 ");
    EXPECT_THAT(journal_.lines(), Not(Contains("left")));
    gate_.Open();
    EXPECT_THAT(journal_.lines(), Contains("waited: the session has ended"));
    EXPECT_THAT(journal_.lines(), Contains("left"));
    journal_.Clear();
  }
}

TEST_P(CoroAcceptorTest, AnExceptionAfterTheServerHasEndedIsDropped) {
  StartWaiting([this]() -> Task<absl::Status> {
    co_await gate_;
    throw std::runtime_error("no database");
  });
  TestClient client = Connect();
  client.Send(Requests()[0]);
  journal_.WaitFor("waits");
  server_.reset();
  gate_.Open();
  EXPECT_THAT(journal_.lines(), Contains("left"));
}

TEST_P(CoroAcceptorTest, OneThatIgnoresItsEndIsDestroyed) {
  StartWaiting([]() -> Task<absl::Status> {
    while (true) (co_await coro::Sleep(absl::Seconds(1))).IgnoreError();
  });
  for (const std::string& request : Requests()) {
    TestClient client = Connect();
    client.Send(request);
    journal_.WaitFor("waits");
    client.Close();
    journal_.WaitFor("left");
    EXPECT_THAT(journal_.lines(), Not(Contains("waited: ")));
    log_.WaitForPart(request == Requests()[0] ? "the acceptor threw" : "a page threw");
    log_.WaitForPart("ignored its end");
    log_.Clear();
    journal_.Clear();
  }
}

TEST_P(CoroAcceptorTest, TimeoutsAndBranches) {
  StartWaiting([]() -> Task<absl::Status> {
    const auto first =
        co_await coro::WhenAny(coro::Sleep(absl::Hours(1)), coro::Sleep(absl::Seconds(1)));
    EXPECT_EQ(first.index(), 1u);
    const absl::Status late =
        co_await coro::WithTimeout(absl::Seconds(1), coro::Sleep(absl::Hours(1)));
    EXPECT_TRUE(absl::IsDeadlineExceeded(late)) << late;
    co_return absl::OkStatus();
  });
  TestClient client = Connect();
  client.Send(Requests()[0]);
  journal_.WaitFor("waits");
  Pass(1100);
  Pass(1100);
  EXPECT_EQ(client.ReadHead().substr(0, 13), "HTTP/1.1 101 ");
}

TEST_P(CoroAcceptorTest, OnAHandlerThreadItStartsOnTheLoop) {
  if (GetParam() == 0) GTEST_SKIP() << "there are no handler threads";
  std::thread::id started;
  Router router;
  router.WebSocket(
      "/ws",
      OnHandlerThreads(coro::Accept([&](const SessionRequest&, UpgradeResponse&) -> Task<Accepted> {
        started = std::this_thread::get_id();
        co_await gate_;
        EXPECT_EQ(std::this_thread::get_id(), started);
        co_return std::make_unique<JournalingEcho>(journal_);
      })));
  Start({.handler_threads = GetParam()}, router);
  TestClient client = Connect();
  client.Send(TestClient::UpgradeRequest("/ws"));
  gate_.Open();
  EXPECT_EQ(client.ReadHead().substr(0, 13), "HTTP/1.1 101 ");
}

TEST_P(CoroAcceptorTest, DoesNotStartForAClientThatHasLeft) {
  if (GetParam() == 0) GTEST_SKIP() << "there are no handler threads";
  std::promise<void> reached, left;
  const Acceptor inner =
      coro::Accept([this](const SessionRequest&, UpgradeResponse&) -> Task<Accepted> {
        journal_.Write("started");
        (co_await coro::Sleep(absl::Hours(1))).IgnoreError();
        co_return absl::NotFoundError("too late");
      });
  Router router;
  router.WebSocket("/ws", OnHandlerThreads([&](const SessionRequest& request,
                                               UpgradeResponse& response) -> Accepted {
                     reached.set_value();
                     left.get_future().wait();
                     return inner(request, response);
                   }));
  Start({.handler_threads = GetParam()}, router);
  TestClient client = Connect();
  client.Send(TestClient::UpgradeRequest("/ws"));
  reached.get_future().wait();
  client.Close();
  LetTheLoopTurn();
  left.set_value();
  server_.reset();
  EXPECT_THAT(journal_.lines(), Not(Contains("started")));
}

// The copies of requests take the memory of the server, and give it back.
TEST_P(CoroAcceptorTest, RequestsThatWaitCountInTheAccountOfMemory) {
  ServerOptions options;
  options.limits.max_buffered_bytes = 400 << 10;
  StartWaiting(Sleeps, std::move(options));
  const std::string request = TestClient::UpgradeRequest(
      "/rooms/1", absl::StrCat("X-Long: ", std::string(10000, 'x'), "\r\n"));
  int first_round = 0;
  for (int round = 0; round < 3; ++round) {
    std::vector<TestClient> clients;
    int waiting = 0;
    const auto refused = [&] {
      return server_->metrics().http_responses[ResponseSlotOf(503)] ==
             static_cast<uint64_t>(round + 1);
    };
    while (!refused() && waiting < 100) {
      clients.push_back(Connect());
      clients.back().Send(request);
      LetTheLoopTurn();
      if (!refused()) ++waiting;
    }
    EXPECT_EQ(clients.back().ReadHead().substr(0, 13), "HTTP/1.1 503 ");
    EXPECT_GT(waiting, 10);
    EXPECT_LT(waiting, 25);  // the request itself, and its copy
    if (round == 0) first_round = waiting;
    EXPECT_EQ(waiting, first_round);
    Pass(3100);
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
