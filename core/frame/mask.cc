#include "weft/core/frame/mask.h"

#include <openssl/rand.h>
#include <pthread.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "weft/core/frame/mask_kernels.h"

namespace weft {
namespace {

// From this size on, in bytes, wide vectors are worth an indirect call. No kernel requires this
// much.
constexpr size_t kWide = 128;

// The kernel with the widest vectors that the processor has.
const internal::MaskKernel& WidestKernel() {
  static const internal::MaskKernel& widest =
      *std::find_if(internal::MaskKernels().begin(), internal::MaskKernels().end(),
                    [](const internal::MaskKernel& kernel) { return kernel.supported(); });
  return widest;
}

// A separate function, so that MaskCopy needs no stack frame for variables that a short payload
// does not use.
[[gnu::noinline]] void MaskWide(const char* in, size_t size, uint32_t word, char* out) {
  WidestKernel().mask(in, size, word, out);
}

// Keys generated in advance, because BoringSSL takes about as long for 4 bytes as for 256.
struct KeyStock {
  std::array<MaskingKey, 64> keys;
  size_t unused = 0;
};

thread_local KeyStock key_stock;

}  // namespace

void Mask(absl::Span<char> data, MaskingKey key, size_t offset) {
  MaskCopy({data.data(), data.size()}, key, offset, data.data());
}

void MaskCopy(absl::string_view in, MaskingKey key, size_t offset, char* out) {
  const size_t size = in.size();
  const uint32_t word = internal::RotateKey(std::bit_cast<uint32_t>(key), offset);
  if (size >= kWide) {
    MaskWide(in.data(), size, word, out);
  } else if (size >= 16) {
    internal::MaskVectors<16>(in.data(), size, word, out);
  } else if (size >= 8) {
    internal::MaskVectors<8>(in.data(), size, word, out);
  } else if (size >= 4) {
    internal::MaskVectors<4>(in.data(), size, word, out);
  } else {
    for (size_t i = 0; i < size; ++i) out[i] = in[i] ^ key[(offset + i) % key.size()];
  }
}

MaskingKey RandomMaskingKey() {
  if (key_stock.unused == 0) {
    // A child process must not reuse the keys that its parent will take from the same stock.
    static const int registered = pthread_atfork(nullptr, nullptr, [] { key_stock.unused = 0; });
    static_cast<void>(registered);
    RAND_bytes(key_stock.keys.front().data(), sizeof(key_stock.keys));
    key_stock.unused = key_stock.keys.size();
  }
  return key_stock.keys[--key_stock.unused];
}

}  // namespace weft
