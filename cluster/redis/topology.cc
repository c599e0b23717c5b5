#include "weft/cluster/redis/topology.h"

#include <cstddef>
#include <cstdint>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "weft/cluster/redis/redis_error.h"
#include "weft/core/http/authority.h"
#include "weft/core/http/decimal.h"
#include "weft/core/http/quote.h"

namespace weft {

RedisTopology::RedisTopology(EventLoop& loop, AddressLookup& lookup, const RedisOptions& options,
                             RedisCounters& counters, RedisAddress address,
                             std::vector<RedisAddress> sentinels)
    : loop_(loop),
      lookup_(lookup),
      options_(options),
      counters_(counters),
      address_(std::move(address)),
      sentinels_(std::move(sentinels)) {}

RedisTopology::~RedisTopology() { Stop(); }

void RedisTopology::Find(Done done) {
  if (sentinels_.empty()) return done(RedisMaster{.address = address_});
  done_ = std::move(done);
  left_ = sentinels_.size();
  errors_.clear();
  AskNext();
}

void RedisTopology::Stop() {
  done_ = nullptr;
  if (asked_ != nullptr) asked_->Close(absl::CancelledError("the broker was stopped"));
}

void RedisTopology::EndOfTurn() {
  if (asked_ != nullptr) asked_->EndOfTurn();
  gone_.clear();
}

void RedisTopology::AskNext() {
  if (left_ == 0) {
    return Finish(absl::UnavailableError(
        absl::StrCat("no Sentinel names the master ", Quote(address_.host), ": ", errors_)));
  }
  --left_;
  // Also after an answer: one that is cut off names the master of before, again and again.
  RedisAddress sentinel = sentinels_[next_];
  next_ = (next_ + 1) % sentinels_.size();
  sentinel.tls = address_.tls;
  RedisConnection::Owner& owner = *this;
  asked_ =
      std::make_unique<RedisConnection>(loop_, lookup_, options_, counters_, std::move(sentinel),
                                        RedisConnection::Kind::kSentinel, owner);
  asked_->Open();
}

// The epoch first: if a failover comes between the answers, a later question shows that it has
// risen. The first answer has an address too, but names a new master only when the failover has
// ended.
void RedisTopology::OnOpen(RedisConnection& connection) {
  const auto ask = [&](absl::string_view question, void (RedisTopology::*take)(const RespValue&)) {
    std::string* const out = connection.Command([this, &connection, take](auto reply) {
      if (asked_.get() != &connection) return;
      reply.ok() ? (this->*take)(**reply) : asked_->Close(reply.status());
    });
    AppendCommand({"SENTINEL", question, address_.host}, out);
  };
  ask("MASTER", &RedisTopology::TakeState);
  ask("GET-MASTER-ADDR-BY-NAME", &RedisTopology::TakeAddress);
}

// Names and values in turn.
void RedisTopology::TakeState(const RespValue& reply) {
  found_ = {.address = address_, .sentinel = asked_->address().HostPort()};
  if (reply.is_error()) found_.epoch_error = RedisError(reply.text);
  for (size_t i = 0; i + 1 < reply.elements.size(); i += 2) {
    if (!reply.elements[i].IsText("config-epoch")) continue;
    found_.config_epoch =
        ParseDecimal(reply.elements[i + 1].text, std::numeric_limits<uint64_t>::max());
  }
}

void RedisTopology::TakeAddress(const RespValue& reply) {
  if (reply.is_error()) return asked_->Close(RedisError(reply.text));
  const auto port = static_cast<uint16_t>(
      reply.elements.size() == 2 ? ParseDecimal(reply.elements[1].text, 65535).value_or(0) : 0);
  if (port == 0) {
    return asked_->Close(absl::NotFoundError(
        absl::StrCat("it does not know a master of the name ", Quote(address_.host))));
  }
  // It is shown in logs, where the bytes of a peer could forge a line.
  const std::string& host = reply.elements[0].text;
  if (const absl::Status status = ParseAuthority(AuthorityText(host, port)).status();
      !status.ok()) {
    return asked_->Close(
        absl::InternalError(absl::StrCat("it names a wrong master: ", status.message())));
  }
  found_.address.host = host;
  found_.address.port = port;
  Finish(std::move(found_));
}

void RedisTopology::OnClosed(RedisConnection&, const absl::Status& reason) {
  gone_.push_back(std::move(asked_));
  if (!done_) return;
  absl::StrAppend(&errors_, errors_.empty() ? "" : "; ", reason.message());
  AskNext();
}

void RedisTopology::Finish(absl::StatusOr<RedisMaster> result) {
  Done done = std::exchange(done_, nullptr);
  if (asked_ != nullptr) asked_->Close(absl::CancelledError("it has answered"));
  done(std::move(result));
}

}  // namespace weft
