#ifndef BENCH_RESTART_COUNTED_CLIENT_H_
#define BENCH_RESTART_COUNTED_CLIENT_H_

#include "bench/restart/counts.h"
#include "weft/client/async/reconnect_handler.h"
#include "weft/client/reconnecting/reconnect_event.h"

namespace weft::bench {

// A client that reconnects, and counts the attempts that fail.
class CountedClient : public ReconnectHandler {
 public:
  explicit CountedClient(Counts& counts) : counts_(counts) {}

  void OnEvent(const ReconnectEvent& event) override {
    // A wait after a lost connection has its reason, too.
    if (event.type == ReconnectEvent::Type::kWaiting && !lost_) counts_.CountFailure(event.status);
    lost_ = event.type == ReconnectEvent::Type::kLost;
  }

 protected:
  Counts& counts() { return counts_; }

 private:
  Counts& counts_;
  bool lost_ = false;
};

}  // namespace weft::bench

#endif  // BENCH_RESTART_COUNTED_CLIENT_H_
