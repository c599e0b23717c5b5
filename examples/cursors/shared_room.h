// A room for sessions of several threads.

#ifndef WEFT_EXAMPLES_CURSORS_SHARED_ROOM_H_
#define WEFT_EXAMPLES_CURSORS_SHARED_ROOM_H_

#include <cstdint>
#include <map>
#include <mutex>
#include <vector>

#include "absl/status/status.h"
#include "examples/cursors/company.h"
#include "examples/cursors/messages.h"
#include "examples/cursors/room.h"
#include "weft/server/session_ref.h"

namespace weft::cursors {

// A Room with a lock, which sends to its clients through their SessionRef. Thread-safe; the lock is
// held only as long as it takes to send to each client.
class SharedRoom {
 public:
  // Whether it has kMaxCursors. Clients that join at the same moment may still exceed that a
  // little.
  bool full();

  // Welcomes the client with a friendly name. Its cursor's number identifies it from now on.
  CursorId Join(SessionRef session);
  void Leave(CursorId id);

  // As Room's.
  absl::Status OnMove(CursorId id, const Move& move);
  absl::Status OnPing(CursorId id, const Ping& ping);
  void OnRename(CursorId id, const Rename& rename);

  // The places of the cursors that are present, without their names and without bots.
  std::vector<Change> All();

  // Call it kTicksPerSecond times per second.
  void Tick();

 private:
  std::mutex mutex_;
  Room room_;                                // guarded by mutex_
  Company company_;                          // guarded by mutex_
  uint32_t joined_ = 0;                      // clients, so far; guarded by mutex_
  std::map<CursorId, SessionRef> sessions_;  // guarded by mutex_
};

}  // namespace weft::cursors

#endif  // WEFT_EXAMPLES_CURSORS_SHARED_ROOM_H_
