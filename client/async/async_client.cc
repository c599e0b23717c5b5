#include "weft/client/async/async_client.h"

namespace weft {

absl::Status AsyncClient::Send(const Message& message, const SendOptions& options) {
  if (message.first && message.last) return SendMessage(message.opcode, message.payload, options);
  if (message.first == in_fragmented_message()) {
    return absl::FailedPreconditionError("the piece does not continue what was sent before it");
  }
  return SendFragment(message.opcode, message.payload, message.last, options.compress);
}

absl::Status AsyncClient::Send(const EncodedMessage& message, const SendOptions& options) {
  SendOptions as_encoded = options;
  as_encoded.compress = message.compress();
  return SendMessage(message.opcode(), message.payload(), as_encoded);
}

}  // namespace weft
