#include "examples/cursors/visitor.h"

#include <variant>

#include "absl/status/statusor.h"

namespace weft::cursors {

void Visitor::OnMessage(Session& session, const Message& message) {
  if (message.is_text()) {
    session.Close(CloseCode::kUnsupportedData, "the cursors are binary").IgnoreError();
    return;
  }
  const absl::StatusOr<ClientMessage> decoded = DecodeClientMessage(message.payload);
  if (!decoded.ok()) {
    session.Close(CloseCode::kInvalidPayload, decoded.status().message()).IgnoreError();
    return;
  }
  absl::Status done;
  if (const auto* move = std::get_if<Move>(&*decoded)) {
    done = room_.OnMove(own_, *move);
  } else if (const auto* rename = std::get_if<Rename>(&*decoded)) {
    room_.OnRename(own_, *rename);
  } else {
    done = OnPing(session, std::get<Ping>(*decoded));
  }
  if (!done.ok()) session.Close(CloseCode::kPolicyViolation, done.message()).IgnoreError();
}

absl::Status Visitor::OnPing(Session& session, const Ping& ping) {
  session.SendBinary(EncodePong(ping), {.compress = Compress::kNo}).IgnoreError();
  return room_.OnPing(own_, ping);
}

}  // namespace weft::cursors
