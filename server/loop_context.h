// The state that the streams of one event loop share.

#ifndef WEFT_SERVER_LOOP_CONTEXT_H_
#define WEFT_SERVER_LOOP_CONTEXT_H_

#include <atomic>
#include <cstddef>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "weft/core/encoded_message.h"
#include "weft/loop/event_loop.h"
#include "weft/loop/exception_guard.h"
#include "weft/loop/mailbox.h"
#include "weft/sending/loop_pools.h"
#include "weft/sending/outbox_context.h"
#include "weft/sending/send_options.h"
#include "weft/server/acceptor.h"
#include "weft/server/metrics/metrics.h"
#include "weft/server/server_options.h"
#include "weft/server/topics/publish_batch.h"
#include "weft/server/topics/topics.h"
#include "weft/server/worker_group.h"

namespace weft {

class ServedStream;

// Owns the streams of a loop: a Worker.
class StreamOwner {
 public:
  // Destroys the stream at the end of this turn. Replace() puts `next` in its place.
  virtual void DestroyLater(ServedStream* stream) = 0;
  virtual void Replace(ServedStream* stream, std::unique_ptr<ServedStream> next) = 0;

  // Destroys a stream whose End() returned false. Has no effect on one that has not ended.
  virtual void Destroy(ServedStream* stream) = 0;

  // There is no memory left: compares up to 4,096 streams, and drops the one that holds most.
  // `asker` counts with the `wanted` bytes that it asks for.
  virtual void DropLargest(ServedStream* asker, size_t wanted) = 0;

  // Gives the messages to the subscribers on this loop.
  virtual void Deliver(const PublishBatch& batch) = 0;

 protected:
  ~StreamOwner() = default;
};

// The loop of one worker, with everything that its streams use: options, pools, metrics, topics,
// the account of memory, and the work for the end of a turn. For the loop's thread, except where
// marked.
class LoopContext {  // NOLINT(clang-analyzer-optin.performance.Padding): metrics_ is aligned
 public:
  // All must outlive the context.
  LoopContext(const ServerOptions& options, const Acceptor& acceptor, WorkerGroup& group,
              StreamOwner& owner);
  LoopContext(const LoopContext&) = delete;
  LoopContext& operator=(const LoopContext&) = delete;

  const ServerOptions& options() const { return options_; }
  const Acceptor& acceptor() const { return acceptor_; }
  WorkerGroup& group() { return group_; }

  // Whether a line of this level is wanted: to be checked before it is composed. Lines of kError
  // always are.
  bool Logs(LogLevel level) const {
    return options_.hooks.log && level >= options_.hooks.min_log_level;
  }

  StreamOwner& owner() { return owner_; }
  ExceptionGuard& guard() { return group_.guard(); }
  EventLoop& loop() { return loop_; }
  LoopPools& pools() { return pools_; }
  Topics& topics() { return topics_; }
  OutboxContext& sending() { return sending_; }

  // Any thread.
  const std::shared_ptr<Mailbox>& mailbox() const { return loop_.mailbox(); }

  // Any thread reads.
  LoopMetrics& metrics() { return metrics_; }
  void CountFailure(HandshakeFailure reason) {
    metrics_.handshake_failures[static_cast<size_t>(reason)] += 1;
  }

  // A stream holds `now` bytes of buffers instead of `before`. False if it holds more than before,
  // and all streams, with the messages on their way to them, hold more than the budget.
  bool Account(size_t before, size_t now);

  // The memory left for compression; a session reserves its part, and returns it.
  size_t compression_bytes_left() const { return compression_bytes_left_; }
  void ReserveCompression(size_t bytes) { compression_bytes_left_ -= bytes; }
  void ReturnCompression(size_t bytes) { compression_bytes_left_ += bytes; }

  // Publishes to the subscribers on all loops. Those on this loop get the message at the end of the
  // turn, together with other messages that are published to the topic in a row. PublishHere() is
  // for this loop's subscribers only.
  absl::Status Publish(absl::string_view topic, const EncodedMessage& message,
                       const SendOptions& options);
  void PublishHere(absl::string_view topic, const EncodedMessage& message,
                   const SendOptions& options);

  // Delivers the published messages: called before anything else is sent to one of the subscribers,
  // and before the subscribers change.
  bool has_published() const { return sending_.has_published; }
  void DeliverPublished();

  // Calls stream->OnEndOfTurn() at the end of this turn, unless ForgetFlush() is called before.
  void FlushLater(ServedStream* stream) { to_flush_.push_back(stream); }
  void ForgetFlush(ServedStream* stream);
  std::vector<ServedStream*>& to_flush() { return to_flush_; }

  // Whether the worker stops when its last stream has ended.
  bool going_away() const { return going_away_; }
  void GoAway() { going_away_ = true; }

  // Any thread: whether the worker drops its streams without a closing handshake.
  bool stopping() const { return stopping_; }
  void Stop() { going_away_ = stopping_ = true; }

 private:
  LoopMetrics metrics_;
  EventLoop loop_;
  LoopPools pools_{loop_};
  const ServerOptions options_;  // with this loop's pools
  const Acceptor& acceptor_;
  WorkerGroup& group_;
  StreamOwner& owner_;
  Topics topics_;
  OutboxContext sending_;
  size_t compression_bytes_left_;
  PublishBatch published_;  // but not yet delivered
  std::vector<ServedStream*> to_flush_;
  bool going_away_ = false;
  std::atomic<bool> stopping_{false};
};

}  // namespace weft

#endif  // WEFT_SERVER_LOOP_CONTEXT_H_
