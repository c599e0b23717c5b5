#include "weft/server/loop_context.h"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "weft/core/http/quote.h"
#include "weft/core/log.h"

namespace weft {
namespace {

ServerOptions WithPools(ServerOptions options, LoopPools& pools) {
  options.connection.pool = &pools.buffers();
  options.connection.codecs = &pools.codecs();
  return options;
}

// A warning where the operator can prevent the refusal: by another limit, by a list of hosts or
// origins, or by a repair of the application.
LogLevel LevelOf(HandshakeFailure reason, int status) {
  switch (reason) {
    case HandshakeFailure::kFull:
    case HandshakeFailure::kAddressFull:
    case HandshakeFailure::kHost:
    case HandshakeFailure::kOrigin:
    case HandshakeFailure::kProxy:
      return LogLevel::kWarning;
    case HandshakeFailure::kRefused:
      return status >= 500 ? LogLevel::kWarning : LogLevel::kInfo;
    default:
      return LogLevel::kInfo;
  }
}

std::unique_ptr<AccessLog> MakeAccessLog(const ServerOptions& options, int64_t now_ms) {
  const ServerHooks& hooks = options.hooks;
  if (!hooks.access_log) return nullptr;
  return std::make_unique<AccessLog>(hooks.access_log, hooks.access_log_rate, options.threads,
                                     now_ms);
}

}  // namespace

LoopContext::LoopContext(const ServerOptions& options, const Acceptor& acceptor, WorkerGroup& group,
                         StreamOwner& owner, size_t index)
    : loop_(*options.for_tests.clock),
      options_(WithPools(options, pools_)),
      trusted_(Networks::Parse(options.proxies.trusted_networks).value_or(Networks())),
      access_log_(MakeAccessLog(options, loop_.now_ms())),
      meters_sessions_(access_log_ != nullptr || options.rates.messages.is_limited() ||
                       options.rates.bytes.is_limited()),
      acceptor_(acceptor),
      group_(group),
      owner_(owner),
      brokers_(group.topic_brokers()),
      topics_(group.topics(), brokers_, index),
      sending_({.max_queue_bytes = options.sending.max_queue_bytes,
                .high_mark_bytes =
                    std::min(options.sending.high_mark_bytes, options.sending.max_queue_bytes),
                .low_mark_bytes =
                    std::min(options.sending.low_mark_bytes, options.sending.max_queue_bytes / 2),
                .when_full = options.sending.when_full},
               metrics_, mailbox()->budget(), [this] { DeliverPublished(); }),
      account_(mailbox()->budget(), metrics_.buffered_bytes,
               options.limits.max_buffered_bytes / options.threads),
      connections_(Role::kServer, options_.connection),
      compression_bytes_left_(options.limits.max_compression_bytes / options.threads) {}

void LoopContext::LogRefusal(const SocketAddress& peer, HandshakeFailure reason, int status,
                             absl::string_view why) const {
  const LogLevel level = LevelOf(reason, status);
  if (!Logs(level)) return;
  Log(options_.hooks.log, level,
      absl::StrCat("refused ", peer.ToString(), ": HTTP ", status, ", ", Escape(why)));
}

void LoopContext::NoteRefusedTopic(absl::string_view topic, const absl::Status& why) {
  if (brokers_ != nullptr) brokers_->CountRefused();
  if (!Logs(LogLevel::kWarning) || loop_.now_ms() < topic_logged_ms_ + SharedTopics::kLogMs) return;
  topic_logged_ms_ = loop_.now_ms();
  Log(options_.hooks.log, LogLevel::kWarning,
      absl::StrCat("topic ", Quote(topic), ": a session is not subscribed: ", why.message()));
}

absl::Status LoopContext::Publish(absl::string_view topic, const EncodedMessage& message,
                                  const SendOptions& options, PublishCallback done) {
  if (brokers_ != nullptr) {
    if (auto published = brokers_->Publish(topic, message, options.key, done)) return *published;
  }
  PublishHere(topic, message, options);
  absl::Status status = group_.PublishToOthers(this, topic, message, options);
  if (done) TellPublished(status, std::move(done), guard());
  return status;
}

void LoopContext::PublishHere(absl::string_view topic, const EncodedMessage& message,
                              const SendOptions& options) {
  if (!published_.Takes(topic, message, options)) DeliverPublished();
  published_.Add(topic, message, options);
  sending_.has_published = true;
  if (!options.key.empty()) DeliverPublished();
}

void LoopContext::DeliverPublished() {
  if (!std::exchange(sending_.has_published, false)) return;
  const PublishBatch batch = std::exchange(published_, {});
  owner_.Deliver(batch);
}

void LoopContext::ForgetFlush(ServedStream* stream) {
  to_flush_.erase(std::remove(to_flush_.begin(), to_flush_.end(), stream), to_flush_.end());
}

}  // namespace weft
