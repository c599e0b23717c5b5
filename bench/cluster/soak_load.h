// The fault of //bench/cluster:cluster_soak that needs a load.

#ifndef WEFT_BENCH_CLUSTER_SOAK_LOAD_H_
#define WEFT_BENCH_CLUSTER_SOAK_LOAD_H_

#include <cstddef>

#include "weft/bench/cluster/soak_clients.h"
#include "weft/bench/cluster/soak_store.h"
#include "weft/cluster/redis/testing/redis_process.h"

namespace weft::bench {

// Stops a node for 30 s while 5,000 messages a second are published. Redis ends its connection at a
// limit that is low meanwhile, and the memory of Redis and of the nodes must not grow with what is
// published. Most of it must be acknowledged: otherwise there was no load.
void StopNodeUnderLoad(World& world, Observer& observer, const testing::RedisProcess& redis,
                       size_t stopped);

}  // namespace weft::bench

#endif  // WEFT_BENCH_CLUSTER_SOAK_LOAD_H_
