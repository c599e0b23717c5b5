#include "weft/coro/loop_root.h"

#include <utility>

#include "absl/status/status.h"

namespace weft::coro::internal {

LoopRoot::LoopRoot(EventLoop& loop, std::shared_ptr<const void> function)
    : Root(std::move(function)), loop_(&loop), mailbox_(loop.mailbox()) {}

void LoopRoot::LeaveLoop() {
  alarms_.TakeAll();
  if (loop_ != nullptr) std::exchange(loop_, nullptr)->DisarmTimer(this);
}

void LoopRoot::EndWaits() {
  if (loop_ == nullptr) return;
  LeaveLoop();
  End();
  RunCoroutines();
}

absl::StatusOr<DeadlineKey> LoopRoot::SetAlarm(absl::Duration delay, Alarm& alarm) {
  if (loop_ == nullptr) return absl::FailedPreconditionError("the session has ended");
  // From now, not from the start of the turn, which may have taken a while.
  const int64_t now_ms = loop_->clock().NowMs();
  const DeadlineKey key = alarms_.Add(EventLoop::DeadlineAfter(delay, now_ms), &alarm);
  loop_->ArmTimer(this, alarms_.next_ms());
  return key;
}

// Not those that are added meanwhile: no coroutine runs before the last line.
void LoopRoot::OnTimer() {
  while (true) {
    auto due = alarms_.TakeDue(loop_->now_ms());
    if (due.empty()) break;
    due.mapped()->OnAlarm();
  }
  loop_->ArmTimer(this, alarms_.next_ms());
  RunCoroutines();
}

}  // namespace weft::coro::internal
