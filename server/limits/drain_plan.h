// Who is asked to go when, while a server is drained.

#ifndef WEFT_SERVER_LIMITS_DRAIN_PLAN_H_
#define WEFT_SERVER_LIMITS_DRAIN_PLAN_H_

#include <cstddef>
#include <cstdint>
#include <functional>

namespace weft {

// Spreads the ends of many sessions over a time: each has a slot of its own, as long as every
// other, and ends at a random moment in it. Which one is its turn is random, too. So those who come
// back come one by one, also to several servers that were drained at the same moment. Slots grow
// when sessions leave by themselves. Without a clock; not thread-safe.
//
//   DrainPlan plan(sessions.size(), now_ms, over_ms, random);
//   while (plan.IsDue(sessions.size(), now_ms)) Remove(plan.Choose(sessions.size()))->Close();
//   Sleep(plan.NextMs() - now_ms);
class DrainPlan {
 public:
  // `left` sessions, from now on for `over_ms`, at most ten years. `random` returns numbers from 0
  // up to, but never, 1.
  DrainPlan(size_t left, int64_t now_ms, int64_t over_ms, std::function<double()> random);

  // Whether one more of the sessions has to go, of which `left` were not asked yet.
  bool IsDue(size_t left, int64_t now_ms);

  // Which one: less than `left`.
  size_t Choose(size_t left) { return static_cast<size_t>(random_() * static_cast<double>(left)); }

  // When IsDue may say yes next; the end, when none is left.
  int64_t NextMs() const { return (next_us_ + 999) / 1000; }

  // By when all of them were asked.
  int64_t end_ms() const { return end_us_ / 1000; }

 private:
  void Plan(size_t left);

  const std::function<double()> random_;
  const int64_t end_us_;
  int64_t slot_us_;  // where the next slot begins: many sessions have less than a millisecond each
  int64_t next_us_;
};

}  // namespace weft

#endif  // WEFT_SERVER_LIMITS_DRAIN_PLAN_H_
