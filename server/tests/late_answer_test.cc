// Acceptors and pages that answer later: SessionRequest::AnswerLater, PageRequest::AnswerLater.

#include <atomic>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "weft/server/server.h"
#include "weft/testing/server_fixture.h"
#include "weft/testing/test_client.h"

namespace weft {
namespace {

using testing::TestClient;

// Answers that the loop's thread has put aside for the test's.
template <typename Answer>
class Shelf {
 public:
  void Put(Answer answer) {
    const std::lock_guard<std::mutex> lock(mutex_);
    answers_.push_back(std::move(answer));
    added_.notify_one();
  }

  // Waits for the next one.
  Answer Take() {
    std::unique_lock<std::mutex> lock(mutex_);
    added_.wait(lock, [this] { return !answers_.empty(); });
    Answer answer = std::move(answers_.front());
    answers_.pop_front();
    return answer;
  }

 private:
  std::mutex mutex_;
  std::condition_variable added_;
  std::deque<Answer> answers_;
};

class Echo : public Handler {
 public:
  explicit Echo(testing::Journal& journal) : journal_(journal) {}
  ~Echo() override { journal_.Write("destroyed"); }

  void OnMessage(Session& session, const Message& message) override {
    session.Send(message).IgnoreError();
  }

 private:
  testing::Journal& journal_;
};

// Sends the {id} of the request, which the acceptor has kept.
class SendsId : public Handler {
 public:
  void OnMessage(Session& session, const Message&) override {
    session.SendText(session.request()->path("id").value_or("none")).IgnoreError();
  }
};

class LateAnswerTest : public testing::ServerFixture {
 protected:
  void TearDown() override { server_.reset(); }  // before the shelves

  // Upgrades of /at_once are accepted before the acceptor returns; those of /never, never.
  void StartRouter(ServerOptions options = {}) {
    Router router;
    router.WebSocket("/later", [this](const SessionRequest& request, UpgradeResponse&) {
      upgrades_.Put(request.AnswerLater());
      return std::unique_ptr<Handler>();
    });
    router.WebSocket("/at_once", [this](const SessionRequest& request, UpgradeResponse&) {
      const UpgradeAnswer answer = request.AnswerLater();
      answer.Accept(std::make_unique<Echo>(journal_));
      return std::unique_ptr<Handler>();
    });
    router.WebSocket("/never", [](const SessionRequest& request, UpgradeResponse&) {
      request.AnswerLater();
      return std::unique_ptr<Handler>();
    });
    router.WebSocket("/rooms/{id}", [](const SessionRequest&, UpgradeResponse& response) {
      response.keep_request = true;
      return std::make_unique<SendsId>();
    });
    router.WebSocket("/rooms/{id}/later", [this](const SessionRequest& request, UpgradeResponse&) {
      EXPECT_EQ(request.path("id"), "a b");
      upgrades_.Put(request.AnswerLater());
      return std::unique_ptr<Handler>();
    });
    router.Any("/page", [this](const PageRequest& request) -> absl::StatusOr<PageResponse> {
      bodies_.Put(std::string(request.body));
      pages_.Put(request.AnswerLater());
      return PageResponse();
    });
    router.Get("/now", [](const PageRequest&) -> absl::StatusOr<PageResponse> {
      return Page("text/plain", "now");
    });
    Start(std::move(options), router);
  }

  static std::string Get(absl::string_view path) {
    return absl::StrCat("GET ", path, " HTTP/1.1\r\nHost: localhost\r\n\r\n");
  }

  Shelf<UpgradeAnswer> upgrades_;
  Shelf<PageAnswer> pages_;
  Shelf<std::string> bodies_;
};

TEST_F(LateAnswerTest, AnUpgradeIsAcceptedByAnotherThread) {
  StartRouter();
  TestClient client = Connect();
  client.Send(TestClient::UpgradeRequest("/later"));
  const UpgradeAnswer answer = upgrades_.Take();
  client.SendText("early");  // read before the answer
  LetTheLoopTurn();
  EXPECT_TRUE(answer.waits());
  answer.Accept(std::make_unique<Echo>(journal_), {.headers = {{"Set-Cookie", "a=b"}}});
  EXPECT_FALSE(answer.waits());
  const std::string head = client.ReadHead();
  EXPECT_EQ(head.substr(0, 13), "HTTP/1.1 101 ");
  EXPECT_NE(head.find("Set-Cookie: a=b\r\n"), head.npos) << head;
  EXPECT_EQ(client.ReadFrame(), "fin text early");
  client.SendText("late");
  EXPECT_EQ(client.ReadFrame(), "fin text late");
}

TEST_F(LateAnswerTest, AnUpgradeIsRefusedByAnotherThread) {
  StartRouter();
  TestClient client = Connect();
  client.Send(TestClient::UpgradeRequest("/later"));
  upgrades_.Take().Refuse(absl::UnauthenticatedError("log in first"),
                          {.headers = {{"WWW-Authenticate", "Bearer"}}});
  const std::string answer = client.ReadToEnd();
  EXPECT_EQ(answer.substr(0, 13), "HTTP/1.1 401 ");
  EXPECT_NE(answer.find("WWW-Authenticate: Bearer\r\n"), answer.npos) << answer;
  EXPECT_NE(answer.find("log in first"), answer.npos) << answer;
}

TEST_F(LateAnswerTest, AnAnswerMayComeBeforeTheAcceptorReturns) {
  StartRouter();
  TestClient client = Connect();
  EXPECT_EQ(client.Upgrade("/at_once"), "HTTP/1.1 101 Switching Protocols");
  client.SendText("a");
  EXPECT_EQ(client.ReadFrame(), "fin text a");
}

TEST_F(LateAnswerTest, NamedSegmentsAreKeptWithTheRequest) {
  StartRouter();
  TestClient client = Connect(), later = Connect();
  EXPECT_EQ(client.Upgrade("/rooms/a%20b"), "HTTP/1.1 101 Switching Protocols");
  client.SendText("which?");
  EXPECT_EQ(client.ReadFrame(), "fin text a b");
  later.Send(TestClient::UpgradeRequest("/rooms/a%20b/later"));
  upgrades_.Take().Accept(std::make_unique<SendsId>(), {.keep_request = true});
  EXPECT_EQ(later.ReadHead().substr(0, 13), "HTTP/1.1 101 ");
  later.SendText("which?");
  EXPECT_EQ(later.ReadFrame(), "fin text a b");
}

TEST_F(LateAnswerTest, NoAnswerIs500) {
  StartRouter();
  TestClient client = Connect();
  EXPECT_EQ(client.Upgrade("/never").substr(0, 13), "HTTP/1.1 500 ");
  TestClient other = Connect();
  other.Send(TestClient::UpgradeRequest("/later"));
  upgrades_.Take();  // and destroys it
  EXPECT_EQ(other.ReadHead().substr(0, 13), "HTTP/1.1 500 ");
}

TEST_F(LateAnswerTest, TheFirstAnswerCounts) {
  StartRouter();
  TestClient client = Connect();
  client.Send(TestClient::UpgradeRequest("/later"));
  const UpgradeAnswer answer = upgrades_.Take(), copy = answer;
  copy.Refuse(absl::NotFoundError("nobody"));
  answer.Accept(std::make_unique<Echo>(journal_));
  EXPECT_EQ(client.ReadHead().substr(0, 13), "HTTP/1.1 404 ");
  journal_.WaitFor("destroyed");
}

TEST_F(LateAnswerTest, AClientThatLeavesIsNoticed) {
  StartRouter();
  TestClient client = Connect(), visitor = Connect();
  client.Send(TestClient::UpgradeRequest("/later"));
  visitor.Send(Get("/page"));
  const UpgradeAnswer upgrade = upgrades_.Take();
  const PageAnswer page = pages_.Take();
  client.Close();
  visitor.Close();
  LetTheLoopTurn();
  EXPECT_FALSE(upgrade.waits());
  EXPECT_FALSE(page.waits());
  upgrade.Accept(std::make_unique<Echo>(journal_));
  page.Give(Page("text/plain", "too late"));
  journal_.WaitFor("destroyed");
  EXPECT_EQ(server_->metrics().sessions_opened, 0u);
}

TEST_F(LateAnswerTest, ADeadlineEndsTheWait) {
  ServerOptions options;
  options.timeouts.handshake = absl::Seconds(5);
  options.timeouts.http = absl::Seconds(9);
  StartRouter(std::move(options));
  TestClient client = Connect(), visitor = Connect();
  client.Send(TestClient::UpgradeRequest("/later"));
  visitor.Send(Get("/page"));
  const UpgradeAnswer upgrade = upgrades_.Take();
  const PageAnswer page = pages_.Take();
  Pass(5100);
  EXPECT_EQ(client.ReadHead().substr(0, 13), "HTTP/1.1 503 ");
  EXPECT_FALSE(upgrade.waits());
  EXPECT_TRUE(page.waits());
  Pass(4000);
  EXPECT_EQ(visitor.ReadHead().substr(0, 13), "HTTP/1.1 503 ");
  EXPECT_FALSE(page.waits());
}

TEST_F(LateAnswerTest, AnswersMayOutliveTheServer) {
  StartRouter();
  TestClient client = Connect(), visitor = Connect();
  client.Send(TestClient::UpgradeRequest("/later"));
  visitor.Send(Get("/page"));
  const UpgradeAnswer upgrade = upgrades_.Take();
  const PageAnswer page = pages_.Take();
  server_.reset();
  EXPECT_EQ(client.ReadHead().substr(0, 13), "HTTP/1.1 503 ");
  EXPECT_EQ(visitor.ReadHead().substr(0, 13), "HTTP/1.1 503 ");
  EXPECT_FALSE(upgrade.waits());
  upgrade.Accept(std::make_unique<Echo>(journal_));
  journal_.WaitFor("destroyed");
  page.Give(absl::NotFoundError("gone"));
}

TEST_F(LateAnswerTest, RequestsBehindAPageWaitForIt) {
  StartRouter();
  TestClient client = Connect();
  client.Send("POST /page HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\n\r\nbody" +
              Get("/now"));
  EXPECT_EQ(bodies_.Take(), "body");
  LetTheLoopTurn();
  pages_.Take().Give(Page("text/plain", "later"));
  EXPECT_EQ(client.ReadHead().substr(0, 13), "HTTP/1.1 200 ");
  EXPECT_EQ(client.ReadBytes(5), "later");
  EXPECT_EQ(client.ReadHead().substr(0, 13), "HTTP/1.1 200 ");
  EXPECT_EQ(client.ReadBytes(3), "now");
}

// The server reads only some of them while it waits.
TEST_F(LateAnswerTest, ManyRequestsBehindAPageAreAllAnswered) {
  StartRouter();
  TestClient client = Connect();
  client.Send(Get("/page"));
  const PageAnswer page = pages_.Take();
  std::string many;
  for (int i = 0; i < 4000; ++i) many += Get("/now");
  client.Send(many);
  LetTheLoopTurn();
  page.Give(absl::NotFoundError("no such row"));
  EXPECT_EQ(client.ReadHead().substr(0, 13), "HTTP/1.1 404 ");
  EXPECT_EQ(client.ReadBytes(12), "no such row\n");
  for (int i = 0; i < 4000; ++i) {
    ASSERT_EQ(client.ReadHead().substr(0, 13), "HTTP/1.1 200 ") << i;
    ASSERT_EQ(client.ReadBytes(3), "now") << i;
  }
}

// The time that the server takes for its answer does not count for the next request.
TEST_F(LateAnswerTest, TheRequestBehindALatePageIsNotSlow) {
  StartRouter({.rates = {.min_request_bytes_per_second = 100, .request_grace = absl::Seconds(2)}});
  TestClient client = Connect();
  client.Send(Get("/page") + Get("/now").substr(0, 9));
  const PageAnswer page = pages_.Take();
  Pass(10000);
  page.Give(Page("text/plain", "later"));
  EXPECT_EQ(client.ReadHead().substr(0, 13), "HTTP/1.1 200 ");
  EXPECT_EQ(client.ReadBytes(5), "later");
  Pass(1000);
  client.Send(Get("/now").substr(9));
  EXPECT_EQ(client.ReadHead().substr(0, 13), "HTTP/1.1 200 ");
  EXPECT_EQ(client.ReadBytes(3), "now");
}

TEST_F(LateAnswerTest, ALateAnswerToHeadHasNoBody) {
  StartRouter();
  TestClient client = Connect();
  for (const bool found : {true, false}) {
    client.Send("HEAD /page HTTP/1.1\r\nHost: localhost\r\n\r\n" + Get("/now"));
    const PageAnswer page = pages_.Take();
    absl::StatusOr<PageResponse> answer = absl::NotFoundError("gone");
    if (found) answer = Page("text/plain", "later");
    page.Give(std::move(answer));
    const std::string head = client.ReadHead();
    EXPECT_EQ(head.substr(0, 13), found ? "HTTP/1.1 200 " : "HTTP/1.1 404 ");
    EXPECT_NE(head.find("Content-Length: 5\r\n"), head.npos) << head;
    EXPECT_EQ(client.ReadHead().substr(0, 13), "HTTP/1.1 200 ");
    EXPECT_EQ(client.ReadBytes(3), "now");
  }
}

// The server reads only some of it while it waits.
TEST_F(LateAnswerTest, MuchBehindAnUpgradeIsReceived) {
  StartRouter();
  TestClient client = Connect();
  client.Send(TestClient::UpgradeRequest("/later"));
  const UpgradeAnswer answer = upgrades_.Take();
  constexpr int kMessages = 40;  // 160 KB
  for (int i = 0; i < kMessages; ++i) client.SendText(std::string(4000, 'a' + i % 26));
  LetTheLoopTurn();
  answer.Accept(std::make_unique<Echo>(journal_));
  EXPECT_EQ(client.ReadHead().substr(0, 13), "HTTP/1.1 101 ");
  for (int i = 0; i < kMessages; ++i) {
    ASSERT_EQ(client.ReadFrame(), "fin text " + std::string(4000, 'a' + i % 26)) << i;
  }
}

TEST_F(LateAnswerTest, DuringADrainAPageIsAnsweredAndAnUpgradeRefused) {
  StartRouter({.timeouts = {.http = absl::Hours(10), .unready = absl::ZeroDuration()},
               .for_tests = {.random = [] { return 0.5; }}});
  TestClient client = Connect(), visitor = Connect(), other = Connect();
  client.Send(TestClient::UpgradeRequest("/later"));
  const UpgradeAnswer upgrade = upgrades_.Take();
  visitor.Send(Get("/page"));
  const PageAnswer page = pages_.Take();
  other.Send(Get("/page"));
  const PageAnswer never = pages_.Take();
  std::atomic<bool> done{false};
  std::thread drain([&] {
    server_->Drain(absl::Seconds(10), absl::InfiniteDuration());
    done = true;
  });
  while (!server_->draining()) std::this_thread::yield();

  upgrade.Accept(std::make_unique<Echo>(journal_));
  EXPECT_EQ(client.ReadToEnd().substr(0, 13), "HTTP/1.1 503 ");
  journal_.WaitFor("destroyed");
  page.Give(Page("text/plain", "later"));
  EXPECT_EQ(visitor.ReadHead().substr(0, 13), "HTTP/1.1 200 ");
  EXPECT_EQ(visitor.ReadBytes(5), "later");
  EXPECT_TRUE(never.waits());
  client.Close();
  visitor.Close();
  while (!done) {
    clock_.AdvanceMs(50);
    std::this_thread::yield();
  }
  drain.join();
  const std::string refusal = other.ReadToEnd();
  EXPECT_EQ(refusal.substr(0, 13), "HTTP/1.1 503 ");
  EXPECT_NE(refusal.find("the server is going away"), refusal.npos) << refusal;
  EXPECT_FALSE(never.waits());
}

}  // namespace
}  // namespace weft
