#include "weft/cluster/redis/topology.h"

#include <cstdint>
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
  if (sentinels_.empty()) return done(address_);
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

void RedisTopology::OnOpen(RedisConnection& connection) {
  std::string* const out = connection.Command([this, &connection](auto reply) {
    if (asked_.get() != &connection) return;
    reply.ok() ? TakeAnswer(**reply) : asked_->Close(reply.status());
  });
  AppendCommand({"SENTINEL", "GET-MASTER-ADDR-BY-NAME", address_.host}, out);
}

void RedisTopology::TakeAnswer(const RespValue& reply) {
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
  RedisAddress master = address_;
  master.host = host;
  master.port = port;
  Finish(std::move(master));
}

void RedisTopology::OnClosed(RedisConnection&, const absl::Status& reason) {
  gone_.push_back(std::move(asked_));
  if (!done_) return;
  absl::StrAppend(&errors_, errors_.empty() ? "" : "; ", reason.message());
  AskNext();
}

void RedisTopology::Finish(absl::StatusOr<RedisAddress> result) {
  Done done = std::exchange(done_, nullptr);
  if (asked_ != nullptr) asked_->Close(absl::CancelledError("it has answered"));
  done(std::move(result));
}

}  // namespace weft
