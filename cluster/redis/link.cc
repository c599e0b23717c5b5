#include "weft/cluster/redis/link.h"

#include <cstddef>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "weft/loop/random_fractions.h"
#include "weft/server/topics/topic_counters.h"

namespace weft {
namespace {

// By the codes that RedisConnection, its callers and RedisError() give the reasons of ends.
BrokerReconnectReason ReconnectReasonOf(const absl::Status& reason, bool was_up) {
  switch (reason.code()) {
    case absl::StatusCode::kUnavailable:
      return was_up ? BrokerReconnectReason::kLost : BrokerReconnectReason::kUnreachable;
    case absl::StatusCode::kDeadlineExceeded:
      return BrokerReconnectReason::kTimeout;
    case absl::StatusCode::kUnauthenticated:
    case absl::StatusCode::kPermissionDenied:
    case absl::StatusCode::kNotFound:  // a file
      return BrokerReconnectReason::kLogin;
    case absl::StatusCode::kFailedPrecondition:
      return BrokerReconnectReason::kRole;
    default:
      return BrokerReconnectReason::kOther;
  }
}

}  // namespace

RedisLink::RedisLink(EventLoop& loop, AddressLookup& lookup, const RedisOptions& options,
                     RedisCounters& counters, const RedisAddress& address,
                     const std::vector<RedisAddress>& sentinels,
                     std::optional<uint64_t>& config_epoch, RedisConnection::Kind kind, User& user)
    : loop_(loop),
      lookup_(lookup),
      options_(options),
      counters_(counters),
      kind_(kind),
      user_(user),
      topology_(loop, lookup, options, counters, address, sentinels),
      config_epoch_(config_epoch),
      backoff_(options.timeouts.backoff, RandomFractions()) {}

RedisLink::~RedisLink() { Stop(); }

void RedisLink::Connect() {
  if (stopped_) return;
  topology_.Stop();  // a question of CheckMaster()
  topology_.Find([this](absl::StatusOr<RedisMaster> master) {
    const absl::Status status = master.ok() ? TakeMaster(*master) : master.status();
    if (!status.ok()) return Retry(status, /*was_up=*/false);
    RedisConnection::Owner& owner = *this;
    connection_ = std::make_unique<RedisConnection>(loop_, lookup_, options_, counters_,
                                                    std::move(master->address), kind_, owner);
    connection_->Open();
  });
}

// An error if the Sentinel is out of date: it would lead back to a master that was left, and the
// next one is asked. But after a round of such answers the Sentinels may have been reset.
absl::Status RedisLink::TakeMaster(const RedisMaster& master) {
  if (master.config_epoch.has_value() && master.config_epoch < config_epoch_ &&
      outdated_ < topology_.sentinel_count()) {
    ++outdated_;
    return absl::FailedPreconditionError(absl::StrCat(
        "Sentinel ", master.sentinel, " is out of date: it names ", master.address.HostPort(),
        " with the epoch ", *master.config_epoch, ", after another one with ", *config_epoch_));
  }
  outdated_ = 0;
  config_epoch_ = master.config_epoch;
  return absl::OkStatus();
}

// If no Sentinel answers, or an epoch is not known, nothing is known, and the connection stays. So
// it does if the epoch is the same: two Sentinels may write one address in different ways.
void RedisLink::CheckMaster(absl::AnyInvocable<void(const absl::Status&)> other) {
  if (topology_.sentinel_count() == 0 || topology_.is_finding() || !is_up()) return;
  topology_.Find([this, other = std::move(other)](absl::StatusOr<RedisMaster> master) mutable {
    if (!master.ok() || !is_up()) return;
    if (!master->epoch_error.ok() && !std::exchange(warned_, true)) {
      Log(LogLevel::kWarning,
          absl::StrCat("Sentinel ", master->sentinel, " does not tell whether it is out of date: ",
                       master->epoch_error.message()));
    }
    if (!config_epoch_.has_value() || master->config_epoch <= config_epoch_) return;
    config_epoch_ = master->config_epoch;
    const std::string named = master->address.HostPort();
    if (named == connection_->address().HostPort()) return;
    other(absl::FailedPreconditionError(absl::StrCat("a Sentinel names another master: ", named)));
  });
}

void RedisLink::Drop(const absl::Status& reason) {
  if (connection_ != nullptr) connection_->Close(reason);
}

void RedisLink::Stop() {
  stopped_ = true;
  loop_.DisarmTimer(this);
  topology_.Stop();
  Drop(absl::UnavailableError("the broker was stopped"));
}

void RedisLink::EndOfTurn() {
  topology_.EndOfTurn();
  if (connection_ != nullptr) connection_->EndOfTurn();
  gone_.clear();
}

void RedisLink::OnOpen(RedisConnection& connection) {
  up_ = true;
  up_since_ms_ = loop_.now_ms();
  counters_.connects += 1;
  logged_.clear();
  Log(LogLevel::kInfo, absl::StrCat("connected to ", connection.address().HostPort()));
  user_.OnUp(*this);
}

void RedisLink::OnClosed(RedisConnection&, const absl::Status& reason) {
  gone_.push_back(std::move(connection_));
  const bool was_up = up_.exchange(false);
  if (was_up) {
    backoff_.Held(absl::Milliseconds(loop_.now_ms() - up_since_ms_));
    reason_ = reason;
    user_.OnDown(*this, reason);
  }
  Retry(reason, was_up);
}

void RedisLink::Retry(const absl::Status& reason, bool was_up) {
  if (stopped_) return;
  counters_.reconnects[static_cast<size_t>(ReconnectReasonOf(reason, was_up))] += 1;
  reason_ = reason;
  const absl::Duration wait = backoff_.Next();
  loop_.ArmTimer(this, EventLoop::DeadlineAfter(wait, loop_.now_ms()));
  if (logged_ == reason.message()) return;
  logged_ = std::string(reason.message());
  Log(LogLevel::kWarning,
      absl::StrCat(reason.message(), "; the next attempt is in ",
                   absl::FormatDuration(absl::Ceil(wait, absl::Milliseconds(1)))));
}

void RedisLink::Log(LogLevel level, absl::string_view text) const {
  weft::Log(
      options_.log, level,
      absl::StrCat(
          "Redis ",
          kind_ == RedisConnection::Kind::kSubscriber ? "(messages): " : "(commands): ", text));
}

}  // namespace weft
