// The snapshots of the world for one client.

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

// Creates the snapshots of one client: nearby entities whose state the client does not have, as
// differences to the acknowledged states. No snapshot exceeds kMaxSnapshotBytes. If not all changes
// fit, each of the rest becomes more urgent with each snapshot that omits it, near ones, avatars
// and the game's ball faster, so that all get their turn.
class Viewer {
 public:
  // An entity no farther away than kSeenUntil.
  struct Near {
    EntityId id;
    float distance;
    State state;
  };

  // The next snapshot; none if the client has kMaxUnacknowledged outstanding. `head` has everything
  // except its number and `behind`.
  std::optional<std::string> MakeSnapshot(SnapshotHead head, absl::Span<const Near> near);

  // The client has this snapshot, and so all earlier ones. A number that is not in flight is
  // ignored.
  void Acknowledge(uint16_t number);

  // How many entities the client knows of.
  size_t known() const { return history_.size(); }

 private:
  struct Candidate {
    const Near* near;
    float urgency;
  };

  // Data about an entity besides the states sent to the client.
  struct Watched {
    uint32_t near_at = 0;  // the snapshot for which it was last near
    float urgency = 0;     // grows when it does not fit
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
