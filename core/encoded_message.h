// A message as the frame that a server sends, made once for all who receive it.

#ifndef WEFT_CORE_ENCODED_MESSAGE_H_
#define WEFT_CORE_ENCODED_MESSAGE_H_

#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "weft/core/opcode.h"

namespace weft {

// Bytes that any number of servers' connections can send as they are: a server does not mask, so
// all its clients get the same. (What a client sends differs each time.) Copyable, immutable.
class EncodedMessage {
 public:
  // `opcode` is kText or kBinary. InvalidArgument for another, and for text that is not UTF-8.
  static absl::StatusOr<EncodedMessage> Make(Opcode opcode, absl::string_view payload);

  // Header and payload.
  absl::string_view frame() const { return frame_; }

 private:
  explicit EncodedMessage(std::string frame) : frame_(std::move(frame)) {}

  std::string frame_;
};

}  // namespace weft

#endif  // WEFT_CORE_ENCODED_MESSAGE_H_
