#include "examples/gateway/viewer.h"

#include <algorithm>
#include <string>
#include <variant>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace weft::gateway {
namespace {

constexpr absl::Duration kCheckEvery = absl::Seconds(1);

// For Fanout. A session that has ended misses the message, of which it has no need.
auto SendTo(Session& session) {
  return [&session](absl::string_view key, const std::string& message) {
    session.SendText(message, {.key = key}).IgnoreError();
  };
}

}  // namespace

void Viewer::OnOpen(Session& session) {
  // In this order nothing is missed; the page ignores a price that is older than one it has.
  session.Subscribe(kTopic).IgnoreError();
  fanout_.PublishSnapshot(SendTo(session));
  seen_ms_ = fanout_.NowMs();
  CheckLater(session);
}

void Viewer::OnMessage(Session& session, const Message& message) {
  if (!message.is_text()) {
    session.Close(CloseCode::kUnsupportedData, "the pages send text").IgnoreError();
    return;
  }
  const absl::StatusOr<PageMessage> parsed = ParsePageMessage(message.payload);
  if (!parsed.ok()) {
    session.Close(CloseCode::kInvalidPayload, parsed.status().message()).IgnoreError();
    return;
  }
  const auto* seen = std::get_if<Seen>(&*parsed);
  const absl::Status done = seen != nullptr ? OnSeen(session, *seen) : OnCut();
  if (!done.ok()) session.Close(CloseCode::kPolicyViolation, done.message()).IgnoreError();
}

absl::Status Viewer::OnSeen(Session& session, const Seen& seen) {
  if (seen.time_ms > fanout_.NowMs()) {
    return absl::InvalidArgumentError(
        absl::StrCat("a message of time ", seen.time_ms, " is confirmed, but was not sent"));
  }
  seen_ms_ = std::max(seen_ms_, seen.time_ms);
  if (!paused_ || seen_ms_ < paused_ms_) return absl::OkStatus();
  paused_ = false;
  session.Subscribe(kTopic).IgnoreError();
  fanout_.PublishLatest(SendTo(session));
  seen_ms_ = fanout_.NowMs();
  return absl::OkStatus();
}

absl::Status Viewer::OnCut() {
  if (!cut_) return absl::PermissionDeniedError("only a simulated feed can be cut");
  cut_();
  return absl::OkStatus();
}

void Viewer::CheckLater(Session& session) {
  session.RunAfter(kCheckEvery, [this](Session& open) { Check(open); }).IgnoreError();
}

void Viewer::Check(Session& session) {
  CheckLater(session);
  const int64_t now_ms = fanout_.NowMs();
  if (paused_ || now_ms - seen_ms_ < kPatienceMs) return;
  paused_ = true;
  paused_ms_ = now_ms;
  session.Unsubscribe(kTopic);
  // The last message for now: when the page has confirmed it, it has caught up.
  session.SendText(Encode(fanout_.State(), now_ms)).IgnoreError();
}

}  // namespace weft::gateway
