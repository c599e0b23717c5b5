#include "weft/server/topics/publish_callback.h"

#include <utility>

namespace weft {

void TellPublished(absl::StatusOr<Position> outcome, PublishCallback done, ExceptionGuard& guard) {
  if (!done) return;
  guard.Run("the callback of a publish", [&] { done(std::move(outcome)); });
}

void TellPublished(absl::Status status, PublishCallback done, ExceptionGuard& guard) {
  absl::StatusOr<Position> outcome = Position();
  if (!status.ok()) outcome = std::move(status);
  TellPublished(std::move(outcome), std::move(done), guard);
}

}  // namespace weft
