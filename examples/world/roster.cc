#include "examples/world/roster.h"

#include <cstddef>
#include <utility>

#include "examples/world/rules.h"

namespace weft::world {

void Roster::Set(PlayerName player) {
  Remove(player.avatar);
  changes_[player.avatar] = ++last_;
  by_change_.emplace(last_, std::move(player));
}

void Roster::Remove(EntityId avatar) {
  const auto found = changes_.find(avatar);
  if (found == changes_.end()) return;
  by_change_.erase(found->second);
  changes_.erase(found);
}

std::vector<PlayerName> Roster::ChangesAfter(uint64_t* known) const {
  std::vector<PlayerName> changes;
  size_t left = kMaxNamesBytes;
  for (auto next = by_change_.upper_bound(*known); next != by_change_.end(); ++next) {
    const size_t size = EncodedNameSize(next->second);
    if (size > left) break;
    left -= size;
    *known = next->first;
    changes.push_back(next->second);
  }
  return changes;
}

}  // namespace weft::world
