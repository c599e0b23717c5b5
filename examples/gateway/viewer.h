// The session of a page.

#ifndef WEFT_EXAMPLES_GATEWAY_VIEWER_H_
#define WEFT_EXAMPLES_GATEWAY_VIEWER_H_

#include <cstdint>
#include <functional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "examples/gateway/fanout.h"
#include "examples/gateway/messages.h"
#include "weft/server/server.h"

namespace weft::gateway {

// The topic of all messages to the pages; their key is the instrument.
inline constexpr char kTopic[] = "prices";

// Sends what a page needs when it opens, and subscribes it to the rest. Messages that wait in the
// server are only the latest of each key; but the kernels of both ends accept megabytes before any
// waits there, which is minutes of prices. So a page confirms the state message that it gets each
// second, and one that is kPatienceMs late is unsubscribed until it has caught up. Then it gets the
// latest prices, and continues.
class Viewer : public Handler {
 public:
  static constexpr int64_t kPatienceMs = 3000;

  // `cut` cuts the feed, and is empty if it is not a simulated one.
  Viewer(Fanout& fanout, std::function<void()> cut) : fanout_(fanout), cut_(std::move(cut)) {}

  void OnOpen(Session& session) override;
  void OnMessage(Session& session, const Message& message) override;

 private:
  absl::Status OnSeen(Session& session, const Seen& seen);
  absl::Status OnCut();
  void CheckLater(Session& session);
  void Check(Session& session);

  Fanout& fanout_;
  const std::function<void()> cut_;
  int64_t seen_ms_ = 0;    // the latest that the page has confirmed
  bool paused_ = false;    // it gets nothing
  int64_t paused_ms_ = 0;  // until it has confirmed this
};

// Publishes to all of them: for Fanout::Tick.
inline auto PublishTo(Server& server) {
  return [&server](absl::string_view key, const std::string& message) {
    // Too short to compress. A page that cannot take it gets a later one.
    const SendOptions options = {.compress = Compress::kNo, .key = key};
    server.Publish(kTopic, Opcode::kText, message, options).IgnoreError();
  };
}

}  // namespace weft::gateway

#endif  // WEFT_EXAMPLES_GATEWAY_VIEWER_H_
