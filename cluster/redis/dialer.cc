#include "weft/cluster/redis/dialer.h"

#include <cerrno>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "weft/core/http/authority.h"
#include "weft/transport/address_race.h"
#include "weft/transport/resolve.h"

namespace weft {

RedisDialer::RedisDialer(EventLoop& loop, AddressLookup& lookup, std::string host, uint16_t port,
                         std::shared_ptr<TlsContext> tls, Done done)
    : loop_(loop),
      lookup_(lookup),
      host_(std::move(host)),
      port_(port),
      tls_(std::move(tls)),
      done_(std::move(done)) {}

void RedisDialer::Start() {
  if (std::optional<AddressLookup::Addresses> known = ResolveAtOnce(host_, port_)) {
    return Resolved(*std::move(known));
  }
  resolving_ = std::make_shared<RedisDialer*>(this);
  lookup_.Start(host_, port_, loop_.mailbox(), resolving_,
                [weak = std::weak_ptr<RedisDialer*>(resolving_)](auto addresses) {
                  const std::shared_ptr<RedisDialer*> self = weak.lock();
                  if (self != nullptr) (*self)->Resolved(std::move(addresses));
                });
}

void RedisDialer::Stop() {
  resolving_.reset();
  Unwatch();
  loop_.DisarmTimer(this);
  attempts_.reset();
  stream_.Close();
  done_ = nullptr;
}

std::string RedisDialer::Step() const {
  const std::string server = AuthorityText(host_, port_);
  if (stream_.is_open()) return absl::StrCat("TLS with ", server);
  if (resolving_ != nullptr) return absl::StrCat("the lookup of ", host_);
  return absl::StrCat("the connection to ", server);
}

void RedisDialer::Resolved(AddressLookup::Addresses addresses) {
  resolving_.reset();
  if (!done_) return;
  // Not NotFound, which is a file that is missing.
  if (absl::IsNotFound(addresses.status())) {
    return Finish(absl::UnavailableError(addresses.status().message()));
  }
  if (!addresses.ok()) return Finish(addresses.status());
  attempts_.emplace(absl::StrCat("\"", host_, "\": "), *addresses, kConnectAttemptDelay);
  Continue();
}

void RedisDialer::Continue() {
  if (!done_ || resolving_ != nullptr) return;
  Unwatch();  // before descriptors are closed
  if (stream_.is_open()) return Handshake();
  absl::StatusOr<std::optional<Stream>> connected =
      attempts_->Continue(absl::Milliseconds(loop_.now_ms()));
  if (!connected.ok()) return Finish(connected.status());
  if (!connected->has_value()) {
    for (const int fd : attempts_->fds()) {
      if (!Watch(fd, Interest::kWrite)) return;
    }
    const absl::Duration due = attempts_->due();
    if (due < absl::InfiniteDuration()) {
      loop_.ArmTimer(this, absl::ToInt64Milliseconds(absl::Ceil(due, absl::Milliseconds(1))));
    }
    return;
  }
  loop_.DisarmTimer(this);
  stream_ = **std::move(connected);
  attempts_.reset();
  if (tls_ == nullptr) return Finish(std::move(stream_));
  if (absl::Status status = stream_.StartTlsClient(*tls_, host_); !status.ok()) {
    return Finish(std::move(status));
  }
  Handshake();
}

void RedisDialer::Handshake() {
  const IoResult result = stream_.Handshake();
  switch (result.status) {
    case IoStatus::kOk:
      return Finish(std::move(stream_));
    case IoStatus::kWouldBlock:
      Watch(stream_.fd(), result.wanted);
      return;
    case IoStatus::kEof:
      return Finish(absl::UnavailableError(absl::StrCat(Step(), ": Redis closed the connection")));
    case IoStatus::kError: {
      const absl::Status error = stream_.Error(result);
      // FailedPrecondition is a Redis that is not the master.
      const absl::StatusCode code =
          absl::IsFailedPrecondition(error) ? absl::StatusCode::kUnauthenticated : error.code();
      return Finish(absl::Status(code, absl::StrCat(Step(), ": ", error.message())));
    }
  }
}

bool RedisDialer::Watch(int fd, Interest interest) {
  if (!loop_.Watch(fd, static_cast<EventLoop::Interest>(interest), this)) {
    Finish(absl::ErrnoToStatus(errno, "cannot watch the socket"));
    return false;
  }
  watched_.push_back(fd);
  return true;
}

void RedisDialer::Unwatch() {
  for (const int fd : watched_) loop_.Unwatch(fd);
  watched_.clear();
}

void RedisDialer::Finish(absl::StatusOr<Stream> result) {
  Done done = std::exchange(done_, nullptr);
  Stop();
  done(std::move(result));
}

}  // namespace weft
