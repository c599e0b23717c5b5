// The names and teams of the players, and which of them a client knows.

#ifndef WEFT_EXAMPLES_WORLD_ROSTER_H_
#define WEFT_EXAMPLES_WORLD_ROSTER_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "examples/world/messages.h"

namespace weft::world {

// Each change gets the next number, and a client knows all changes up to one number. So a client
// costs one number, gets only the latest name of each player, and never more than its share of its
// bytes, whatever players type.
class Roster {
 public:
  void Set(PlayerName player);  // new, or renamed
  void Remove(EntityId avatar);

  // The next changes after number `*known`, which is set to the last of them: at most
  // kMaxNamesBytes of payload, and none if all are known. A client starts with 0.
  std::vector<PlayerName> ChangesAfter(uint64_t* known) const;

 private:
  uint64_t last_ = 0;
  std::map<uint64_t, PlayerName> by_change_;
  std::map<EntityId, uint64_t> changes_;  // the last change of each player
};

}  // namespace weft::world

#endif  // WEFT_EXAMPLES_WORLD_ROSTER_H_
