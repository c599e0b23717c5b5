// What was told of each entity, until the other side is known to have it.

#ifndef WEFT_EXAMPLES_WORLD_HISTORY_H_
#define WEFT_EXAMPLES_WORLD_HISTORY_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "examples/world/kind.h"
#include "examples/world/state.h"

namespace weft::world {

// Both ends of a connection keep one. The server records what it sends, the client what it
// receives; each snapshot names the last one that was acknowledged, and what it tells of an entity
// is the difference to that entity's state as of then: the same state on both sides, however many
// snapshots are on their way.
class History {
 public:
  // Snapshots count from 1, and here without end: 16 bits of them would come round again while a
  // body rests.
  void Record(uint32_t snapshot, EntityId id, const State& state);
  void Forget(EntityId id);

  // All up to this snapshot have arrived.
  void Acknowledge(uint32_t snapshot);
  uint32_t acknowledged() const { return acknowledged_; }

  // The newest state of an entity, and the newest that was acknowledged; null for none. Dead at the
  // next Record.
  const State* Newest(EntityId id) const;
  const State* Acknowledged(EntityId id) const;

  // Calls visit(id, state) with the newest state of each entity that has one, by ascending id.
  template <typename Visit>
  void ForEach(Visit visit) const {
    for (size_t id = 0; id < entities_.size(); ++id) {
      if (!entities_[id].empty()) visit(static_cast<EntityId>(id), entities_[id].back().state);
    }
  }
  size_t size() const { return size_; }

 private:
  struct Told {
    uint32_t snapshot;
    State state;
  };

  // By id, which are small: a table is both smaller and faster than a map. Of each the oldest
  // first; no more than the first is acknowledged when Record has been there.
  std::vector<std::vector<Told>> entities_;
  size_t size_ = 0;  // of those that are not empty
  uint32_t acknowledged_ = 0;
};

}  // namespace weft::world

#endif  // WEFT_EXAMPLES_WORLD_HISTORY_H_
