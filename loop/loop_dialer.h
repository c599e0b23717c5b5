// Connects to a server on an event loop.

#ifndef WEFT_LOOP_LOOP_DIALER_H_
#define WEFT_LOOP_LOOP_DIALER_H_

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "weft/loop/address_lookup.h"
#include "weft/loop/event_loop.h"
#include "weft/loop/poller.h"
#include "weft/transport/resolve.h"

namespace weft {

// Takes the steps to a server on a loop, within a time: has names looked up, waits for descriptors,
// and continues. For the loop's thread. As an EventSource it must not be destroyed in its own
// callbacks, nor by `done`.
//
// `Steps` are a state machine that does not block: Connector, or a class with the same methods.
//
//   LoopDialer<MySteps> dialer(loop, lookup, timeout, [](MySteps::Result result) { ... },
//                              arguments_of_my_steps...);
//   dialer.Start();
template <typename Steps>
class LoopDialer : public EventSource {
 public:
  using Result = decltype(std::declval<Steps&>().TakeResult());

  // Called once, by Start() or later.
  using Done = absl::AnyInvocable<void(Result)>;

  // `loop` and `lookup` must outlive it.
  template <typename... Arguments>
  LoopDialer(EventLoop& loop, AddressLookup& lookup, absl::Duration timeout, Done done,
             Arguments&&... arguments)
      : loop_(loop),
        lookup_(lookup),
        steps_(std::forward<Arguments>(arguments)...),
        done_(std::move(done)),
        deadline_ms_(EventLoop::DeadlineAfter(timeout, loop.now_ms())) {}
  ~LoopDialer() override { Unwatch(); }  // before `done` was called: drops the attempt

  void Start() { Continue(); }

  // Ends the attempt in any step: calls `done`, unless it was called before, with the result of the
  // steps after Steps::Stop(why).
  void Stop(const absl::Status& why) {
    if (!done_) return;
    resolving_.reset();
    Unwatch();
    steps_.Stop(why);
    Finish();
  }

  const Steps& steps() const { return steps_; }

  // For the loop.
  void OnReadable() override { Continue(); }
  void OnWritable() override { Continue(); }

 private:
  void OnTimer() override {
    if (loop_.now_ms() < deadline_ms_) return Continue();
    Stop(absl::DeadlineExceededError("deadline exceeded"));
  }

  void Continue() {
    if (!done_ || resolving_ != nullptr) return;
    Unwatch();  // the steps may close descriptors, which must not be watched then
    while (true) {
      switch (steps_.Continue(absl::Milliseconds(loop_.now_ms()))) {
        case Steps::State::kResolve:
          if (!Resolve()) return;
          break;
        case Steps::State::kWait:
          if (Watch()) return;
          break;
        case Steps::State::kDone:
          return Finish();
      }
    }
  }

  // Whether the addresses are known at once.
  bool Resolve() {
    if (auto known = ResolveAtOnce(steps_.host(), steps_.port()); known.has_value()) {
      steps_.Resolved(*std::move(known));
      return true;
    }
    resolving_ = std::make_shared<LoopDialer*>(this);
    lookup_.Start(steps_.host(), steps_.port(), loop_.mailbox(), resolving_,
                  [weak = std::weak_ptr<LoopDialer*>(resolving_)](auto addresses) {
                    const std::shared_ptr<LoopDialer*> self = weak.lock();
                    if (self == nullptr) return;
                    (*self)->resolving_.reset();
                    (*self)->steps_.Resolved(std::move(addresses));
                    (*self)->Continue();
                  });
    ArmTimer(absl::InfiniteDuration());
    return false;
  }

  // False if the system cannot watch the descriptors: then the steps have been stopped.
  bool Watch() {
    const auto interest =
        static_cast<Poller::Interest>(steps_.interest());  // the same bits: loop_dialer_test
    for (const int fd : steps_.fds()) {
      if (!loop_.Watch(fd, interest, this)) {
        const absl::Status status = absl::ErrnoToStatus(errno, "cannot watch the socket");
        Unwatch();
        steps_.Stop(status);
        return false;
      }
      watched_.push_back(fd);
    }
    ArmTimer(steps_.wake());
    return true;
  }

  void Unwatch() {
    for (const int fd : watched_) loop_.Unwatch(fd);
    watched_.clear();
  }

  void ArmTimer(absl::Duration wake) {
    const int64_t wake_ms =
        wake == absl::InfiniteDuration()
            ? EventLoop::kNever
            : absl::ToInt64Milliseconds(absl::Ceil(wake, absl::Milliseconds(1)));
    loop_.ArmTimer(this, std::min(deadline_ms_, wake_ms));
  }

  void Finish() {
    loop_.DisarmTimer(this);
    std::exchange(done_, nullptr)(steps_.TakeResult());
  }

  EventLoop& loop_;
  AddressLookup& lookup_;
  Steps steps_;
  Done done_;  // empty once it was called
  const int64_t deadline_ms_;
  std::vector<int> watched_;
  // Not null while a lookup waits or runs, which holds a weak pointer: it is not started, and its
  // answer is dropped, if this has been reset.
  std::shared_ptr<LoopDialer*> resolving_;
};

}  // namespace weft

#endif  // WEFT_LOOP_LOOP_DIALER_H_
