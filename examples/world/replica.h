// The world as a client knows it.

#ifndef WEFT_EXAMPLES_WORLD_REPLICA_H_
#define WEFT_EXAMPLES_WORLD_REPLICA_H_

#include <cstdint>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "examples/world/history.h"
#include "examples/world/messages.h"

namespace weft::world {

// The counterpart of protocol.mjs in the page: builds the world from snapshots.
class Replica {
 public:
  // Applies a snapshot, whose number must then be acknowledged. An error, such as a missing
  // snapshot, is the server's.
  absl::StatusOr<Acknowledgement> Apply(absl::string_view snapshot);

  const SnapshotHead& head() const { return head_; }  // the last one's
  const State* Find(EntityId id) const { return history_.Newest(id); }

  template <typename Visit>
  void ForEach(Visit visit) const {
    history_.ForEach(visit);
  }
  size_t size() const { return history_.size(); }

 private:
  uint32_t number_ = 0;
  SnapshotHead head_;
  History history_;
};

}  // namespace weft::world

#endif  // WEFT_EXAMPLES_WORLD_REPLICA_H_
