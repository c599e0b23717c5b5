// The Redis of //bench/cluster:cluster_soak, past all relays.

#ifndef WEFT_BENCH_CLUSTER_SOAK_STORE_H_
#define WEFT_BENCH_CLUSTER_SOAK_STORE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "weft/bench/cluster/soak_clients.h"
#include "weft/cluster/redis/redis_broker.h"
#include "weft/server/topics/broker.h"
#include "weft/server/topics/position.h"
#include "weft/server/topics/topic_history.h"

namespace weft::bench {

// Reads what Redis has, and publishes as a node without sessions. Ends the program if that is
// impossible for a minute.
class Observer final : public BrokerEvents {
 public:
  Observer(World& world, const std::string& address);
  ~Observer() { broker_->Stop(); }

  HistoryPage Read(absl::string_view topic, Position since);

  // Everything that the store has of the topic. Returns its state.
  TopicState ReadAll(absl::string_view topic);

  // Publishes this number of messages a second to all topics with history. Returns the number of
  // those that were acknowledged.
  uint64_t Flood(int per_second, absl::Duration duration);

 private:
  void OnMessages(absl::string_view, std::vector<TopicMessage>) override {}
  void OnState(absl::string_view, const TopicState&) override {}
  void OnLost(const absl::Status&) override {}
  void OnStateChange(BrokerState) override {}

  World& world_;
  std::unique_ptr<RedisBroker> broker_;
};

}  // namespace weft::bench

#endif  // WEFT_BENCH_CLUSTER_SOAK_STORE_H_
