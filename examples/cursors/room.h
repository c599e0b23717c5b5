// The clients in one space: what each has received, and what to send it next.

#ifndef WEFT_EXAMPLES_CURSORS_ROOM_H_
#define WEFT_EXAMPLES_CURSORS_ROOM_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "examples/cursors/messages.h"
#include "examples/cursors/space.h"

namespace weft::cursors {

// How often per second clients receive all changes, in one message.
inline constexpr int kTicksPerSecond = 30;

// Cursor numbers have 16 bits, and one that left keeps its number until the next tick.
inline constexpr size_t kMaxCursors = 60000;

// A client with this many unconfirmed messages, one second's worth, gets none until it has
// confirmed some. Kernels would buffer megabytes for it, minutes of changes, and it would have to
// show all of them before it saw where the cursors are now.
inline constexpr int kMaxUnheard = kTicksPerSecond;

// No network, no clock, no locks.
class Room {
 public:
  // The first message for the client. Its cursor's number identifies it from now on.
  Welcome Join(std::string name = {});
  void Leave(CursorId id);

  // The number of clients.
  size_t size() const { return clients_.size(); }

  // A cursor without a client; a name says that it is a bot.
  CursorId AddBot(std::string name) { return space_.Join({.text = std::move(name), .bot = true}); }
  void MoveBot(CursorId id, Place place, Marks marks, int64_t now_ms) {
    space_.Move(id, place, marks, now_ms);
  }
  void RemoveBot(CursorId id) { space_.Leave(id); }

  // InvalidArgument for a message that confirms messages that were not sent.
  absl::Status OnMove(CursorId id, const Move& move, int64_t now_ms);
  absl::Status OnPing(CursorId id, const Ping& ping);

  // The name is cleaned (examples/names); if nothing is left of it the cursor keeps its own.
  void OnRename(CursorId id, const Rename& rename);

  // The cursors that are present and their names, for an observer that is not a client.
  std::vector<Change> All(int64_t now_ms) const { return space_.All(now_ms); }

  // Passes a message to each client that needs one: the changes since the last tick, or all cursors
  // for a client that is new, got none for a while, or missed a message that `send` could not send.
  // So a client that does not keep up costs two counters, and then sees the latest positions. Each
  // of the two messages is encoded once for all clients.
  using Send =
      absl::FunctionRef<absl::Status(CursorId, const std::shared_ptr<const std::string>& message)>;
  void Tick(int64_t now_ms, Send send);

 private:
  struct Client {
    bool follows = false;  // knows everything up to the last tick
    uint64_t sent = 0;     // messages
    uint64_t heard = 0;    // the number of these that the client has confirmed
  };

  absl::Status OnHeard(Client& client, uint8_t heard);

  Space space_;
  std::map<CursorId, Client> clients_;
};

}  // namespace weft::cursors

#endif  // WEFT_EXAMPLES_CURSORS_ROOM_H_
