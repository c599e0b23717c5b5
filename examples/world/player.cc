#include "examples/world/player.h"

#include <utility>
#include <variant>

#include "absl/status/statusor.h"
#include "examples/world/messages.h"

namespace weft::world {

void Player::OnMessage(Session& session, const Message& message) {
  if (message.is_text()) {
    session.Close(CloseCode::kUnsupportedData, "the world is binary").IgnoreError();
    return;
  }
  absl::StatusOr<ClientMessage> decoded = DecodeClientMessage(message.payload);
  if (!decoded.ok()) {
    session.Close(CloseCode::kPolicyViolation, decoded.status().message()).IgnoreError();
  } else if (const auto* input = std::get_if<Input>(&*decoded)) {
    world_.OnInput(player_, *input);
  } else if (const auto* acknowledgement = std::get_if<Acknowledgement>(&*decoded)) {
    world_.OnAcknowledgement(player_, *acknowledgement);
  } else if (auto* name = std::get_if<Name>(&*decoded)) {
    world_.OnName(player_, std::move(*name));
  } else {
    session.SendBinary(EncodePong(std::get<Ping>(*decoded)), {.compress = Compress::kNo})
        .IgnoreError();
  }
}

}  // namespace weft::world
