#include "examples/world/player.h"

#include <variant>

#include "absl/status/statusor.h"
#include "examples/world/messages.h"

namespace weft::world {

void Player::OnMessage(Session& session, const Message& message) {
  if (message.is_text()) {
    session.Close(CloseCode::kUnsupportedData, "the world is binary").IgnoreError();
    return;
  }
  const absl::StatusOr<ClientMessage> decoded = DecodeClientMessage(message.payload);
  if (!decoded.ok()) {
    session.Close(CloseCode::kPolicyViolation, decoded.status().message()).IgnoreError();
  } else if (const auto* input = std::get_if<Input>(&*decoded)) {
    world_.OnInput(session.id(), *input);
  } else if (const auto* acknowledgement = std::get_if<Acknowledgement>(&*decoded)) {
    world_.OnAcknowledgement(session.id(), *acknowledgement);
  } else {
    session.SendBinary(EncodePong(std::get<Ping>(*decoded)), {.compress = Compress::kNo})
        .IgnoreError();
  }
}

}  // namespace weft::world
