#include "weft/core/frame/mask_kernels.h"

namespace weft::internal {
namespace {

#if defined(__x86_64__)
__attribute__((target("avx512f"))) void MaskAvx512(const char* in, size_t size, uint32_t key,
                                                   char* out) {
  MaskVectors<64>(in, size, key, out);
}

__attribute__((target("avx2"))) void MaskAvx2(const char* in, size_t size, uint32_t key,
                                              char* out) {
  MaskVectors<32>(in, size, key, out);
}
#endif

// The compiler chooses SSE2, NEON, or words where there are no vectors.
void MaskPortable(const char* in, size_t size, uint32_t key, char* out) {
  MaskVectors<16>(in, size, key, out);
}

constexpr MaskKernel kKernels[] = {
#if defined(__x86_64__)
    {"avx512", 64, [] { return __builtin_cpu_supports("avx512f") != 0; }, MaskAvx512},
    {"avx2", 32, [] { return __builtin_cpu_supports("avx2") != 0; }, MaskAvx2},
#endif
    {"portable", 16, [] { return true; }, MaskPortable},
};

}  // namespace

absl::Span<const MaskKernel> MaskKernels() { return kKernels; }

}  // namespace weft::internal
