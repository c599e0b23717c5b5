// Errors that Redis answers with.

#ifndef WEFT_CLUSTER_REDIS_REDIS_ERROR_H_
#define WEFT_CLUSTER_REDIS_REDIS_ERROR_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace weft {

// The error of a reply such as "READONLY You can't write against a read only replica.", with its
// meaning and Redis' own words. By its first word:
//   Unavailable         the command was not performed: LOADING, READONLY, NOSCRIPT, BUSY, MISCONF,
//                       MASTERDOWN, NOREPLICAS, CLUSTERDOWN, MOVED, ASK, CROSSSLOT, TRYAGAIN,
//                       and OTHERHISTORY of topic.lua
//   ResourceExhausted   the command was not performed: OOM
//   Unauthenticated     WRONGPASS, NOAUTH
//   PermissionDenied    NOPERM
//   Internal            all others
absl::Status RedisError(absl::string_view text);

// Whether the text of an error is this one: "READONLY".
bool IsRedisError(absl::string_view text, absl::string_view name);

}  // namespace weft

#endif  // WEFT_CLUSTER_REDIS_REDIS_ERROR_H_
