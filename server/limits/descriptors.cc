#include "weft/server/limits/descriptors.h"

#include <sys/resource.h>

#include <cerrno>
#include <limits>

#include "absl/status/status.h"

namespace weft {

absl::StatusOr<uint64_t> RaiseDescriptorLimit() {
  rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) {
    return absl::ErrnoToStatus(errno, "cannot read the limit of file descriptors");
  }
  limit.rlim_cur = limit.rlim_max;
  if (setrlimit(RLIMIT_NOFILE, &limit) != 0) {
    return absl::ErrnoToStatus(errno, "cannot raise the limit of file descriptors");
  }
  return limit.rlim_cur;
}

namespace internal {
namespace {

uint64_t SoftLimit() {
  rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return std::numeric_limits<uint64_t>::max();
  return limit.rlim_cur;
}

}  // namespace

DescriptorWatch::DescriptorWatch() : DescriptorWatch(SoftLimit()) {}

}  // namespace internal
}  // namespace weft
