// One thread that waits for many sockets.

#ifndef WEFT_LOOP_EVENT_LOOP_H_
#define WEFT_LOOP_EVENT_LOOP_H_

#include <algorithm>
#include <cstdint>
#include <memory>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/time/time.h"
#include "weft/loop/clock.h"
#include "weft/loop/mailbox.h"
#include "weft/loop/poller.h"
#include "weft/loop/timer_wheel.h"

namespace weft {

// An object with a descriptor that a loop watches, and a timer. It may be destroyed between the
// turns of its loop, in EventLoop::set_end_of_turn, but not in its own callbacks: the same turn may
// still have an event for it.
class EventSource : public Timer {
 public:
  virtual void OnReadable() = 0;
  virtual void OnWritable() = 0;
};

// In each turn: waits, reads the clock, passes readiness to the sources, fires timers and runs
// posted tasks. All functions except mailbox() may be called only by the thread that calls Run, or
// before Run.
class EventLoop {
 public:
  using Interest = Poller::Interest;

  // `clock` must outlive the loop.
  explicit EventLoop(const Clock& clock);
  ~EventLoop();

  // 0, or an errno: the system had no descriptors left, and the loop must not be run.
  int error() const { return error_; }

  // Runs turns until Stop. Call it once.
  void Run();

  // Makes Run return after this turn.
  void Stop() { stopped_ = true; }

  bool Watch(int fd, Interest interest, EventSource* source, bool shared = false) {
    return poller_.Add(fd, interest, source, shared);
  }
  void Modify(int fd, Interest interest) { poller_.Modify(fd, interest); }

  // Passes the events of a watched `fd` to another source from now on.
  void PassTo(int fd, EventSource* source) { poller_.Retag(fd, source); }
  void Unwatch(int fd) { poller_.Remove(fd); }

  const Clock& clock() const { return clock_; }

  // The time when this turn began, in milliseconds of the clock.
  int64_t now_ms() const { return now_ms_; }

  // A time so far in the future that it never comes; sums with it do not overflow.
  static constexpr int64_t kNever = int64_t{1} << 60;
  static int64_t Milliseconds(absl::Duration duration) {
    return duration >= absl::Hours(24 * 365) ? kNever : absl::ToInt64Milliseconds(duration);
  }

  // The first millisecond at which `delay` has passed since `now_ms`, and at least the next one.
  static int64_t DeadlineAfter(absl::Duration delay, int64_t now_ms) {
    return now_ms + std::max<int64_t>(Milliseconds(absl::Ceil(delay, absl::Milliseconds(1))), 1);
  }

  // A deadline of kNever or later disarms.
  void ArmTimer(Timer* timer, int64_t deadline_ms) {
    if (deadline_ms >= kNever) return DisarmTimer(timer);
    timers_.Arm(timer, deadline_ms);
  }
  void DisarmTimer(Timer* timer) { timers_.Disarm(timer); }

  // Called at the end of each turn, before the loop waits again.
  void set_end_of_turn(absl::AnyInvocable<void()> hook) { end_of_turn_ = std::move(hook); }

  // For other threads; outlives the loop.
  const std::shared_ptr<Mailbox>& mailbox() const { return mailbox_; }

 private:
  void Turn();

  const Clock& clock_;
  Poller poller_;
  int64_t now_ms_;
  TimerWheel timers_;
  std::shared_ptr<Mailbox> mailbox_;
  absl::AnyInvocable<void()> end_of_turn_ = [] {};
  std::vector<Poller::Ready> ready_;
  int error_ = 0;
  bool stopped_ = false;
};

}  // namespace weft

#endif  // WEFT_LOOP_EVENT_LOOP_H_
