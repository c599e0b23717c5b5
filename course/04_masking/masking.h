// Chapter 4: the mask of a client's payloads (RFC 6455, section 5.3).

#ifndef WEFT_COURSE_04_MASKING_MASKING_H_
#define WEFT_COURSE_04_MASKING_MASKING_H_

#include <cstddef>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "course/03_frames/frames.h"

namespace course {

// XORs `data` with the key, in place. data[0] is byte number `offset` of the payload, so that a
// payload can be masked in pieces.
void Mask(absl::Span<char> data, const MaskingKey& key, size_t offset = 0);

// The same result, with several bytes in each step.
void FastMask(absl::Span<char> data, const MaskingKey& key, size_t offset = 0);

// Four bytes that nobody can predict; others at each call.
MaskingKey NewMaskingKey();

// A whole message of a client, in one frame.
std::string ClientFrame(Opcode opcode, absl::string_view payload, const MaskingKey& key);

}  // namespace course

#endif  // WEFT_COURSE_04_MASKING_MASKING_H_
