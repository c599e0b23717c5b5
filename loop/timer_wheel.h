// Many timers, each cheap.

#ifndef WEFT_LOOP_TIMER_WHEEL_H_
#define WEFT_LOOP_TIMER_WHEEL_H_

#include <array>
#include <cstddef>
#include <cstdint>

namespace weft {

class TimerWheel;

// A timer, to be a base of, or a member in, what waits. Disarms itself when destroyed.
class Timer {
 public:
  Timer() = default;
  virtual ~Timer();
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

  bool armed() const { return previous_ != nullptr; }

 private:
  friend class TimerWheel;

  // Called once when the time has come; the timer may be armed again, or destroyed.
  virtual void OnTimer() = 0;

  void Unlink();

  Timer* previous_ = nullptr;  // a ring with the slot's head in it; null when not armed
  Timer* next_ = nullptr;
  int64_t deadline_ms_ = 0;
};

// A hashed timer wheel: a ring of slots, one for each tick of time, with a list of the timers that
// are due then. Arming and disarming cost the same however many there are. A timer fires up to one
// tick late, never early. Not thread-safe.
class TimerWheel {
 public:
  static constexpr int64_t kTickMs = 16;

  explicit TimerWheel(int64_t now_ms);
  ~TimerWheel();
  TimerWheel(const TimerWheel&) = delete;
  TimerWheel& operator=(const TimerWheel&) = delete;

  // Arms `timer`, again if it was armed.
  void Arm(Timer* timer, int64_t deadline_ms);
  void Disarm(Timer* timer);

  // Fires what is due at `now_ms`.
  void Advance(int64_t now_ms);

  // Milliseconds from `now_ms` until Advance may have something to do, at most a turn of the wheel;
  // -1 when no timer is armed.
  int64_t NextMs(int64_t now_ms);

 private:
  static constexpr size_t kSlots = 512;  // a turn is eight seconds; later timers wait some turns

  class Head : public Timer {
    void OnTimer() override {}
  };

  static int64_t TickOf(int64_t deadline_ms) { return (deadline_ms + kTickMs - 1) / kTickMs; }
  static void Append(Timer* head, Timer* timer);

  std::array<Head, kSlots> slots_;
  int64_t tick_;  // everything due up to this one has fired

  // No armed timer is due before this tick, so that NextMs seldom has to look at the slots.
  int64_t earliest_tick_;
};

}  // namespace weft

#endif  // WEFT_LOOP_TIMER_WHEEL_H_
