// The states sent for each entity, until the other side is known to have them.

#ifndef WEFT_EXAMPLES_WORLD_HISTORY_H_
#define WEFT_EXAMPLES_WORLD_HISTORY_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "examples/world/kind.h"
#include "examples/world/state.h"

namespace weft::world {

// Each end of a connection keeps one. The server records what it sends, the client what it
// receives. Each snapshot names the last acknowledged one, and contains for an entity the
// difference to its state in that one: the same state on both sides, however many snapshots are in
// flight.
class History {
 public:
  // Snapshots count from 1, here without wrapping: 16 bits would wrap while a body rests.
  void Record(uint32_t snapshot, EntityId id, const State& state);
  void Forget(EntityId id);

  // All snapshots up to this one have arrived.
  void Acknowledge(uint32_t snapshot);
  uint32_t acknowledged() const { return acknowledged_; }

  // The newest state of an entity, and the newest acknowledged one; null for none. Valid until the
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

  // Indexed by id; ids are small, so a table is both smaller and faster than a map. For each id the
  // oldest state first; after a Record, only the first may be acknowledged.
  std::vector<std::vector<Told>> entities_;
  size_t size_ = 0;  // the number of ids with states
  uint32_t acknowledged_ = 0;
};

}  // namespace weft::world

#endif  // WEFT_EXAMPLES_WORLD_HISTORY_H_
