// Masking compared with memcpy, which does the same loads and stores.
//
//   bazel run -c opt //core/frame:mask_benchmark

#include <algorithm>
#include <cstring>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "benchmark/benchmark.h"
#include "weft/core/frame/mask.h"

namespace weft {
namespace {

constexpr MaskingKey kKey = {0x37, 0xfa, 0x21, 0x3d};

// Payloads lie as a read leaves them: consecutive, each after its masked header, and therefore
// unaligned. Cycling through 16 KiB of them keeps them in the first-level cache but out of the
// processor's store queue, as payloads read from a socket are.
constexpr size_t kHeaderSize = 6;
constexpr size_t kArenaSize = 16384;

// Calls body(in, size, out) on payloads of state.range(0) bytes.
template <typename Body>
void Run(benchmark::State& state, Body body) {
  const size_t size = state.range(0);
  const size_t frame_size = kHeaderSize + size;
  const size_t end = std::max(kArenaSize / frame_size, size_t{1}) * frame_size;
  std::vector<char> in(end, 'i'), out(end, 'o');
  size_t frame = 0;
  for (auto _ : state) {
    body(in.data() + frame + kHeaderSize, size, out.data() + frame + kHeaderSize);
    benchmark::ClobberMemory();
    frame += frame_size;
    if (frame == end) frame = 0;
  }
  state.SetBytesProcessed(state.iterations() * size);
}

void BM_Memcpy(benchmark::State& state) {
  Run(state, [](char* in, size_t size, char* out) { std::memcpy(out, in, size); });
}

void BM_Mask(benchmark::State& state) {
  Run(state, [](char* in, size_t size, char*) { Mask(absl::MakeSpan(in, size), kKey); });
}

void BM_MaskCopy(benchmark::State& state) {
  Run(state, [](char* in, size_t size, char* out) { MaskCopy({in, size}, kKey, 0, out); });
}

void BM_RandomMaskingKey(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(RandomMaskingKey());
}

void Sizes(benchmark::internal::Benchmark* benchmark) {
  for (int size : {3, 7, 16, 20, 63, 64, 125, 1024, 65536, 1 << 24}) benchmark->Arg(size);
}

BENCHMARK(BM_Memcpy)->Apply(Sizes);
BENCHMARK(BM_Mask)->Apply(Sizes);
BENCHMARK(BM_MaskCopy)->Apply(Sizes);
BENCHMARK(BM_RandomMaskingKey);

}  // namespace
}  // namespace weft
