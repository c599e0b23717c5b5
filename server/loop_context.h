// The state that the streams of one event loop share.

#ifndef WEFT_SERVER_LOOP_CONTEXT_H_
#define WEFT_SERVER_LOOP_CONTEXT_H_

#include <atomic>
#include <cstddef>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "weft/core/connection_group.h"
#include "weft/core/encoded_message.h"
#include "weft/loop/event_loop.h"
#include "weft/loop/exception_guard.h"
#include "weft/loop/mailbox.h"
#include "weft/sending/loop_pools.h"
#include "weft/sending/memory_account.h"
#include "weft/sending/outbox_context.h"
#include "weft/sending/send_options.h"
#include "weft/server/acceptor.h"
#include "weft/server/access_log.h"
#include "weft/server/forwarding/network.h"
#include "weft/server/http/late_answer.h"
#include "weft/server/metrics/metrics.h"
#include "weft/server/server_options.h"
#include "weft/server/topics/publish_batch.h"
#include "weft/server/topics/publish_callback.h"
#include "weft/server/topics/topic_brokers.h"
#include "weft/server/topics/topics.h"
#include "weft/server/worker_group.h"
#include "weft/transport/address.h"

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

  // There is no memory left: drops the stream that MemoryAccount::Largest() chooses. `asker` counts
  // with the `wanted` bytes that it asks for.
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
  // All must outlive the context. `index`: of the loop, from 0.
  LoopContext(const ServerOptions& options, const Acceptor& acceptor, WorkerGroup& group,
              StreamOwner& owner, size_t index);
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

  // A subscription that was refused whose caller gets no error: a line, at most once in
  // SharedTopics::kLogMs, and a gap among the counts.
  void NoteRefusedTopic(absl::string_view topic, const absl::Status& why);

  // A line for a request of `peer` that was refused with an HTTP status.
  void LogRefusal(const SocketAddress& peer, HandshakeFailure reason, int status,
                  absl::string_view why) const;

  // Null without ServerHooks::access_log.
  AccessLog* access_log() { return access_log_.get(); }

  // Whether the reads and events of each session are counted: for a rate, or the access log.
  bool meters_sessions() const { return meters_sessions_; }

  // ServerProxies::trusted_networks.
  const Networks& trusted() const { return trusted_; }

  // Counts one more client of an address; false if there are too many. A trusted proxy is not
  // counted. Only the address decides, so each is treated alike when it enters and when it leaves.
  bool Enter(const SocketAddress& peer) { return trusted_.Contains(peer) || group_.Enter(peer); }
  void Leave(const SocketAddress& peer) {
    if (!trusted_.Contains(peer)) group_.Leave(peer);
  }

  StreamOwner& owner() { return owner_; }
  ExceptionGuard& guard() { return group_.guard(); }
  EventLoop& loop() { return loop_; }
  LoopPools& pools() { return pools_; }
  Topics& topics() { return topics_; }
  OutboxContext& sending() { return sending_; }
  ConnectionGroup& connections() { return connections_; }

  // Any thread.
  const std::shared_ptr<Mailbox>& mailbox() const { return loop_.mailbox(); }

  // Any thread reads.
  LoopMetrics& metrics() { return metrics_; }
  void CountFailure(HandshakeFailure reason) {
    metrics_.handshake_failures[static_cast<size_t>(reason)] += 1;
  }

  // The memory of the streams.
  MemoryAccount& account() { return account_; }

  // The memory left for compression; a session reserves its part, and returns it.
  size_t compression_bytes_left() const { return compression_bytes_left_; }
  void ReserveCompression(size_t bytes) { compression_bytes_left_ -= bytes; }
  void ReturnCompression(size_t bytes) { compression_bytes_left_ += bytes; }

  // Publishes to the subscribers on all loops. Those on this loop get the message at the end of the
  // turn, together with other messages that are published to the topic in a row. A topic that a
  // broker carries comes back from it, on this loop too. PublishHere() is for this loop's
  // subscribers only.
  absl::Status Publish(absl::string_view topic, const EncodedMessage& message,
                       const SendOptions& options, PublishCallback done = nullptr);
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

  internal::LateAnswers& late_answers() { return late_answers_; }

  // Whether upgrades are refused: this loop does not listen any more.
  bool refuses_upgrades() const { return refuses_upgrades_; }
  void RefuseUpgrades() { refuses_upgrades_ = true; }

  // Whether the worker stops when its last stream has ended.
  bool going_away() const { return going_away_; }
  void GoAway() { refuses_upgrades_ = going_away_ = true; }

  // Any thread: whether the worker drops its streams without a closing handshake.
  bool stopping() const { return stopping_; }
  void Stop() { refuses_upgrades_ = going_away_ = stopping_ = true; }

 private:
  LoopMetrics metrics_;
  EventLoop loop_;
  LoopPools pools_{loop_};
  const ServerOptions options_;  // with this loop's pools
  const Networks trusted_;
  const std::unique_ptr<AccessLog> access_log_;
  const bool meters_sessions_;
  const Acceptor& acceptor_;
  WorkerGroup& group_;
  StreamOwner& owner_;
  TopicBrokers* const brokers_;  // null: none carries a topic
  Topics topics_;
  OutboxContext sending_;
  MemoryAccount account_;
  ConnectionGroup connections_;
  size_t compression_bytes_left_;
  int64_t topic_logged_ms_ = -SharedTopics::kLogMs;
  PublishBatch published_;  // but not yet delivered
  std::vector<ServedStream*> to_flush_;
  internal::LateAnswers late_answers_;
  bool refuses_upgrades_ = false;
  bool going_away_ = false;
  std::atomic<bool> stopping_{false};
};

}  // namespace weft

#endif  // WEFT_SERVER_LOOP_CONTEXT_H_
