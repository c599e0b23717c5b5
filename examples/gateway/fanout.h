// From the upstreams to the pages.

#ifndef WEFT_EXAMPLES_GATEWAY_FANOUT_H_
#define WEFT_EXAMPLES_GATEWAY_FANOUT_H_

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>
#include <utility>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "examples/gateway/board.h"
#include "examples/gateway/messages.h"
#include "examples/gateway/now.h"
#include "weft/async_client.h"

namespace weft::gateway {

// A Board with a lock and a clock. The loop of the upstreams writes to it, the ticks publish what
// has changed, and the pages read it when they open. Thread-safe.
class Fanout {
 public:
  static constexpr int kTicksPerSecond = 10;

  // `simulated`: the pages may cut the feed.
  Fanout(size_t upstreams, bool simulated, Now now = SteadyNow)
      : now_(std::move(now)), start_ms_(now_()), simulated_(simulated), board_(upstreams) {}

  // Milliseconds since the start: the time in the messages to the pages.
  int64_t NowMs() const { return now_() - start_ms_; }

  // ---- From the upstreams ----

  // As Board's.
  absl::Status OnTrade(const Trade& trade);
  void OnEvent(size_t upstream, const ReconnectEvent& event);

  // ---- To the pages ----

  // Called with a message, and with the key by which it replaces an earlier one that waits.
  using Publish = absl::FunctionRef<void(absl::string_view key, const std::string& message)>;

  // Publishes the latest price of each instrument that was traded since the previous tick, and the
  // state of the upstreams if it has changed, or a second has passed. Call it kTicksPerSecond times
  // per second.
  void Tick(Publish publish);

  // The messages for a page that opens, and for one that was late (viewer.h).
  void PublishSnapshot(Publish publish);
  void PublishLatest(Publish publish);

  FeedState State();

 private:
  const Now now_;
  const int64_t start_ms_;
  const bool simulated_;
  std::mutex mutex_;
  Board board_;                // guarded by mutex_
  size_t connected_ = 0;       // guarded by mutex_; as it was published last
  int64_t next_state_ms_ = 0;  // guarded by mutex_
};

}  // namespace weft::gateway

#endif  // WEFT_EXAMPLES_GATEWAY_FANOUT_H_
