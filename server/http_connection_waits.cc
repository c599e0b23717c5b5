#include <algorithm>
#include <cstdint>

#include "weft/core/http/http_status.h"
#include "weft/server/http_connection.h"
#include "weft/transport/io.h"
#include "weft/transport/string_memory.h"

namespace weft {
namespace {

// The client must take this number of bytes of an answer, or its rest, in each timeouts.http. With
// the default of 60 s that is about 1 KB/s. A timeout that restarts with each byte would never end.
constexpr size_t kTakenInTime = 64 << 10;

}  // namespace

// ---- After each step ----

bool HttpConnection::Write() {
  if (!output_.empty()) {
    const IoResult result = output_.Write(stream_);
    context_.metrics().bytes_sent += result.bytes;
    if (output_.file_failed()) {
      Drop("a file became shorter while it was sent", "", LogLevel::kWarning);
    } else if (result.status == IoStatus::kError) {
      Drop("the client is gone", stream_.Error(result).message());
    } else {
      taken_bytes_ += result.bytes;
      if (output_.empty() || taken_bytes_ >= kTakenInTime) StartWait(Wait::kAnswer);
    }
    if (!holds_stream() || !output_.empty()) return false;
  }
  if (!closing_) return true;
  Linger();
  return false;
}

void HttpConnection::Settle() {
  in_.erase(0, parsed_);
  parsed_ = 0;
  if (in_.empty()) ReleaseMemory(in_);  // an idle connection holds no buffers
  if (!Account()) return;

  // While an answer was written nothing was read, so that time does not count for the request.
  if (reading() && interest_ == Poller::kWrite) begun_ms_ = context_.loop().now_ms();
  const Poller::Interest other = output_.empty() ? Poller::kNone : Poller::kWrite;
  SetInterest(reading() ? Poller::kRead : other);
  Wait wait = Wait::kRequest;
  if (!output_.empty()) {
    wait = Wait::kAnswer;
  } else if (later_ != nullptr) {
    wait = Wait::kLater;
  } else if (unfinished_ != nullptr) {
    wait = Wait::kBody;
  } else if (!in_.empty() || requests_ == 0) {
    wait = Wait::kHead;
  }
  if (wait != wait_ || wait == Wait::kRequest) StartWait(wait);
  context_.loop().ArmTimer(this, std::min(deadline_ms_, TooSlowAtMs()));
}

void HttpConnection::StartWait(Wait wait) {
  wait_ = wait;
  taken_bytes_ = 0;
  deadline_ms_ = context_.loop().now_ms() + EventLoop::Milliseconds(TimeFor(wait));
  context_.loop().ArmTimer(this, deadline_ms_);
}

int64_t HttpConnection::TooSlowAtMs() const {
  const int64_t rate = context_.options().rates.min_request_bytes_per_second;
  if (rate == 0 || request_bytes_ == 0 || later_ != nullptr || !reading()) return EventLoop::kNever;
  return begun_ms_ + EventLoop::Milliseconds(context_.options().rates.request_grace) +
         static_cast<int64_t>(request_bytes_) * 1000 / rate;
}

// ---- The end of a wait ----

void HttpConnection::OnTimer() {
  const int64_t now = context_.loop().now_ms(), too_slow = TooSlowAtMs();
  if (now < deadline_ms_ && now < too_slow) {
    context_.loop().ArmTimer(this, std::min(deadline_ms_, too_slow));
  } else if (wait_ == Wait::kAnswer) {
    Drop("the client does not take its answer");
  } else if (wait_ == Wait::kRequest) {
    Drop("");
  } else if (wait_ == Wait::kLater) {
    Refuse(HandshakeFailure::kTimeout, HttpError(503, "the server took too long to answer"));
    Proceed();
  } else if (request_bytes_ == 0) {
    Fail(HandshakeFailure::kTimeout, "the handshake took too long");
  } else {
    Refuse(HandshakeFailure::kTimeout, TooLate(now < deadline_ms_));
    Proceed();
  }
}

// RFC 9110, section 15.5.9.
absl::Status HttpConnection::TooLate(bool too_slow) const {
  if (too_slow) return HttpError(408, "the request came too slowly");
  return HttpError(408, wait_ == Wait::kBody ? "the body of a request took too long"
                                             : "the handshake took too long");
}

}  // namespace weft
