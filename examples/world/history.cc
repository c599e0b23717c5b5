#include "examples/world/history.h"

#include <algorithm>

namespace weft::world {

void History::Record(uint32_t snapshot, EntityId id, const State& state) {
  if (id >= entities_.size()) entities_.resize(id + size_t{1});
  std::vector<Told>& told = entities_[id];
  if (told.empty()) ++size_;
  // States before the newest acknowledged one are never needed again.
  const auto keep = std::find_if(told.rbegin(), told.rend(),
                                 [&](const Told& t) { return t.snapshot <= acknowledged_; });
  if (keep != told.rend()) told.erase(told.begin(), keep.base() - 1);
  told.push_back({snapshot, state});
}

void History::Forget(EntityId id) {
  if (Newest(id) == nullptr) return;
  entities_[id].clear();
  --size_;
}

void History::Acknowledge(uint32_t snapshot) { acknowledged_ = std::max(acknowledged_, snapshot); }

const State* History::Newest(EntityId id) const {
  return id >= entities_.size() || entities_[id].empty() ? nullptr : &entities_[id].back().state;
}

const State* History::Acknowledged(EntityId id) const {
  if (id >= entities_.size()) return nullptr;
  const std::vector<Told>& told = entities_[id];
  const auto newest = std::find_if(told.rbegin(), told.rend(),
                                   [&](const Told& t) { return t.snapshot <= acknowledged_; });
  return newest == told.rend() ? nullptr : &newest->state;
}

}  // namespace weft::world
