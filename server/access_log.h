// The access log of a server: one line for each session that has ended.

#ifndef WEFT_SERVER_ACCESS_LOG_H_
#define WEFT_SERVER_ACCESS_LOG_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/strings/string_view.h"
#include "weft/core/frame/close_info.h"
#include "weft/sending/outbox_context.h"
#include "weft/sending/send_counters.h"
#include "weft/server/limits/rate_limit.h"
#include "weft/server/limits/token_bucket.h"
#include "weft/transport/address.h"

namespace weft {

// The access log of one loop: passes lines on, up to a rate. For the loop's thread.
class AccessLog {
 public:
  using Hook = std::function<void(absl::string_view line)>;

  // `rate` is divided among `loops`, but each loop may write a line a second.
  AccessLog(Hook hook, const RateLimit& rate, int loops, int64_t now_ms);

  // Writes the line that `compose` returns, with the number of lines that were left out before it;
  // or leaves it out, and does not compose it.
  void Write(absl::FunctionRef<std::string()> compose, int64_t now_ms);

  // The loop has ended: says how many lines were left out since the last one.
  void Finish();

 private:
  const Hook hook_;
  std::optional<TokenBucket> rate_;  // none: no limit
  uint64_t left_out_ = 0;
};

// The part of a session that only its line in the access log needs. A session without it counts
// nothing for itself. For the loop's thread.
class SessionAccess {
 public:
  // `loop` must outlive this.
  SessionAccess(OutboxContext& loop, int64_t now_ms);
  SessionAccess(const SessionAccess&) = delete;
  SessionAccess& operator=(const SessionAccess&) = delete;
  ~SessionAccess();

  // The context of the session's outbox. Its counts are added to the counters of the loop by the
  // next send or Settle().
  OutboxContext& sending() { return sending_; }
  void Settle();

  // The session was accepted for `target`, as sent; its output starts with a response of this size,
  // which does not count.
  void Open(absl::string_view target, size_t response_bytes);

  void CountRead(size_t bytes) { received_bytes_ += bytes; }
  void CountMessage() { ++received_; }

  // The line, after Settle(). Text that the client chose is in double quotes, escaped.
  std::string Line(uint64_t id, const SocketAddress& peer, absl::string_view subprotocol,
                   const CloseInfo& end, int64_t now_ms) const;

 private:
  OutboxContext& loop_;
  SendCounters unsettled_;
  OutboxContext sending_;
  const int64_t opened_ms_;
  std::string path_;
  uint64_t received_ = 0;
  uint64_t received_bytes_ = 0;
  uint64_t sent_ = 0;
  uint64_t sent_bytes_ = 0;
  size_t response_bytes_ = 0;
};

}  // namespace weft

#endif  // WEFT_SERVER_ACCESS_LOG_H_
