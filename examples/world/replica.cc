#include "examples/world/replica.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace weft::world {

absl::StatusOr<Acknowledgement> Replica::Apply(absl::string_view snapshot) {
  const absl::StatusOr<SnapshotHead> head = DecodeSnapshotHead(snapshot);
  if (!head.ok()) return head.status();
  if (head->number != static_cast<uint16_t>(number_ + 1)) {
    return absl::DataLossError(
        absl::StrCat("snapshot ", head->number, " after ", static_cast<uint16_t>(number_)));
  }
  if (head->behind > number_ + 1) {
    return absl::DataLossError(absl::StrCat("snapshot ", head->number, " is based on snapshot ",
                                            int{head->behind}, " before it"));
  }
  ++number_;
  if (head->behind != 0) history_.Acknowledge(number_ - head->behind);
  const absl::StatusOr<Snapshot> decoded =
      DecodeSnapshot(snapshot, [this](EntityId id) { return history_.Acknowledged(id); });
  if (!decoded.ok()) return decoded.status();
  for (const EntityId id : decoded->gone) history_.Forget(id);
  for (const Update& update : decoded->updates) history_.Record(number_, update.id, update.state);
  head_ = decoded->head;
  return Acknowledgement{head_.number};
}

}  // namespace weft::world
