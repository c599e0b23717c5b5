// The positions of all cursors, and the recent changes.

#ifndef WEFT_EXAMPLES_CURSORS_SPACE_H_
#define WEFT_EXAMPLES_CURSORS_SPACE_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "examples/cursors/messages.h"

namespace weft::cursors {

// Keeps only the latest position of each cursor. No network, no clock.
class Space {
 public:
  // A number for a new cursor, which is visible from its first move on. Numbers are reused as late
  // as possible. There must be fewer than 65536 at once.
  CursorId Join(Name name = {});
  void Move(CursorId id, Place place, Marks marks, int64_t now_ms);
  void Rename(CursorId id, std::string text);
  void Leave(CursorId id);

  // The cursors that are present, and their names.
  std::vector<Change> All(int64_t now_ms) const;

  // The changes since the last Settle: of a cursor that moved twice the last move, and its name if
  // that is new, first. Takes time only for these, not for resting cursors.
  std::vector<Change> Changes(int64_t now_ms) const;
  bool changed() const { return !changed_.empty(); }

  // Makes the current state the baseline for changes. Cursors that left are forgotten.
  void Settle();

 private:
  struct Cursor {
    bool seen = false;  // has moved
    bool gone = false;
    bool changed = false;
    bool moved = false;    // since the last Settle
    bool renamed = false;  // since the last Settle, or never shown
    Place place{};
    Marks marks{};
    int64_t moved_ms = 0;
    Name name{};
  };

  void Touch(CursorId id, Cursor& cursor);
  static Change MoveOf(CursorId id, const Cursor& cursor, int64_t now_ms);

  std::map<CursorId, Cursor> cursors_;
  std::vector<CursorId> changed_;
  CursorId last_id_ = 0;
};

}  // namespace weft::cursors

#endif  // WEFT_EXAMPLES_CURSORS_SPACE_H_
