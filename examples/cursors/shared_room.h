// A room for sessions of several threads.

#ifndef WEFT_EXAMPLES_CURSORS_SHARED_ROOM_H_
#define WEFT_EXAMPLES_CURSORS_SHARED_ROOM_H_

#include <cstdint>
#include <map>
#include <mutex>

#include "absl/status/status.h"
#include "examples/cursors/messages.h"
#include "examples/cursors/room.h"
#include "weft/server/session_ref.h"

namespace weft::cursors {

// A Room behind a lock, which tells its clients by their SessionRef. All methods may be called by
// any thread; none holds the lock for longer than it takes to tell each client.
class SharedRoom {
 public:
  // Welcomes the client, whose cursor's number names it from now on.
  CursorId Join(SessionRef session);
  void Leave(CursorId id);

  // As Room's.
  absl::Status OnMove(CursorId id, const Move& move);
  absl::Status OnPing(CursorId id, const Ping& ping);

  // To be called kTicksPerSecond times a second.
  void Tick();

 private:
  std::mutex mutex_;
  Room room_;                                // guarded by mutex_
  std::map<CursorId, SessionRef> sessions_;  // guarded by mutex_
};

}  // namespace weft::cursors

#endif  // WEFT_EXAMPLES_CURSORS_SHARED_ROOM_H_
