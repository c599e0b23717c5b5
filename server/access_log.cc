#include "weft/server/access_log.h"

#include <algorithm>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "weft/core/frame/close_code.h"

namespace weft {
namespace {

// A longer path is cut: a client may send some KiB.
constexpr size_t kMaxPathBytes = 256;

// The path of a target, which may be a URL. The query is left out: it often has secrets.
absl::string_view PathOf(absl::string_view target) {
  target = target.substr(0, target.find('?'));
  const size_t host = target.find("://");
  if (target.substr(0, 1) == "/" || host == absl::string_view::npos) return target;
  const size_t path = target.find('/', host + 3);
  return path == absl::string_view::npos ? "/" : target.substr(path);
}

std::optional<TokenBucket> BucketFor(const RateLimit& rate, int loops, int64_t now_ms) {
  if (!rate.is_limited()) return std::nullopt;
  const int64_t burst = rate.burst == 0 ? rate.per_second : rate.burst;
  return TokenBucket(std::max<int64_t>(rate.per_second / loops, 1),
                     std::max<int64_t>(burst / loops, 1), now_ms);
}

void Move(Counter& from, uint64_t* own, Counter& to) {
  const uint64_t count = from;
  from -= count;
  to += count;
  *own += count;
}

}  // namespace

// ---- AccessLog ----

AccessLog::AccessLog(Hook hook, const RateLimit& rate, int loops, int64_t now_ms)
    : hook_(std::move(hook)), rate_(BucketFor(rate, loops, now_ms)) {}

void AccessLog::Write(absl::FunctionRef<std::string()> compose, int64_t now_ms) {
  if (rate_.has_value()) {
    if (rate_->Tokens(now_ms) == 0) {
      ++left_out_;
      return;
    }
    rate_->Take(1, now_ms);
  }
  std::string line = compose();
  if (left_out_ > 0) absl::StrAppend(&line, " left_out=", std::exchange(left_out_, 0));
  hook_(line);
}

void AccessLog::Finish() {
  if (left_out_ > 0) hook_(absl::StrCat("left_out=", std::exchange(left_out_, 0)));
}

// ---- SessionAccess ----

SessionAccess::SessionAccess(OutboxContext& loop, int64_t now_ms)
    : loop_(loop),
      sending_(loop, unsettled_,
               [this] {
                 Settle();
                 if (loop_.has_published) loop_.deliver_published();
               }),
      opened_ms_(now_ms) {}

// A message that still waited when the line was written is counted when it is dropped.
SessionAccess::~SessionAccess() { Settle(); }

void SessionAccess::Settle() {
  SendCounters& loop = loop_.metrics;
  Move(unsettled_.messages_sent, &sent_, loop.messages_sent);
  Move(unsettled_.bytes_sent, &sent_bytes_, loop.bytes_sent);
  for (size_t i = 0; i < kDropReasons; ++i) {
    uint64_t ignored = 0;
    Move(unsettled_.dropped_messages[i], &ignored, loop.dropped_messages[i]);
  }
}

void SessionAccess::Open(absl::string_view target, size_t response_bytes) {
  path_ = std::string(PathOf(target).substr(0, kMaxPathBytes));
  response_bytes_ = response_bytes;
}

std::string SessionAccess::Line(uint64_t id, const SocketAddress& peer,
                                absl::string_view subprotocol, const CloseInfo& end,
                                int64_t now_ms) const {
  const int64_t ms = std::max<int64_t>(now_ms - opened_ms_, 0);
  const uint64_t sent_bytes = sent_bytes_ - std::min<uint64_t>(sent_bytes_, response_bytes_);
  std::string line = absl::StrCat(
      "session=", id, " peer=\"", absl::CHexEscape(peer.ToString()), "\" path=\"",
      absl::CHexEscape(path_), "\" subprotocol=\"", absl::CHexEscape(subprotocol),
      "\" seconds=", ms / 1000, ".", absl::Dec(ms % 1000, absl::kZeroPad3), " received=", received_,
      " received_bytes=", received_bytes_, " sent=", sent_, " sent_bytes=", sent_bytes,
      " by=", NameOf(end.by), " code=", static_cast<int>(end.code), " reason=\"",
      absl::CHexEscape(end.reason), "\"");
  if (!end.option.empty()) absl::StrAppend(&line, " option=", end.option);
  return line;
}

}  // namespace weft
