#include "examples/world/viewer.h"

#include <algorithm>

namespace weft::world {

std::optional<std::string> Viewer::MakeSnapshot(SnapshotHead head, absl::Span<const Near> near) {
  if (number_ - history_.acknowledged() >= kMaxUnacknowledged) return std::nullopt;
  ++number_;
  head.number = static_cast<uint16_t>(number_);
  head.behind = history_.acknowledged() == 0
                    ? uint8_t{0}
                    : static_cast<uint8_t>(number_ - history_.acknowledged());
  Snapshot snapshot{.head = head};
  size_t left = kMaxSnapshotBytes - EncodedSize(head);

  for (const EntityId id : FindGone(near)) {
    const size_t size = MaxEncodedSize(id);
    if (size > left || snapshot.gone.size() == kMaxGone) break;
    left -= size;
    snapshot.gone.push_back(id);
    history_.Forget(id);
  }

  for (const Candidate& candidate : FindChanged(near)) {
    const Update update{candidate.near->id, candidate.near->state};
    const size_t size = MaxEncodedSize(update, history_.Acknowledged(update.id));
    if (size > left) {
      Watch(update.id).urgency = candidate.urgency;
      continue;
    }
    left -= size;
    Watch(update.id).urgency = 0;
    snapshot.updates.push_back(update);
  }
  std::sort(snapshot.updates.begin(), snapshot.updates.end(),
            [](const Update& a, const Update& b) { return a.id < b.id; });

  std::string bytes = Encode(snapshot, [this](EntityId id) { return history_.Acknowledged(id); });
  for (const Update& update : snapshot.updates) history_.Record(number_, update.id, update.state);
  return bytes;
}

void Viewer::Acknowledge(uint16_t number) {
  const auto behind = static_cast<uint16_t>(number_ - number);
  if (behind < number_ - history_.acknowledged()) history_.Acknowledge(number_ - behind);
}

Viewer::Watched& Viewer::Watch(EntityId id) {
  if (id >= watched_.size()) watched_.resize(id + size_t{1});
  return watched_[id];
}

// Known to the client, and too far away or no longer in the world; by ascending id.
std::vector<EntityId> Viewer::FindGone(absl::Span<const Near> near) {
  for (const Near& one : near) Watch(one.id).near_at = number_;
  std::vector<EntityId> gone;
  history_.ForEach([&](EntityId id, const State&) {
    if (Watch(id).near_at != number_) gone.push_back(id);
  });
  return gone;
}

// Entities whose state the client does not have; the most urgent first.
std::vector<Viewer::Candidate> Viewer::FindChanged(absl::Span<const Near> near) {
  std::vector<Candidate> changed;
  for (const Near& one : near) {
    const State* known = history_.Newest(one.id);
    if (known == nullptr ? one.distance > kSeenFrom : *known == one.state) continue;
    const Kind kind = one.state.kind;
    const float weight = kind == Kind::kAvatar || kind == Kind::kGameBall ? 3 : 1;
    changed.push_back({&one, Watch(one.id).urgency + weight * (1.1f - one.distance / kSeenUntil)});
  }
  std::sort(changed.begin(), changed.end(),
            [](const Candidate& a, const Candidate& b) { return a.urgency > b.urgency; });
  return changed;
}

}  // namespace weft::world
