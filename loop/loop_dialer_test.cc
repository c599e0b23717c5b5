#include "weft/loop/loop_dialer.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>
#include <deque>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "weft/loop/address_lookup.h"
#include "weft/loop/event_loop.h"
#include "weft/loop/timer_wheel.h"
#include "weft/testing/manual_clock.h"
#include "weft/transport/address.h"
#include "weft/transport/fd.h"
#include "weft/transport/io.h"

namespace weft {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// LoopDialer passes the interest of its steps to the poller.
static_assert(static_cast<Poller::Interest>(Interest::kRead) == Poller::kRead);
static_assert(static_cast<Poller::Interest>(Interest::kWrite) == Poller::kWrite);
static_assert(static_cast<Poller::Interest>(Interest::kReadWrite) ==
              (Poller::kRead | Poller::kWrite));

// Steps that a test has written down.
class ScriptedSteps {
 public:
  enum class State { kResolve, kWait, kDone };
  using Addresses = AddressLookup::Addresses;

  struct Script {
    std::deque<State> states;  // kDone follows
    std::string host = "name.test";
    std::vector<int> fds{};
    Interest interest = Interest::kRead;
    absl::Duration wake = absl::InfiniteDuration();
  };

  explicit ScriptedSteps(Script script) : script_(std::move(script)) {}

  State Continue(absl::Duration /*now*/) {
    if (script_.states.empty()) return State::kDone;
    const State state = script_.states.front();
    script_.states.pop_front();
    return state;
  }

  const std::string& host() const { return script_.host; }
  static uint16_t port() { return 80; }
  void Resolved(Addresses addresses) { addresses_ = std::move(addresses); }
  const Addresses& addresses() const { return addresses_; }

  const std::vector<int>& fds() const { return script_.fds; }
  Interest interest() const { return script_.interest; }
  absl::Duration wake() const { return script_.wake; }

  void Stop(const absl::Status& why) {
    script_.states.clear();
    result_ = why;
  }
  absl::Status TakeResult() { return result_; }

 private:
  Script script_;
  Addresses addresses_;
  absl::Status result_;
};

class LoopDialerTest : public ::testing::Test {
 protected:
  using Dialer = LoopDialer<ScriptedSteps>;
  using State = ScriptedSteps::State;

  static constexpr int64_t kTimeoutMs = 10'000;
  static constexpr int64_t kLateMs = 2 * TimerWheel::kTickMs;  // of a timer, at most

  LoopDialerTest() {
    int fds[2];
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
    ours_ = UniqueFd(fds[0]);
    theirs_ = UniqueFd(fds[1]);
  }

  static std::vector<SocketAddress> Found() { return {*SocketAddress::FromIp("192.0.2.1", 80)}; }

  Dialer& Dial(ScriptedSteps::Script script) { return Dial(lookup_, std::move(script)); }
  Dialer& Dial(AddressLookup& lookup, ScriptedSteps::Script script) {
    return dialer_.emplace(
        loop_, lookup, absl::Milliseconds(kTimeoutMs),
        [this](absl::Status result) { results_.push_back(std::move(result)); }, std::move(script));
  }

  void RunToResult() {
    loop_.set_end_of_turn([this] {
      if (!results_.empty()) loop_.Stop();
    });
    loop_.Run();
  }

  // Passes `ms` in a turn, checks in the next one that there is no result, and does `then`.
  void NothingAfter(int64_t ms, std::function<void()> then) {
    loop_.mailbox()->Post([this, ms, then = std::move(then)] {
      clock_.AdvanceMs(ms);
      loop_.mailbox()->Post([this, then] {
        EXPECT_THAT(results_, IsEmpty());
        then();
      });
    });
  }

  void WriteToUs() { EXPECT_EQ(write(theirs_.get(), "x", 1), 1); }

  // Only a descriptor that is not watched can be watched, with epoll(7).
  void ExpectUnwatched() { EXPECT_TRUE(loop_.Watch(ours_.get(), Poller::kRead, nullptr)); }

  testing::ManualClock clock_;
  EventLoop loop_{clock_};
  AddressLookup lookup_{1, [](const std::string&, uint16_t) { return Found(); }};
  UniqueFd ours_, theirs_;
  std::vector<absl::Status> results_;
  std::optional<Dialer> dialer_;
};

TEST_F(LoopDialerTest, TakesEachStep) {
  Dial({.states = {State::kResolve, State::kWait}, .fds = {ours_.get()}}).Start();
  NothingAfter(1, [this] { WriteToUs(); });  // ours can be written all the time
  RunToResult();
  EXPECT_THAT(results_, ElementsAre(absl::OkStatus()));
  ASSERT_TRUE(dialer_->steps().addresses().ok());
  EXPECT_EQ(*dialer_->steps().addresses(), Found());
  ExpectUnwatched();
}

TEST_F(LoopDialerTest, ANumericAddressNeedsNoLookup) {
  Dial({.states = {State::kResolve}, .host = "192.0.2.1"}).Start();
  EXPECT_THAT(results_, ElementsAre(absl::OkStatus()));
  EXPECT_EQ(*dialer_->steps().addresses(), Found());
}

TEST_F(LoopDialerTest, WaitsUntilItCanWrite) {
  Dial({.states = {State::kWait}, .fds = {ours_.get()}, .interest = Interest::kWrite}).Start();
  RunToResult();  // ours has nothing to read
  EXPECT_THAT(results_, ElementsAre(absl::OkStatus()));
}

TEST_F(LoopDialerTest, ContinuesWhenTheStepsWantTo) {
  const int64_t wake_ms = clock_.NowMs() + 500;
  Dial({.states = {State::kWait}, .fds = {ours_.get()}, .wake = absl::Milliseconds(wake_ms)})
      .Start();
  NothingAfter(499, [this] { clock_.AdvanceMs(1 + kLateMs); });
  RunToResult();
  EXPECT_THAT(results_, ElementsAre(absl::OkStatus()));
}

TEST_F(LoopDialerTest, EndsAtTheDeadline) {
  Dial({.states = {State::kWait}, .fds = {ours_.get()}}).Start();
  NothingAfter(kTimeoutMs - 1, [this] { clock_.AdvanceMs(1 + kLateMs); });
  RunToResult();
  EXPECT_THAT(results_, ElementsAre(absl::DeadlineExceededError("deadline exceeded")));
  ExpectUnwatched();
}

TEST_F(LoopDialerTest, StopsInEachStep) {
  const absl::Status why = absl::CancelledError("stopped");
  for (const State state : {State::kResolve, State::kWait, State::kDone}) {
    Dialer& dialer = Dial({.states = {state}, .fds = {ours_.get()}});
    dialer.Start();
    dialer.Stop(why);
    dialer.Stop(why);
    EXPECT_THAT(results_, ElementsAre(state == State::kDone ? absl::OkStatus() : why));
    results_.clear();
  }
  Dialer& dialer = Dial({.states = {State::kWait}, .fds = {ours_.get()}});
  dialer.Stop(why);
  dialer.Start();
  EXPECT_THAT(results_, ElementsAre(why));
  ExpectUnwatched();
}

TEST_F(LoopDialerTest, DropsAnAnswerThatComesAfterTheEnd) {
  std::promise<void> asked, released;
  AddressLookup lookup(1, [&](const std::string& host, uint16_t) {
    if (host == "name.test") {
      asked.set_value();
      released.get_future().wait();
    }
    return Found();
  });
  Dial(lookup, {.states = {State::kResolve, State::kWait}, .fds = {ours_.get()}}).Start();
  asked.get_future().wait();
  dialer_->Stop(absl::CancelledError("stopped"));
  released.set_value();
  // The only thread answers this after that.
  const auto wanted = std::make_shared<int>();
  lookup.Start("next.test", 80, loop_.mailbox(), wanted, [&](const auto&) { loop_.Stop(); });
  loop_.Run();
  EXPECT_THAT(results_, ElementsAre(absl::CancelledError("stopped")));
  EXPECT_FALSE(dialer_->steps().addresses().ok());
  ExpectUnwatched();
  dialer_.reset();  // before its lookup
}

TEST_F(LoopDialerTest, EndsIfTheSystemDoesNotWatchADescriptor) {
  const UniqueFd device(open("/dev/null", O_RDONLY | O_CLOEXEC));
  if (loop_.Watch(device.get(), Poller::kRead, nullptr)) GTEST_SKIP() << "poll(2) watches all";
  Dial({.states = {State::kWait, State::kWait}, .fds = {ours_.get(), device.get()}}).Start();
  EXPECT_THAT(
      results_,
      ElementsAre(absl::PermissionDeniedError("cannot watch the socket: Operation not permitted")));
  ExpectUnwatched();
}

TEST_F(LoopDialerTest, ItsEndDropsTheAttempt) {
  Dial({.states = {State::kWait}, .fds = {ours_.get()}}).Start();
  dialer_.reset();
  EXPECT_THAT(results_, IsEmpty());
  ExpectUnwatched();
}

}  // namespace
}  // namespace weft
