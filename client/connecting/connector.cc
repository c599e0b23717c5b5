#include "weft/client/connecting/connector.h"

#include <algorithm>
#include <cstddef>

#include "absl/types/span.h"
#include "weft/client/connecting/dialogue.h"
#include "weft/transport/address_race.h"
#include "weft/transport/resolve.h"

namespace weft {

Connector::State Connector::Continue(absl::Duration now) {
  while (true) {
    switch (opening_.wants()) {
      case Opening::Wants::kAddresses:
        stream_.Close();
        return State::kResolve;
      case Opening::Wants::kConnection:
        if (!Connect(now)) return State::kWait;
        break;
      case Opening::Wants::kTls:
        if (!StartTls()) return State::kWait;
        break;
      case Opening::Wants::kWrite:
        if (!Write()) return State::kWait;
        break;
      case Opening::Wants::kRead:
        if (!Read(now)) return State::kWait;
        break;
      case Opening::Wants::kOpen:
      case Opening::Wants::kFailed:
        return State::kDone;
    }
  }
}

void Connector::StartAttempts() {
  stream_.Close();
  read_until_ = absl::InfiniteDuration();
  attempts_.emplace(opening_.name(), opening_.addresses(), kConnectAttemptDelay);
}

// Each of the following returns whether the opening wants something else, or the same again, at
// once: false if it has to wait.

bool Connector::Connect(absl::Duration now) {
  if (!attempts_.has_value()) StartAttempts();
  absl::StatusOr<std::optional<Stream>> stream = attempts_->Continue(now);
  if (stream.ok() && !stream->has_value()) return false;
  attempts_.reset();
  if (stream.ok()) {
    stream_ = **std::move(stream);
    opening_.Connected();
  } else {
    opening_.Failed(stream.status());
  }
  return true;
}

bool Connector::StartTls() {
  if (!std::exchange(in_handshake_, true)) {
    const Opening::Tls& tls = opening_.tls();
    const absl::Status status =
        stream_.is_tls() ? stream_.StartInnerTlsClient(*tls.context, tls.host, tls.identity)
                         : stream_.StartTlsClient(*tls.context, tls.host, tls.identity);
    if (!status.ok()) {
      in_handshake_ = false;
      opening_.Failed(status);
      return true;
    }
  }
  const IoResult result = stream_.Handshake();
  if (result.status == IoStatus::kWouldBlock) return Ready(result);
  in_handshake_ = false;
  if (result.ok()) opening_.TlsStarted();
  return Ready(result);
}

bool Connector::Write() {
  const IoResult result = stream_.Write(opening_.output());
  if (result.ok()) opening_.Wrote(result.bytes);
  return Ready(result);
}

bool Connector::Read(absl::Duration now) {
  if (read_until_ == absl::InfiniteDuration()) read_until_ = now + opening_.read_timeout();
  char buffer[kMaxReadBytes];
  const IoResult result =
      stream_.Read(absl::MakeSpan(buffer, std::min(opening_.max_read_bytes(), sizeof(buffer))));
  if (result.status == IoStatus::kWouldBlock && now >= read_until_) {
    opening_.Failed(absl::DeadlineExceededError("deadline exceeded"));
    return true;
  }
  if (result.ok()) opening_.Read(absl::string_view(buffer, result.bytes));
  return Ready(result);
}

// False if the socket has to be waited for. Passes errors on.
bool Connector::Ready(const IoResult& result) {
  switch (result.status) {
    case IoStatus::kOk:
      break;
    case IoStatus::kWouldBlock:
      interest_ = result.wanted;
      return false;
    case IoStatus::kEof:
      opening_.Failed(absl::UnavailableError("the peer closed the connection"));
      break;
    case IoStatus::kError:
      opening_.Failed(stream_.Error(result));
      break;
  }
  return true;
}

std::vector<int> Connector::fds() const {
  return attempts_.has_value() ? attempts_->fds() : std::vector<int>{stream_.fd()};
}

void Connector::Stop(const absl::Status& why) {
  // An opening that fails may follow a redirect instead, and must then be stopped again.
  while (opening_.wants() != Opening::Wants::kOpen && opening_.wants() != Opening::Wants::kFailed) {
    absl::Status error = why;
    if (opening_.wants() == Opening::Wants::kAddresses) {
      if (auto numeric = ResolveAtOnce(host(), port()); numeric.has_value()) {
        opening_.Resolved(*std::move(numeric));
        continue;
      }
      error = LookupStopped(host(), why);
    } else if (opening_.wants() == Opening::Wants::kConnection) {
      if (!attempts_.has_value()) StartAttempts();
      error = attempts_->Error(why);
    }
    attempts_.reset();
    opening_.Failed(error);
  }
}

absl::StatusOr<Connector::Result> Connector::TakeResult() {
  if (opening_.wants() == Opening::Wants::kOpen)
    return Result{std::move(stream_), opening_.TakeResult()};
  stream_.Close();
  return opening_.status();
}

}  // namespace weft
