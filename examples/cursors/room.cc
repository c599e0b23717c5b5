#include "examples/cursors/room.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "examples/names/names.h"

namespace weft::cursors {

Welcome Room::Join(std::string name) {
  const CursorId id = space_.Join({.text = name});
  clients_.emplace(id, Client());
  return {.own = id, .name = std::move(name)};
}

void Room::Leave(CursorId id) {
  clients_.erase(id);
  space_.Leave(id);
}

absl::Status Room::OnMove(CursorId id, const Move& move, int64_t now_ms) {
  space_.Move(id, move.place, move.marks, now_ms);
  return OnHeard(clients_.at(id), move.heard);
}

absl::Status Room::OnPing(CursorId id, const Ping& ping) {
  return OnHeard(clients_.at(id), ping.heard);
}

void Room::OnRename(CursorId id, const Rename& rename) {
  std::string clean = examples::CleanName(rename.text);
  if (!clean.empty()) space_.Rename(id, std::move(clean));
}

absl::Status Room::OnHeard(Client& client, uint8_t heard) {
  // The low bits are enough: there are never 256 unconfirmed messages.
  const auto unheard = static_cast<uint8_t>(client.sent - heard);
  if (unheard > client.sent - client.heard) {
    return absl::InvalidArgumentError(
        absl::StrCat("message ", int{heard}, " is confirmed, but was not sent"));
  }
  client.heard = client.sent - unheard;
  return absl::OkStatus();
}

void Room::Tick(int64_t now_ms, Send send) {
  const auto time_ms = static_cast<uint16_t>(now_ms);
  std::shared_ptr<const std::string> changes, all;
  const auto message_for = [&](const Client& client) {
    if (client.follows && changes == nullptr) {
      changes = std::make_shared<const std::string>(EncodeChanges(time_ms, space_.Changes(now_ms)));
    } else if (!client.follows && all == nullptr) {
      all = std::make_shared<const std::string>(EncodeAll(time_ms, space_.All(now_ms)));
    }
    return client.follows ? changes : all;
  };
  for (auto& [id, client] : clients_) {
    if (client.follows && !space_.changed()) continue;
    client.follows = client.sent - client.heard < kMaxUnheard && send(id, message_for(client)).ok();
    if (client.follows) ++client.sent;
  }
  space_.Settle();
}

}  // namespace weft::cursors
