// A player's session.

#ifndef WEFT_EXAMPLES_WORLD_PLAYER_H_
#define WEFT_EXAMPLES_WORLD_PLAYER_H_

#include <cstdint>

#include "absl/strings/string_view.h"
#include "examples/world/world_thread.h"
#include "weft/server/server.h"

namespace weft::world {

// Passes the client's messages to the world. A ping is answered at once, not with the next tick, so
// that the round-trip time is the network's.
class Player : public Handler {
 public:
  explicit Player(WorldThread& world) : world_(world) {}

  void OnOpen(Session& session) override { player_ = world_.Join(session.ref()); }
  void OnMessage(Session& session, const Message& message) override;
  void OnClose(Session& /*session*/, const CloseInfo& /*info*/) override { world_.Leave(player_); }

 private:
  WorldThread& world_;
  uint64_t player_ = 0;
};

}  // namespace weft::world

#endif  // WEFT_EXAMPLES_WORLD_PLAYER_H_
