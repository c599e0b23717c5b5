// Turns arbitrary fuzzer input into meaningful choices.

#ifndef WEFT_CORE_TESTING_CHOICES_H_
#define WEFT_CORE_TESTING_CHOICES_H_

#include <cstddef>
#include <cstdint>

#include "absl/strings/string_view.h"

namespace weft::testing {

// A sequence of choices, each made by one byte of the input; after its end all are 0.
class Choices {
 public:
  explicit Choices(absl::string_view bytes) : left_(bytes) {}

  // 0 to bound - 1; `bound` is at most 256.
  uint32_t Below(uint32_t bound) {
    if (left_.empty()) return 0;
    const uint8_t byte = left_[0];
    left_.remove_prefix(1);
    return byte % bound;
  }

  // One of `all`.
  template <typename T, size_t N>
  const T& Of(const T (&all)[N]) {
    return all[Below(N)];
  }

  // The next `size` bytes unchanged, or fewer at the end of the input.
  absl::string_view Bytes(size_t size) {
    const absl::string_view bytes = left_.substr(0, size);
    left_.remove_prefix(bytes.size());
    return bytes;
  }

  bool done() const { return left_.empty(); }

 private:
  absl::string_view left_;
};

}  // namespace weft::testing

#endif  // WEFT_CORE_TESTING_CHOICES_H_
