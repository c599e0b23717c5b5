// A session of a coroutine, and what that has not received yet.

#ifndef WEFT_CORO_SESSION_STATE_H_
#define WEFT_CORO_SESSION_STATE_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "weft/core/frame/close_code.h"
#include "weft/core/frame/close_info.h"
#include "weft/core/message.h"
#include "weft/coro/channel.h"
#include "weft/coro/root.h"
#include "weft/coro/strand.h"
#include "weft/coro/topic_notice.h"
#include "weft/loop/budget.h"
#include "weft/server/topics/topic_event.h"

namespace weft::coro::internal {

// A message with a copy of its payload, in one block.
struct StoredMessage {
  StoredMessage* next = nullptr;
  size_t capacity = 0;
  std::optional<Reservation> room;  // of the loop's budget
  Message message;
};

// The object that a coro::Session refers to: a session of either side, and what its coroutines have
// not received. Counts its references, since a copy of the Session may outlive the session. For the
// loop's thread, except where marked.
class SessionState : protected Channel {
 public:
  // Messages that nobody awaits are kept, so that pings and the end after them are noticed. From
  // either of these numbers on, nothing more is read from the peer. A client that lives on another
  // loop may have the same number on their way.
  static constexpr size_t kMaxWaiting = 16;
  static constexpr size_t kMaxWaitingBytes = 64 << 10;

  static constexpr uint16_t kMaxFailures = 1000;

  SessionState(const SessionState&) = delete;
  SessionState& operator=(const SessionState&) = delete;

  // Any thread.
  void Ref() { refs_.fetch_add(1, std::memory_order_relaxed); }
  void Unref() {
    if (refs_.fetch_sub(1, std::memory_order_acq_rel) == 1) OnUnreferenced();
  }

  // ---- For awaitables

  // The task whose coroutines may use the session.
  Root& root() const { return root_; }

  // Null once the session has ended.
  Channel* channel() { return channel_open_ ? this : nullptr; }

  // Whether no event of the session will come any more.
  bool ended() const { return ending() != nullptr; }

  // Frees the message that was received last.
  void ReleaseMessage();

  // Whether a message waits: makes it the received one.
  bool TakeMessage();
  const StoredMessage* received() const { return received_; }

  // Whether nothing more is read, not even a pong, because too many messages wait.
  bool holds_reading() const { return holds_reading_; }

  // The coroutine receives the events of topics: a gap no longer closes the session.
  void TakeTopicEvents() { rest().takes_topic_events = true; }

  // The first event that waits; none if there is none.
  std::optional<TopicNotice> NextTopicNotice();

  // The session has unsubscribed.
  void ForgetTopicNotices(absl::string_view topic);

  // Closing: messages are received no more.
  void DiscardMessages();

  // Counts calls that fail in a row, and waits after the end of the session. After kMaxFailures the
  // coroutine is taken to ignore errors.
  void CountFailure(const absl::Status& status);
  void CountFailure() { failures_ += failures_ < kMaxFailures ? 1 : 0; }
  bool ignores_errors() const { return failures_ == kMaxFailures; }

  // The one that has waited longest for this event of this session. Null if none does.
  Waiter* FirstWaiting(Strand::Event event) const;

  // ---- The end

  const absl::Status& status() const;
  const CloseInfo* close_info() const { return ended() ? &ending()->info : nullptr; }

 protected:
  // With one reference.
  explicit SessionState(Root& root) : root_(root) {}
  ~SessionState();

  // The events of the session. A server's call throws what the coroutine throws.
  void OnMessage(const Message& message);

  // Returns false for a gap of which the coroutine will not learn.
  bool OnTopic(absl::string_view topic, const TopicEvent& event);
  void OnStoredMessage(StoredMessage* stored);  // takes it
  void OnWritable();
  void OnPong();
  void OnEnd(const CloseInfo& info, absl::Status status);

  // Wakes every coroutine that waits for this session.
  void WakeForEnd();

  // The session has ended, and its coroutines have seen that: channel() is null from now on.
  void CloseChannel() { channel_open_ = false; }

  // After each run of coroutines: continues to read, if all messages were received.
  void ReadAgain();

  // Whether a message of the peer has no receiver, now and later.
  virtual bool IgnoresMessages() const { return discards_ || root_.is_done(); }

  static StoredMessage* Copy(const Message& message);
  static void Release(StoredMessage* stored);

 private:
  struct Ending {
    CloseInfo info;
    std::string reason;
    absl::Status status;
  };

  // The state that most sessions do not need: messages that wait, and the end.
  struct Rest {
    StoredMessage* first = nullptr;
    StoredMessage** end = &first;
    uint32_t bytes = 0;
    uint8_t count = 0;
    std::optional<Ending> ending;
    std::vector<TopicNotice> notices;  // that wait, at most one of a topic
    bool takes_topic_events = false;
  };

  // Any thread.
  virtual void OnUnreferenced() = 0;

  // Runs the coroutines that the event has woken.
  virtual void Continue() = 0;

  // The session has ended: wakes the coroutines that wait for it, and runs them.
  virtual void EndWaits() = 0;

  // No message waits any more.
  virtual void OnNoneWaiting() {}

  const Ending* ending() const {
    return rest_ != nullptr && rest_->ending.has_value() ? &*rest_->ending : nullptr;
  }
  Rest& rest() {
    if (rest_ == nullptr) rest_ = std::make_unique<Rest>();
    return *rest_;
  }
  bool has_waiting() const { return rest_ != nullptr && rest_->first != nullptr; }
  void Deliver(StoredMessage* stored);
  bool Store(StoredMessage* stored);
  void HoldIfFull();

  Root& root_;
  StoredMessage* received_ = nullptr;
  std::unique_ptr<Rest> rest_;
  std::atomic<int32_t> refs_{1};
  uint16_t failures_ = 0;
  bool holds_reading_ = false;
  bool discards_ = false;
  bool channel_open_ = true;
};

// A coroutine of a session that waits for it.
class SessionWaiter : public Waiter {
 public:
  void Bind(Coroutine& coroutine) {
    Waiter::Bind(coroutine);
    is_foreign_ = &coroutine.scope().strand() != &state_.root();
  }

 protected:
  explicit SessionWaiter(SessionState& state) : state_(state) {}

  // As Waiter::Wait(), and false if the session has ended.
  bool Wait(Event event);

  // The session's, or null after its end, and in a coroutine of another one's task.
  Channel* channel() const { return is_foreign_ ? nullptr : state_.channel(); }
  absl::Status NoChannel() const;
  bool is_foreign() const { return is_foreign_; }

  // After a call that failed: whether to return that at once. No: the coroutine ignores failures,
  // and waits for the end instead.
  bool ReturnsFailure(const absl::Status& status);

 private:
  friend class SessionState;
  bool is_foreign_ = false;

 protected:
  SessionState& state_;
};

// One that waits for an event of a topic.
class TopicWaiter : public SessionWaiter {
 public:
  void Give(TopicNotice notice) { notice_ = std::move(notice); }

 protected:
  using SessionWaiter::SessionWaiter;
  ~TopicWaiter() = default;

  std::optional<TopicNotice> notice_;
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
