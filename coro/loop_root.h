// A task that is not that of a session, on an event loop.

#ifndef WEFT_CORO_LOOP_ROOT_H_
#define WEFT_CORO_LOOP_ROOT_H_

#include <atomic>
#include <cstdint>
#include <memory>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "weft/coro/root.h"
#include "weft/coro/strand.h"
#include "weft/loop/deadline_queue.h"
#include "weft/loop/event_loop.h"
#include "weft/loop/mailbox.h"
#include "weft/loop/timer_wheel.h"

namespace weft::coro::internal {

// A root that has its own alarms: the task of a request, or one on a loop of clients. The loop is
// used until LeaveLoop() or EndWaits(). For the loop's thread, except where marked.
class LoopRoot : public Root, private Timer {
 public:
  // ---- Root

  void Ref() final { refs_.fetch_add(1, std::memory_order_relaxed); }
  void Unref() final {
    if (refs_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
  }
  const std::shared_ptr<Mailbox>& mailbox() const final { return mailbox_; }
  absl::StatusOr<DeadlineKey> SetAlarm(absl::Duration delay, Alarm& alarm) final;
  void CancelAlarm(const DeadlineKey& key) final { alarms_.Remove(key); }
  void ExpectResume() final { Ref(); }

 protected:
  // With one reference.
  LoopRoot(EventLoop& loop, std::shared_ptr<const void> function);
  ~LoopRoot() override = default;

  bool has_loop() const { return loop_ != nullptr; }

  // The task has ended.
  void LeaveLoop();

  // The loop ends, or nothing needs the task any more: ends its waits, and runs it. Has no effect
  // after LeaveLoop().
  void EndWaits();

 private:
  void OnTimer() final;

  EventLoop* loop_;  // null: it is not used any more
  const std::shared_ptr<Mailbox> mailbox_;
  DeadlineQueue<Alarm*> alarms_;
  std::atomic<int32_t> refs_{1};
};

}  // namespace weft::coro::internal

#endif  // WEFT_CORO_LOOP_ROOT_H_
