#include "weft/bench/engine/process.h"

#include <sched.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <string>
#include <system_error>

#include "absl/strings/str_cat.h"

namespace weft::bench {

absl::StatusOr<double> CpuSeconds(int pid) {
  std::error_code error;
  const std::filesystem::directory_iterator threads(absl::StrCat("/proc/", pid, "/task"), error);
  if (error) {
    return absl::NotFoundError(absl::StrCat("no process ", pid, ": ", error.message()));
  }
  int64_t nanoseconds = 0;
  for (const auto& thread : threads) {
    int64_t used;
    // A thread may have ended since it was listed.
    if (std::ifstream(thread.path() / "schedstat") >> used) nanoseconds += used;
  }
  return nanoseconds * 1e-9;
}

absl::StatusOr<int64_t> ResidentBytes(int pid) {
  // /proc/PID/statm is cheaper, but up to a hundred pages wrong.
  std::ifstream file(absl::StrCat("/proc/", pid, "/smaps_rollup"));
  for (std::string word; file >> word;) {
    int64_t kilobytes;
    if (word == "Rss:" && file >> kilobytes) return kilobytes * 1024;
  }
  return absl::NotFoundError(absl::StrCat("cannot read the memory of process ", pid));
}

absl::Status PinToCpu(int cpu) {
  cpu_set_t cpus;
  CPU_ZERO(&cpus);
  if (cpu >= 0 && cpu < CPU_SETSIZE) CPU_SET(cpu, &cpus);
  if (sched_setaffinity(0, sizeof(cpus), &cpus) == 0) return absl::OkStatus();
  return absl::ErrnoToStatus(errno, absl::StrCat("cannot run on processor ", cpu));
}

}  // namespace weft::bench
