// `weft bench`.

#ifndef TOOLS_WEFT_BENCH_BENCH_H_
#define TOOLS_WEFT_BENCH_BENCH_H_

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace weft::cli {

// Runs `weft bench` with the arguments after it. Returns the exit code.
int Bench(absl::Span<const absl::string_view> words);

}  // namespace weft::cli

#endif  // TOOLS_WEFT_BENCH_BENCH_H_
