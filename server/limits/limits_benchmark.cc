// The cost of time limits and rates for a session.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "benchmark/benchmark.h"
#include "weft/loop/timer_wheel.h"
#include "weft/server/limits/rate_limiter.h"

namespace weft {
namespace {

class Idle : public Timer {
  void OnTimer() override {}
};

// Moves the timers of this number of sessions, one after the other, as their messages might arrive:
// all over memory, and to slots all around the wheel.
void BM_ArmTimerAgain(benchmark::State& state) {
  const size_t sessions = state.range(0);
  std::vector<std::unique_ptr<Idle>> timers;
  TimerWheel wheel(0);
  for (size_t i = 0; i < sessions; ++i) timers.push_back(std::make_unique<Idle>());
  int64_t deadline_ms = 0;
  size_t next = 0;
  for (auto _ : state) {
    deadline_ms = (deadline_ms + 7919) % 30000;
    wheel.Arm(timers[next].get(), 30000 + deadline_ms);
    next = (next + 7919) % sessions;
  }
}
BENCHMARK(BM_ArmTimerAgain)->Arg(1)->Arg(1000)->Arg(100000)->Arg(1000000);

// A turn of a loop in which time has passed and no timer is due.
void BM_TurnWithNothingDue(benchmark::State& state) {
  const int64_t sessions = state.range(0);
  std::vector<std::unique_ptr<Idle>> timers;
  TimerWheel wheel(0);
  for (int64_t i = 0; i < sessions; ++i) {
    timers.push_back(std::make_unique<Idle>());
    wheel.Arm(timers.back().get(), (int64_t{1} << 40) + i * 7919 % 30000);
  }
  int64_t now_ms = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(wheel.NextMs(now_ms));
    wheel.Advance(++now_ms);
  }
}
BENCHMARK(BM_TurnWithNothingDue)->Arg(1)->Arg(100000);

// The cost of a message with limits on both rates.
void BM_CountAMessage(benchmark::State& state) {
  const RateLimit enough = {.per_second = TokenBucket::kMost};
  RateLimiter limiter({.events = enough, .bytes = enough}, 0);
  int64_t now_ms = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(limiter.TakeEvent(now_ms));
    now_ms += state.range(0);
  }
}
BENCHMARK(BM_CountAMessage)->ArgName("ms apart")->Arg(0)->Arg(1);

// The cost of a read.
void BM_CountARead(benchmark::State& state) {
  const RateLimit enough = {.per_second = TokenBucket::kMost};
  RateLimiter limiter({.events = enough, .bytes = enough}, 0);
  int64_t now_ms = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(limiter.ReadLimit(1 << 19, now_ms));
    benchmark::DoNotOptimize(limiter.TakeBytes(100, now_ms));
    benchmark::DoNotOptimize(limiter.WaitMs(now_ms));
    now_ms += state.range(0);
  }
}
BENCHMARK(BM_CountARead)->ArgName("ms apart")->Arg(0)->Arg(1);

}  // namespace
}  // namespace weft
