// Validation of text through Utf8Validator::Append.
//
//   bazel run -c opt //core/frame:utf8_benchmark

#include <string>

#include "absl/strings/string_view.h"
#include "benchmark/benchmark.h"
#include "weft/core/frame/utf8.h"

namespace weft {
namespace {

constexpr absl::string_view kAscii = "The quick brown fox jumps over the lazy dog. ";
constexpr absl::string_view kMixed =
    "Hello, Grüße, Γειά σου, Привет, שלום, مرحبا, नमस्ते, 你好世界, こんにちは, 안녕하세요, 🌍🎉. ";

// `size` bytes: `sample` repeated, cut at the end of a code point and padded with ASCII.
std::string Text(absl::string_view sample, size_t size) {
  std::string text;
  while (text.size() < size) text.append(sample.data(), sample.size());
  while ((text[size] & 0xC0) == 0x80) text[--size] = '.';
  text.resize(size);
  return text;
}

void Run(benchmark::State& state, absl::string_view sample) {
  const std::string text = Text(sample, state.range(0));
  for (auto _ : state) {
    Utf8Validator validator;
    benchmark::DoNotOptimize(validator.Append(text));
  }
  state.SetBytesProcessed(state.iterations() * text.size());
}

void BM_Ascii(benchmark::State& state) { Run(state, kAscii); }
void BM_Mixed(benchmark::State& state) { Run(state, kMixed); }

void Sizes(benchmark::internal::Benchmark* benchmark) {
  for (int size : {8, 16, 20, 32, 40, 48, 64, 80, 96, 125, 256, 1024, 65536}) benchmark->Arg(size);
}

BENCHMARK(BM_Ascii)->Apply(Sizes);
BENCHMARK(BM_Mixed)->Apply(Sizes);

}  // namespace
}  // namespace weft
