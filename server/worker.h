// One loop of a server, with the clients that live on it.

#ifndef WEFT_SERVER_WORKER_H_
#define WEFT_SERVER_WORKER_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "weft/loop/mailbox.h"
#include "weft/server/acceptor.h"
#include "weft/server/listener.h"
#include "weft/server/loop_context.h"
#include "weft/server/served_stream.h"
#include "weft/server/server_options.h"
#include "weft/server/topics/publish_batch.h"
#include "weft/server/worker_group.h"
#include "weft/transport/address.h"
#include "weft/transport/stream.h"

namespace weft {

// Owns the streams and sessions of one thread. All methods but those marked are for that thread.
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

  // Any thread: sessions on this worker or on their way to it, and how many of them are only there
  // to be refused.
  std::atomic<size_t>& load() { return load_; }
  std::atomic<size_t>& refusing() { return refusing_; }
  const std::shared_ptr<Mailbox>& mailbox() const { return context_.mailbox(); }

  // What its streams share.
  LoopContext& context() { return context_; }

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
  const uint32_t index_;
  std::vector<std::unique_ptr<Accepting>> listeners_;
  std::atomic<size_t> load_{0};
  std::atomic<size_t> refusing_{0};
  uint64_t next_id_ = 1;
  std::vector<std::unique_ptr<ServedStream>> streams_;
  size_t untold_ = 0;                   // so many of them, in front, are still to be drained
  size_t compared_ = 0;                 // the last that DropLargest has looked at
  std::unique_ptr<Draining> draining_;  // null until then
  std::vector<std::unique_ptr<ServedStream>> gone_;  // destroyed at the end of the turn
  std::vector<std::unique_ptr<ServedStream>> kept_;  // or later: see Destroy
};

}  // namespace weft

#endif  // WEFT_SERVER_WORKER_H_
