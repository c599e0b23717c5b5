// A message sent in fragments (RFC 6455, section 5.4).

#ifndef WEFT_CORE_FRAME_FRAGMENTED_MESSAGE_H_
#define WEFT_CORE_FRAME_FRAGMENTED_MESSAGE_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "weft/core/frame/opcode.h"
#include "weft/core/frame/utf8.h"

namespace weft {

// Checks the order of the fragments of successive messages. Not thread-safe.
class FragmentedMessage {
 public:
  // Takes a fragment; the one with `fin` is the last of its message. InvalidArgument, and no
  // change, when `opcode` is neither text nor binary or not that of the message in progress, and
  // for text that is not UTF-8: a fragment other than the last may end inside a code point.
  absl::Status Add(Opcode opcode, absl::string_view payload, bool fin);

  // Whether a message has begun and its last fragment has not been taken.
  bool open() const { return opcode_ != Opcode::kContinuation; }

 private:
  Opcode opcode_ = Opcode::kContinuation;  // of the message in progress; kContinuation: none
  Utf8Validator utf8_;
};

}  // namespace weft

#endif  // WEFT_CORE_FRAME_FRAGMENTED_MESSAGE_H_
