#include "course/04_masking/masking.h"

#include <sys/random.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>

#include "absl/strings/str_cat.h"

namespace course {

void Mask(absl::Span<char> data, const MaskingKey& key, size_t offset) {
  for (size_t i = 0; i < data.size(); ++i) {
    data[i] = static_cast<char>(data[i] ^ key[(offset + i) % 4]);
  }
}

void FastMask(absl::Span<char> data, const MaskingKey& key, size_t offset) {
  // The key as it lies over data[0]: rotated by the offset, and twice, for 8 bytes of data.
  char bytes[8];
  for (size_t i = 0; i < sizeof bytes; ++i) bytes[i] = static_cast<char>(key[(offset + i) % 4]);
  uint64_t wide_key;
  std::memcpy(&wide_key, bytes, sizeof wide_key);

  size_t i = 0;
  for (; data.size() - i >= sizeof wide_key; i += sizeof wide_key) {
    uint64_t word;
    std::memcpy(&word, data.data() + i, sizeof word);
    word ^= wide_key;
    std::memcpy(data.data() + i, &word, sizeof word);
  }
  Mask(data.subspan(i), key, offset + i);
}

MaskingKey NewMaskingKey() {
  MaskingKey key;
  if (getrandom(key.data(), key.size(), 0) != static_cast<ssize_t>(key.size())) std::abort();
  return key;
}

std::string ClientFrame(Opcode opcode, absl::string_view payload, const MaskingKey& key) {
  const FrameHeader header = {
      .opcode = opcode, .masked = true, .length = payload.size(), .key = key};
  std::string masked(payload);
  FastMask(absl::MakeSpan(masked), key);
  return absl::StrCat(EncodeHeader(header), masked);
}

}  // namespace course
