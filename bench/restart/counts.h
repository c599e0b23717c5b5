// The counts of what the clients of //bench/restart see.

#ifndef BENCH_RESTART_COUNTS_H_
#define BENCH_RESTART_COUNTS_H_

#include <cstdint>
#include <map>
#include <mutex>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "weft/bench/engine/histogram.h"

namespace weft::bench {

// The counts of all clients. Thread-safe.
class Counts {
 public:
  // A new connection took this long.
  void Opened(absl::Duration waited);

  void Count(const std::string& what);

  // An attempt to connect, or a connection, that failed.
  void CountFailure(const absl::Status& error);

  uint64_t count(const std::string& what);

  // Prints all, and returns the number of failures.
  uint64_t Report();

 private:
  std::mutex mutex_;
  std::map<std::string, uint64_t> counts_;
  std::map<std::string, uint64_t> failures_;
  Histogram waits_;  // in microseconds
  absl::Duration longest_;
};

}  // namespace weft::bench

#endif  // BENCH_RESTART_COUNTS_H_
