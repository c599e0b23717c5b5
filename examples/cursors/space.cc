#include "examples/cursors/space.h"

#include <algorithm>
#include <utility>

namespace weft::cursors {

CursorId Space::Join(Name name) {
  do ++last_id_;
  while (!cursors_.emplace(last_id_, Cursor()).second);
  Cursor& cursor = cursors_.at(last_id_);
  cursor.renamed = !name.text.empty();
  cursor.name = std::move(name);
  return last_id_;
}

void Space::Move(CursorId id, Place place, Marks marks, int64_t now_ms) {
  Cursor& cursor = cursors_.at(id);
  cursor.seen = cursor.moved = true;
  cursor.place = place;
  cursor.marks = marks;
  cursor.moved_ms = now_ms;
  Touch(id, cursor);
}

void Space::Rename(CursorId id, std::string text) {
  Cursor& cursor = cursors_.at(id);
  cursor.name.text = std::move(text);
  cursor.renamed = true;
  if (cursor.seen) Touch(id, cursor);
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

Change Space::MoveOf(CursorId id, const Cursor& cursor, int64_t now_ms) {
  const int64_t age_ms = std::clamp<int64_t>(now_ms - cursor.moved_ms, 0, kMaxAgeMs);
  return {.id = id,
          .age_ms = static_cast<uint8_t>(age_ms),
          .place = cursor.place,
          .marks = cursor.marks};
}

std::vector<Change> Space::All(int64_t now_ms) const {
  std::vector<Change> all;
  for (const auto& [id, cursor] : cursors_) {
    if (!cursor.seen || cursor.gone) continue;
    if (!cursor.name.text.empty()) all.push_back({.id = id, .name = cursor.name});
    all.push_back(MoveOf(id, cursor, now_ms));
  }
  return all;
}

std::vector<Change> Space::Changes(int64_t now_ms) const {
  std::vector<Change> changes;
  changes.reserve(changed_.size());
  for (const CursorId id : changed_) {
    const Cursor& cursor = cursors_.at(id);
    if (cursor.gone) {
      changes.push_back({.id = id, .gone = true});
      continue;
    }
    if (cursor.renamed) changes.push_back({.id = id, .name = cursor.name});
    if (cursor.moved) changes.push_back(MoveOf(id, cursor, now_ms));
  }
  return changes;
}

void Space::Settle() {
  for (const CursorId id : changed_) {
    const auto cursor = cursors_.find(id);
    cursor->second.changed = cursor->second.moved = cursor->second.renamed = false;
    if (cursor->second.gone) cursors_.erase(cursor);
  }
  changed_.clear();
}

}  // namespace weft::cursors
