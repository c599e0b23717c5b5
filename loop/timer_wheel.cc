#include "weft/loop/timer_wheel.h"

#include <algorithm>

namespace weft {
namespace {

constexpr int64_t kNever = INT64_MAX;

}  // namespace

Timer::~Timer() { Unlink(); }

void Timer::Unlink() {
  if (previous_ == nullptr) return;
  previous_->next_ = next_;
  next_->previous_ = previous_;
  previous_ = next_ = nullptr;
}

TimerWheel::TimerWheel(int64_t now_ms) : tick_(now_ms / kTickMs), earliest_tick_(kNever) {
  for (Head& head : slots_) head.previous_ = head.next_ = &head;
}

TimerWheel::~TimerWheel() {
  for (Head& head : slots_) {
    while (head.next_ != &head) head.next_->Unlink();
  }
}

void TimerWheel::Append(Timer* head, Timer* timer) {
  timer->previous_ = head->previous_;
  timer->next_ = head;
  head->previous_->next_ = timer;
  head->previous_ = timer;
}

void TimerWheel::Arm(Timer* timer, int64_t deadline_ms) {
  timer->Unlink();
  timer->deadline_ms_ = deadline_ms;
  // A deadline in the past fires at the next tick, never inside this call.
  const int64_t tick = std::max(TickOf(deadline_ms), tick_ + 1);
  Append(&slots_[tick % kSlots], timer);
  earliest_tick_ = std::min(earliest_tick_, tick);
}

void TimerWheel::Disarm(Timer* timer) { timer->Unlink(); }

void TimerWheel::Advance(int64_t now_ms) {
  const int64_t now_tick = now_ms / kTickMs;
  // After a long pause each slot needs only one visit, however many turns were missed.
  tick_ = std::max(tick_, now_tick - static_cast<int64_t>(kSlots));
  while (tick_ < now_tick) {
    ++tick_;
    Head& slot = slots_[tick_ % kSlots];
    if (slot.next_ == &slot) continue;
    // The list moves to its own head, so that a timer that a callback arms again is not visited
    // twice; timers of a later turn go back.
    Head due;
    due.next_ = slot.next_;
    due.previous_ = slot.previous_;
    due.next_->previous_ = due.previous_->next_ = &due;
    slot.previous_ = slot.next_ = &slot;
    while (due.next_ != &due) {
      Timer* timer = due.next_;
      timer->Unlink();
      if (TickOf(timer->deadline_ms_) <= now_tick) {
        timer->OnTimer();
      } else {
        Append(&slot, timer);
      }
    }
    due.previous_ = due.next_ = nullptr;
  }
}

int64_t TimerWheel::NextMs(int64_t now_ms) {
  if (earliest_tick_ == kNever) return -1;
  if (earliest_tick_ <= tick_) {  // it has fired, or was disarmed: find the next one
    earliest_tick_ = kNever;
    for (size_t i = 1; i <= kSlots && earliest_tick_ == kNever; ++i) {
      const Head& slot = slots_[(tick_ + i) % kSlots];
      if (slot.next_ != &slot) earliest_tick_ = tick_ + static_cast<int64_t>(i);
    }
    if (earliest_tick_ == kNever) return -1;
  }
  return std::max<int64_t>(earliest_tick_ * kTickMs - now_ms, 0);
}

}  // namespace weft
