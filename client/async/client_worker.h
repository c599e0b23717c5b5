// One event loop of asynchronous clients, with its connections.

#ifndef WEFT_CLIENT_ASYNC_CLIENT_WORKER_H_
#define WEFT_CLIENT_ASYNC_CLIENT_WORKER_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <unordered_set>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "weft/client/async/client_context.h"
#include "weft/client/async/client_loop_options.h"
#include "weft/client/async/host_turns.h"
#include "weft/client/async/loop_client.h"
#include "weft/client/async/loop_reconnector.h"
#include "weft/loop/address_lookup.h"
#include "weft/loop/event_loop.h"
#include "weft/loop/exception_guard.h"
#include "weft/loop/mailbox.h"

namespace weft {

// Work on a worker's loop that is not a connection, and ends with the loop.
class ClientGuest {
 public:
  // The loop ends, and its connections have ended. The worker has forgotten the guest.
  virtual void OnLoopEnd() = 0;

 protected:
  ~ClientGuest() = default;
};

// Owns the connections of one thread, and its clients that reconnect. Methods are for that thread,
// except where marked.
class ClientWorker final : private ClientOwner {
 public:
  // All must outlive the worker.
  ClientWorker(const ClientLoopOptions& options, AddressLookup& lookup, HostTurns& turns,
               ExceptionGuard& guard);
  ~ClientWorker();

  // 0, or an errno: it must not be run.
  int error() { return context_.loop().error(); }

  // Turns the loop until Stop() was called and all connections have ended: its thread's work.
  void Run();

  // Any thread.
  const std::shared_ptr<Mailbox>& mailbox() const { return context_.mailbox(); }
  size_t connections() const { return connections_.load(std::memory_order_relaxed); }

  // Any thread. Counts a connection for which Adopt() follows, and one for which it does not.
  void Expect() override { connections_ += 1; }
  void ExpectNoLonger() { connections_ -= 1; }

  // The state that its connections share.
  ClientContext& context() { return context_; }

  // Starts a connection that was expected, or a client that reconnects.
  void Adopt(std::unique_ptr<LoopClient> client) override;
  void Adopt(std::unique_ptr<LoopReconnector> reconnector);

  // A guest, which outlives its entry.
  void Add(ClientGuest& guest) { guests_.insert(&guest); }
  void Remove(ClientGuest& guest) { guests_.erase(&guest); }

  // Closes the open connections, at random moments of this time, and cancels those that are being
  // opened. Connections that are adopted later fail, and nothing reconnects.
  void Drain(int64_t over_ms);

  // Ends all connections without a closing handshake, and the loop.
  void Stop() { stopping_ = true; }

 private:
  class Draining;

  // ClientOwner.
  void FlushLater(LoopClient* client) override { to_flush_.push_back(client); }
  void DestroyLater(LoopClient* client) override;
  void DestroyLater(LoopReconnector* reconnector) override;
  void DropLargest(LoopClient* asker) override;
  void ReleaseLater(std::unique_ptr<EventSource> source) override {
    released_.push_back(std::move(source));
  }

  void EndOfTurn();
  void EndGuests();
  void Swap(size_t a, size_t b);  // two of clients_
  void EndReconnectors(const absl::Status& why);

  ClientContext context_;
  // Expected, or adopted and not destroyed. A client that reconnects counts while it has no
  // connection.
  std::atomic<size_t> connections_{0};
  std::vector<std::unique_ptr<LoopClient>> clients_;
  size_t untold_ = 0;  // this number of them, in front, are still to be drained
  std::vector<std::unique_ptr<LoopClient>> gone_;  // destroyed at the end of the turn
  std::vector<std::unique_ptr<LoopReconnector>> reconnectors_;
  std::vector<std::unique_ptr<LoopReconnector>> gone_reconnectors_;
  std::vector<std::unique_ptr<EventSource>> released_;
  std::vector<LoopClient*> to_flush_;
  std::unique_ptr<Draining> draining_;  // null until then
  std::unordered_set<ClientGuest*> guests_;
  bool stopping_ = false;
};

}  // namespace weft

#endif  // WEFT_CLIENT_ASYNC_CLIENT_WORKER_H_
