// Signals on a loop's thread.

#ifndef WEFT_SERVER_SIGNAL_SOURCE_H_
#define WEFT_SERVER_SIGNAL_SOURCE_H_

#include <functional>
#include <optional>
#include <utility>

#include "absl/time/time.h"
#include "weft/loop/event_loop.h"
#include "weft/loop/signals.h"

namespace weft {

// Passes the signals of a SignalWaiter to a function, on the thread of a loop, until it is
// destroyed there. The loop and the waiter must outlive it.
class SignalSource final : public EventSource {
 public:
  SignalSource(EventLoop& loop, SignalWaiter& signals, std::function<void(int)> on_signal)
      : loop_(loop), signals_(signals), on_signal_(std::move(on_signal)) {}
  ~SignalSource() override { loop_.Unwatch(signals_.fd()); }

  // False, with errno, if the system cannot watch it.
  bool Watch() { return loop_.Watch(signals_.fd(), Poller::kRead, this); }

  void OnReadable() override {
    while (const std::optional<int> signal = signals_.Wait(absl::ZeroDuration())) {
      on_signal_(*signal);
    }
  }
  void OnWritable() override {}
  void OnTimer() override {}

 private:
  EventLoop& loop_;
  SignalWaiter& signals_;
  const std::function<void(int)> on_signal_;
};

}  // namespace weft

#endif  // WEFT_SERVER_SIGNAL_SOURCE_H_
