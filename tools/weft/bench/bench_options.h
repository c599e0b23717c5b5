// The command line of `weft bench`.

#ifndef TOOLS_WEFT_BENCH_BENCH_OPTIONS_H_
#define TOOLS_WEFT_BENCH_BENCH_OPTIONS_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "tools/weft/bench/condition.h"
#include "tools/weft/client_flags.h"
#include "tools/weft/command_help.h"

namespace weft::cli {

struct BenchOptions : ClientFlags {
  std::string url{};
  std::string compare{};  // the other URL; empty: none

  // The load.
  size_t connections = 100;
  size_t concurrency = 64;  // connections opened at the same time
  size_t threads = 1;
  size_t depth = 0;                      // messages in flight on each connection; 0: the default
  double rate = 0;                       // messages per second; 0: as fast as possible
  size_t payload = 20;                   // bytes
  std::optional<std::string> content{};  // the payload, from a file
  bool binary = false;
  bool compress = false;

  // Its times. Negative: the default.
  absl::Duration duration = absl::Seconds(10);  // infinite: until Ctrl-C
  absl::Duration warm_up = -absl::Seconds(1);
  absl::Duration ramp_up = absl::ZeroDuration();
  int rounds = 0;  // of --compare; 0: the default

  // Output.
  std::vector<Condition> fail_if{};
  int pid = 0;  // of the server
  bool json = false;
  bool quiet = false;
  bool help = false;
};

// Parses the arguments after `weft bench`, reads the payload's file, and sets the defaults that
// depend on other flags. InvalidArgument, or an error of the file.
absl::StatusOr<BenchOptions> ParseBenchOptions(absl::Span<const absl::string_view> words);

// The file descriptors that the load needs: two for each thread, and those of connections that are
// being opened, besides those that are open.
uint64_t DescriptorsNeeded(const BenchOptions& options);

CommandHelp BenchCommandHelp();

}  // namespace weft::cli

#endif  // TOOLS_WEFT_BENCH_BENCH_OPTIONS_H_
