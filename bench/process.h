// What a running process costs, and the processor it runs on. Linux only.

#ifndef WEFT_BENCH_PROCESS_H_
#define WEFT_BENCH_PROCESS_H_

#include <cstdint>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace weft::bench {

// CPU seconds that the living threads of `pid` have used, in the kernel on their behalf too. The
// kernel accounts for a thread that is running once in a few milliseconds.
absl::StatusOr<double> CpuSeconds(int pid);

// Bytes of memory that `pid` has in RAM. The kernel's own, such as socket buffers, are not in it.
absl::StatusOr<int64_t> ResidentBytes(int pid);

// Keeps the calling thread, and those it starts, on one processor.
absl::Status PinToCpu(int cpu);

}  // namespace weft::bench

#endif  // WEFT_BENCH_PROCESS_H_
