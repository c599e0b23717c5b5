// The ends of asynchronous clients that reconnect, in each state that they can be in.

#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <tuple>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "weft/client/async/async_client.h"
#include "weft/client/async/client_loop.h"
#include "weft/client/async/reconnect_ref.h"
#include "weft/client/async/testing/client_loop_fixture.h"
#include "weft/client/testing/reconnecting_client_tests.h"
#include "weft/testing/fake_server.h"
#include "weft/transport/address.h"
#include "weft/transport/testing/silent_port.h"

namespace weft {
namespace {

using testing::ClientLoopFixture;
using testing::FakeServer;
using testing::ReconnectScript;
using testing::SilentPort;

enum class State {
  kWaiting,     // for its next attempt
  kQueued,      // for its turn at the host
  kConnecting,  // to a server that does not answer
  kOpen,
  kClosing,  // by its handler, and the server does not answer
};
enum class Ender { kClose, kTerminate, kStop, kDestroy, kDrain };

class ReconnectEndTest : public ClientLoopFixture,
                         public ::testing::WithParamInterface<std::tuple<State, Ender>> {
 protected:
  // The handler's destructor checks that there was one OnEnd, and one OnClose for each OnOpen.
  ReconnectRef Reach(State state) {
    StartLoop({.max_attempts_per_host = 1});
    ReconnectRef client;
    switch (state) {
      case State::kWaiting:
        server_ = std::make_unique<FakeServer>(testing::Refuse("503 Service Unavailable"));
        client = Reconnect(server_->url());
        journal_.WaitForPart("waiting 1s before attempt 2: ");
        break;
      case State::kQueued: {
        blocker_ = Reconnect(SilentUrl());
        journal_.WaitFor("connecting, attempt 1");
        journal_.Clear();
        client = Reconnect(SilentUrl());
        // A later client of another host is on its way: so this one is in its place.
        ++others_;
        Reconnect("not a URL");
        journal_.WaitFor("destroyed");
        EXPECT_EQ(Count({"connecting"}), 1);
        break;
      }
      case State::kConnecting:
        client = Reconnect(SilentUrl());
        journal_.WaitFor("connecting, attempt 1");
        break;
      case State::kOpen:
        server_ = std::make_unique<FakeServer>(testing::Echo);
        client = Reconnect(server_->url());
        journal_.WaitFor("open");
        break;
      case State::kClosing:
        server_ = std::make_unique<FakeServer>(testing::DoNotRead);
        client = Reconnect(server_->url(), {.on_open = [this](AsyncClient& open) {
                             EXPECT_TRUE(open.Close().ok());
                             journal_.Write("closing");
                           }});
        journal_.WaitFor("closing");
        break;
    }
    return client;
  }

  std::string SilentUrl() { return absl::StrCat("ws://", silent_.address().ToString(), "/"); }

  // How OnEnd begins.
  static absl::string_view EndBy(Ender ender) {
    switch (ender) {
      case Ender::kClose:
        return "end FAILED_PRECONDITION: the client was closed by Close()";
      case Ender::kTerminate:
        return "end FAILED_PRECONDITION: the client was terminated by Terminate()";
      case Ender::kStop:
      case Ender::kDestroy:
        return "end CANCELLED: the client loop ends";
      case Ender::kDrain:
        break;
    }
    return "end UNAVAILABLE: the client loop is drained";
  }

  const SilentPort silent_;
  std::unique_ptr<FakeServer> server_;
  ReconnectRef blocker_;  // has the only turn at a host
  int others_ = 0;        // clients that ended by themselves
};

TEST_P(ReconnectEndTest, OneLastCall) {
  const auto [state, ender] = GetParam();
  const ReconnectRef client = Reach(state);
  // Each counts once, when what has ended is destroyed.
  while (loop_->connections() > (blocker_ == ReconnectRef() ? 1u : 2u)) std::this_thread::yield();
  switch (ender) {
    case Ender::kClose:
      EXPECT_TRUE(client.Close().ok());
      EXPECT_TRUE(absl::IsFailedPrecondition(client.SendText("late")));
      break;
    case Ender::kTerminate:
      EXPECT_TRUE(client.Terminate().ok());
      EXPECT_TRUE(absl::IsFailedPrecondition(client.SendText("late")));
      break;
    case Ender::kStop:
      loop_->Stop();
      break;
    case Ender::kDestroy:
      loop_.reset();
      break;
    case Ender::kDrain:
      loop_->Drain(absl::ZeroDuration());
      break;
  }
  // A server that does not answer a Close is given up after timeouts.close.
  while (Count({EndBy(ender)}) == 0) {
    clock_.AdvanceMs(100);
    std::this_thread::yield();
  }
  EXPECT_TRUE(blocker_.Close().ok() || blocker_ == ReconnectRef() || !blocker_.status().ok());
  loop_.reset();
  EXPECT_EQ(Count({"open"}), state == State::kOpen || state == State::kClosing ? 1 : 0);
  EXPECT_EQ(Count({"end"}), Count({"destroyed"}));
  EXPECT_EQ(Count({"destroyed"}), 1 + others_ + (blocker_ == ReconnectRef() ? 0 : 1));
  EXPECT_FALSE(client.status().ok());
  EXPECT_EQ(client.SendText("late"), client.status());
  EXPECT_EQ(client.Close(), client.status());
}

INSTANTIATE_TEST_SUITE_P(
    States, ReconnectEndTest,
    ::testing::Combine(::testing::Values(State::kWaiting, State::kQueued, State::kConnecting,
                                         State::kOpen, State::kClosing),
                       ::testing::Values(Ender::kClose, Ender::kTerminate, Ender::kStop,
                                         Ender::kDestroy, Ender::kDrain)));

class ReconnectEndsTest : public ClientLoopFixture {
 protected:
  const SilentPort silent_;
  const std::string url_ = absl::StrCat("ws://", silent_.address().ToString(), "/");
};

// One that leaves the order makes room for nobody else; one that was connecting does.
TEST_F(ReconnectEndsTest, TheNextOneGetsTheTurnOfOneThatIsClosed) {
  StartLoop({.max_attempts_per_host = 1});
  const ReconnectRef a = Reconnect(url_);
  const ReconnectRef b = Reconnect(url_);
  const ReconnectRef c = Reconnect(url_);
  journal_.WaitFor("connecting, attempt 1");
  EXPECT_TRUE(b.Close().ok());
  journal_.WaitFor("destroyed");
  EXPECT_EQ(Count({"connecting"}), 1);
  EXPECT_TRUE(a.Terminate().ok());
  journal_.WaitFor("connecting, attempt 1", 2);
  journal_.WaitFor("destroyed", 2);
  EXPECT_TRUE(absl::IsUnavailable(c.status()));
}

TEST_F(ReconnectEndsTest, CloseAndThenTerminate) {
  FakeServer server(testing::DoNotRead);
  const ReconnectRef client = Reconnect(server.url());
  journal_.WaitFor("open");
  EXPECT_TRUE(client.Close().ok());
  EXPECT_TRUE(client.Close().ok());
  EXPECT_TRUE(client.Terminate().ok());
  journal_.WaitFor("destroyed");
  EXPECT_EQ(Count({"end FAILED_PRECONDITION: the client was closed by Close()"}), 1)
      << "the first reason counts";
  EXPECT_TRUE(absl::IsFailedPrecondition(client.Terminate()));
}

TEST_F(ReconnectEndsTest, AClientOfALoopThatHasEnded) {
  StartLoop({.threads = 0});
  loop_->Stop();
  loop_->Run();
  const ReconnectRef client = Reconnect(url_);
  EXPECT_EQ(journal_.lines().front(), "end CANCELLED: the client loop has ended | ");
  EXPECT_EQ(Count({"destroyed"}), 1);
  EXPECT_TRUE(absl::IsCancelled(client.status()));
  EXPECT_EQ(client.SendText("late"), client.status());
  EXPECT_EQ(client.Terminate(), client.status());
  EXPECT_EQ(loop_->connections(), 0u);
}

TEST_F(ReconnectEndsTest, AHandlerThatAlwaysReconnectsIsLeftInTheEnd) {
  int made = 0;
  std::function<void()> reconnect = [&] {
    if (++made < 10) Reconnect(url_, {.on_end = reconnect});
  };
  StartLoop({.threads = 0});
  reconnect();
  loop_->Stop();
  loop_->Run();
  // As ClientLoopEndTest has it for connections; the third is destroyed without a call.
  EXPECT_EQ(Count({"end CANCELLED: "}), 2);
  EXPECT_EQ(made, 3);
}

TEST_F(ReconnectEndsTest, OneThatIsMadeDuringADrainEnds) {
  StartLoop();
  loop_->Drain(absl::Hours(1));
  Reconnect(url_);
  journal_.WaitFor("destroyed");
  EXPECT_EQ(Count({"end UNAVAILABLE: the client loop is drained"}), 1);
}

// The drain has not come to the connection when it is lost.
TEST_F(ReconnectEndsTest, NothingReconnectsDuringADrain) {
  FakeServer server([](testing::FakePeer& peer) {
    peer.AcceptUpgrade();
    peer.Next();
    peer.Shutdown();
  });
  const ReconnectRef client = Reconnect(server.url());
  journal_.WaitFor("open");
  loop_->Drain(absl::Hours(1));
  EXPECT_TRUE(client.SendText("end").ok());
  journal_.WaitFor("destroyed");
  EXPECT_EQ(Count({"close 1006 by lost"}), 1);
  EXPECT_EQ(Count({"waiting"}), 0);
  EXPECT_EQ(Count({"end UNAVAILABLE: the client loop is drained"}), 1);
}

}  // namespace
}  // namespace weft
