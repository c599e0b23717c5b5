// The counters of the connections of a RedisBroker.

#ifndef WEFT_CLUSTER_REDIS_REDIS_COUNTERS_H_
#define WEFT_CLUSTER_REDIS_REDIS_COUNTERS_H_

#include <array>

#include "weft/sending/counter.h"
#include "weft/server/topics/topic_counters.h"

namespace weft {

// Of both connections together, and all that follow them: see BrokerCounts. Written by the loop's
// thread.
struct RedisCounters {
  Counter connects{};
  std::array<Counter, kBrokerReconnectReasons> reconnects{};
  Counter overdue{};
  Counter received_bytes{};
  Counter sent_bytes{};
  Counter unreadable{};
  Counter probe_ns{};  // the duration of the last probe: no total
};

}  // namespace weft

#endif  // WEFT_CLUSTER_REDIS_REDIS_COUNTERS_H_
