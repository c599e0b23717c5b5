// When a client connects again, and when it gives up.

#ifndef WEFT_CLIENT_RECONNECTING_RETRY_OPTIONS_H_
#define WEFT_CLIENT_RECONNECTING_RETRY_OPTIONS_H_

#include <limits>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "weft/client/connecting/backoff.h"

namespace weft {

// A lost connection, however it ended, is followed by a new one. So is a failed attempt, except for
// these errors, which would occur again:
//   a server's refusal with HTTP 4xx    other than 408, 425 and 429, which are temporary
//   InvalidArgument                     a bad URL or header; a response that is not HTTP
//   Unauthenticated, PermissionDenied   such as a bad certificate, on either side
//   FailedPrecondition, Unimplemented   such as a server without TLS
//   Cancelled                           by a callback
// After these, and when a limit below is reached (Unavailable), the client gives up.
//
// Waits follow `backoff`, and are longer if the server asks for it: by Retry-After, or by closing
// with 1012 or 1013.
struct RetryOptions {
  BackoffOptions backoff{};

  // When to give up on errors that another attempt might not have: after this number of attempts,
  // at least 1, or this time, since the start or the end of a connection that lasted
  // (backoff.reset_after). By default never.
  int max_attempts = std::numeric_limits<int>::max();
  absl::Duration give_up_after = absl::InfiniteDuration();

  // The minimum wait, and its random part, after a server closed with 1012 (service restart) or
  // 1013 (try again later).
  Pause service_restart = {.at_least = absl::Seconds(5), .spread = absl::Seconds(25)};
  Pause try_again_later = {.at_least = absl::Seconds(30), .spread = absl::Seconds(30)};
};

// InvalidArgument with the name of a field that is out of its range.
absl::Status CheckRetryOptions(const RetryOptions& options);

}  // namespace weft

#endif  // WEFT_CLIENT_RECONNECTING_RETRY_OPTIONS_H_
