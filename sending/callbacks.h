// Callbacks that wait for a session: those that were posted, and those of its timers.

#ifndef WEFT_SENDING_CALLBACKS_H_
#define WEFT_SENDING_CALLBACKS_H_

#include <cstdint>
#include <optional>
#include <utility>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "weft/loop/budget.h"
#include "weft/loop/deadline_queue.h"
#include "weft/loop/event_loop.h"
#include "weft/loop/mailbox.h"
#include "weft/loop/timer_wheel.h"
#include "weft/sending/waiting_message.h"

namespace weft {

// A callback that waits, with its part of the loop's budget.
template <typename Session>
struct HeldCallback {
  absl::AnyInvocable<void(Session&)> call;
  Reservation room;
};

// Takes the room for a callback. InvalidArgument for an empty one, ResourceExhausted if there is no
// room.
template <typename Session>
absl::StatusOr<HeldCallback<Session>> HoldCallback(Mailbox& mailbox,
                                                   absl::AnyInvocable<void(Session&)> callback) {
  if (!callback) return absl::InvalidArgumentError("the callback is empty, expected a function");
  std::optional<Reservation> room = mailbox.Reserve(kMessageOverhead);
  if (room.has_value()) return HeldCallback<Session>{std::move(callback), *std::move(room)};
  return absl::ResourceExhaustedError(
      "the messages and callbacks that wait on this thread exceed limits.max_buffered_bytes");
}

// The timers of a session: the callbacks of RunAfter(). For the loop's thread.
template <typename Session>
class CallbackTimers final : public Timer {
 public:
  // `on_due` is called when the first callback is due, and then calls RunDue(). `loop` must outlive
  // this.
  CallbackTimers(EventLoop& loop, absl::AnyInvocable<void()> on_due)
      : loop_(loop), on_due_(std::move(on_due)) {}

  // The delay counts from now, not from the start of the turn, which may have taken a while.
  TimerId Add(absl::Duration delay, HeldCallback<Session> callback) {
    const TimerId id =
        queue_.Add(EventLoop::DeadlineAfter(delay, loop_.clock().NowMs()), std::move(callback));
    Arm();
    return id;
  }

  // Destroys a callback. False if it is not in the queue any more.
  bool Cancel(TimerId timer) { return !queue_.Remove(timer).empty(); }

  // Calls `run` with each callback that is due, while it returns true. Those that are added
  // meanwhile are due later. Arm() must follow, unless the session has ended.
  template <typename Run>
  void RunDue(Run run) {
    bool more = true;
    while (more) {
      auto due = queue_.TakeDue(loop_.now_ms());
      if (due.empty()) break;
      more = run(std::move(due.mapped().call));
    }
  }

  void Arm() { ArmAt(queue_.next_ms()); }
  void ArmAt(int64_t deadline_ms) { loop_.ArmTimer(this, deadline_ms); }

  // Destroys all callbacks. They may call the session when they are destroyed.
  void DropAll() {
    loop_.DisarmTimer(this);
    queue_.TakeAll();
  }

 private:
  void OnTimer() override { on_due_(); }

  EventLoop& loop_;
  absl::AnyInvocable<void()> on_due_;
  DeadlineQueue<HeldCallback<Session>> queue_;
};

}  // namespace weft

#endif  // WEFT_SENDING_CALLBACKS_H_
