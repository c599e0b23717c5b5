// Numbers in what nodes send each other.

#ifndef WEFT_CLUSTER_BIG_ENDIAN_H_
#define WEFT_CLUSTER_BIG_ENDIAN_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"

namespace weft {

inline void AppendBigEndian(uint64_t number, size_t bytes, std::string* out) {
  while (bytes-- > 0) out->push_back(static_cast<char>(number >> (8 * bytes)));
}

// `from` must have that number of bytes.
inline uint64_t TakeBigEndian(size_t bytes, absl::string_view* from) {
  uint64_t number = 0;
  for (const char byte : from->substr(0, bytes)) number = number << 8 | static_cast<uint8_t>(byte);
  from->remove_prefix(bytes);
  return number;
}

}  // namespace weft

#endif  // WEFT_CLUSTER_BIG_ENDIAN_H_
