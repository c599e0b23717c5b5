// One loop of a server, with its clients.

#ifndef WEFT_SERVER_WORKER_H_
#define WEFT_SERVER_WORKER_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "weft/loop/mailbox.h"
#include "weft/server/acceptor.h"
#include "weft/server/listening/listener.h"
#include "weft/server/loop_context.h"
#include "weft/server/loop_topics.h"
#include "weft/server/served_stream.h"
#include "weft/server/server_options.h"
#include "weft/server/topics/publish_batch.h"
#include "weft/server/topics/topic_update.h"
#include "weft/server/worker_group.h"
#include "weft/transport/address.h"

namespace weft {

// Owns the streams of one thread. Methods are for that thread, except where marked.
class Worker final : private StreamOwner {
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

  // Any thread: the number of connections on this worker or on their way to it.
  std::atomic<size_t>& load() { return load_; }
  const std::shared_ptr<Mailbox>& mailbox() const { return context_.mailbox(); }

  // The state that its streams share.
  LoopContext& context() { return context_; }

  // For the brokers of topics.
  TopicLoop& topic_loop() { return topics_; }

  // Any thread: subtracts a client that has ended from load(), and from WorkerGroup::refusing() if
  // it was to be refused.
  void Release(const SocketAddress& peer, Refusal refusal);

  void Adopt(Arrival arrival, Refusal refusal);

  // After `unready_ms` stops listening, closes one session after the other with 1012, and calls
  // GoAway() after `over_ms`, or when no session is left.
  void Drain(int64_t unready_ms, int64_t over_ms);

  // Closes every session with 1001, and stops the loop when the last one has ended.
  void GoAway();

  // Ends the remaining sessions without a closing handshake, and stops the loop when the last
  // handler has returned.
  void Stop();

 private:
  class Accepting;
  class Draining;

  // StreamOwner.
  void DestroyLater(ServedStream* stream) override;
  void Replace(ServedStream* stream, std::unique_ptr<ServedStream> next) override;
  void Destroy(ServedStream* stream) override;
  void DropLargest(ServedStream* asker, size_t wanted) override;
  void Deliver(const PublishBatch& batch) override;

  void EndOfTurn();
  void Swap(size_t a, size_t b);  // two of streams_
  EventLoop& loop() { return context_.loop(); }

  LoopContext context_;
  LoopTopics topics_{context_};
  const uint32_t index_;
  std::vector<std::unique_ptr<Accepting>> listeners_;
  std::atomic<size_t> load_{0};
  uint64_t next_id_ = 1;
  std::vector<std::unique_ptr<ServedStream>> streams_;
  size_t untold_ = 0;                   // this number of them, in front, are still to be drained
  std::unique_ptr<Draining> draining_;  // null until then
  std::vector<std::unique_ptr<ServedStream>> gone_;  // destroyed at the end of the turn
  std::vector<std::unique_ptr<ServedStream>> kept_;  // destroyed by Destroy()
};

// So that the counters of a loop share no cache line with another worker.
static_assert(alignof(Worker) >= 64);

}  // namespace weft

#endif  // WEFT_SERVER_WORKER_H_
