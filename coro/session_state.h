// The coroutine of one session, and what it has not received yet.

#ifndef WEFT_CORO_SESSION_STATE_H_
#define WEFT_CORO_SESSION_STATE_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "weft/core/frame/close_code.h"
#include "weft/core/frame/close_info.h"
#include "weft/core/message.h"
#include "weft/coro/channel.h"
#include "weft/coro/strand.h"
#include "weft/coro/task.h"
#include "weft/loop/budget.h"
#include "weft/loop/deadline_queue.h"
#include "weft/loop/mailbox.h"

namespace weft::coro::internal {

// A message with a copy of its payload, in one block.
struct StoredMessage {
  StoredMessage* next = nullptr;
  size_t capacity = 0;
  std::optional<Reservation> room;  // of the loop's budget
  Message message;
};

// The object that a coro::Session refers to. Counts its references, since the coroutine may outlive
// the session on its loop. For the loop's thread, except where marked.
class SessionState final : public Strand, private Parent {
 public:
  // Messages that nobody awaits are kept, so that pings and the end after them are noticed. From
  // either of these numbers on, nothing more is read from the peer.
  static constexpr size_t kMaxWaiting = 16;
  static constexpr size_t kMaxWaitingBytes = 64 << 10;

  static constexpr uint16_t kMaxFailures = 1000;

  // With one reference. `channel` must live until OnEnd() is called.
  explicit SessionState(Channel& channel);

  // Any thread.
  void Ref() { refs_.fetch_add(1, std::memory_order_relaxed); }
  void Unref() {
    if (refs_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
  }

  // ---- For the channel: callbacks of the session. They throw what the coroutine throws.

  // `function` is kept until the coroutine, which uses its captures, has ended.
  void Start(Task<> task, std::shared_ptr<const void> function);
  void OnMessage(const Message& message);
  void OnWritable();
  void OnPong();
  void OnAlarm(Alarm& alarm);
  void OnEnd(const CloseInfo& info, absl::Status status);

  // ---- For awaitables

  // Null once the session has ended.
  Channel* channel() const { return channel_; }

  // Frees the message that was received last.
  void ReleaseMessage();

  // Whether a message waits: makes it the received one.
  bool TakeMessage();
  const StoredMessage* received() const { return received_; }

  // Whether nothing more is read, not even a pong, because too many messages wait.
  bool holds_reading() const { return holds_reading_; }

  // Closing: messages are received no more.
  void DiscardMessages();

  // Counts calls that fail in a row. After kMaxFailures the coroutine is taken to ignore errors.
  void CountFailure(const absl::Status& status);
  bool ignores_errors() const { return failures_ == kMaxFailures; }

  // ---- Strand

  absl::StatusOr<DeadlineKey> SetAlarm(absl::Duration delay, Alarm& alarm) override;
  void CancelAlarm(const DeadlineKey& key) override;
  void ExpectResume() override;
  void ForgetResume() override { Unref(); }
  void ResumeLater(Node& node) override;  // any thread

  // ---- The end

  const absl::Status& status() const;
  const CloseInfo* close_info() const { return ending_ == nullptr ? nullptr : &ending_->info; }

 private:
  struct Ending {
    CloseInfo info;
    std::string reason;
    absl::Status status;
  };
  class Resumption;

  ~SessionState();

  // Parent: of the coroutine of the session.
  void Run() override {}
  void OnTaskEnd() noexcept override { root_ended_ = true; }
  void OnTaskStuck() override { root_ended_ = true; }

  void RunCoroutines();
  void ReadAgain();
  void EndRoot(bool in_callback);
  void Resume(Node& node);
  void Store(const Message& message);

  Channel* channel_;
  std::shared_ptr<const void> function_;  // of root_, which is destroyed first
  Task<> root_;
  StoredMessage* received_ = nullptr;
  StoredMessage* waiting_first_ = nullptr;
  StoredMessage** waiting_end_ = &waiting_first_;
  std::unique_ptr<Ending> ending_;
  std::shared_ptr<Mailbox> mailbox_;  // null until an awaitable of the application needs it
  uint32_t waiting_bytes_ = 0;
  std::atomic<int32_t> refs_{1};
  uint16_t failures_ = 0;
  uint8_t waiting_count_ = 0;
  bool holds_reading_ = false;
  bool discards_ = false;
  bool root_ended_ = false;
};

// A coroutine of a session that waits for it.
class SessionWaiter : public Waiter {
 public:
  void Bind(Node& coroutine, Scope& scope) {
    Waiter::Bind(coroutine, scope);
    is_foreign_ = &scope.strand() != &state_;
  }

 protected:
  explicit SessionWaiter(SessionState& state) : state_(state) {}

  // The session's, or null after its end, and in a coroutine of another session.
  Channel* channel() const { return is_foreign_ ? nullptr : state_.channel(); }
  absl::Status NoChannel() const;
  bool is_foreign() const { return is_foreign_; }

  // After a call that failed: whether to return that at once. No: the coroutine ignores failures,
  // and waits for the end instead.
  bool ReturnsFailure(const absl::Status& status);

  SessionState& state_;

 private:
  bool is_foreign_ = false;
};

// One that sends, and waits for room.
class SendWaiter : public SessionWaiter {
 public:
  // Whether the wait is over: the message was sent, or never will be. `is_low`: the queue is as
  // short as it gets, so that waiting longer would not help.
  bool TrySend(bool is_low);

 protected:
  using SessionWaiter::SessionWaiter;
  ~SendWaiter() = default;

  // For the awaitable: await_ready, await_suspend and await_resume.
  bool IsReady();
  bool WaitForRoom();
  absl::Status Result();

  // The awaitable's own send, and whether it waits while there is no room.
  virtual absl::Status SendTo(Channel& channel) = 0;
  virtual bool may_wait() const { return true; }

 private:
  absl::Status status_;
};

}  // namespace weft::coro::internal

#endif  // WEFT_CORO_SESSION_STATE_H_
