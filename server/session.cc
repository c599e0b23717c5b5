#include "weft/server/session.h"

#include <utility>

#include "absl/status/statusor.h"

namespace weft {

absl::Status Session::Send(const Message& message, const SendOptions& options) {
  if (!message.first || !message.last) return SendPiece(message, options.compress);
  return SendMessage(message.opcode, message.payload, options);
}

absl::Status Session::SendText(std::shared_ptr<const std::string> text,
                               const SendOptions& options) {
  return Submit({.opcode = Opcode::kText, .payload = std::move(text)}, options);
}

absl::Status Session::SendBinary(std::shared_ptr<const std::string> data,
                                 const SendOptions& options) {
  return Submit({.opcode = Opcode::kBinary, .payload = std::move(data)}, options);
}

absl::Status Session::SendPiece(const Message& piece, Compress compress) {
  if (piece.first == in_fragmented_message()) {
    return absl::FailedPreconditionError("the piece does not continue what was sent before it");
  }
  return SendFragment(piece.opcode, piece.payload, piece.last, compress);
}

absl::Status SessionTopics::Publish(absl::string_view topic, Opcode opcode,
                                    absl::string_view payload, const SendOptions& options) {
  absl::StatusOr<EncodedMessage> message = EncodedMessage::Make(opcode, payload, options.compress);
  if (!message.ok()) return message.status();
  return Publish(topic, *message, options);
}

void SessionTopics::Publish(absl::string_view topic, Opcode opcode, absl::string_view payload,
                            const SendOptions& options, PublishCallback done) {
  absl::StatusOr<EncodedMessage> message = EncodedMessage::Make(opcode, payload, options.compress);
  if (!message.ok()) return done(message.status());
  Publish(topic, *message, options, std::move(done));
}

}  // namespace weft
