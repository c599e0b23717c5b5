// The cost of a message in core alone: frames in, frames out, no socket.
//
//   bazel run -c opt //core:connection_benchmark

#include <cstring>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "benchmark/benchmark.h"
#include "weft/core/connection.h"
#include "weft/core/testing/frames.h"

namespace weft {
namespace {

constexpr int kMessagesPerRead = 64;

std::string Input(size_t payload, Opcode opcode) {
  std::string input;
  for (int i = 0; i < kMessagesPerRead; ++i) {
    input += testing::ClientFrame(opcode, std::string(payload, 'x'));
  }
  return input;
}

// Reads of 64 masked frames through a server's connection; with `echo`, each is answered. Copying
// the input stands in for the read and is measured too.
void Run(benchmark::State& state, Opcode opcode, bool echo) {
  BufferPool pool;
  Connection connection(Role::kServer, {.pool = &pool});
  const std::string input = Input(state.range(0), opcode);
  std::vector<char> scratch(input.size());
  for (auto _ : state) {
    const absl::Span<char> into = connection.ReadBuffer(absl::MakeSpan(scratch));
    std::memcpy(into.data(), input.data(), input.size());
    connection.DidRead(input.size());
    while (const std::optional<Event> event = connection.NextEvent()) {
      benchmark::DoNotOptimize(event->payload.data());
      if (echo) connection.SendBinary(event->payload).IgnoreError();
    }
    if (echo) connection.DidWrite(connection.queued_bytes());
  }
  state.SetItemsProcessed(state.iterations() * kMessagesPerRead);
  state.SetBytesProcessed(state.iterations() * input.size());
}

void BM_ReceiveBinary(benchmark::State& state) { Run(state, Opcode::kBinary, false); }
void BM_EchoBinary(benchmark::State& state) { Run(state, Opcode::kBinary, true); }
void BM_ReceiveText(benchmark::State& state) { Run(state, Opcode::kText, false); }

BENCHMARK(BM_ReceiveBinary)->Arg(16)->Arg(125)->Arg(1024);
BENCHMARK(BM_EchoBinary)->Arg(16)->Arg(125)->Arg(1024);
BENCHMARK(BM_ReceiveText)->Arg(16)->Arg(125)->Arg(1024);

}  // namespace
}  // namespace weft
