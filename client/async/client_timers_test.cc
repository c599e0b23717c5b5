// Timers of asynchronous clients.

#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "weft/client/async/async_client.h"
#include "weft/client/async/client_ref.h"
#include "weft/client/async/testing/client_loop_fixture.h"
#include "weft/server/server.h"

namespace weft {
namespace {

using testing::ClientScript;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class EchoingHandler : public Handler {
  void OnMessage(Session& session, const Message& message) override {
    session.Send(message).IgnoreError();
  }
};

// Calls `function` when it is destroyed.
std::shared_ptr<void> WhenDestroyed(std::function<void()> function) {
  return {nullptr, [function = std::move(function)](void*) { function(); }};
}

// Clients of an echo server, and one more whose turns the test waits for.
class ClientTimersTest : public testing::ClientLoopFixture {
 protected:
  ClientTimersTest() {
    absl::StatusOr<std::unique_ptr<Server>> server = Server::Start(
        {.port = 0}, [](const auto&, auto&) { return std::make_unique<EchoingHandler>(); });
    EXPECT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
  }
  ~ClientTimersTest() override { loop_.reset(); }

  std::string url() const { return absl::StrCat("ws://127.0.0.1:", server_->port(), "/"); }

  ClientRef Start(ClientScript script) {
    probe_ = Open(url());
    journal_.Clear();
    ClientRef client = Open(url(), std::move(script));
    EXPECT_TRUE(client.Post(Writes("OnOpen has returned")).ok());
    journal_.WaitFor("OnOpen has returned");
    return client;
  }

  // A callback that writes a line.
  ClientCallback Writes(std::string line) {
    return [this, line = std::move(line)](AsyncClient&) { journal_.Write(line); };
  }

  void After(AsyncClient& client, int ms, std::string line) {
    EXPECT_TRUE(client.RunAfter(absl::Milliseconds(ms), Writes(std::move(line))).ok());
  }

  // Time passes, and the timers that are due have run. The loop may have read the clock before.
  void Advance(int ms) {
    clock_.AdvanceMs(ms);
    for (int i = 0; i < 2; ++i) {
      const std::string line = absl::StrCat("turn ", ++turns_);
      ASSERT_TRUE(probe_.Post(Writes(line)).ok());
      journal_.WaitFor(line);
    }
  }

  // The lines of the journal that begin with '-'.
  std::vector<std::string> Marked() {
    std::vector<std::string> marked;
    for (const std::string& line : journal_.lines()) {
      if (absl::StartsWith(line, "-")) marked.push_back(line);
    }
    return marked;
  }

  std::unique_ptr<Server> server_;
  ClientRef probe_;
  int turns_ = 0;
};

TEST_F(ClientTimersTest, RunInTheOrderOfTheirDeadlines) {
  Start({.on_open = [this](AsyncClient& client) {
    After(client, 300, "-300");
    After(client, 100, "-100");
    After(client, 200, "-200");
    After(client, 100, "-100 again");
    After(client, -5, "-0");
    EXPECT_TRUE(client.RunAfter(absl::InfiniteDuration(), Writes("-never")).ok());
  }});
  Advance(1000);
  EXPECT_THAT(Marked(), ElementsAre("-0", "-100", "-100 again", "-200", "-300"));
}

TEST_F(ClientTimersTest, AnEmptyCallbackIsRefused) {
  Start({.on_open = [](AsyncClient& client) {
    EXPECT_TRUE(absl::IsInvalidArgument(client.RunAfter(absl::Seconds(1), nullptr).status()));
  }});
  Advance(0);
}

// Time that passes in the turn before the call does not count.
TEST_F(ClientTimersTest, CountFromTheirCall) {
  Start({.on_open = [this](AsyncClient& client) {
    clock_.AdvanceMs(100);
    After(client, 100, "-100");
  }});
  Advance(99);
  EXPECT_THAT(Marked(), IsEmpty()) << "not early";
  Advance(1 + 16);
  EXPECT_THAT(Marked(), ElementsAre("-100")) << "at most one tick late";
}

TEST_F(ClientTimersTest, MaySetTheNextOneAndSend) {
  int ticks = 0;
  std::function<void(AsyncClient&)> tick = [&](AsyncClient& client) {
    EXPECT_TRUE(client.SendText(absl::StrCat("tick ", ticks++)).ok());
    EXPECT_TRUE(client.RunAfter(absl::Seconds(1), [&](AsyncClient& c) { tick(c); }).ok());
  };
  Start({.on_open = tick});
  journal_.WaitFor("message tick 0");
  for (int i = 1; i < 5; ++i) {
    clock_.AdvanceMs(1016);
    journal_.WaitFor(absl::StrCat("message tick ", i));
    EXPECT_EQ(Count({"message tick"}), i + 1) << "one tick a second";
  }
  loop_.reset();
}

TEST_F(ClientTimersTest, AZeroDelayLetsOthersRun) {
  std::function<void(AsyncClient&)> again = [&](AsyncClient& client) {
    EXPECT_TRUE(client.RunAfter(absl::ZeroDuration(), [&](AsyncClient& c) { again(c); }).ok());
  };
  const ClientRef client = Start({.on_open = again});
  for (int i = 0; i < 5; ++i) {
    Advance(20);
    EXPECT_TRUE(client.SendText(absl::StrCat("x", i)).ok());
    journal_.WaitFor(absl::StrCat("message x", i));
  }
  loop_.reset();
}

TEST_F(ClientTimersTest, ACancelledOneIsDestroyedAndNeverRuns) {
  TimerId first, second;
  const ClientRef client = Start(
      {.on_open =
           [&](AsyncClient& c) {
             const auto destroyed = WhenDestroyed([this] { journal_.Write("-destroyed first"); });
             first = *c.RunAfter(absl::Milliseconds(100),
                                 [this, destroyed](AsyncClient&) { journal_.Write("-first"); });
             second = *c.RunAfter(absl::Milliseconds(100), [&](AsyncClient& running) {
               EXPECT_FALSE(running.CancelTimer(second)) << "it runs";
               journal_.Write("-second");
             });
           },
       .on_message =
           [&](AsyncClient& c, const Message& message) {
             if (message.payload == "cancel") {
               EXPECT_TRUE(c.CancelTimer(first));
               journal_.Write("-cancelled");
               EXPECT_FALSE(c.CancelTimer(first));
               EXPECT_FALSE(c.CancelTimer(TimerId()));
             } else {
               EXPECT_FALSE(c.CancelTimer(second));
             }
           }});
  EXPECT_TRUE(client.SendText("cancel").ok());
  journal_.WaitFor("message cancel");
  Advance(200);
  EXPECT_TRUE(client.SendText("late").ok());
  journal_.WaitFor("message late");
  EXPECT_THAT(Marked(), ElementsAre("-destroyed first", "-cancelled", "-second"));
  loop_.reset();
}

TEST_F(ClientTimersTest, AreDestroyedBeforeOnCloseAndRefusedInIt) {
  const ClientRef client = Start(
      {.on_open =
           [this](AsyncClient& c) {
             const auto destroyed = WhenDestroyed([this, &c] {
               journal_.Write("-destroyed");
               EXPECT_FALSE(c.RunAfter(absl::ZeroDuration(), [](AsyncClient&) {}).ok());
             });
             EXPECT_TRUE(c.RunAfter(absl::Seconds(1), [destroyed](AsyncClient&) { FAIL(); }).ok());
           },
       .on_close =
           [this](AsyncClient& c) {
             journal_.Write("-close");
             const absl::Status refused =
                 c.RunAfter(absl::ZeroDuration(), [](AsyncClient&) { FAIL(); }).status();
             EXPECT_TRUE(absl::IsFailedPrecondition(refused)) << refused;
             EXPECT_FALSE(c.CancelTimer(TimerId()));
           }});
  EXPECT_TRUE(client.Close().ok());
  journal_.WaitFor("destroyed");
  Advance(2000);
  EXPECT_THAT(Marked(), ElementsAre("-destroyed", "-close"));
}

TEST_F(ClientTimersTest, ATerminatedClientRunsNoMore) {
  Start({.on_open = [this](AsyncClient& client) {
    ASSERT_TRUE(client
                    .RunAfter(absl::Milliseconds(10),
                              [this](AsyncClient& c) {
                                c.Terminate();
                                EXPECT_TRUE(absl::IsFailedPrecondition(
                                    c.RunAfter(absl::ZeroDuration(), Writes("-late")).status()));
                                journal_.Write("-terminated");
                              })
                    .ok());
    After(client, 10, "-after");
  }});
  Advance(100);
  journal_.WaitFor("destroyed");
  EXPECT_THAT(Marked(), ElementsAre("-terminated"));
}

TEST_F(ClientTimersTest, AnExceptionClosesWith1011) {
  Start({.on_open = [this](AsyncClient& client) {
    const auto fail = [](AsyncClient&) { throw std::runtime_error("bad"); };
    EXPECT_TRUE(client.RunAfter(absl::Milliseconds(10), fail).ok());
    After(client, 10, "-after");
  }});
  Advance(100);
  journal_.WaitFor("close 1011 the handler failed by application ");
  journal_.WaitFor("destroyed");
  EXPECT_THAT(Marked(), IsEmpty());
}

TEST_F(ClientTimersTest, AreDestroyedWithTheirLoop) {
  Start({.on_open = [this](AsyncClient& client) {
    const auto destroyed = WhenDestroyed([this] { journal_.Write("-destroyed"); });
    EXPECT_TRUE(client.RunAfter(absl::Seconds(1), [destroyed](AsyncClient&) { FAIL(); }).ok());
  }});
  loop_.reset();
  EXPECT_THAT(Marked(), ElementsAre("-destroyed"));
  EXPECT_EQ(Count({"close"}), 2) << "one for each connection";
}

}  // namespace
}  // namespace weft
