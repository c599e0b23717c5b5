// Timers and posted callbacks of sessions.

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "weft/server/server.h"
#include "weft/testing/server_fixture.h"
#include "weft/testing/test_client.h"

namespace weft {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using testing::TestClient;

// Calls `function` when it is destroyed.
std::shared_ptr<void> WhenDestroyed(std::function<void()> function) {
  return {nullptr, [function = std::move(function)](void*) { function(); }};
}

// With handlers that the loop calls, and with handlers on threads.
class SessionCallbackTest : public testing::ServerFixture,
                            public ::testing::WithParamInterface<int> {
 protected:
  ~SessionCallbackTest() override { server_.reset(); }

  void StartServer(ServerOptions options = {}) {
    options.handler_threads = GetParam();
    Start(std::move(options));
  }

  // A callback that writes a line.
  SessionCallback Writes(std::string line) {
    return [this, line = std::move(line)](Session&) { journal_.Write(line); };
  }

  void After(Session& session, int ms, std::string line) {
    EXPECT_TRUE(session.RunAfter(absl::Milliseconds(ms), Writes(std::move(line))).ok());
  }

  // Time passes, and the timers that are due have run: a later one has.
  void Advance(int ms) {
    clock_.AdvanceMs(ms);
    LetTheLoopTurn();
    if (GetParam() != 0) LetTheHandlersRun();
  }

  // Each session's earlier callbacks have returned: those of one session run in order, and its
  // answer to a ping of the handler is the last.
  void LetTheHandlersRun() {
    if (probe_ == nullptr) return;
    probe_->SendText("probe");
    EXPECT_EQ(probe_->ReadFrame(), "fin text probe");
  }

  // The lines of the journal that begin with '-'.
  std::vector<std::string> Marked() {
    std::vector<std::string> marked;
    for (const std::string& line : journal_.lines()) {
      if (absl::StartsWith(line, "-")) marked.push_back(line);
    }
    return marked;
  }

  TestClient* probe_ = nullptr;  // the client whose callbacks the test waits for
};

INSTANTIATE_TEST_SUITE_P(Handlers, SessionCallbackTest, ::testing::Values(0, 2));

TEST_P(SessionCallbackTest, TimersRunInTheOrderOfTheirDeadlines) {
  script_.on_open = [this](Session& session) {
    After(session, 300, "-300");
    After(session, 100, "-100");
    After(session, 200, "-200");
    After(session, 100, "-100 again");
    After(session, -5, "-0");
    EXPECT_TRUE(session.RunAfter(absl::InfiniteDuration(), Writes("-never")).ok());
  };
  StartServer();
  TestClient client = ConnectAndUpgrade();
  probe_ = &client;
  journal_.WaitFor("open");
  LetTheHandlersRun();
  Advance(1000);
  journal_.WaitFor("-300");
  EXPECT_THAT(Marked(), ElementsAre("-0", "-100", "-100 again", "-200", "-300"));
}

TEST_P(SessionCallbackTest, AnEmptyCallbackIsRefused) {
  std::vector<absl::StatusCode> codes;
  script_.on_open = [&](Session& session) {
    codes = {session.RunAfter(absl::Seconds(1), nullptr).status().code(),
             session.Post(nullptr).code(), session.ref().Post(SessionCallback()).code()};
    journal_.Write("asked");
  };
  StartServer();
  TestClient client = ConnectAndUpgrade();
  journal_.WaitFor("asked");
  EXPECT_THAT(codes, Each(absl::StatusCode::kInvalidArgument));
}

// Time that passes in the turn before the call does not count.
TEST_P(SessionCallbackTest, ATimerCountsFromItsCall) {
  script_.on_open = [this](Session& session) {
    clock_.AdvanceMs(100);
    After(session, 100, "-100");
    journal_.Write("armed");
  };
  StartServer();
  TestClient client = ConnectAndUpgrade();
  probe_ = &client;
  journal_.WaitFor("armed");
  Advance(99);
  EXPECT_THAT(Marked(), ElementsAre());
  Advance(1 + 16);
  EXPECT_THAT(Marked(), ElementsAre("-100"));
}

TEST_P(SessionCallbackTest, ATimerIsNotEarlyAndAtMostOneTickLate) {
  script_.on_open = [this](Session& session) { After(session, 100, "-100"); };
  StartServer();
  TestClient client = ConnectAndUpgrade();
  probe_ = &client;
  LetTheHandlersRun();
  Advance(99);
  EXPECT_THAT(Marked(), ElementsAre());
  Advance(1 + 16);
  journal_.WaitFor("-100");
}

TEST_P(SessionCallbackTest, ATimerMaySetTheNextOne) {
  std::function<void(Session&)> tick = [&](Session& session) {
    session.SendText("tick").IgnoreError();
    EXPECT_TRUE(session.RunAfter(absl::Seconds(1), [&](Session& s) { tick(s); }).ok());
  };
  script_.on_open = [&](Session& session) { tick(session); };
  StartServer();
  TestClient client = ConnectAndUpgrade();
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(client.ReadFrame(), "fin text tick");
    client.SendText("probe");
    EXPECT_EQ(client.ReadFrame(), "fin text probe") << "one tick a second";
    Advance(1016);
  }
  server_.reset();
}

TEST_P(SessionCallbackTest, AZeroDelayLetsOthersRun) {
  std::function<void(Session&)> again = [&](Session& session) {
    session.RunAfter(absl::ZeroDuration(), [&](Session& s) { again(s); }).IgnoreError();
  };
  script_.on_open = [&](Session& session) { again(session); };
  StartServer();
  TestClient client = ConnectAndUpgrade();
  for (int i = 0; i < 5; ++i) {
    clock_.AdvanceMs(20);
    client.SendText("x");
    EXPECT_EQ(client.ReadFrame(), "fin text x");
  }
  client.Close();
  journal_.WaitFor("destroyed");
  server_.reset();
}

TEST_P(SessionCallbackTest, ACancelledTimerIsDestroyedAndNeverRuns) {
  TimerId first, second;
  script_.on_open = [&](Session& session) {
    auto destroyed = WhenDestroyed([this] { journal_.Write("-destroyed first"); });
    first = *session.RunAfter(absl::Milliseconds(100),
                              [this, destroyed](Session&) { journal_.Write("-first"); });
    second = *session.RunAfter(absl::Milliseconds(100), [this, &second = second](Session& s) {
      EXPECT_FALSE(s.CancelTimer(second)) << "it runs";
      journal_.Write("-second");
    });
  };
  script_.on_message = [&](Session& session, const Message& message) {
    if (message.payload == "cancel") {
      EXPECT_TRUE(session.CancelTimer(first));
      journal_.Write("-cancelled");
      EXPECT_FALSE(session.CancelTimer(first));
      EXPECT_FALSE(session.CancelTimer(TimerId()));
    } else if (message.payload == "late") {
      EXPECT_FALSE(session.CancelTimer(second));
    }
    session.Send(message).IgnoreError();
  };
  StartServer();
  TestClient client = ConnectAndUpgrade();
  probe_ = &client;
  client.SendText("cancel");
  EXPECT_EQ(client.ReadFrame(), "fin text cancel");
  Advance(200);
  journal_.WaitFor("-second");
  client.SendText("late");
  EXPECT_EQ(client.ReadFrame(), "fin text late");
  EXPECT_THAT(Marked(), ElementsAre("-destroyed first", "-cancelled", "-second"));
  server_.reset();
}

TEST_P(SessionCallbackTest, ACallbackSendsAtOnce) {
  script_.on_message = [](Session& session, const Message& message) {
    const std::string text(message.payload);
    session.Post([text](Session& s) { s.SendText(absl::StrCat("posted ", text)).IgnoreError(); })
        .IgnoreError();
    session.SendText(absl::StrCat("sent ", text)).IgnoreError();
  };
  StartServer();
  TestClient client = ConnectAndUpgrade();
  for (const char* text : {"1", "2", "3"}) {
    client.SendText(text);
    EXPECT_EQ(client.ReadFrame(), absl::StrCat("fin text sent ", text));
    EXPECT_EQ(client.ReadFrame(), absl::StrCat("fin text posted ", text));
  }
}

TEST_P(SessionCallbackTest, PostsRunAfterTheCallbackInTheirOrder) {
  script_.on_open = [this](Session& session) {
    for (int i = 0; i < 3; ++i) {
      EXPECT_TRUE(session.Post(Writes(absl::StrCat("-post ", i))).ok());
      EXPECT_TRUE(session.ref().Post(Writes(absl::StrCat("-post by reference ", i))).ok());
    }
    journal_.Write("-opened");
  };
  StartServer();
  TestClient client = ConnectAndUpgrade();
  journal_.WaitFor("-post by reference 2");
  EXPECT_THAT(Marked(), ElementsAre("-opened", "-post 0", "-post by reference 0", "-post 1",
                                    "-post by reference 1", "-post 2", "-post by reference 2"));
}

TEST_P(SessionCallbackTest, ACallbackThatPostsItselfLetsMessagesAndTheEndThrough) {
  std::function<void(Session&)> again = [&](Session& session) {
    session.Post([&](Session& s) { again(s); }).IgnoreError();
  };
  script_.on_open = [&](Session& session) { again(session); };
  StartServer();
  TestClient client = ConnectAndUpgrade();
  for (int i = 0; i < 10; ++i) {
    client.SendText("x");
    EXPECT_EQ(client.ReadFrame(), "fin text x");
  }
  client.SendClose(1000);
  EXPECT_EQ(client.ReadFrame(), "fin close 1000");
  journal_.WaitFor("destroyed");
  server_.reset();
}

TEST_P(SessionCallbackTest, CallbacksAreDestroyedBeforeOnCloseAndRefusedInIt) {
  SessionRef ref;
  script_.on_message = [&](Session& session, const Message& message) {
    auto destroyed = WhenDestroyed([this, r = session.ref()] {
      journal_.Write("-timer destroyed");
      EXPECT_FALSE(r.Post([](Session&) {}).ok()) << "while the session ends";
    });
    EXPECT_TRUE(session.RunAfter(absl::Seconds(1), [destroyed](Session&) { FAIL(); }).ok());
    destroyed.reset();
    session.Send(message).IgnoreError();
  };
  script_.on_close = [&](Session& session) {
    journal_.Write("-close");
    const auto destroyed = WhenDestroyed([this] { journal_.Write("-refused"); });
    const auto call = [destroyed](Session&) { FAIL(); };
    EXPECT_TRUE(absl::IsFailedPrecondition(session.Post(call)));
    EXPECT_TRUE(absl::IsFailedPrecondition(session.ref().Post(call)));
    EXPECT_TRUE(absl::IsFailedPrecondition(session.RunAfter(absl::ZeroDuration(), call).status()));
    EXPECT_FALSE(session.CancelTimer(TimerId()));
    ref = session.ref();
  };
  StartServer();
  {
    TestClient client = ConnectAndUpgrade();
    client.SendText("x");
    EXPECT_EQ(client.ReadFrame(), "fin text x");
    client.SendClose(1000);
    EXPECT_EQ(client.ReadFrame(), "fin close 1000");
  }
  journal_.WaitFor("destroyed");
  Advance(2000);
  EXPECT_THAT(Marked(), ElementsAre("-timer destroyed", "-close", "-refused"));
  EXPECT_TRUE(absl::IsFailedPrecondition(ref.Post([](Session&) { FAIL(); })));
  EXPECT_EQ(server_->metrics().buffered_bytes, 0u);
  server_.reset();
  EXPECT_TRUE(absl::IsFailedPrecondition(ref.Post([](Session&) { FAIL(); })));
}

TEST_P(SessionCallbackTest, AReferenceThatIsMadeInOnCloseRefusesCallbacks) {
  script_.on_close = [](Session& session) {
    EXPECT_TRUE(absl::IsFailedPrecondition(session.ref().Post([](Session&) { FAIL(); })));
  };
  StartServer();
  TestClient client = ConnectAndUpgrade();
  client.SendClose(1000);
  EXPECT_EQ(client.ReadFrame(), "fin close 1000");
  journal_.WaitFor("destroyed");
}

TEST_P(SessionCallbackTest, ATerminatedSessionRunsNoMoreCallbacks) {
  script_.on_message = [this](Session& session, const Message&) {
    After(session, 0, "-timer");
    EXPECT_TRUE(session.Post(Writes("-post")).ok());
    session.Terminate();
    EXPECT_FALSE(session.Post(Writes("-late post")).ok() && GetParam() == 0);
  };
  StartServer();
  TestClient client = ConnectAndUpgrade();
  client.SendText("x");
  journal_.WaitFor("destroyed");
  Advance(100);
  EXPECT_THAT(Marked(), ElementsAre());
}

TEST_P(SessionCallbackTest, AnExceptionOfACallbackClosesWith1011) {
  script_.on_message = [this](Session& session, const Message& message) {
    const auto fail = [](Session&) { throw std::runtime_error("bad"); };
    if (message.payload == "post") {
      EXPECT_TRUE(session.Post(fail).ok());
      EXPECT_TRUE(session.Post(Writes("-after")).ok());
    } else {
      EXPECT_TRUE(session.RunAfter(absl::Milliseconds(10), fail).ok());
      After(session, 10, "-after");
      session.Send(message).IgnoreError();
    }
  };
  StartServer();
  TestClient client = ConnectAndUpgrade(), other = ConnectAndUpgrade();
  client.SendText("post");
  EXPECT_EQ(client.ReadFrame(), "fin close 1011 the handler failed");
  other.SendText("timer");
  EXPECT_EQ(other.ReadFrame(), "fin text timer");
  clock_.AdvanceMs(100);
  EXPECT_EQ(other.ReadFrame(), "fin close 1011 the handler failed");
  journal_.WaitFor("destroyed", 2);
  EXPECT_THAT(Marked(), ElementsAre());
  EXPECT_EQ(server_->metrics().exceptions, 2u);
}

TEST_P(SessionCallbackTest, BeyondTheBudgetCallbacksAreRefused) {
  script_.on_open = [this](Session& session) {
    int taken = 0;
    absl::Status status;
    while (status.ok() && taken < 100000) {
      status = session.RunAfter(absl::Hours(1), [](Session&) {}).status();
      taken += status.ok();
    }
    EXPECT_TRUE(absl::IsResourceExhausted(status)) << status;
    EXPECT_TRUE(absl::IsResourceExhausted(session.Post([](Session&) {})));
    EXPECT_GT(taken, 100);
    journal_.Write("full");
  };
  StartServer({.limits = {.max_buffered_bytes = 4 << 20}});
  TestClient client = ConnectAndUpgrade();
  journal_.WaitFor("full");
  client.Close();
  journal_.WaitFor("destroyed");
}

// A reference posts from other threads, in order with what it sends, while sessions end.
TEST_P(SessionCallbackTest, OtherThreadsPostInOrderWithTheirMessages) {
  std::mutex mutex;
  SessionRef ref;
  script_.on_open = [&](Session& session) {
    const std::lock_guard<std::mutex> lock(mutex);
    ref = session.ref();
    journal_.Write("ready");
  };
  StartServer({.threads = 2});
  TestClient client = ConnectAndUpgrade();
  journal_.WaitFor("ready");
  std::thread poster([&] {
    mutex.lock();
    const SessionRef own = ref;
    mutex.unlock();
    for (int i = 0; i < 100; ++i) {
      EXPECT_TRUE(own.SendText(absl::StrCat("sent ", i)).ok());
      // With handler threads the callback sends by another way, and its place is not known.
      EXPECT_TRUE(own.Post([i](Session& session) {
                       if (GetParam() == 0) {
                         session.SendText(absl::StrCat("posted ", i)).IgnoreError();
                       }
                     })
                      .ok());
    }
  });
  for (int i = 0; i < 100; ++i) {
    ASSERT_EQ(client.ReadFrame(), absl::StrCat("fin text sent ", i));
    if (GetParam() == 0) {
      ASSERT_EQ(client.ReadFrame(), absl::StrCat("fin text posted ", i));
    }
  }
  poster.join();
  server_.reset();
}

TEST_P(SessionCallbackTest, NoCallbackRunsAfterOnCloseOrBesideAnother) {
  constexpr int kSessions = 8, kThreads = 3;
  struct State {
    SessionRef ref;
    std::atomic<int> waiting{0}, running{0};
    std::atomic<bool> closed{false};
  };
  std::mutex mutex;
  std::vector<std::shared_ptr<State>> states;
  std::atomic<int> too_late{0}, beside{0}, run{0};
  script_.on_open = [&](Session& session) {
    const std::lock_guard<std::mutex> lock(mutex);
    states.push_back(std::make_shared<State>());
    states.back()->ref = session.ref();
    journal_.Write("ready");
  };
  script_.on_close = [&](Session& session) {
    const std::lock_guard<std::mutex> lock(mutex);
    for (const auto& state : states) {
      if (state->ref == session.ref()) state->closed = true;
    }
  };
  StartServer({.threads = 2});
  std::vector<TestClient> clients;
  for (int i = 0; i < kSessions; ++i) clients.push_back(ConnectAndUpgrade());
  journal_.WaitFor("ready", kSessions);
  const auto post_to = [&](const std::shared_ptr<State>& state) {
    ++state->waiting;
    return state->ref.Post([&, state](Session& session) {
      too_late += state->closed;
      beside += state->running.exchange(1) != 0;
      session.RunAfter(absl::ZeroDuration(), [&, state](Session&) { too_late += state->closed; })
          .IgnoreError();
      ++run;
      state->running = 0;
      --state->waiting;
    });
  };
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&] {
      for (const auto& state : states) {
        absl::Status status;
        while (status.ok()) {
          status = post_to(state);
          while (state->waiting > 10 && !state->closed) std::this_thread::yield();
        }
        EXPECT_TRUE(absl::IsFailedPrecondition(status)) << status;
      }
    });
  }
  while (run == 0) std::this_thread::yield();
  for (TestClient& client : clients) {
    for (int i = 0; i < 10; ++i) {
      clock_.AdvanceMs(20);
      client.SendText("x");
      EXPECT_EQ(client.ReadFrame(), "fin text x");
    }
    client.Close();
  }
  for (std::thread& thread : threads) thread.join();
  journal_.WaitFor("destroyed", kSessions);
  EXPECT_EQ(too_late, 0);
  EXPECT_EQ(beside, 0);
  server_.reset();
}

}  // namespace
}  // namespace weft
