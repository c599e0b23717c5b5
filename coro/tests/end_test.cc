// The end of a session at every co_await, of the server, and of branches.

#include <atomic>
#include <coroutine>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "weft/core/testing/frames.h"
#include "weft/coro.h"
#include "weft/coro/testing/coro_fixture.h"
#include "weft/server/server.h"
#include "weft/testing/server_fixture.h"
#include "weft/testing/test_client.h"

namespace weft {
namespace {

using testing::ClientFrame;
using ::testing::Contains;
using testing::Gate;
using testing::TestClient;

class EndTest : public testing::CoroTest {
 protected:
  // A wait that only the end of the session, or its cancellation, ends.
  using Wait = std::function<Task<absl::Status>(coro::Session&)>;

  static absl::Status Ended(bool ended) {
    return ended ? absl::FailedPreconditionError("ended") : absl::OkStatus();
  }

  static Task<absl::Status> Nested(coro::Session& s, int depth) {
    if (depth > 0) co_return co_await Nested(s, depth - 1);
    co_return co_await s.Sleep(absl::Hours(1));
  }

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
        {"Sleep",
         [](coro::Session& s) -> Task<absl::Status> {
           co_return co_await s.Sleep(absl::Hours(1));
         }},
        {"Nested", [](coro::Session& s) -> Task<absl::Status> { return Nested(s, 3); }},
        {"Slot",
         [](coro::Session&) -> Task<absl::Status> {
           coro::Slot<int> slot;
           co_return (co_await slot.Get()).status();
         }},
        {"WithTimeout",
         [](coro::Session& s) -> Task<absl::Status> {
           co_return co_await coro::WithTimeout(absl::Hours(2), s.Sleep(absl::Hours(1)));
         }},
        {"WhenAny",
         [](coro::Session& s) -> Task<absl::Status> {
           coro::Slot<int> slot;
           const auto first =
               co_await coro::WhenAny(s.Sleep(absl::Hours(1)), slot.Get(),
                                      coro::WithTimeout(absl::Hours(1), Nested(s, 2)));
           EXPECT_EQ(first.index(), 0u);
           co_return std::get<0>(first);
         }},
    };
  }
};

INSTANTIATE_TEST_SUITE_P(HandlerThreads, EndTest, ::testing::Values(0, 2));

TEST_P(EndTest, TheClientsEndEndsEachWait) {
  for (const auto& [name, wait] : AllWaits()) {
    SCOPED_TRACE(name);
    for (const bool clean : {false, true}) {
      StartServer(
          [&, wait = wait](coro::Session s) -> Task<> {
            journal_.Write("started");
            const absl::Status status = co_await wait(s);
            EXPECT_TRUE(absl::IsFailedPrecondition(status)) << status;
            EXPECT_FALSE(s.status().ok());
            journal_.Write(std::string(NameOf(s.close_info()->by)));
          },
          {.sending = {.pause_reading_bytes = 1 << 30}});  // reads the Close frame of a slow reader
      TestClient client = ConnectSlowReader();
      journal_.WaitFor("started");
      LetTheLoopTurn();
      if (clean) {
        client.SendClose(1000);
        journal_.WaitFor("peer");
      } else {
        client.Reset();
        journal_.WaitFor("lost");
      }
      journal_.WaitFor("left");
      server_.reset();
      journal_.Clear();
    }
  }
}

TEST_P(EndTest, TheServersEndEndsEachWait) {
  for (const auto& [name, wait] : AllWaits()) {
    SCOPED_TRACE(name);
    StartServer(
        [&, wait = wait](coro::Session s) -> Task<> {
          journal_.Write("started");
          EXPECT_TRUE(absl::IsFailedPrecondition(co_await wait(s)));
          journal_.Write(std::string(NameOf(s.close_info()->by)));
        },
        {.threads = 2});
    std::vector<TestClient> clients;
    for (int i = 0; i < 4; ++i) clients.push_back(ConnectSlowReader());
    journal_.WaitFor("started", 4);
    server_.reset();
    int left = 0, shutdown = 0;
    for (const std::string& line : journal_.lines()) {
      left += line == "left";
      shutdown += line == "shutdown";
    }
    EXPECT_EQ(left, 4);
    EXPECT_EQ(shutdown, 4);
    journal_.Clear();
  }
}

TEST_P(EndTest, AnotherBranchEndsEachWait) {
  for (const auto& [name, wait] : AllWaits()) {
    SCOPED_TRACE(name);
    StartServer([&, wait = wait](coro::Session s) -> Task<> {
      auto first = co_await coro::WhenAny(wait(s), s.Sleep(absl::Milliseconds(50)));
      EXPECT_EQ(first.index(), 1u);
      EXPECT_TRUE(s.status().ok());
      journal_.Write("continues");
      const absl::Status again = co_await coro::WithTimeout(absl::Milliseconds(50), wait(s));
      EXPECT_TRUE(absl::IsDeadlineExceeded(again)) << again;
      journal_.Write("timed out");
      co_await s.Sleep(absl::Hours(1));
    });
    TestClient client = ConnectSlowReader();
    LetTheLoopTurn();
    Advance(100);
    journal_.WaitFor("continues");
    Advance(100);
    journal_.WaitFor("timed out");
    server_.reset();
    journal_.Clear();
  }
}

// ---- Coroutines that ignore the end

TEST_P(EndTest, ACoroutineThatIgnoresTheEndIsDestroyedWhereItWaits) {
  StartServer([this](coro::Session s) -> Task<> {
    journal_.Write("started");
    while (true) (co_await s.Sleep(absl::Seconds(1))).IgnoreError();
  });
  ConnectAndUpgrade().Reset();
  journal_.WaitFor("left");
}

TEST_P(EndTest, ACoroutineThatIgnoresTheErrorsOfSendsIsDestroyedAsWell) {
  StartServer([this](coro::Session s) -> Task<> {
    journal_.Write("started");
    while (true) {
      (co_await s.SendText("tick")).IgnoreError();
      if (s.queued_bytes() > 100) (co_await s.Sleep(absl::Milliseconds(1))).IgnoreError();
    }
  });
  {
    TestClient client = ConnectAndUpgrade();
    journal_.WaitFor("started");
    client.SendClose(1000);
    LetTheLoopTurn();
  }
  journal_.WaitFor("left");
}

TEST_P(EndTest, ABranchThatIgnoresItsCancellationIsDestroyedWhereItWaits) {
  StartServer([this](coro::Session s) -> Task<> {
    const auto ticks = [this](coro::Session& session) -> Task<> {
      const Leaves leaves(journal_, "branch left");
      while (true) (co_await session.Sleep(absl::Milliseconds(20))).IgnoreError();
    };
    const auto first = co_await coro::WhenAny(s.Receive(), ticks(s));
    EXPECT_EQ(first.index(), 0u);
    journal_.Write("continues");
    EXPECT_TRUE((co_await s.SendText("on")).ok());
    co_await s.Receive();
  });
  TestClient client = ConnectAndUpgrade();
  client.SendText("stop");
  EXPECT_EQ(client.ReadFrame(), "fin text on");
  EXPECT_EQ(journal_.lines(), (std::vector<std::string>{"branch left", "continues"}));
}

// ---- Awaitables of the application

TEST_P(EndTest, AnAwaitableOfTheApplicationComesBackToTheLoop) {
  Gate gate;
  std::thread::id loop, resumed;
  StartServer([&](coro::Session s) -> Task<> {
    loop = std::this_thread::get_id();
    EXPECT_EQ(co_await gate, 7);
    resumed = std::this_thread::get_id();
    EXPECT_TRUE((co_await s.SendText("back")).ok());
    co_await s.Receive();
  });
  TestClient client = ConnectAndUpgrade();
  gate.Open();
  EXPECT_EQ(client.ReadFrame(), "fin text back");
  EXPECT_EQ(loop, resumed);
  EXPECT_NE(loop, std::this_thread::get_id());
  server_.reset();
}

TEST_P(EndTest, ItIsAwaitedAlsoWhenTheSessionHasEnded) {
  Gate gate;
  std::thread::id loop, resumed;
  StartServer([&](coro::Session s) -> Task<> {
    loop = std::this_thread::get_id();
    journal_.Write("started");
    EXPECT_EQ(co_await gate, 7);
    resumed = std::this_thread::get_id();
    EXPECT_FALSE(s.status().ok());
    EXPECT_FALSE((co_await s.Receive()).has_value());
  });
  ConnectAndUpgrade().Reset();
  journal_.WaitFor("started");
  while (server_->metrics().sessions() != 0) std::this_thread::yield();
  EXPECT_EQ(journal_.lines(), std::vector<std::string>{"started"});
  gate.Open();
  journal_.WaitFor("left");
  EXPECT_EQ(loop, resumed);
}

TEST_P(EndTest, ItIsAwaitedAlsoWhenTheServerHasEnded) {
  Gate gates[2];
  StartServer([&](coro::Session s) -> Task<> {
    journal_.Write("started");
    const auto wait = [](Gate& gate) -> Task<int> { co_return co_await gate; };
    const auto first = co_await coro::WhenAny(wait(gates[0]), wait(gates[1]));
    EXPECT_EQ(std::visit([](int value) { return value; }, first), 7);
    EXPECT_TRUE(absl::IsFailedPrecondition(co_await s.SendText("late")));
    journal_.Write(absl::StrCat(NameOf(s.close_info()->by)));
  });
  TestClient client = ConnectAndUpgrade();
  journal_.WaitFor("started");
  LetTheLoopTurn();
  server_.reset();
  std::thread one([&] { gates[0].Open(); }), two([&] { gates[1].Open(); });
  one.join();
  two.join();
  journal_.WaitFor("left");
  EXPECT_THAT(journal_.lines(), Contains("shutdown"));
}

TEST_P(EndTest, ManySessionsAreResumedWhileTheServerEnds) {
  constexpr int kSessions = 16;
  std::vector<Gate> gates(kSessions);
  std::atomic<int> next{0};
  StartServer(
      [&](coro::Session s) -> Task<> {
        Gate& gate = gates[next++];
        journal_.Write("started");
        co_await gate;
        (co_await s.SendText("back")).IgnoreError();
      },
      {.threads = 2});
  std::vector<TestClient> clients;
  for (int i = 0; i < kSessions; ++i) clients.push_back(ConnectAndUpgrade());
  journal_.WaitFor("started", kSessions);
  std::thread opener([&] {
    for (Gate& gate : gates) gate.Open();
  });
  server_.reset();
  opener.join();
  journal_.WaitFor("left", kSessions);
}

// For ThreadSanitizer: nothing that this thread does after the end orders the two.
TEST_P(EndTest, AnotherThreadResumesItAfterTheEnd) {
  Gate gate;
  std::atomic<bool> ended{false};
  StartServer([&](coro::Session) -> Task<> {
    journal_.Write("started");
    co_await gate;
  });
  std::thread opener([&] {
    while (!ended.load(std::memory_order_relaxed)) std::this_thread::yield();
    gate.Open();
  });
  ConnectAndUpgrade().Reset();
  journal_.WaitFor("started");
  while (server_->metrics().sessions() != 0) std::this_thread::yield();
  ended.store(true, std::memory_order_relaxed);
  opener.join();
  journal_.WaitFor("left");
  server_.reset();
}

TEST_P(EndTest, AnAwaitableThatDoesNotSuspend) {
  struct Ready {
    bool await_ready() const { return true; }
    void await_suspend(std::coroutine_handle<>) const {}
    int await_resume() const { return 1; }
  };
  struct Declines {
    bool await_ready() const { return false; }
    bool await_suspend(std::coroutine_handle<>) const { return false; }
    int await_resume() const { return 2; }
  };
  struct Transfers {
    bool await_ready() const { return false; }
    std::coroutine_handle<> await_suspend(std::coroutine_handle<> handle) const { return handle; }
    int await_resume() const { return 3; }
  };
  struct Throws {
    bool await_ready() const { return false; }
    void await_suspend(std::coroutine_handle<>) const { throw 4; }
    int await_resume() const { return 0; }
  };
  struct Wrapped {
    Declines operator co_await() const { return {}; }
  };
  StartServer([](coro::Session s) -> Task<> {
    int sum = co_await Ready() + co_await Declines() + co_await Transfers() + co_await Wrapped();
    try {
      co_await Throws();
    } catch (int value) {
      sum += value;
    }
    EXPECT_TRUE((co_await s.SendText(absl::StrCat(sum))).ok());
  });
  TestClient client = ConnectAndUpgrade();
  EXPECT_EQ(client.ReadFrame(), "fin text 12");
}

// ---- Results of branches

TEST_P(EndTest, WhenAnyGivesTheFirstResult) {
  const auto number = [](int value) -> Task<int> { co_return value; };
  const auto nothing = []() -> Task<> { co_return; };
  StartServer([&](coro::Session s) -> Task<> {
    const auto one = co_await coro::WhenAny(s.Receive(), number(1), nothing());
    EXPECT_EQ(one.index(), 1u);
    EXPECT_EQ(std::get<1>(one), 1);
    const auto two = co_await coro::WhenAny(nothing(), number(2));
    EXPECT_EQ(two.index(), 0u);
    const auto three = co_await coro::WhenAny(s.Receive(), s.Sleep(absl::Hours(1)));
    EXPECT_EQ(three.index(), 0u);
    EXPECT_EQ(std::get<0>(three)->payload, "hello");
    const absl::StatusOr<int> four = co_await coro::WithTimeout(absl::Seconds(1), number(4));
    EXPECT_EQ(*four, 4);
    EXPECT_TRUE((co_await coro::WithTimeout(absl::InfiniteDuration(), nothing())).ok());
    const auto five = co_await coro::WithTimeout(absl::Seconds(1), s.Receive());
    EXPECT_EQ((*five)->payload, "world");
    EXPECT_TRUE((co_await s.SendText("done")).ok());
  });
  TestClient client = ConnectAndUpgrade();
  client.Send(ClientFrame(Opcode::kText, "hello") + ClientFrame(Opcode::kText, "world"));
  EXPECT_EQ(client.ReadFrame(), "fin text done");
  server_.reset();
}

TEST_P(EndTest, ACancelledReceiveTakesNoMessage) {
  StartServer([](coro::Session s) -> Task<> {
    for (int i = 0; i < 3; ++i) {
      const auto timeout = co_await coro::WithTimeout(absl::Milliseconds(50), s.Receive());
      EXPECT_TRUE(absl::IsDeadlineExceeded(timeout.status()));
    }
    EXPECT_TRUE((co_await s.SendText("now")).ok());
    const auto m = co_await s.Receive();
    EXPECT_TRUE((co_await s.Send(*m)).ok());
  });
  TestClient client = ConnectAndUpgrade();
  for (int i = 0; i < 3; ++i) LetTheLoopTurn(), Advance(100);
  EXPECT_EQ(client.ReadFrame(), "fin text now");
  client.SendText("kept");
  EXPECT_EQ(client.ReadFrame(), "fin text kept");
}

TEST_P(EndTest, OneCoroutineSetsTheSlotOfAnother) {
  StartServer([](coro::Session s) -> Task<> {
    coro::Slot<std::string> slot;
    const auto read = [](coro::Session& session, coro::Slot<std::string>& to) -> Task<> {
      while (auto m = co_await session.Receive()) to.Set(std::string(m->payload));
    };
    const auto write = [](coro::Session& session, coro::Slot<std::string>& from) -> Task<> {
      for (int i = 0; i < 2; ++i) {
        const absl::StatusOr<std::string> value = co_await from.Get();
        EXPECT_TRUE((co_await session.SendText(absl::StrCat("got ", *value))).ok());
      }
    };
    EXPECT_EQ((co_await coro::WhenAny(read(s, slot), write(s, slot))).index(), 1u);
  });
  TestClient client = ConnectAndUpgrade();
  client.SendText("a");
  EXPECT_EQ(client.ReadFrame(), "fin text got a");
  client.SendText("b");
  EXPECT_EQ(client.ReadFrame(), "fin text got b");
}

TEST_P(EndTest, ACancelledGetTakesNoValue) {
  StartServer([](coro::Session s) -> Task<> {
    coro::Slot<int> slot;
    const auto set = [](coro::Slot<int>& to) -> Task<> {
      to.Set(1);
      co_return;
    };
    const auto get = [](coro::Session& session, coro::Slot<int>& from) -> Task<> {
      co_await session.Sleep(absl::Hours(1));
      EXPECT_TRUE(absl::IsCancelled((co_await from.Get()).status()));
    };
    (void)co_await coro::WhenAny(get(s, slot), set(slot));
    const absl::StatusOr<int> value = co_await coro::WithTimeout(absl::Milliseconds(1), slot.Get());
    EXPECT_TRUE((co_await s.SendText(value.ok() ? "kept" : "taken")).ok());
  });
  TestClient client = ConnectAndUpgrade();
  Pass(50);
  EXPECT_EQ(client.ReadFrame(), "fin text kept");
}

TEST_P(EndTest, AnExceptionOfABranchLeavesWhenAny) {
  StartServer([](coro::Session s) -> Task<> {
    const auto throws = []() -> Task<int> {
      throw 5;
      co_return 0;
    };
    int caught = 0;
    try {
      (void)co_await coro::WhenAny(s.Receive(), throws());
    } catch (int value) {
      caught += value;
    }
    try {
      (void)co_await coro::WithTimeout(absl::Seconds(1), throws());
    } catch (int value) {
      caught += value;
    }
    EXPECT_TRUE((co_await s.SendText(absl::StrCat(caught))).ok());
  });
  EXPECT_EQ(ConnectAndUpgrade().ReadFrame(), "fin text 10");
}

}  // namespace
}  // namespace weft
