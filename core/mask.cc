#include "weft/core/mask.h"

#include <openssl/rand.h>

#include <cstring>

namespace weft {

void Mask(absl::Span<char> data, const MaskingKey& key, size_t offset) {
  MaskCopy({data.data(), data.size()}, key, offset, data.data());
}

void MaskCopy(absl::string_view in, const MaskingKey& key, size_t offset, char* out) {
  char rotated[8];  // the key as it falls on in[0] and the bytes after it
  for (size_t i = 0; i < sizeof(rotated); ++i) rotated[i] = key[(offset + i) % 4];
  uint64_t key64;
  std::memcpy(&key64, rotated, sizeof(key64));
  size_t i = 0;
  for (; i + sizeof(key64) <= in.size(); i += sizeof(key64)) {
    uint64_t word;
    std::memcpy(&word, in.data() + i, sizeof(word));
    word ^= key64;
    std::memcpy(out + i, &word, sizeof(word));
  }
  for (; i < in.size(); ++i) out[i] = in[i] ^ rotated[i % 4];
}

MaskingKey RandomMaskingKey() {
  MaskingKey key;
  RAND_bytes(key.data(), key.size());
  return key;
}

}  // namespace weft
