#include "tools/weft/signals.h"

#include <pthread.h>

#include <utility>

namespace weft::cli {
namespace {

// A signal that wakes our own thread, whatever the process does with it.
constexpr int kStopSignal = SIGURG;

bool IsIgnored(int signal) {
  struct sigaction action;
  return sigaction(signal, nullptr, &action) == 0 && action.sa_handler == SIG_IGN;
}

}  // namespace

SignalThread::SignalThread(std::initializer_list<int> signals, std::function<void(int)> handler) {
  sigemptyset(&signals_);
  for (const int signal : signals) {
    if (!IsIgnored(signal)) sigaddset(&signals_, signal);
  }
  sigaddset(&signals_, kStopSignal);
  pthread_sigmask(SIG_BLOCK, &signals_, &blocked_before_);
  thread_ = std::thread([this, handler = std::move(handler)] {
    int signal = 0;
    while (sigwait(&signals_, &signal) == 0 && !stop_) {
      if (signal != kStopSignal) handler(signal);
    }
  });
}

SignalThread::~SignalThread() {
  stop_ = true;
  pthread_kill(thread_.native_handle(), kStopSignal);
  thread_.join();
  pthread_sigmask(SIG_SETMASK, &blocked_before_, nullptr);
}

}  // namespace weft::cli
