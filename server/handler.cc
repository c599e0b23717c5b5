#include "weft/server/handler.h"

#include "weft/core/frame/close_code.h"
#include "weft/server/session.h"

namespace weft {

void Handler::OnTopic(Session& session, absl::string_view /*topic*/, const TopicEvent& event) {
  if (event.type != TopicEvent::Type::kGap || event.latest_only) return;
  // The client would come back and exceed the limit again.
  if (event.reason == GapReason::kRefused) return;
  session.Close(CloseCode::kTryAgainLater, "messages of a topic are missing").IgnoreError();
}

}  // namespace weft
