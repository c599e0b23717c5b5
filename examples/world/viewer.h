// What one client is told of the world.

#ifndef WEFT_EXAMPLES_WORLD_VIEWER_H_
#define WEFT_EXAMPLES_WORLD_VIEWER_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/types/span.h"
#include "examples/world/history.h"
#include "examples/world/kind.h"
#include "examples/world/messages.h"
#include "examples/world/state.h"

namespace weft::world {

// Makes the snapshots of one client: what is near and not as the client knows it, as differences to
// what it acknowledged. No snapshot has more than kMaxSnapshotBytes. When not all that changed
// fits, each of the rest becomes more urgent with each snapshot that leaves it out, near ones and
// avatars faster: so all get their turn.
class Viewer {
 public:
  // Something that is no further away than kSeenUntil.
  struct Near {
    EntityId id;
    float distance;
    State state;
  };

  // The next snapshot; none when the client is kMaxUnacknowledged behind. `head` has all but its
  // number and `behind`.
  std::optional<std::string> MakeSnapshot(SnapshotHead head, absl::Span<const Near> near);

  // The client has this snapshot, and so all before it. A number that is none of those under way
  // says nothing.
  void Acknowledge(uint16_t number);

  // How many entities the client knows of.
  size_t known() const { return history_.size(); }

 private:
  struct Candidate {
    const Near* near;
    float urgency;
  };

  // What is kept of an entity beside what the client was told.
  struct Watched {
    uint32_t near_at = 0;  // the snapshot for which it was last near
    float urgency = 0;     // of what did not fit
  };

  Watched& Watch(EntityId id);
  std::vector<EntityId> FindGone(absl::Span<const Near> near);
  std::vector<Candidate> FindChanged(absl::Span<const Near> near);

  uint32_t number_ = 0;
  History history_;
  std::vector<Watched> watched_;  // by id
};

}  // namespace weft::world

#endif  // WEFT_EXAMPLES_WORLD_VIEWER_H_
