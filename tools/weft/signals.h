// Handles signals on a normal thread.

#ifndef TOOLS_WEFT_SIGNALS_H_
#define TOOLS_WEFT_SIGNALS_H_

#include <atomic>
#include <csignal>
#include <functional>
#include <initializer_list>
#include <thread>

namespace weft::cli {

// Turns signals into calls of a function, one at a time, on its own thread. To do so it blocks them
// in the constructing thread and in all threads created later, so construct it before other
// threads. Signals that the process ignores from the start, as under nohup, stay ignored.
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
