// UTF-8 validation for processors with AVX-512. For utf8.cc and its test only.

#ifndef WEFT_CORE_FRAME_UTF8_AVX512_H_
#define WEFT_CORE_FRAME_UTF8_AVX512_H_

#include "absl/strings/string_view.h"

namespace weft::internal {

// Whether this processor has AVX-512 with the byte permutations (VBMI): Ice Lake, Zen 4 and later.
bool HasAvx512Vbmi();

// Whether all of `text` is valid UTF-8. Call it only if HasAvx512Vbmi().
bool IsValidUtf8Avx512(absl::string_view text);

}  // namespace weft::internal

#endif  // WEFT_CORE_FRAME_UTF8_AVX512_H_
