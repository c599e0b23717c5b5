// Bots for a visitor who is alone.

#ifndef WEFT_EXAMPLES_CURSORS_COMPANY_H_
#define WEFT_EXAMPLES_CURSORS_COMPANY_H_

#include <cstdint>
#include <vector>

#include "examples/cursors/messages.h"
#include "examples/cursors/room.h"

namespace weft::cursors {

// As long as a room has exactly one client, a few bots move, click and draw in it. When a second
// client comes, they leave. Their names say what they are. No clock.
class Company {
 public:
  // Call it before each tick of the room.
  void Tick(Room& room, int64_t now_ms);

 private:
  std::vector<CursorId> bots_;
  int64_t since_ms_ = 0;
};

}  // namespace weft::cursors

#endif  // WEFT_EXAMPLES_CURSORS_COMPANY_H_
