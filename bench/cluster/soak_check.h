// The check of all that the clients of //bench/cluster:cluster_soak have seen.

#ifndef WEFT_BENCH_CLUSTER_SOAK_CHECK_H_
#define WEFT_BENCH_CLUSTER_SOAK_CHECK_H_

#include <string>

#include "weft/bench/cluster/soak_clients.h"

namespace weft::bench {

// When no thread uses the world any more: adds what is wrong with its topics to its errors, and
// prints them with the sums of everything.
void CheckAll(World& world);

// Writes a file with the epochs of each topic with history in their order, and with the events of
// each reader and the position of its last message before: for a search for the cause of an error.
void WriteEvents(const World& world, const std::string& path);

}  // namespace weft::bench

#endif  // WEFT_BENCH_CLUSTER_SOAK_CHECK_H_
