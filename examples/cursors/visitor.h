// A visitor's session.

#ifndef WEFT_EXAMPLES_CURSORS_VISITOR_H_
#define WEFT_EXAMPLES_CURSORS_VISITOR_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "examples/cursors/messages.h"
#include "examples/cursors/shared_room.h"
#include "weft/server/server.h"

namespace weft::cursors {

// Passes the client's messages to the room. A ping is answered at once, not with the next tick, so
// that the round-trip time is the network's.
class Visitor : public Handler {
 public:
  explicit Visitor(SharedRoom& room) : room_(room) {}

  void OnOpen(Session& session) override { own_ = room_.Join(session.ref()); }
  void OnMessage(Session& session, const Message& message) override;
  void OnClose(Session& /*session*/, const CloseInfo& /*info*/) override { room_.Leave(own_); }

 private:
  absl::Status OnPing(Session& session, const Ping& ping);

  SharedRoom& room_;
  CursorId own_ = 0;
};

}  // namespace weft::cursors

#endif  // WEFT_EXAMPLES_CURSORS_VISITOR_H_
