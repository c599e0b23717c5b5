// Signals, on a thread where anything may be done.

#ifndef TOOLS_WEFT_SIGNALS_H_
#define TOOLS_WEFT_SIGNALS_H_

#include <atomic>
#include <csignal>
#include <functional>
#include <initializer_list>
#include <thread>

namespace weft::cli {

// Makes signals calls of a function, one at a time, on a thread of its own; for that, it blocks
// them in the thread that makes it and in all that come later. Make it before other threads. What
// the process was started to ignore, as by nohup, stays ignored.
class SignalThread {
 public:
  SignalThread(std::initializer_list<int> signals, std::function<void(int)> handler);
  ~SignalThread();
  SignalThread(const SignalThread&) = delete;
  SignalThread& operator=(const SignalThread&) = delete;

 private:
  sigset_t signals_;
  sigset_t blocked_before_;
  std::atomic<bool> stop_ = false;
  std::thread thread_;
};

}  // namespace weft::cli

#endif  // TOOLS_WEFT_SIGNALS_H_
