#include "weft/core/frame/mask.h"

#include <sys/wait.h>
#include <unistd.h>

#include <bit>
#include <cstring>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "gtest/gtest.h"
#include "weft/core/frame/mask_kernels.h"

namespace weft {
namespace {

constexpr MaskingKey kKey = {0x37, 0xfa, 0x21, 0x3d};
constexpr size_t kMaxSize = 300;
constexpr size_t kGuard = 64;  // bytes on both sides of a payload that must not change

// Bytes that differ from their neighbours and from the bytes one vector further.
std::string Bytes(size_t size) {
  std::string bytes(size, '\0');
  for (size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>(i * 167 + i / 256 + 1);
  return bytes;
}

// Section 5.3: transformed-octet-i = original-octet-i XOR masking-key-octet-(i MOD 4).
std::string Naive(absl::string_view in, const MaskingKey& key, size_t offset) {
  std::string out(in);
  for (size_t i = 0; i < out.size(); ++i) out[i] ^= key[(offset + i) % 4];
  return out;
}

// The expected result of a function that masks in[0, size) to out, whatever the rest of `memory`
// contains: the bytes of Naive at `to`, and no other byte changed.
template <typename Function>
void ExpectMasks(Function mask, size_t from, size_t to, size_t size, size_t offset) {
  std::string memory = Bytes(from + size + kGuard);
  std::string expected = memory;
  expected.replace(to, size, Naive(absl::string_view(memory).substr(from, size), kKey, offset));
  mask(memory.data() + from, size, offset, memory.data() + to);
  ASSERT_EQ(memory, expected) << size << " bytes at offset " << offset << " from " << from << " to "
                              << to;
}

void CallMask(char* in, size_t size, size_t offset, char*) {
  Mask(absl::MakeSpan(in, size), kKey, offset);
}

void CallMaskCopy(char* in, size_t size, size_t offset, char* out) {
  MaskCopy({in, size}, kKey, offset, out);
}

TEST(MaskTest, Section_5_7_Vector) {
  std::string payload = "Hello";
  Mask(absl::MakeSpan(payload), kKey);
  EXPECT_EQ(absl::BytesToHexString(payload), "7f9f4d5158");
  Mask(absl::MakeSpan(payload), kKey);
  EXPECT_EQ(payload, "Hello");
}

TEST(MaskTest, EverySizeOffsetAndAlignment) {
  for (size_t size = 0; size <= kMaxSize; ++size) {
    for (size_t offset = 0; offset < 8; ++offset) {
      for (size_t alignment = 0; alignment < 64; alignment += size % 7 + 1) {
        const size_t at = kGuard + alignment;
        ASSERT_NO_FATAL_FAILURE(ExpectMasks(CallMask, at, at, size, offset));
      }
    }
  }
}

TEST(MaskTest, LargeOffset) {
  for (size_t offset : {size_t{0xFFFFFFFF}, size_t{0x100000001}, SIZE_MAX}) {
    ASSERT_NO_FATAL_FAILURE(ExpectMasks(CallMask, kGuard, kGuard, 200, offset));
  }
}

TEST(MaskTest, CopyOverEveryDistance) {
  for (size_t distance = 0; distance <= 130; ++distance) {
    for (size_t size = 0; size <= kMaxSize; ++size) {
      const size_t from = kGuard + 130;
      ASSERT_NO_FATAL_FAILURE(ExpectMasks(CallMaskCopy, from, from - distance, size, size));
    }
  }
}

TEST(MaskTest, CopyToElsewhere) {
  for (size_t size = 0; size <= kMaxSize; ++size) {
    const size_t to = kGuard + size % 64;
    ASSERT_NO_FATAL_FAILURE(ExpectMasks(CallMaskCopy, to + size + size % 61, to, size, size));
  }
}

TEST(MaskTest, PiecesEqualTheWhole) {
  const std::string whole = Bytes(kMaxSize);
  const std::string expected = Naive(whole, kKey, 0);
  for (size_t first = 0; first <= whole.size(); ++first) {
    for (size_t second = first; second <= whole.size(); second += 13) {
      std::string payload = whole;
      const absl::Span<char> bytes = absl::MakeSpan(payload);
      Mask(bytes.subspan(0, first), kKey);
      Mask(bytes.subspan(first, second - first), kKey, first);
      Mask(bytes.subspan(second), kKey, second);
      ASSERT_EQ(payload, expected) << first << ", " << second;
    }
  }
}

// The other kernels would otherwise run only on processors without a wider one.
TEST(MaskTest, EveryKernelOfThisProcessor) {
  EXPECT_TRUE(internal::MaskKernels().back().supported());
  for (const internal::MaskKernel& kernel : internal::MaskKernels()) {
    if (!kernel.supported()) continue;
    SCOPED_TRACE(kernel.name);
    const auto mask = [&kernel](char* in, size_t size, size_t offset, char* out) {
      const uint32_t key = internal::RotateKey(std::bit_cast<uint32_t>(kKey), offset);
      kernel.mask(in, size, key, out);
    };
    for (size_t size = kernel.vector_size; size <= 4 * kMaxSize; size += size < kMaxSize ? 1 : 7) {
      for (size_t alignment = 0; alignment < 64; alignment += size % 5 + 1) {
        const size_t to = kGuard + alignment;
        ASSERT_NO_FATAL_FAILURE(ExpectMasks(mask, to, to, size, size));
        ASSERT_NO_FATAL_FAILURE(ExpectMasks(mask, to + size % 131, to, size, alignment));
      }
    }
  }
}

uint32_t RandomWord() { return std::bit_cast<uint32_t>(RandomMaskingKey()); }

// Of 100,000 words of 32 bits, 1.2 pairs are equal by chance; more than 10 once in 10^7 runs. One
// mask for a whole connection was curl's CVE-2025-10148.
TEST(MaskTest, R17_KeysDoNotRepeat) {
  constexpr int kCount = 100000;
  std::set<uint32_t> seen;
  int set_bits[32] = {};
  for (int i = 0; i < kCount; ++i) {
    const uint32_t word = RandomWord();
    seen.insert(word);
    for (int bit = 0; bit < 32; ++bit) set_bits[bit] += word >> bit & 1;
  }
  EXPECT_GE(seen.size(), kCount - 10u);
  // Each bit is a fair coin: the standard deviation is 158.
  for (int count : set_bits) EXPECT_NEAR(count, kCount / 2, 8 * 158);
}

TEST(MaskTest, R17_ThreadsHaveTheirOwnKeys) {
  std::vector<std::vector<uint32_t>> keys(4);
  std::vector<std::thread> threads;
  for (std::vector<uint32_t>& of_thread : keys) {
    threads.emplace_back([&of_thread] {
      for (int i = 0; i < 1000; ++i) of_thread.push_back(RandomWord());
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::set<uint32_t> seen;
  for (const std::vector<uint32_t>& of_thread : keys)
    seen.insert(of_thread.begin(), of_thread.end());
  EXPECT_GE(seen.size(), 4000u - 3);
}

TEST(MaskTest, R17_AForkedChildHasItsOwnKeys) {
  RandomMaskingKey();  // so that the child inherits a stock of keys
  uint32_t child[8];
  uint32_t parent[8];
  int fds[2];
  ASSERT_EQ(pipe(fds), 0);
  const pid_t pid = fork();
  ASSERT_GE(pid, 0);
  if (pid == 0) {
    for (uint32_t& word : child) word = RandomWord();
    _exit(write(fds[1], child, sizeof(child)) == sizeof(child) ? 0 : 1);
  }
  for (uint32_t& word : parent) word = RandomWord();
  int status;
  ASSERT_EQ(waitpid(pid, &status, 0), pid);
  ASSERT_EQ(status, 0);
  ASSERT_EQ(read(fds[0], child, sizeof(child)), static_cast<ssize_t>(sizeof(child)));
  for (int i = 0; i < 8; ++i) EXPECT_NE(child[i], parent[i]);
  close(fds[0]);
  close(fds[1]);
}

}  // namespace
}  // namespace weft
