// The CPU time and memory of a running process, and the processor it runs on. Linux only.

#ifndef WEFT_BENCH_ENGINE_PROCESS_H_
#define WEFT_BENCH_ENGINE_PROCESS_H_

#include <cstdint>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace weft::bench {

// CPU seconds that the living threads of `pid` have used, including in the kernel. The kernel
// updates the time of a running thread once every few milliseconds.
absl::StatusOr<double> CpuSeconds(int pid);

// The resident memory of `pid` in bytes. Kernel memory, such as socket buffers, is not included.
absl::StatusOr<int64_t> ResidentBytes(int pid);

// Binds the calling thread, and the threads it starts, to one processor.
absl::Status PinToCpu(int cpu);

}  // namespace weft::bench

#endif  // WEFT_BENCH_ENGINE_PROCESS_H_
