// Chooses which session closes when, while a server is drained.

#ifndef WEFT_LOOP_DRAIN_PLAN_H_
#define WEFT_LOOP_DRAIN_PLAN_H_

#include <cstddef>
#include <cstdint>
#include <functional>

namespace weft {

// Spreads the ends of many sessions over a period: each has a slot of equal length, and ends at a
// random moment in it. The order is random, too. So clients reconnect one by one, even to several
// servers that were drained at the same moment. Slots grow when sessions end by themselves. Without
// a clock; not thread-safe.
//
//   DrainPlan plan(sessions.size(), now_ms, over_ms, random);
//   while (plan.IsDue(sessions.size(), now_ms)) Remove(plan.Choose(sessions.size()))->Close();
//   Sleep(plan.NextMs() - now_ms);
class DrainPlan {
 public:
  // `left` sessions, from now on for `over_ms`, at most ten years. `random` returns numbers from 0
  // (inclusive) to 1 (exclusive).
  DrainPlan(size_t left, int64_t now_ms, int64_t over_ms, std::function<double()> random);

  // Whether another session must be closed; `left` is the number of those not closed yet.
  bool IsDue(size_t left, int64_t now_ms);

  // The index of that session: less than `left`.
  size_t Choose(size_t left) { return static_cast<size_t>(random_() * static_cast<double>(left)); }

  // The next time at which IsDue may return true; the end if no session is left.
  int64_t NextMs() const { return (next_us_ + 999) / 1000; }

  // The time by which all of them are closed.
  int64_t end_ms() const { return end_us_ / 1000; }

 private:
  void Plan(size_t left);

  const std::function<double()> random_;
  const int64_t end_us_;
  // the start of the next slot: with many sessions a slot is shorter than a millisecond
  int64_t slot_us_;
  int64_t next_us_;
};

}  // namespace weft

#endif  // WEFT_LOOP_DRAIN_PLAN_H_
