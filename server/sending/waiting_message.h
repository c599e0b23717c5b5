// A message on its way from a sender to its session's connection.

#ifndef WEFT_SERVER_SENDING_WAITING_MESSAGE_H_
#define WEFT_SERVER_SENDING_WAITING_MESSAGE_H_

#include <cstddef>
#include <memory>
#include <string>
#include <variant>

#include "absl/strings/string_view.h"
#include "weft/core/deflate/compression.h"
#include "weft/core/encoded_message.h"
#include "weft/core/frame/opcode.h"

namespace weft {

// What a message costs beside its payload, in bytes, about, so that empty ones do not pile up
// without limit either.
inline constexpr size_t kMessageOverhead = 128;

// A message that may have to wait, with its payload, whoever owns it: the caller, whose payload is
// copied where it waits; the message; several messages; or an encoded message for many sessions.
struct WaitingMessage {
  using Shared = std::shared_ptr<const std::string>;

  Opcode opcode = Opcode::kBinary;
  Compress compress = Compress::kYes;
  bool droppable = false;  // for a newer one: WhenFull::kDropOldest
  std::variant<absl::string_view, std::string, Shared, EncodedMessage> payload{};

  // Not null: the payload is counted by the HeldPayloads that this comes from.
  std::shared_ptr<const void> hold{};

  // The payload.
  absl::string_view view() const;
  size_t size() const { return view().size(); }
};

}  // namespace weft

#endif  // WEFT_SERVER_SENDING_WAITING_MESSAGE_H_
