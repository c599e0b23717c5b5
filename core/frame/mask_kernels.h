// The loops behind Mask, one for each width of vectors. For mask.cc and its test only.

#ifndef WEFT_CORE_FRAME_MASK_KERNELS_H_
#define WEFT_CORE_FRAME_MASK_KERNELS_H_

#include <bit>
#include <cstddef>
#include <cstdint>

#include "absl/types/span.h"
#include "weft/cxx20.h"

namespace weft::internal {

// A masking key as one word in memory order, as it falls on the payload from byte `offset` on.
inline uint32_t RotateKey(uint32_t key, size_t offset) {
  const int bits = 8 * static_cast<int>(offset % sizeof(key));
  return std::endian::native == std::endian::little ? std::rotr(key, bits) : std::rotl(key, bits);
}

// Writes the `size` bytes at `in`, at least kBytes, XORed with the key to `out`, in vectors of
// kBytes: a power of two, at least 4.
//
// Both ends of the payload are vectors that may overlap what the loop does in between, so no byte
// is left for a slower loop and the stores of this one are aligned. The ends are loaded first and
// stored last, and in between what is stored has been loaded before: `out` may overlap `in` when it
// begins at or before it.
//
// Always inline, since it takes the instruction set from the function that calls it.
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
  size_t vector_size;   // bytes; no payload may be shorter
  bool (*supported)();  // whether the processor can run it
  void (*mask)(const char* in, size_t size, uint32_t key, char* out);
};

// Every kernel of this architecture, the widest first. The last one runs on every processor.
absl::Span<const MaskKernel> MaskKernels();

}  // namespace weft::internal

#endif  // WEFT_CORE_FRAME_MASK_KERNELS_H_
