// The clients in one space: what each has been told, and what to tell it next.

#ifndef WEFT_EXAMPLES_CURSORS_ROOM_H_
#define WEFT_EXAMPLES_CURSORS_ROOM_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "examples/cursors/messages.h"
#include "examples/cursors/space.h"

namespace weft::cursors {

// So often clients are told what changed, all of it in one message.
inline constexpr int kTicksPerSecond = 30;

// A client that has not confirmed so many messages, a second's worth, is told nothing until it has
// confirmed some. Kernels would take megabytes for it, minutes' worth, and all of that it would
// have to watch before it saw where the cursors are.
inline constexpr int kMaxUnheard = kTicksPerSecond;

// No network, no clock, no locks.
class Room {
 public:
  // What the client is told first. Its cursor's number names it from now on.
  Welcome Join();
  void Leave(CursorId id);

  // InvalidArgument for a message that confirms what was not sent.
  absl::Status OnMove(CursorId id, const Move& move, int64_t now_ms);
  absl::Status OnPing(CursorId id, const Ping& ping);

  // Hands a message to each client that is to be told something: what changed since the last tick,
  // or all cursors to who is new, was told nothing for a while, or missed what `send` could not
  // send. So a client that does not keep up costs two counters, and then sees the latest. Each of
  // the two messages is made once, for however many clients.
  using Send =
      absl::FunctionRef<absl::Status(CursorId, const std::shared_ptr<const std::string>& message)>;
  void Tick(int64_t now_ms, Send send);

 private:
  struct Client {
    bool follows = false;  // knows all that there was at the last tick
    uint64_t sent = 0;     // messages
    uint64_t heard = 0;    // of these the client has confirmed so many
  };

  absl::Status OnHeard(Client& client, uint8_t heard);

  Space space_;
  std::map<CursorId, Client> clients_;
};

}  // namespace weft::cursors

#endif  // WEFT_EXAMPLES_CURSORS_ROOM_H_
