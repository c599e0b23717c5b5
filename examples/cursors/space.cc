#include "examples/cursors/space.h"

#include <algorithm>

namespace weft::cursors {

CursorId Space::Join() {
  do ++last_id_;
  while (!cursors_.emplace(last_id_, Cursor()).second);
  return last_id_;
}

void Space::Move(CursorId id, Place place, int64_t now_ms) {
  Cursor& cursor = cursors_.at(id);
  cursor.seen = true;
  cursor.place = place;
  cursor.moved_ms = now_ms;
  Touch(id, cursor);
}

void Space::Leave(CursorId id) {
  Cursor& cursor = cursors_.at(id);
  cursor.gone = true;
  Touch(id, cursor);
}

void Space::Touch(CursorId id, Cursor& cursor) {
  if (!cursor.changed) changed_.push_back(id);
  cursor.changed = true;
}

Change Space::ChangeOf(CursorId id, const Cursor& cursor, int64_t now_ms) {
  if (cursor.gone) return {.id = id, .gone = true};
  const int64_t age_ms = std::clamp<int64_t>(now_ms - cursor.moved_ms, 0, kMaxAgeMs);
  return {.id = id, .age_ms = static_cast<uint8_t>(age_ms), .place = cursor.place};
}

std::vector<Change> Space::All(int64_t now_ms) const {
  std::vector<Change> all;
  for (const auto& [id, cursor] : cursors_) {
    if (cursor.seen && !cursor.gone) all.push_back(ChangeOf(id, cursor, now_ms));
  }
  return all;
}

std::vector<Change> Space::Changes(int64_t now_ms) const {
  std::vector<Change> changes;
  changes.reserve(changed_.size());
  for (const CursorId id : changed_) changes.push_back(ChangeOf(id, cursors_.at(id), now_ms));
  return changes;
}

void Space::Settle() {
  for (const CursorId id : changed_) {
    const auto cursor = cursors_.find(id);
    cursor->second.changed = false;
    if (cursor->second.gone) cursors_.erase(cursor);
  }
  changed_.clear();
}

}  // namespace weft::cursors
