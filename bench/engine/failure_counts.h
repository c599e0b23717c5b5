// Counts the connections that failed, by cause.

#ifndef WEFT_BENCH_ENGINE_FAILURE_COUNTS_H_
#define WEFT_BENCH_ENGINE_FAILURE_COUNTS_H_

#include <cstdint>
#include <map>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace weft::bench {

// Thread-compatible.
class FailureCounts {
 public:
  struct Kind {
    uint64_t count = 0;
    std::string example{};  // the first error
  };

  // A connection that could not be opened: by the HTTP status that refused it, or as "cannot
  // connect".
  void AddUnopened(const absl::Status& why);

  // An open one that failed, with an error of EchoRun.
  void AddFailed(const absl::Status& why);

  void Add(const FailureCounts& other);

  uint64_t total() const;
  const std::map<std::string, Kind>& kinds() const { return kinds_; }

 private:
  void Add(const std::string& name, uint64_t count, absl::string_view example);

  std::map<std::string, Kind> kinds_;
};

}  // namespace weft::bench

#endif  // WEFT_BENCH_ENGINE_FAILURE_COUNTS_H_
