#include "weft/loop/address_lookup.h"

#include <pthread.h>

#include <atomic>
#include <csignal>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "weft/loop/clock.h"
#include "weft/loop/event_loop.h"
#include "weft/transport/address.h"
#include "weft/transport/deadline.h"
#include "weft/transport/io.h"
#include "weft/transport/notification.h"
#include "weft/transport/wait.h"

namespace weft {
namespace {

using Addresses = AddressLookup::Addresses;

const auto& kWanted = *new std::shared_ptr<int>(std::make_shared<int>());  // never destroyed

SocketAddress Ip(uint16_t port) { return *SocketAddress::FromIp("192.0.2.1", port); }

// A name service that does not answer before Release().
class SlowService {
 public:
  internal::Lookup lookup() {
    return [state = state_](const std::string& host, uint16_t port) -> Addresses {
      const int running = ++state->running;
      int most = state->most;
      while (running > most && !state->most.compare_exchange_weak(most, running)) {
      }
      Wait(state->released.fd(), Interest::kRead, Deadline::Never()).IgnoreError();
      --state->running;
      if (host == "bad") return absl::NotFoundError("no such name");
      return std::vector<SocketAddress>{Ip(port)};
    };
  }

  void Release() { state_->released.Notify(); }
  int running() const { return state_->running; }
  int most() const { return state_->most; }

 private:
  struct State {
    Notification released = *Notification::Create();
    std::atomic<int> running{0};
    std::atomic<int> most{0};
  };
  const std::shared_ptr<State> state_ = std::make_shared<State>();
};

void AwaitRunning(const SlowService& service, int count) {
  while (service.running() < count) std::this_thread::yield();
}

TEST(AddressLookupTest, AnswersOnTheThreadOfTheLoop) {
  SlowService service;
  service.Release();
  EventLoop loop(Clock::Steady());
  AddressLookup lookup(1, service.lookup());
  std::optional<Addresses> good, bad;
  lookup.Start("good", 80, loop.mailbox(), kWanted, [&](Addresses addresses) {
    EXPECT_TRUE(loop.mailbox()->OnLoopThread());
    good = std::move(addresses);
  });
  lookup.Start("bad", 80, loop.mailbox(), kWanted, [&](Addresses addresses) {
    bad = std::move(addresses);
    loop.Stop();
  });
  loop.Run();
  ASSERT_TRUE(good.has_value() && good->ok());
  EXPECT_EQ(**good, std::vector<SocketAddress>{Ip(80)});
  ASSERT_TRUE(bad.has_value());
  EXPECT_EQ(bad->status(), absl::NotFoundError("no such name"));
}

// A program that waits for signals on a thread of its own must get them while a lookup runs.
TEST(AddressLookupTest, ItsThreadsTakeNoSignals) {
  sigset_t before, after;
  pthread_sigmask(SIG_SETMASK, nullptr, &before);
  EventLoop loop(Clock::Steady());
  std::atomic<int> blocked = 0;
  AddressLookup lookup(1, [&](const std::string& /*host*/, uint16_t /*port*/) -> Addresses {
    sigset_t mask;
    pthread_sigmask(SIG_SETMASK, nullptr, &mask);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP}) blocked += sigismember(&mask, signal);
    return absl::NotFoundError("no such name");
  });
  lookup.Start("host", 80, loop.mailbox(), kWanted, [&](const Addresses&) { loop.Stop(); });
  loop.Run();
  EXPECT_EQ(blocked, 3);
  pthread_sigmask(SIG_SETMASK, nullptr, &after);
  EXPECT_EQ(sigismember(&after, SIGTERM), sigismember(&before, SIGTERM));
}

// The loop continues meanwhile, and each lookup is answered once.
TEST(AddressLookupTest, RunsAFewAtATimeAndBlocksNoLoop) {
  SlowService service;
  EventLoop loop(Clock::Steady());
  AddressLookup lookup(AddressLookup::kDefaultThreads, service.lookup());
  std::multiset<uint16_t> answered;
  for (uint16_t port = 1; port <= 100; ++port) {
    lookup.Start(absl::StrCat("host", port), port, loop.mailbox(), kWanted,
                 [&](Addresses addresses) {
                   answered.insert(addresses->front().port());
                   if (answered.size() == 100) loop.Stop();
                 });
  }
  AwaitRunning(service, AddressLookup::kDefaultThreads);
  EXPECT_TRUE(loop.mailbox()->Post([&] {
    EXPECT_TRUE(answered.empty());
    service.Release();
  }));
  loop.Run();
  EXPECT_EQ(service.most(), AddressLookup::kDefaultThreads);
  EXPECT_EQ(std::set<uint16_t>(answered.begin(), answered.end()).size(), 100u);
}

// In an outage of the name service the attempts that were given up do not pile up.
TEST(AddressLookupTest, LooksUpNoNameThatNobodyWantsAnyMore) {
  std::vector<std::string> looked_up;
  Notification released = *Notification::Create();
  EventLoop loop(Clock::Steady());
  AddressLookup lookup(1, [&](const std::string& host, uint16_t port) -> Addresses {
    looked_up.push_back(host);
    Wait(released.fd(), Interest::kRead, Deadline::Never()).IgnoreError();
    return std::vector<SocketAddress>{Ip(port)};
  });
  auto wanted = std::make_shared<int>();
  lookup.Start("first", 1, loop.mailbox(), kWanted, [](const Addresses&) {});
  for (int i = 0; i < 3; ++i) {
    lookup.Start("given up", 1, loop.mailbox(), wanted,
                 [](const Addresses&) { FAIL() << "was called"; });
  }
  lookup.Start("last", 1, loop.mailbox(), kWanted, [&](const Addresses&) { loop.Stop(); });
  wanted.reset();
  released.Notify();
  loop.Run();
  EXPECT_EQ(looked_up, (std::vector<std::string>{"first", "last"}));
}

// Neither the end of the object nor that of the loop waits for the name service.
TEST(AddressLookupTest, DropsTheAnswersAfterItsEnd) {
  SlowService service;
  EventLoop loop(Clock::Steady());
  {
    AddressLookup lookup(1, service.lookup());
    for (int i = 0; i < 3; ++i) {
      lookup.Start("host", 1, loop.mailbox(), kWanted, [](Addresses) { FAIL() << "was called"; });
    }
    AwaitRunning(service, 1);
  }
  service.Release();
  while (service.running() > 0) std::this_thread::yield();
  loop.mailbox()->Post([&] { loop.Stop(); });
  loop.Run();
}

TEST(AddressLookupTest, TheLoopMayEndFirst) {
  SlowService service;
  AddressLookup lookup(1, service.lookup());
  {
    EventLoop loop(Clock::Steady());
    lookup.Start("host", 1, loop.mailbox(), kWanted, [](Addresses) { FAIL() << "was called"; });
    AwaitRunning(service, 1);
  }
  service.Release();
  // The thread that had that answer takes another.
  EventLoop other(Clock::Steady());
  lookup.Start("host", 1, other.mailbox(), kWanted, [&](Addresses) { other.Stop(); });
  other.Run();
}

}  // namespace
}  // namespace weft
