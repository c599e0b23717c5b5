#include "weft/server/loop_context.h"

#include <algorithm>
#include <utility>

namespace weft {
namespace {

// Messages from other threads must leave this part (1/16) of the memory free. If they could take
// all of it, a session would be dropped as soon as one of its messages needs a little more than it
// had reserved.
constexpr size_t kHeadroomPart = 16;

ServerOptions WithPools(ServerOptions options, LoopPools& pools) {
  options.connection.pool = &pools.buffers();
  options.connection.codecs = &pools.codecs();
  return options;
}

}  // namespace

LoopContext::LoopContext(const ServerOptions& options, const Acceptor& acceptor, WorkerGroup& group,
                         StreamOwner& owner)
    : loop_(*options.for_tests.clock),
      options_(WithPools(options, pools_)),
      acceptor_(acceptor),
      group_(group),
      owner_(owner),
      topics_(group.topics(), options.hooks.topic_options),
      sending_({.max_queue_bytes = options.sending.max_queue_bytes,
                .high_mark_bytes =
                    std::min(options.sending.high_mark_bytes, options.sending.max_queue_bytes),
                .low_mark_bytes =
                    std::min(options.sending.low_mark_bytes, options.sending.max_queue_bytes / 2),
                .when_full = options.sending.when_full},
               metrics_, mailbox()->budget(), [this] { DeliverPublished(); }),
      compression_bytes_left_(options.limits.max_compression_bytes / options.threads) {
  const size_t max_buffered_bytes = options.limits.max_buffered_bytes / options.threads;
  mailbox()->budget().set_limit(max_buffered_bytes, max_buffered_bytes / kHeadroomPart);
}

bool LoopContext::Account(size_t before, size_t now) {
  metrics_.buffered_bytes += now - before;
  if (now > before) return mailbox()->budget().Add(now - before);
  mailbox()->budget().Return(before - now);
  return true;
}

absl::Status LoopContext::Publish(absl::string_view topic, const EncodedMessage& message,
                                  const SendOptions& options) {
  PublishHere(topic, message, options);
  return group_.PublishToOthers(this, topic, message, options);
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
