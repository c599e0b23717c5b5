// How fast your Mask and FastMask are, and Weft's:
//
//   ./bazelw run -c opt //course/04_masking:benchmark

#include <chrono>
#include <cstddef>
#include <cstdio>
#include <string>

#include "absl/types/span.h"
#include "course/03_frames/frames.h"
#include "course/04_masking/masking.h"
#include "course/not_written_yet.h"
#include "weft/core/frame/mask.h"

namespace {

using Clock = std::chrono::steady_clock;
using MaskFunction = void(absl::Span<char>, const course::MaskingKey&, size_t);

constexpr course::MaskingKey kKey = {0x37, 0xFA, 0x21, 0x3D};
constexpr std::chrono::milliseconds kTime(100);  // of a round
constexpr int kRounds = 3;                       // the best of them counts
constexpr size_t kPiece = 1 << 20;               // bytes between two looks at the clock, at least

// The speed on payloads of `size` bytes, in GB/s; negative if the function is not written yet.
double Speed(MaskFunction* mask, size_t size) {
  std::string payload(size, 'x');
  double best = 0;
  try {
    for (int round = 0; round < kRounds; ++round) {
      size_t bytes = 0;
      const Clock::time_point start = Clock::now();
      Clock::duration taken{};
      do {
        for (size_t done = 0; done < kPiece; done += size) {
          mask(absl::MakeSpan(payload), kKey, 0);
          bytes += size;
        }
        taken = Clock::now() - start;
      } while (taken < kTime);
      const double speed =
          static_cast<double>(bytes) / std::chrono::duration<double, std::nano>(taken).count();
      if (speed > best) best = speed;
    }
  } catch (const course::NotWritten&) {
    return -1;
  }
  return best;
}

void Print(const char* name, MaskFunction* mask) {
  std::printf("%-14s", name);
  for (const size_t size : {16, 1024, 65536}) {
    const double speed = Speed(mask, size);
    if (speed < 0) {
      std::printf("%16s", "not written");
    } else {
      std::printf("%11.2f GB/s", speed);
    }
  }
  std::printf("\n");
}

}  // namespace

int main() {
  std::printf("%-14s%16s%16s%16s\n", "payloads of", "16 bytes", "1 KiB", "64 KiB");
  Print("your Mask", course::Mask);
  Print("your FastMask", course::FastMask);
  Print("Weft's Mask", [](absl::Span<char> data, const course::MaskingKey& key, size_t offset) {
    weft::Mask(data, key, offset);
  });
#ifndef __OPTIMIZE__
  std::printf("This was compiled without optimization: run it with -c opt.\n");
#endif
}
