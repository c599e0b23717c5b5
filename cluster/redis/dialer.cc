#include "weft/cluster/redis/dialer.h"

#include "absl/strings/str_cat.h"
#include "weft/core/http/authority.h"
#include "weft/transport/address_race.h"

namespace weft {

RedisDialer::State RedisDialer::Continue(absl::Duration now) {
  if (!status_.ok()) return State::kDone;
  if (stream_.is_open()) return Handshake();
  return attempts_.has_value() ? Connect(now) : State::kResolve;
}

void RedisDialer::Resolved(const absl::StatusOr<std::vector<SocketAddress>>& addresses) {
  if (addresses.ok()) {
    attempts_.emplace(absl::StrCat("\"", host_, "\": "), *addresses, kConnectAttemptDelay);
  } else if (absl::IsNotFound(addresses.status())) {
    // Not NotFound, which is a file that is missing.
    Fail(absl::UnavailableError(addresses.status().message()));
  } else {
    Fail(addresses.status());
  }
}

RedisDialer::State RedisDialer::Connect(absl::Duration now) {
  absl::StatusOr<std::optional<Stream>> connected = attempts_->Continue(now);
  if (!connected.ok()) return Fail(connected.status());
  if (!connected->has_value()) return State::kWait;
  attempts_.reset();
  stream_ = **std::move(connected);
  if (tls_ == nullptr) return State::kDone;
  if (absl::Status status = stream_.StartTlsClient(*tls_, host_); !status.ok()) return Fail(status);
  return Handshake();
}

RedisDialer::State RedisDialer::Handshake() {
  const IoResult result = stream_.Handshake();
  switch (result.status) {
    case IoStatus::kOk:
      break;
    case IoStatus::kWouldBlock:
      interest_ = result.wanted;
      return State::kWait;
    case IoStatus::kEof:
      return Fail(absl::UnavailableError(absl::StrCat(Step(), ": Redis closed the connection")));
    case IoStatus::kError: {
      const absl::Status error = stream_.Error(result);
      // FailedPrecondition is a Redis that is not the master.
      const absl::StatusCode code =
          absl::IsFailedPrecondition(error) ? absl::StatusCode::kUnauthenticated : error.code();
      return Fail(absl::Status(code, absl::StrCat(Step(), ": ", error.message())));
    }
  }
  return State::kDone;
}

RedisDialer::State RedisDialer::Fail(const absl::Status& status) {
  status_ = status;
  attempts_.reset();
  stream_.Close();
  return State::kDone;
}

absl::StatusOr<Stream> RedisDialer::TakeResult() {
  if (!status_.ok()) return status_;
  return std::move(stream_);
}

std::string RedisDialer::Step() const {
  const std::string server = AuthorityText(host_, port_);
  if (stream_.is_open()) return absl::StrCat("TLS with ", server);
  if (!attempts_.has_value()) return absl::StrCat("the lookup of ", host_);
  return absl::StrCat("the connection to ", server);
}

}  // namespace weft
