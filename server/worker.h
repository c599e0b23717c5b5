// One loop of a server, with the clients that live on it.

#ifndef WEFT_SERVER_WORKER_H_
#define WEFT_SERVER_WORKER_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "weft/core/encoded_message.h"
#include "weft/loop/event_loop.h"
#include "weft/loop/thread_pool.h"
#include "weft/server/acceptor.h"
#include "weft/server/exception_guard.h"
#include "weft/server/http/page.h"
#include "weft/server/listener.h"
#include "weft/server/loop_pools.h"
#include "weft/server/metrics/metrics.h"
#include "weft/server/sending/held_payloads.h"
#include "weft/server/served_stream.h"
#include "weft/server/server_options.h"
#include "weft/server/session.h"
#include "weft/server/topics/publish_batch.h"
#include "weft/server/topics/topics.h"
#include "weft/transport/address.h"
#include "weft/transport/stream.h"

namespace weft {

class Worker;

// What the workers of a server share. Thread-safe.
class WorkerGroup : public ServerStatus {
 public:
  // `from` accepted a connection: some worker takes it.
  virtual void Assign(Worker* from, Stream stream, const SocketAddress& peer) = 0;

  // A client that was assigned, and not to be refused, is gone.
  virtual void Leave(const SocketAddress& peer) = 0;

  // To every worker but `from`, which may be null. ResourceExhausted where too much waits for some:
  // their subscribers miss it.
  virtual absl::Status PublishToOthers(Worker* from, absl::string_view topic,
                                       const EncodedMessage& message,
                                       const SendOptions& options) = 0;

  virtual TopicDirectory& topics() = 0;

  // Who calls the sessions' handlers; null: their loops.
  virtual ThreadPool* handler_pool() = 0;

  // Whether a connection with this address at the server's end came to an endpoint on a loopback
  // address: not to one on all addresses.
  virtual bool IsLoopbackEndpoint(const SocketAddress& local) const = 0;

  // By which the application's code is called.
  virtual ExceptionGuard& guard() = 0;
};

// Owns the streams and sessions of one thread. All methods but those marked are for that thread.
class Worker {
 public:
  // All must outlive the worker.
  Worker(const ServerOptions& options, const Acceptor& acceptor, WorkerGroup& group,
         uint32_t index);
  ~Worker();

  // Turns the loop until the worker has stopped: its thread's work.
  void Run();

  // Accepts from `listener`, shared with the other workers: it is closed when the last one stops
  // listening. Before Run.
  void Listen(std::shared_ptr<const Listener> listener);
  void StopListening();

  // Any thread: sessions on this worker or on their way to it, and how many of them are only there
  // to be refused.
  std::atomic<size_t>& load() { return load_; }
  std::atomic<size_t>& refusing() { return refusing_; }
  const std::shared_ptr<Mailbox>& mailbox() const { return loop_.mailbox(); }

  // Any thread: Stop was called.
  bool stopping() const { return stopping_; }

  // Any thread reads.
  LoopMetrics& metrics() { return metrics_; }

  // Any thread: a client that was counted in load(), and in refusing() if it was to be refused, is
  // gone.
  void Release(const SocketAddress& peer, Refusal refusal);

  void Adopt(Stream stream, const SocketAddress& peer, Refusal refusal);

  // Listens no more, closes one session after the other with 1012, and goes away when the time is
  // over or no session is left.
  void Drain(int64_t over_ms);
  // Closes every session with 1001, and stops the loop when the last one is gone.
  void GoAway();
  // Ends what sessions are left without a closing handshake, and stops the loop when the last
  // handler has returned.
  void Stop();

  // ---- For streams ----

  const ServerOptions& options() const { return options_; }
  const Acceptor& acceptor() const { return acceptor_; }
  EventLoop& loop() { return loop_; }
  LoopPools& pools() { return pools_; }
  Topics& topics() { return topics_; }
  const ServerStatus& server() const { return group_; }
  ExceptionGuard& guard() { return group_.guard(); }
  bool going_away() const { return going_away_; }
  bool draining() const { return group_.draining(); }

  // A stream holds `now` bytes of buffers instead of `before`. False when it holds more than
  // before, and all streams, with the messages on their way to them, hold too much.
  bool Account(size_t before, size_t now) {
    metrics_.buffered_bytes += now - before;
    if (now > before) return mailbox()->budget().Add(now - before);
    mailbox()->budget().Return(before - now);
    return true;
  }

  // There is no memory left: drops the stream that holds most, of 4,096 that are compared. That is
  // `asker` unless another one holds more than `asker` with the `wanted` bytes that it asks for.
  void DropLargest(ServedStream* asker, size_t wanted = 0);

  void CountDrop(DropReason reason, size_t messages = 1) {
    metrics_.dropped_messages[static_cast<size_t>(reason)] += messages;
  }
  void CountFailure(HandshakeFailure reason) {
    metrics_.handshake_failures[static_cast<size_t>(reason)] += 1;
  }

  // ServerOptions' marks, as far as a queue may grow.
  size_t high_mark_bytes() const { return high_mark_bytes_; }
  size_t low_mark_bytes() const { return low_mark_bytes_; }

  // Large payloads that wait, within the same account.
  HeldPayloads& held() { return held_; }

  // What is left of the memory for compression, and a session's part of it.
  size_t compression_bytes_left() const { return compression_bytes_left_; }
  void ReserveCompression(size_t bytes) { compression_bytes_left_ -= bytes; }
  void ReturnCompression(size_t bytes) { compression_bytes_left_ += bytes; }

  // At the end of this turn: write what was queued, unless that is forgotten again.
  void FlushLater(Session* session) { to_flush_.push_back(session); }
  void ForgetFlush(Session* session);

  // At the end of this turn, destroys the stream; if it is replaced, its place goes to `next`.
  void DestroyLater(ServedStream* stream);
  void Replace(ServedStream* stream, std::unique_ptr<ServedStream> next);

  // Destroys a stream whose End() said that it was too early; nothing to one that has not ended.
  void Destroy(ServedStream* stream);

  // To the subscribers on this worker, and on the others. Those on this worker are given it at the
  // end of the turn, with what else is published to the topic in a row.
  absl::Status Publish(absl::string_view topic, const EncodedMessage& message,
                       const SendOptions& options);
  void PublishHere(absl::string_view topic, const EncodedMessage& message,
                   const SendOptions& options);
  WorkerGroup& group() { return group_; }

  // What was published is given to its subscribers: before anything else is sent to one of them,
  // and before they become others.
  bool has_published() const { return !published_.empty(); }
  void DeliverPublished();

 private:
  class Accepting;
  class Draining;

  void EndOfTurn();
  void Swap(size_t a, size_t b);  // two of streams_

  EventLoop loop_;
  LoopPools pools_{loop_};
  const ServerOptions options_;  // with this loop's pools
  const Acceptor& acceptor_;
  WorkerGroup& group_;
  const uint32_t index_;
  LoopMetrics metrics_;
  Topics topics_;
  std::vector<std::unique_ptr<Accepting>> listeners_;
  std::atomic<size_t> load_{0};
  std::atomic<size_t> refusing_{0};
  uint64_t next_id_ = 1;
  const size_t high_mark_bytes_;
  const size_t low_mark_bytes_;
  HeldPayloads held_;
  size_t compression_bytes_left_;
  bool going_away_ = false;
  std::atomic<bool> stopping_{false};
  std::vector<std::unique_ptr<ServedStream>> streams_;
  size_t untold_ = 0;                   // so many of them, in front, are still to be drained
  size_t compared_ = 0;                 // the last that DropLargest has looked at
  std::unique_ptr<Draining> draining_;  // null until then
  std::vector<std::unique_ptr<ServedStream>> gone_;  // destroyed at the end of the turn
  std::vector<std::unique_ptr<ServedStream>> kept_;  // or later: see Destroy
  std::vector<Session*> to_flush_;
  PublishBatch published_;  // and not yet delivered
};

}  // namespace weft

#endif  // WEFT_SERVER_WORKER_H_
