// A message on its way from a sender to its session's connection.

#ifndef WEFT_SENDING_WAITING_MESSAGE_H_
#define WEFT_SENDING_WAITING_MESSAGE_H_

#include <cstddef>
#include <memory>
#include <string>
#include <variant>

#include "absl/strings/string_view.h"
#include "weft/core/deflate/compression.h"
#include "weft/core/encoded_message.h"
#include "weft/core/frame/opcode.h"

namespace weft {

// The approximate overhead of a waiting message, in bytes. It counts with the payload, so that the
// number of empty messages that wait is limited as well.
inline constexpr size_t kMessageOverhead = 128;

// A message that may have to wait. Its payload is owned by the caller (a string_view, which is
// copied when the message waits), by this message, by several messages (Shared), or by an encoded
// message that is sent to many sessions.
struct WaitingMessage {
  using Shared = std::shared_ptr<const std::string>;

  Opcode opcode = Opcode::kBinary;
  Compress compress = Compress::kYes;
  bool droppable = false;  // may be dropped to make room: WhenFull::kDropOldest
  std::variant<absl::string_view, std::string, Shared, EncodedMessage> payload{};

  // Not null: a result of HeldPayloads::Keep(), which counts the payload.
  std::shared_ptr<const void> hold{};

  // The payload of any kind.
  absl::string_view view() const;
  size_t size() const { return view().size(); }
};

}  // namespace weft

#endif  // WEFT_SENDING_WAITING_MESSAGE_H_
