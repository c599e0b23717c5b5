// The decision after a connection has ended, or an attempt has failed.

#ifndef WEFT_CLIENT_RECONNECTING_RECONNECT_PLAN_H_
#define WEFT_CLIENT_RECONNECTING_RECONNECT_PLAN_H_

#include <functional>
#include <optional>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "weft/client/connecting/backoff.h"
#include "weft/client/reconnecting/reconnect_event.h"
#include "weft/client/reconnecting/retry_options.h"
#include "weft/core/frame/close_code.h"

namespace weft {

// Decides by RetryOptions when one client connects again, and when it gives up. Without I/O and
// without a clock: `now` is a time since an arbitrary fixed moment. Not thread-safe.
//
//   plan.Start(now);
//   if (status.ok()) {
//     plan.Connected(now);
//   } else {
//     next = plan.AfterFailure(status, now, absl::Now());
//   }
//   ... the connection ends ...
//   next = plan.AfterLoss(status, info.code, now);
class ReconnectPlan {
 public:
  // `random` returns numbers from 0 (inclusive) to 1 (exclusive).
  ReconnectPlan(const RetryOptions& options, std::function<double()> random);

  // An attempt starts. Returns its number, from 1.
  int Start(absl::Duration now);
  int attempts() const { return attempts_; }

  // It has led to a connection that can be used.
  void Connected(absl::Duration now) { connected_at_ = now; }

  // The following return what the client does next, as the event that tells it: kWaiting, or
  // kGaveUp.

  // The attempt has failed. The dates of a Retry-After are compared with the Date of the same
  // response, or else with `today`.
  ReconnectEvent AfterFailure(const absl::Status& error, absl::Duration now, absl::Time today);

  // The connection has ended, which the server may have closed with `code`. Without Connected() it
  // counts as a failed attempt.
  ReconnectEvent AfterLoss(const absl::Status& status, CloseCode code, absl::Duration now);

 private:
  ReconnectEvent Retry(const absl::Status& status, const Pause& asked, absl::Duration now);
  ReconnectEvent GiveUp(absl::Status status) const;

  const RetryOptions options_;
  Backoff backoff_;
  int attempts_ = 0;                            // since since_,
  std::optional<absl::Duration> since_;         // the start, or the end of a connection that lasted
  std::optional<absl::Duration> connected_at_;  // of the present attempt
};

}  // namespace weft

#endif  // WEFT_CLIENT_RECONNECTING_RECONNECT_PLAN_H_
