// The loops that Mask uses, one for each vector width. For mask.cc and its test only.

#ifndef WEFT_CORE_FRAME_MASK_KERNELS_H_
#define WEFT_CORE_FRAME_MASK_KERNELS_H_

#include <bit>
#include <cstddef>
#include <cstdint>

#include "absl/types/span.h"
#include "weft/cxx20.h"

namespace weft::internal {

// A masking key as one word in memory order, rotated for a payload that starts at byte `offset`.
inline uint32_t RotateKey(uint32_t key, size_t offset) {
  const int bits = 8 * static_cast<int>(offset % sizeof(key));
  return std::endian::native == std::endian::little ? std::rotr(key, bits) : std::rotl(key, bits);
}

// Writes the `size` bytes at `in`, at least kBytes, XORed with the key to `out`, in vectors of
// kBytes: a power of two, at least 4.
//
// The first and the last vector of the payload may overlap those that the loop handles, so no bytes
// are left for a slower loop and the loop's stores are aligned. The first and last vectors are
// loaded first and stored last, and the loop loads each vector before it stores it: `out` may
// overlap `in` when it begins at or before it.
//
// Always inline, because it takes the instruction set from its caller.
template <size_t kBytes>
[[gnu::always_inline]] inline void MaskVectors(const char* in, size_t size, uint32_t key,
                                               char* out) {
  typedef uint32_t Vector __attribute__((vector_size(kBytes)));
  struct __attribute__((packed, may_alias)) Unaligned {
    Vector vector;
  };
  const auto from = [in](size_t i) { return reinterpret_cast<const Unaligned*>(in + i); };
  const auto to = [out](size_t i) { return reinterpret_cast<Unaligned*>(out + i); };

  const size_t last = size - kBytes;
  const Vector head = from(0)->vector ^ key;
  const Vector tail = from(last)->vector ^ RotateKey(key, last);
  if (last > kBytes) {
    size_t i = kBytes - reinterpret_cast<uintptr_t>(out) % kBytes;
    key = RotateKey(key, i);
    for (; i < last; i += kBytes) to(i)->vector = from(i)->vector ^ key;
  }
  to(0)->vector = head;
  to(last)->vector = tail;
}

// MaskVectors for one instruction set.
struct MaskKernel {
  const char* name;
  size_t vector_size;   // bytes; the minimum size of a payload
  bool (*supported)();  // whether the processor supports it
  void (*mask)(const char* in, size_t size, uint32_t key, char* out);
};

// Every kernel of this architecture, the widest first. The last runs on every processor.
absl::Span<const MaskKernel> MaskKernels();

}  // namespace weft::internal

#endif  // WEFT_CORE_FRAME_MASK_KERNELS_H_
