// Runs coroutines that share sessions, one at a time.

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

class Scope;
class Strand;

// A coroutine, as its awaitables see it: the node that continues it, and its scope.
class Coroutine : public Parent {
 public:
  Scope& scope() const { return *scope_; }

 protected:
  ~Coroutine() = default;

  Scope* scope_ = nullptr;  // null until it starts
};

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

  // Destroys the task of the scope where it waits: it continues in spite of many waits that were of
  // no use.
  void GiveUp();

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

// A coroutine that waits: the base of every awaitable of this library that may suspend. It is in
// the frame of the coroutine that awaits it, or of one that awaits that.
class Waiter {
 public:
  Waiter(const Waiter&) = delete;
  Waiter& operator=(const Waiter&) = delete;

  // See Bindable.
  void Bind(Coroutine& coroutine) { coroutine_ = &coroutine; }
  void Abandon();

 protected:
  // The event that it waits for: one of its session, up to kEnd, or another.
  enum class Event : uint8_t { kMessage, kWritable, kPong, kTopic, kEnd, kAlarm, kSlot, kConnect };
  // From kCancelled on, the wait has failed.
  enum class State : uint8_t { kNew, kWaiting, kWoken, kCancelled, kEnded };

  Waiter() = default;
  ~Waiter() = default;

  Scope& scope() const { return coroutine_->scope(); }
  Strand& strand() const { return scope().strand(); }

  // Whether another branch was first.
  bool IsCancelled() const;

  // Waits for an event. False if that is of no use, because the session has ended or the coroutine
  // was cancelled.
  bool Wait(Event event);

  // Why the wait has ended: OK if its event has come, or it did not wait.
  absl::Status WaitResult() const {
    return wait_ < State::kCancelled ? absl::OkStatus() : WaitError();
  }

  // Ends the wait before it starts, because the session has ended: as Wait() does.
  void Refuse() { wait_ = State::kEnded; }

 private:
  friend class Strand;

  absl::Status WaitError() const;

  Coroutine* coroutine_ = nullptr;
  Waiter* next_ = nullptr;
  Event event_ = Event::kMessage;

 protected:
  State wait_ = State::kNew;  // next to event_: derived classes use the room after it
};

// Coroutines that share sessions: those of one server's session, or of one task on a loop of
// clients. They run one at a time, from one wait to the next, and nothing
// else runs one: whatever makes a coroutine ready only queues it, so that no coroutine is resumed,
// and none destroyed, inside another or inside its own calls.
//
// For the loop's thread. After the strand has ended, coroutines that await an awaitable of the
// application may be resumed by other threads, if there is no loop any more: see Foreign.
class Strand : public Parent {
 public:
  using Event = Waiter::Event;

  // It is the parent of its first task, and owns the scope of all its coroutines.
  Strand() : scope_(*this, nullptr, *this) {}
  Strand(const Strand&) = delete;
  Strand& operator=(const Strand&) = delete;

  Scope& scope() { return scope_; }
  bool ended() const { return scope_.cancelled_; }

  // ---- What is ready

  void Push(Node& node) {
    node.next_ = last_ != nullptr ? std::exchange(last_->next_, &node) : &node;
    last_ = &node;
  }
  void Forget(Node& node);

  // ---- What waits

  void Add(Waiter& waiter);
  void Forget(Waiter& waiter);

  // The one that has waited longest for an event of a session, and fits. Null if none does.
  template <typename Fits>
  Waiter* FindWaiting(Fits fits) const {
    Waiter* waiter = waiting_;
    while (waiter != nullptr && (waiter->event_ > Event::kEnd || !fits(*waiter, waiter->event_))) {
      waiter = waiter->next_;
    }
    return waiter;
  }
  void Wake(Waiter& waiter) { Wake(waiter, Waiter::State::kWoken); }

  // The session of the waiter has ended.
  void WakeForEnd(Waiter& waiter) { Wake(waiter, Waiter::State::kEnded); }

  // Ends every wait in the scope, and those that will start.
  void Cancel(Scope& scope);

  // ---- For awaitables

  // Calls `alarm` after `delay`. FailedPrecondition once the strand has ended, which cancels
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
  bool running() const { return running_; }

  // Ends every wait, and those that will start.
  void End();

 private:
  friend class Waiter;

  void Wake(Waiter& waiter, Waiter::State state);

  Scope scope_;
  Node* last_ = nullptr;  // of a ring of those that are ready
  Waiter* waiting_ = nullptr;
  bool running_ = false;
};

}  // namespace weft::coro::internal

#endif  // WEFT_CORO_STRAND_H_
