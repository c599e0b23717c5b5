// Where every cursor is, and what changed of late.

#ifndef WEFT_EXAMPLES_CURSORS_SPACE_H_
#define WEFT_EXAMPLES_CURSORS_SPACE_H_

#include <cstdint>
#include <map>
#include <vector>

#include "examples/cursors/messages.h"

namespace weft::cursors {

// Of each cursor only the latest is kept. No network, no clock.
class Space {
 public:
  // A number for a cursor, which is seen from its first move on. Numbers come round as late as they
  // can. There must be fewer than 65536 at once.
  CursorId Join();
  void Move(CursorId id, Place place, int64_t now_ms);
  void Leave(CursorId id);

  // The cursors that are there.
  std::vector<Change> All(int64_t now_ms) const;

  // What is different from how it was when Settle was last called; what changed twice is there
  // once. Costs time for these only, not for the cursors that rest.
  std::vector<Change> Changes(int64_t now_ms) const;
  bool changed() const { return !changed_.empty(); }

  // As it is now is how it was. Who left is forgotten.
  void Settle();

 private:
  struct Cursor {
    bool seen = false;  // has moved
    bool gone = false;
    bool changed = false;
    Place place{};
    int64_t moved_ms = 0;
  };

  void Touch(CursorId id, Cursor& cursor);
  static Change ChangeOf(CursorId id, const Cursor& cursor, int64_t now_ms);

  std::map<CursorId, Cursor> cursors_;
  std::vector<CursorId> changed_;
  CursorId last_id_ = 0;
};

}  // namespace weft::cursors

#endif  // WEFT_EXAMPLES_CURSORS_SPACE_H_
