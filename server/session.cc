#include "weft/server/session.h"

#include "absl/status/statusor.h"

namespace weft {

absl::Status Session::Send(const Message& message, const SendOptions& options) {
  if (!message.first || !message.last) return SendPiece(message, options.compress);
  return SendMessage(message.opcode, message.payload, options);
}

absl::Status Session::SendPiece(const Message& piece, Compress compress) {
  if (piece.first == in_fragmented_message()) {
    return absl::FailedPreconditionError("the piece does not continue what was sent before it");
  }
  return SendFragment(piece.opcode, piece.payload, piece.last, compress);
}

absl::Status Session::Publish(absl::string_view topic, Opcode opcode, absl::string_view payload,
                              const SendOptions& options) {
  absl::StatusOr<EncodedMessage> message = EncodedMessage::Make(opcode, payload, options.compress);
  if (!message.ok()) return message.status();
  return Publish(topic, *message, options);
}

}  // namespace weft
