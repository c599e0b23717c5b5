// Masking: the XOR that a client applies to every payload (RFC 6455, section 5.3), so that a
// browser script cannot choose the bytes that reach a proxy on the path.

#ifndef WEFT_CORE_FRAME_MASK_H_
#define WEFT_CORE_FRAME_MASK_H_

#include <cstddef>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "weft/core/frame/frame.h"

namespace weft {

// XORs `data` with the key in place. `offset` is the distance in bytes of data[0] from the start of
// the payload: a payload that arrives in pieces is masked piece by piece. Masking twice restores
// the data.
void Mask(absl::Span<char> data, MaskingKey key, size_t offset = 0);

// Writes `in`, XORed with the key, to `out`, which has space for in.size() bytes. `out` may overlap
// `in` if it begins at or before it.
void MaskCopy(absl::string_view in, MaskingKey key, size_t offset, char* out);

// Four bytes from BoringSSL's CSPRNG: an unpredictable key, as section 5.3 requires of a client; a
// new one for each frame. Callable from any thread.
MaskingKey RandomMaskingKey();

}  // namespace weft

#endif  // WEFT_CORE_FRAME_MASK_H_
