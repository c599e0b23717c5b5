#include "weft/core/frame/utf8_avx512.h"

#include <cstddef>
#include <cstdint>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace weft::internal {

#if defined(__x86_64__)
namespace {

#define WEFT_AVX512 __attribute__((target("avx512f,avx512bw,avx512vbmi,bmi2")))
#define WEFT_AVX512_INLINE WEFT_AVX512 __attribute__((always_inline)) inline

// RFC 3629, section 4, as two questions about two consecutive bytes: which class has the second,
// and which classes may not follow the first? One bit per class.
enum Class : uint8_t {
  kAscii = 1,    // 00 to 7F
  kTail8 = 2,    // 80 to 8F
  kTail9 = 4,    // 90 to 9F
  kTailAB = 8,   // A0 to BF
  kLead = 16,    // C0 to FF
  kTail = 0x80,  // 80 to BF again, for the third and fourth byte of a code point
};

constexpr uint8_t ClassOf(uint8_t byte) {
  if (byte < 0x80) return kAscii;
  if (byte < 0x90) return kTail8 | kTail;
  if (byte < 0xA0) return kTail9 | kTail;
  return byte < 0xC0 ? kTailAB | kTail : kLead;
}

constexpr uint8_t BadAfter(uint8_t first) {
  constexpr uint8_t kNoTail = kAscii | kLead;
  if (first < 0x80) return kTail8 | kTail9 | kTailAB;
  if (first < 0xC0) return kTail;  // unless it is expected: see Errors
  if (first < 0xC2 || first > 0xF4) return kNoTail | kTail8 | kTail9 | kTailAB;
  if (first == 0xE0) return kNoTail | kTail8 | kTail9;   // otherwise it fits in two bytes
  if (first == 0xED) return kNoTail | kTailAB;           // otherwise a surrogate
  if (first == 0xF0) return kNoTail | kTail8;            // otherwise it fits in three bytes
  if (first == 0xF4) return kNoTail | kTail9 | kTailAB;  // otherwise above U+10FFFF
  return kNoTail;
}

struct Tables {
  // indexed by the high half of the byte; the same 16 four times
  alignas(64) uint8_t class_of[64];
  alignas(64) uint8_t bad_after[128];  // indexed by the low seven bits of bytes from 80 on
};

constexpr Tables MakeTables() {
  Tables tables = {};
  for (int i = 0; i < 64; ++i) tables.class_of[i] = ClassOf(i % 16 << 4);
  for (int i = 0; i < 128; ++i) tables.bad_after[i] = BadAfter(0x80 | i);
  return tables;
}

constexpr Tables kTables = MakeTables();

constexpr ptrdiff_t kBlock = sizeof(__m512i);

// The 64 bytes of `text` at `at`. With kEdge they may begin before the text or end after it: those
// bytes are zero.
template <bool kEdge>
WEFT_AVX512_INLINE __m512i Load(absl::string_view text, ptrdiff_t at) {
  if (!kEdge) return _mm512_loadu_si512(text.data() + at);
  const ptrdiff_t size = text.size();
  __mmask64 inside = ~__mmask64{0};
  if (at < 0) inside <<= -at;
  if (size - at < kBlock) inside = _bzhi_u64(inside, size - at);
  return _mm512_maskz_loadu_epi8(inside, text.data() + at);
}

// Nonzero for each byte of the block at `at` that may not follow the bytes before it.
template <bool kEdge>
WEFT_AVX512_INLINE __m512i Errors(absl::string_view text, ptrdiff_t at) {
  const __m512i byte = Load<kEdge>(text, at);
  const __m512i before = Load<kEdge>(text, at - 1);
  const __m512i second_before = Load<kEdge>(text, at - 2);
  const __m512i third_before = Load<kEdge>(text, at - 3);

  const __m512i half = _mm512_and_si512(_mm512_srli_epi16(byte, 4), _mm512_set1_epi8(0x0F));
  const __m512i class_of = _mm512_shuffle_epi8(_mm512_load_si512(kTables.class_of), half);
  const __m512i bad_after =
      _mm512_mask_mov_epi8(_mm512_set1_epi8(BadAfter(0)), _mm512_movepi8_mask(before),
                           _mm512_permutex2var_epi8(_mm512_load_si512(kTables.bad_after), before,
                                                    _mm512_load_si512(kTables.bad_after + kBlock)));
  const __m512i bad_pair = _mm512_and_si512(class_of, bad_after);

  // kTail in bad_pair means a tail after a tail. That is expected, and then not bad, two bytes
  // after E0 and above and three bytes after F0 and above. The subtraction leaves the high bit set
  // for exactly those.
  const __m512i three = _mm512_subs_epu8(second_before, _mm512_set1_epi8(0xE0 - 0x80));
  const __m512i four = _mm512_subs_epu8(third_before, _mm512_set1_epi8(0xF0 - 0x80));
  const __m512i wanted =
      _mm512_and_si512(_mm512_or_si512(three, four), _mm512_set1_epi8(static_cast<char>(kTail)));
  return _mm512_xor_si512(bad_pair, wanted);
}

// The size of the ASCII prefix, rounded down to whole blocks, or that of a text that is all ASCII.
WEFT_AVX512_INLINE ptrdiff_t AsciiPrefix(absl::string_view text) {
  const ptrdiff_t size = text.size();
  ptrdiff_t at = 0;
  // One branch for four blocks makes it twice as fast at 4 KiB.
  for (; at + 4 * kBlock <= size; at += 4 * kBlock) {
    const char* const from = text.data() + at;
    const __m512i low =
        _mm512_or_si512(_mm512_loadu_si512(from), _mm512_loadu_si512(from + kBlock));
    const __m512i high = _mm512_or_si512(_mm512_loadu_si512(from + 2 * kBlock),
                                         _mm512_loadu_si512(from + 3 * kBlock));
    if (_mm512_movepi8_mask(_mm512_or_si512(low, high)) != 0) break;
  }
  for (; at < size; at += kBlock) {
    if (_mm512_movepi8_mask(Load<true>(text, at)) != 0) return at;
  }
  return size;
}

}  // namespace

bool HasAvx512Vbmi() {
  return __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vbmi") &&
         __builtin_cpu_supports("bmi2");
}

WEFT_AVX512 bool IsValidUtf8Avx512(absl::string_view text) {
  if (text.size() <= kBlock) {
    if (_mm512_movepi8_mask(Load<true>(text, 0)) == 0) return true;
  } else {
    text.remove_prefix(AsciiPrefix(text));
    if (text.empty()) return true;
  }
  const ptrdiff_t size = text.size();
  __m512i errors = Errors<true>(text, 0);
  ptrdiff_t at = kBlock;
  for (; at + kBlock <= size; at += kBlock) {
    // ASCII after ASCII needs no further check. Three bytes before the block count too.
    const __m512i three_earlier = _mm512_loadu_si512(text.data() + at - 3);
    const __m512i block = _mm512_loadu_si512(text.data() + at);
    if (_mm512_movepi8_mask(_mm512_or_si512(block, three_earlier)) == 0) continue;
    errors = _mm512_or_si512(errors, Errors<false>(text, at));
  }
  // The rest, which may be empty, followed by zeros: they may not follow an incomplete code point.
  if (at <= size) errors = _mm512_or_si512(errors, Errors<true>(text, at));
  return _mm512_test_epi8_mask(errors, errors) == 0;
}

#else

bool HasAvx512Vbmi() { return false; }

bool IsValidUtf8Avx512(absl::string_view) { return false; }

#endif

}  // namespace weft::internal
