// Runs the coroutines of one session, one at a time.

#ifndef WEFT_CORO_STRAND_H_
#define WEFT_CORO_STRAND_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "weft/loop/deadline_queue.h"

namespace weft::coro::internal {

// Something that the strand runs next: usually a coroutine that continues. Not destroyed while it
// is in the strand's queue, except through Strand::Forget.
class Node {
 public:
  virtual void Run() = 0;

 protected:
  ~Node() = default;

 private:
  friend class Strand;
  Node* next_ = nullptr;
};

// Continues when a task has ended.
class Parent : public Node {
 public:
  virtual void OnTaskEnd() noexcept = 0;

  // The task ignores that it was cancelled: destroy it where it waits.
  virtual void OnTaskStuck() {}

 protected:
  ~Parent() = default;
};

// Called by a timer of the session.
class Alarm {
 public:
  virtual void OnAlarm() = 0;

 protected:
  ~Alarm() = default;
};

class Strand;

// Coroutines that are cancelled together: all of a session, or one branch of a WhenAny or
// WithTimeout with everything that it awaits.
class Scope {
 public:
  // `owner` destroys the task of the scope if that ignores its end.
  Scope(Strand& strand, Scope* parent, Parent& owner)
      : strand_(strand), parent_(parent), owner_(owner) {}
  Scope(const Scope&) = delete;
  Scope& operator=(const Scope&) = delete;

  Strand& strand() const { return strand_; }
  bool IsIn(const Scope& outer) const;

  // The innermost scope around this one that was cancelled, or null.
  Scope* FindCancelled();

  // A coroutine of a cancelled scope wants to wait: false, which ends the wait at once; or true, if
  // that has happened so often that its task is destroyed instead.
  bool IsStuck();

  // A coroutine of the scope awaits an awaitable of the application, or (-1) no longer does. Such a
  // coroutine is never destroyed.
  void CountForeign(int change);
  bool awaits_foreign() const { return foreign_ > 0; }

 private:
  friend class Strand;
  static constexpr uint16_t kMaxWaits = 1000;

  Strand& strand_;
  Scope* const parent_;
  Parent& owner_;
  int32_t foreign_ = 0;
  uint16_t waits_ = 0;  // since it was cancelled
  bool cancelled_ = false;
  bool stuck_ = false;
};

// A coroutine that waits: the base of every awaitable of this library that may suspend. It is an
// object in the frame of the coroutine that awaits it.
class Waiter {
 public:
  Waiter(const Waiter&) = delete;
  Waiter& operator=(const Waiter&) = delete;

  // Called before it is awaited.
  void Bind(Node& coroutine, Scope& scope) {
    coroutine_ = &coroutine;
    scope_ = &scope;
  }

 protected:
  // The event that it waits for.
  enum class Event : uint8_t { kMessage, kWritable, kPong, kAlarm, kEnd, kSlot };
  enum class State : uint8_t { kNew, kWaiting, kWoken, kCancelled, kEnded };

  Waiter() = default;
  ~Waiter();

  Strand& strand() const { return scope_->strand(); }

  // Whether another branch was first.
  bool IsCancelled() const;

  // Waits for an event. False if that is of no use, because the session has ended or the coroutine
  // was cancelled.
  bool Wait(Event event);

  // Why the wait has ended: OK if its event has come, or it did not wait.
  absl::Status WaitResult() const;

  State wait_ = State::kNew;

 private:
  friend class Strand;

  Event event_ = Event::kMessage;
  Node* coroutine_ = nullptr;
  Scope* scope_ = nullptr;
  Waiter* next_ = nullptr;
};

// The coroutines of one session. They run one at a time, from one wait to the next, and nothing
// else runs one: whatever makes a coroutine ready only queues it, so that no coroutine is resumed,
// and none destroyed, inside another or inside its own calls.
//
// For the loop's thread. After the session has ended, coroutines that await an awaitable of the
// application may be resumed by other threads, if there is no loop any more: see Foreign.
class Strand {
 public:
  using Event = Waiter::Event;

  // `owner` is that of the scope of all coroutines.
  explicit Strand(Parent& owner) : scope_(*this, nullptr, owner) {}
  Strand(const Strand&) = delete;
  Strand& operator=(const Strand&) = delete;

  Scope& scope() { return scope_; }
  bool ended() const { return scope_.cancelled_; }

  // ---- What is ready

  void Push(Node& node) {
    node.next_ = nullptr;
    *(last_ != nullptr ? &last_->next_ : &first_) = &node;
    last_ = &node;
  }
  void Forget(Node& node);

  // ---- What waits

  void Add(Waiter& waiter);
  void Forget(Waiter& waiter);

  // The one that has waited longest for the event. Null if none waits.
  Waiter* FirstWaiting(Event event) const;
  void Wake(Waiter& waiter) { Wake(waiter, Waiter::State::kWoken); }

  // Ends every wait in the scope, and those that will start.
  void Cancel(Scope& scope);

  // ---- For awaitables

  // Calls `alarm` after `delay`. FailedPrecondition once the session has ended, which cancels
  // alarms.
  virtual absl::StatusOr<DeadlineKey> SetAlarm(absl::Duration delay, Alarm& alarm) = 0;
  virtual void CancelAlarm(const DeadlineKey& key) = 0;

  // For awaitables of the application: see Foreign. After ExpectResume either ForgetResume or, from
  // any thread, ResumeLater, which runs the node on the loop.
  virtual void ExpectResume() = 0;
  virtual void ForgetResume() = 0;
  virtual void ResumeLater(Node& node) = 0;

 protected:
  ~Strand() = default;

  // Runs everything that is ready, unless it is being run.
  void RunReady();

  // Ends every wait, and those that will start.
  void End();

 private:
  friend class Waiter;

  void Wake(Waiter& waiter, Waiter::State state);

  Scope scope_;
  Node* first_ = nullptr;
  Node* last_ = nullptr;
  Waiter* waiting_ = nullptr;
  bool running_ = false;
};

}  // namespace weft::coro::internal

#endif  // WEFT_CORO_STRAND_H_
