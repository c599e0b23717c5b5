// The page's questions and their answers, both in JSON.

#ifndef WEFT_EXAMPLES_INSPECT_ANSWERS_H_
#define WEFT_EXAMPLES_INSPECT_ANSWERS_H_

#include <cstddef>
#include <string>

#include "absl/strings/string_view.h"
#include "examples/inspect/tap_log.h"
#include "weft/core/deflate/compression.h"

namespace examples {

// The maximum size of a learner's input, in bytes.
inline constexpr size_t kMaxQuestionBytes = 256 << 10;

// The maximum number of frames described in an answer; of further ones it has only the number.
inline constexpr size_t kMaxFrames = 64;

// Answers one question:
//   {"type": "compose", "sender": "client", "opcode": "text", "text": "Hello", ...}
//                                      -> {"type": "frames", "hex": ..., "frames": [...], ...}
//   {"type": "decode", "sender": "client", "hex": "81 05 ...", "deflate": false}
//                                      -> the same
//   {"type": "handshake", "request": "GET / HTTP/1.1 ..."}
//                                      -> {"type": "handshake", ...}
//   {"type": "entry", "id": 17}        -> {"type": "entry", ...}: all details of an entry of the
//   tap
// A question without an answer -> {"type": "error", "about": "compose", "text": "the reason"}.
// `tap` is null if there is none. Thread-safe.
std::string AnswerTo(absl::string_view question, const weft::CompressionOptions& compression,
                     const TapLog* tap = nullptr);

}  // namespace examples

#endif  // WEFT_EXAMPLES_INSPECT_ANSWERS_H_
