// Many timers at a low cost each.

#ifndef WEFT_LOOP_TIMER_WHEEL_H_
#define WEFT_LOOP_TIMER_WHEEL_H_

#include <array>
#include <cstddef>
#include <cstdint>

namespace weft {

class TimerWheel;

// A timer, used as a base class or a member. Disarms itself when it is destroyed.
class Timer {
 public:
  Timer() = default;
  virtual ~Timer();
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

  bool armed() const { return previous_ != nullptr; }

 private:
  friend class TimerWheel;

  // Called once when the deadline has passed; it may arm the timer again, or destroy it.
  virtual void OnTimer() = 0;

  void Unlink();

  Timer* previous_ = nullptr;  // a ring that contains the slot's head; null when not armed
  Timer* next_ = nullptr;
  int64_t deadline_ms_ = 0;
};

// A hashed timer wheel: a ring of slots, one for each tick, each with a list of the timers that are
// due then. Arming and disarming take constant time. A timer fires up to one tick late, never
// early. Not thread-safe.
class TimerWheel {
 public:
  static constexpr int64_t kTickMs = 16;

  explicit TimerWheel(int64_t now_ms);
  ~TimerWheel();
  TimerWheel(const TimerWheel&) = delete;
  TimerWheel& operator=(const TimerWheel&) = delete;

  // Arms `timer`; if it was armed, changes its deadline.
  void Arm(Timer* timer, int64_t deadline_ms);
  void Disarm(Timer* timer);

  // Fires the timers that are due at `now_ms`.
  void Advance(int64_t now_ms);

  // Milliseconds from `now_ms` until Advance may have timers to fire, at most one turn of the
  // wheel; -1 when no timer is armed.
  int64_t NextMs(int64_t now_ms);

 private:
  // a turn takes eight seconds; later timers wait for several turns
  static constexpr size_t kSlots = 512;

  class Head : public Timer {
    void OnTimer() override {}
  };

  static int64_t TickOf(int64_t deadline_ms) { return (deadline_ms + kTickMs - 1) / kTickMs; }
  static void Append(Timer* head, Timer* timer);

  std::array<Head, kSlots> slots_;
  int64_t tick_;  // every timer due up to this tick has fired

  // No armed timer is due before this tick, so that NextMs seldom has to scan the slots.
  int64_t earliest_tick_;
};

}  // namespace weft

#endif  // WEFT_LOOP_TIMER_WHEEL_H_
