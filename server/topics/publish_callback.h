// The outcome of a publish.

#ifndef WEFT_SERVER_TOPICS_PUBLISH_CALLBACK_H_
#define WEFT_SERVER_TOPICS_PUBLISH_CALLBACK_H_

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "weft/loop/exception_guard.h"
#include "weft/server/topics/position.h"

namespace weft {

// Called exactly once. OK: the message is stored, at this position, or at none if the topic keeps
// nothing. Unavailable, ResourceExhausted, InvalidArgument, FailedPrecondition: it is certainly not
// published. DeadlineExceeded, and every other code: unknown; it may have been published, or may
// be later, and is not published again by itself.
//
// For a topic that a broker carries (TopicOptions::shared, latest_only, history) it is called on
// the broker's thread, on which it must not block, nor destroy the server; for those that are left
// when the server is destroyed, on the thread that does that. For every other topic, where OK means
// that all loops have the message, and for one that is not accepted, it is called by the call that
// publishes. An exception is logged.
using PublishCallback = absl::AnyInvocable<void(absl::StatusOr<Position>)>;

// Calls `done`, which may be empty, by the guard.
void TellPublished(absl::StatusOr<Position> outcome, PublishCallback done, ExceptionGuard& guard);

// As above, for a topic that no broker carries: if `status` is OK, the outcome has no position.
void TellPublished(absl::Status status, PublishCallback done, ExceptionGuard& guard);

}  // namespace weft

#endif  // WEFT_SERVER_TOPICS_PUBLISH_CALLBACK_H_
