// The thread of a MemoryHub, for tests of running servers.

#ifndef WEFT_CLUSTER_TESTING_HUB_THREAD_H_
#define WEFT_CLUSTER_TESTING_HUB_THREAD_H_

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "weft/cluster/memory_broker.h"
#include "weft/loop/clock.h"

namespace weft::testing {

// Has a hub, and runs its steps as soon as there are any: the broker's thread of all nodes.
class HubThread {
 public:
  // The clock must outlive the hub.
  explicit HubThread(const Clock& clock = Clock::Steady())
      : hub_({.clock = &clock, .on_ready = [this] { Wake(); }}), thread_([this] { Run(); }) {}
  ~HubThread() {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      ending_ = true;
    }
    changed_.notify_all();
    thread_.join();
  }
  HubThread(const HubThread&) = delete;
  HubThread& operator=(const HubThread&) = delete;

  MemoryHub& hub() { return hub_; }

 private:
  void Wake() {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      ready_ = true;
    }
    changed_.notify_all();
  }

  void Run() {
    std::unique_lock<std::mutex> lock(mutex_);
    while (!ending_) {
      // Time passes without a call: what has become due then is looked for again and again.
      changed_.wait_for(lock, std::chrono::milliseconds(1), [this] { return ready_ || ending_; });
      ready_ = false;
      lock.unlock();
      hub_.Run();
      lock.lock();
    }
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  bool ready_ = false;
  bool ending_ = false;
  MemoryHub hub_;
  std::thread thread_;
};

}  // namespace weft::testing

#endif  // WEFT_CLUSTER_TESTING_HUB_THREAD_H_
