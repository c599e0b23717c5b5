#include "weft/client/reconnecting/reconnect_plan.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "weft/client/reconnecting/retry_after.h"
#include "weft/core/http/http_date.h"
#include "weft/core/http/http_refusal.h"

namespace weft {
namespace {

using Type = ReconnectEvent::Type;

// Whether another attempt would fail in the same way.
bool IsFinal(const absl::Status& status) {
  if (const std::optional<HttpRefusal> refusal = RefusalOf(status)) {
    const int http = refusal->status;
    return http >= 400 && http < 500 && http != 408 && http != 425 && http != 429;
  }
  switch (status.code()) {
    case absl::StatusCode::kCancelled:
    case absl::StatusCode::kFailedPrecondition:
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kPermissionDenied:
    case absl::StatusCode::kUnauthenticated:
    case absl::StatusCode::kUnimplemented:
      return true;
    default:
      return false;
  }
}

// The wait that a refusing server asks for. Its dates are interpreted by its own clock, if its
// response has the time.
Pause RetryAfterOf(const absl::Status& error, absl::Time today) {
  const std::optional<HttpRefusal> refusal = RefusalOf(error);
  if (!refusal.has_value()) return {};
  const absl::Time now = ParseHttpDate(refusal->Find("Date").value_or(""), today).value_or(today);
  return {.at_least = ParseRetryAfter(refusal->Find("Retry-After").value_or(""), now)
                          .value_or(absl::ZeroDuration())};
}

}  // namespace

ReconnectPlan::ReconnectPlan(const RetryOptions& options, std::function<double()> random)
    : options_(options), backoff_(options.backoff, std::move(random)) {}

int ReconnectPlan::Start(absl::Duration now) {
  if (!since_.has_value()) since_ = now;
  connected_at_.reset();
  return ++attempts_;
}

ReconnectEvent ReconnectPlan::AfterFailure(const absl::Status& error, absl::Duration now,
                                           absl::Time today) {
  return IsFinal(error) ? GiveUp(error) : Retry(error, RetryAfterOf(error, today), now);
}

ReconnectEvent ReconnectPlan::AfterLoss(const absl::Status& status, CloseCode code,
                                        absl::Duration now) {
  if (connected_at_.has_value() && backoff_.Held(now - *connected_at_)) {
    attempts_ = 0;
    since_ = now;
  }
  Pause asked;
  if (code == CloseCode::kServiceRestart) asked = options_.service_restart;
  if (code == CloseCode::kTryAgainLater) asked = options_.try_again_later;
  return Retry(status, asked, now);
}

ReconnectEvent ReconnectPlan::Retry(const absl::Status& status, const Pause& asked,
                                    absl::Duration now) {
  const absl::Duration wait = backoff_.Next(asked);
  const absl::Duration elapsed = now - since_.value_or(now);
  if (attempts_ >= options_.max_attempts || elapsed + wait > options_.give_up_after) {
    if (attempts_ == 0) {  // a connection that lasted has ended
      return GiveUp(absl::UnavailableError(
          absl::StrCat("gave up before another attempt, whose wait of ", absl::FormatDuration(wait),
                       " exceeds retry.give_up_after: ", status.message())));
    }
    return GiveUp(absl::UnavailableError(
        absl::StrCat("gave up after ", attempts_, attempts_ == 1 ? " attempt" : " attempts", " in ",
                     absl::FormatDuration(elapsed), ": ", status.message())));
  }
  return {.type = Type::kWaiting, .attempt = attempts_ + 1, .wait = wait, .status = status};
}

ReconnectEvent ReconnectPlan::GiveUp(absl::Status status) const {
  return {.type = Type::kGaveUp, .attempt = attempts_, .status = std::move(status)};
}

}  // namespace weft
