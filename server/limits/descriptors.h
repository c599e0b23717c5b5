// The file descriptors of this process: each connection takes one.

#ifndef WEFT_SERVER_LIMITS_DESCRIPTORS_H_
#define WEFT_SERVER_LIMITS_DESCRIPTORS_H_

#include <atomic>
#include <cstdint>

#include "absl/status/statusor.h"

namespace weft {

// Raises the number of descriptors that this process may have open, the soft limit of
// RLIMIT_NOFILE, to the hard limit, for which no privilege is needed, and returns it. Many systems
// give a process 1,024, and allow 524,288. Call it early in main(): servers read the limit when
// they start, and child processes inherit it. Do not call it in a program that uses select(2),
// which cannot watch a descriptor above 1,023.
absl::StatusOr<uint64_t> RaiseDescriptorLimit();

namespace internal {

// Notices once that 80 % of the descriptors are in use. A new descriptor gets the lowest free
// number, so that its number says this without a system call. Thread-safe.
class DescriptorWatch {
 public:
  // The soft limit of RLIMIT_NOFILE at this moment.
  DescriptorWatch();
  explicit DescriptorWatch(uint64_t limit) : limit_(limit), from_(limit - limit / 5) {}

  uint64_t limit() const { return limit_; }

  // Whether `fd`, which was just opened, is the first one in the last fifth.
  bool Reaches(int fd) { return static_cast<uint64_t>(fd) >= from_ && !told_.exchange(true); }

 private:
  const uint64_t limit_;
  const uint64_t from_;
  std::atomic<bool> told_{false};
};

}  // namespace internal
}  // namespace weft

#endif  // WEFT_SERVER_LIMITS_DESCRIPTORS_H_
