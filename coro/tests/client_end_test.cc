// The end of a client's session at every co_await: of its connection, of a loop, and of branches.

#include <functional>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "weft/core/testing/frames.h"
#include "weft/coro.h"
#include "weft/coro/testing/client_fixture.h"
#include "weft/coro/testing/coro_fixture.h"
#include "weft/testing/fake_server.h"
#include "weft/transport/deadline.h"
#include "weft/transport/io.h"
#include "weft/transport/notification.h"
#include "weft/transport/testing/silent_port.h"
#include "weft/transport/wait.h"

namespace weft {
namespace {

using ::testing::Contains;
using testing::FakePeer;
using testing::FakeServer;
using testing::Gate;
using testing::Home;
using testing::SilentPort;

class ClientEndTest : public testing::CoroClientTest {
 protected:
  // A wait that only the end of the session, or its cancellation, ends.
  using Wait = std::function<Task<absl::Status>(coro::Session&)>;

  static std::vector<std::pair<std::string, Wait>> AllWaits() {
    return {
        {"Receive",
         [](coro::Session& s) -> Task<absl::Status> {
           while (const auto message = co_await s.Receive()) {
           }
           co_return absl::FailedPreconditionError("nullopt");
         }},
        {"Send",
         [](coro::Session& s) -> Task<absl::Status> {
           const std::string payload(1 << 20, 'x');
           while (true) {
             absl::Status status = co_await s.SendBinary(payload);
             if (!status.ok()) co_return status;
           }
         }},
        {"SendFragment",
         [](coro::Session& s) -> Task<absl::Status> {
           const std::string payload(1 << 20, 'x');
           while (true) {
             absl::Status status = co_await s.SendFragment(Opcode::kBinary, payload, false);
             if (!status.ok()) co_return status;
           }
         }},
        {"Ping",
         [](coro::Session& s) -> Task<absl::Status> { co_return (co_await s.Ping()).status(); }},
        {"Nested", [](coro::Session& s) -> Task<absl::Status> { return Nested(s, 3); }},
        {"WithTimeout",
         [](coro::Session& s) -> Task<absl::Status> {
           co_return co_await coro::WithTimeout(absl::Hours(2), Nested(s, 0));
         }},
        {"WhenAny",
         [](coro::Session& s) -> Task<absl::Status> {
           coro::Slot<int> slot;
           const auto first = co_await coro::WhenAny(
               Nested(s, 0), slot.Get(), coro::WithTimeout(absl::Hours(1), Nested(s, 2)));
           if (const auto* status = std::get_if<0>(&first)) co_return *status;
           co_return absl::FailedPreconditionError("another branch");
         }},
    };
  }

  static Task<absl::Status> Nested(coro::Session& s, int depth) {
    if (depth > 0) co_return co_await Nested(s, depth - 1);
    const auto message = co_await s.Receive();
    EXPECT_FALSE(message.has_value());
    co_return absl::FailedPreconditionError("nullopt");
  }

  // A server that reads nothing, so that sends wait.
  static FakeServer::Script Deaf() {
    return [](FakePeer& peer) {
      peer.AcceptUpgrade();
      peer.AwaitStop();
    };
  }

  // Runs a task that connects, waits, and tells what it sees.
  void RunWait(const std::string& url, const Wait& wait) {
    Run([this, url, wait]() -> Task<> {
      absl::StatusOr<coro::Session> s = co_await ConnectTo(url);
      EXPECT_TRUE(s.ok()) << s.status();
      journal_.Write("started");
      const absl::Status status = co_await wait(*s);
      EXPECT_TRUE(absl::IsFailedPrecondition(status)) << status;
      if (s->close_info().has_value()) {
        EXPECT_FALSE(s->status().ok());
        journal_.Write(absl::StrCat("by ", NameOf(s->close_info()->by)));
      }
    });
    journal_.WaitFor("started");
    Settle();
  }
};

INSTANTIATE_TEST_SUITE_P(Homes, ClientEndTest, testing::AllHomes(), testing::NameOfHome);

TEST_P(ClientEndTest, TheServersEndEndsEachWait) {
  for (const auto& [name, wait] : AllWaits()) {
    SCOPED_TRACE(name);
    std::promise<void> end;
    FakeServer server([&end](FakePeer& peer) {
      peer.AcceptUpgrade();
      end.get_future().wait();
      peer.Reset();
    });
    RunWait(server.url(), wait);
    end.set_value();
    journal_.WaitFor("left");
    EXPECT_THAT(journal_.lines(), Contains("by lost"));
    journal_.Clear();
  }
}

TEST_P(ClientEndTest, TheEndOfTheLoopOfClientsEndsEachWait) {
  for (const auto& [name, wait] : AllWaits()) {
    SCOPED_TRACE(name);
    FakeServer server(Deaf());
    RunWait(server.url(), wait);
    clients_.reset();
    journal_.WaitFor("left");
    EXPECT_THAT(journal_.lines(), Contains("by shutdown"));
    journal_.Clear();
  }
}

TEST_P(ClientEndTest, TheEndOfTheTasksLoopEndsEachWait) {
  for (const auto& [name, wait] : AllWaits()) {
    SCOPED_TRACE(name);
    FakeServer server(Deaf());
    RunWait(server.url(), wait);
    EndHome();
    EXPECT_THAT(journal_.lines(), Contains("left"));
    // The server does not answer the Close frame.
    while (clients_ != nullptr && clients_->connections() > 0) Advance(1000);
    journal_.Clear();
  }
}

TEST_P(ClientEndTest, AnotherBranchEndsEachWait) {
  for (const auto& [name, wait] : AllWaits()) {
    SCOPED_TRACE(name);
    FakeServer server(Deaf());
    Run([this, url = server.url(), wait = wait]() -> Task<> {
      absl::StatusOr<coro::Session> s = co_await ConnectTo(url);
      EXPECT_TRUE(s.ok()) << s.status();
      auto first = co_await coro::WhenAny(wait(*s), coro::Sleep(absl::Milliseconds(50)));
      EXPECT_EQ(first.index(), 1u);
      EXPECT_TRUE(s->status().ok());
      journal_.Write("continues");
      const absl::Status again = co_await coro::WithTimeout(absl::Milliseconds(50), wait(*s));
      EXPECT_TRUE(absl::IsDeadlineExceeded(again)) << again;
      journal_.Write("timed out");
      (co_await coro::Sleep(absl::Hours(1))).IgnoreError();
    });
    while (!::testing::Value(journal_.lines(), Contains("timed out"))) Advance(60);
    EndHome();
    EXPECT_THAT(journal_.lines(), Contains("left"));
    journal_.Clear();
  }
}

// ---- Connect

struct Step {
  std::string name;
  std::string url;  // "$" stands for the port
  std::string proxy{};
  std::vector<FakeServer::Script> scripts{};  // none: the network does not answer
};

void Silence(FakePeer& peer) { peer.AwaitStop(); }

std::vector<Step> AllSteps() {
  return {
      {.name = "Lookup", .url = "ws://name.example/"},
      {.name = "Network", .url = "ws://127.0.0.1:$/"},
      {.name = "Proxy",
       .url = "ws://server.example/",
       .proxy = "http://127.0.0.1:$",
       .scripts = {Silence}},
      {.name = "Tls", .url = "wss://127.0.0.1:$/", .scripts = {Silence}},
      {.name = "Answer", .url = "ws://127.0.0.1:$/", .scripts = {Silence}},
  };
}

class ConnectEndTest : public ClientEndTest {
 protected:
  // A lookup that does not return before the end of the test.
  ClientLoopOptions NoAnswer() const {
    ClientLoopOptions options;
    options.for_tests.lookup = [forever = forever_](
                                   const std::string&,
                                   uint16_t) -> absl::StatusOr<std::vector<SocketAddress>> {
      weft::Wait(forever->fd(), Interest::kRead, Deadline::Never()).IgnoreError();
      return absl::InternalError("late");
    };
    return options;
  }

  // Runs a task that connects as far as each step, by `connect`; `interrupt` ends that.
  using ConnectBy =
      std::function<Task<absl::Status>(const std::string& url, const ClientOptions& options)>;
  void AtEachStep(const ConnectBy& connect, const std::function<void()>& interrupt) {
    for (const Step& step : AllSteps()) {
      SCOPED_TRACE(step.name);
      std::unique_ptr<SilentPort> silent;
      std::unique_ptr<FakeServer> server;
      std::string port;
      if (step.scripts.empty()) {
        silent = std::make_unique<SilentPort>();
        port = absl::StrCat(silent->address().port());
      } else {
        server = std::make_unique<FakeServer>(step.scripts);
        port = absl::StrCat(server->port());
      }
      Run(
          [&, this]() -> Task<> {
            ClientOptions options;
            options.proxy = absl::StrReplaceAll(step.proxy, {{"$", port}});
            const std::string url = absl::StrReplaceAll(step.url, {{"$", port}});
            journal_.Write("started");
            const absl::Status status = co_await connect(url, options);
            journal_.Write(std::string(absl::StatusCodeToString(status.code())));
          },
          NoAnswer());
      journal_.WaitFor("started");
      Settle();
      EXPECT_EQ(journal_.lines(), std::vector<std::string>{"started"});
      interrupt();
      journal_.WaitFor("left");
      seen_ = journal_.lines()[1];
      EXPECT_EQ(seen_, expected_);
      while (clients_ != nullptr && clients_->connections() > 0) std::this_thread::yield();
      EndHome();
      journal_.Clear();
    }
    forever_->Notify();
  }

  ConnectBy Plain() {
    return [this](const std::string& url, const ClientOptions& options) -> Task<absl::Status> {
      co_return (co_await ConnectTo(url, options)).status();
    };
  }

  const std::shared_ptr<const Notification> forever_ =
      std::make_shared<const Notification>(*Notification::Create());
  std::string seen_, expected_;
};

INSTANTIATE_TEST_SUITE_P(Homes, ConnectEndTest, testing::AllHomes(), testing::NameOfHome);

TEST_P(ConnectEndTest, ATimeoutCancelsConnect) {
  expected_ = "DEADLINE_EXCEEDED";
  AtEachStep(
      [this](const std::string& url, const ClientOptions& options) -> Task<absl::Status> {
        const absl::StatusOr<coro::Session> s =
            co_await coro::WithTimeout(absl::Milliseconds(50), ConnectTo(url, options));
        co_return s.status();
      },
      [this] { Advance(100); });
}

TEST_P(ConnectEndTest, AnotherBranchCancelsConnect) {
  Gate gate;
  expected_ = "CANCELLED";
  AtEachStep(
      [this, &gate](const std::string& url, const ClientOptions& options) -> Task<absl::Status> {
        const auto wait = [](Gate& opened) -> Task<int> { co_return co_await opened; };
        absl::Status status;
        const auto plain = Plain();
        const auto keep = [](Task<absl::Status> task, absl::Status& into) -> Task<> {
          into = co_await std::move(task);
        };
        const auto first = co_await coro::WhenAny(keep(plain(url, options), status), wait(gate));
        EXPECT_EQ(first.index(), 1u);
        co_return status;
      },
      [&gate] { gate.Open(); });
}

TEST_P(ConnectEndTest, TheEndOfTheLoopOfClientsEndsConnect) {
  expected_ = "CANCELLED";
  AtEachStep(Plain(), [this] { clients_.reset(); });
}

TEST_P(ConnectEndTest, TheEndOfTheTasksLoopEndsConnect) {
  // On its own loop the connection ends first.
  expected_ = GetParam() == Home::kClients ? "CANCELLED" : "FAILED_PRECONDITION";
  AtEachStep(Plain(), [this] { EndHome(); });
}

TEST_P(ConnectEndTest, OnALoopThatHasEndedItFails) {
  if (GetParam() == Home::kClients) GTEST_SKIP() << "the task does not run";
  Gate gate;
  Run([&, this]() -> Task<> {
    co_await gate;
    const absl::StatusOr<coro::Session> s = co_await ConnectTo("ws://127.0.0.1:1/");
    journal_.Write(std::string(absl::StatusCodeToString(s.status().code())));
  });
  clients_->Stop();
  while (!absl::IsCancelled(coro::Run(*clients_, []() -> Task<> { co_return; }()))) {
  }
  gate.Open();
  journal_.WaitFor("left");
  EXPECT_THAT(journal_.lines(), Contains("CANCELLED"));
}

// ---- Awaitables of the application

TEST_P(ClientEndTest, AreAwaitedAlsoWhenEverythingElseHasEnded) {
  FakeServer server(Deaf());
  Gate gate;
  Run([&, this]() -> Task<> {
    absl::StatusOr<coro::Session> s = co_await ConnectTo(server.url());
    EXPECT_TRUE(s.ok()) << s.status();
    journal_.Write("started");
    EXPECT_EQ(co_await gate, 7);
    EXPECT_TRUE(absl::IsFailedPrecondition(co_await s->SendText("late")));
    const auto message = co_await s->Receive();
    EXPECT_FALSE(message.has_value());
    EXPECT_TRUE(absl::IsFailedPrecondition(co_await coro::Sleep(absl::Seconds(1))));
    journal_.Write("continued");
  });
  journal_.WaitFor("started");
  Settle();
  clients_.reset();
  EndHome();
  EXPECT_EQ(journal_.lines(), std::vector<std::string>{"started"});
  gate.Open();
  journal_.WaitFor("left");
  EXPECT_THAT(journal_.lines(), Contains("continued"));
}

// They take no room, whether they were posted or not.
TEST_P(ClientEndTest, PiecesThatAreNotSentTakeNoRoom) {
  if (GetParam() == Home::kClients) GTEST_SKIP() << "nothing is posted";
  Start({}, coro::Handler([](coro::Session s) -> Task<> {
          while (co_await s.Receive()) {
          }
        }));
  std::promise<void> ended, checked;
  Run([&]() -> Task<> {
    absl::StatusOr<coro::Session> s = co_await ConnectTo(url());
    EXPECT_TRUE(s.ok()) << s.status();
    // Keeps the client's loop from the first piece until that loop has been stopped.
    std::future<void> when_ended = ended.get_future();
    EXPECT_TRUE(s->client_ref()
                    .Post([&](AsyncClient&) {
                      journal_.Write("held");
                      when_ended.wait();
                    })
                    .ok());
    EXPECT_TRUE((co_await s->SendFragment(Opcode::kText, "a", false)).ok());
    EXPECT_GT(s->queued_bytes(), 0u);
    journal_.Write("posted");
    // Blocks its own loop too, so that it does not see the end.
    checked.get_future().wait();
    EXPECT_EQ(s->queued_bytes(), 0u);
    const absl::Status status = co_await s->SendFragment(Opcode::kText, "b", true);
    EXPECT_TRUE(absl::IsFailedPrecondition(status)) << status;
    EXPECT_EQ(s->queued_bytes(), 0u);
  });
  journal_.WaitFor("held");
  journal_.WaitFor("posted");
  clients_->Stop();
  ended.set_value();
  clients_.reset();
  checked.set_value();
  journal_.WaitFor("left");
}

// For ThreadSanitizer: connections open and end while both loops end.
TEST_P(ClientEndTest, ManyConnectionsWhileBothLoopsEnd) {
  Start({}, coro::Handler([](coro::Session s) -> Task<> {
          while (const auto m = co_await s.Receive()) {
            if (!(co_await s.Send(*m)).ok()) co_return;
          }
        }));
  for (const bool clients_first : {false, true}) {
    const std::string to = url();
    Run(
        [this, to]() -> Task<> {
          ClientLoop& loop = *clients_;  // which is null while it is destroyed
          const auto talk = [this, &loop](std::string where) -> Task<> {
            ClientOptions options;
            options.proxy = "direct";
            while (true) {
              absl::StatusOr<coro::Session> s = co_await coro::Connect(loop, where, options);
              if (!s.ok()) break;
              journal_.Write("open");
              for (int i = 0; i < 3; ++i) {
                if (!(co_await s->SendText("x")).ok()) break;
                const auto m = co_await s->Receive();
                if (!m.has_value()) break;
              }
            }
          };
          co_await coro::WhenAny(talk(to), talk(to), talk(to), talk(to));
        },
        {.threads = 2});
    journal_.WaitFor("open", 20);
    if (clients_first) clients_->Stop();
    EndHome();
    clients_.reset();
    journal_.WaitFor("left");
    journal_.Clear();
  }
}

}  // namespace
}  // namespace weft
