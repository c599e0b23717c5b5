// The page's questions and their answers, both in JSON.

#ifndef WEFT_EXAMPLES_INSPECT_ANSWERS_H_
#define WEFT_EXAMPLES_INSPECT_ANSWERS_H_

#include <cstddef>
#include <string>

#include "absl/strings/string_view.h"
#include "examples/inspect/tap_log.h"
#include "weft/core/deflate/compression.h"

namespace examples {

// What a learner may type or paste, in bytes.
inline constexpr size_t kMaxQuestionBytes = 256 << 10;

// So many frames are described in an answer; of further ones only their number.
inline constexpr size_t kMaxFrames = 64;

// Answers one question:
//   {"type": "compose", "sender": "client", "opcode": "text", "text": "Hello", ...}
//                                      -> {"type": "frames", "hex": ..., "frames": [...], ...}
//   {"type": "decode", "sender": "client", "hex": "81 05 ...", "deflate": false}
//                                      -> the same
//   {"type": "handshake", "request": "GET / HTTP/1.1 ..."}
//                                      -> {"type": "handshake", ...}
//   {"type": "entry", "id": 17}        -> {"type": "entry", ...}: all about what the tap saw
// What cannot be answered -> {"type": "error", "about": "compose", "text": "why"}.
// `tap` is null where there is none. Thread-safe.
std::string AnswerTo(absl::string_view question, const weft::CompressionOptions& compression,
                     const TapLog* tap = nullptr);

}  // namespace examples

#endif  // WEFT_EXAMPLES_INSPECT_ANSWERS_H_
