// UTF-8 validation for processors with AVX-512. For utf8.cc and its test only.

#ifndef WEFT_CORE_FRAME_UTF8_AVX512_H_
#define WEFT_CORE_FRAME_UTF8_AVX512_H_

#include "absl/strings/string_view.h"

namespace weft::internal {

// Whether this processor has AVX-512 with the byte permutations (VBMI), as from Ice Lake and Zen 4
// on.
bool HasAvx512Vbmi();

// Whether `text` is UTF-8 from its first byte to its last. Only where HasAvx512Vbmi().
bool IsValidUtf8Avx512(absl::string_view text);

}  // namespace weft::internal

#endif  // WEFT_CORE_FRAME_UTF8_AVX512_H_
