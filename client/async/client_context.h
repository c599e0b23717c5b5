// The state that the connections of one loop share.

#ifndef WEFT_CLIENT_ASYNC_CLIENT_CONTEXT_H_
#define WEFT_CLIENT_ASYNC_CLIENT_CONTEXT_H_

#include <array>
#include <cstdint>
#include <functional>
#include <memory>

#include "weft/client/async/client_groups.h"
#include "weft/client/async/client_loop_options.h"
#include "weft/client/async/client_metrics.h"
#include "weft/client/async/host_turns.h"
#include "weft/loop/address_lookup.h"
#include "weft/loop/event_loop.h"
#include "weft/loop/exception_guard.h"
#include "weft/loop/mailbox.h"
#include "weft/sending/loop_pools.h"
#include "weft/sending/memory_account.h"
#include "weft/sending/outbox_context.h"

namespace weft {

class LoopClient;
class LoopReconnector;

// Owns the connections of a loop, and the clients that reconnect: a ClientWorker.
class ClientOwner {
 public:
  // Starts a connection of a client that reconnects, in whose place it counts.
  virtual void Adopt(std::unique_ptr<LoopClient> client) = 0;

  // The connection of a client that reconnects has ended: from now on the client counts instead.
  virtual void Expect() = 0;

  // Calls client->OnEndOfTurn() at the end of this turn.
  virtual void FlushLater(LoopClient* client) = 0;

  // Calls client->End(), and destroys it, at the end of this turn.
  virtual void DestroyLater(LoopClient* client) = 0;

  // Destroys a client that has ended at the end of this turn.
  virtual void DestroyLater(LoopReconnector* reconnector) = 0;

  // Call it when no memory is left: drops the connection that MemoryAccount::Largest() chooses.
  virtual void DropLargest(LoopClient* asker) = 0;

  // Destroys a source at the end of this turn.
  virtual void ReleaseLater(std::unique_ptr<EventSource> source) = 0;

 protected:
  ~ClientOwner() = default;
};

// For the loop's thread, except where marked.
class ClientContext {  // NOLINT(clang-analyzer-optin.performance.Padding): metrics_ is aligned
 public:
  // All must outlive the context.
  ClientContext(const ClientLoopOptions& options, AddressLookup& lookup, HostTurns& turns,
                ExceptionGuard& guard, ClientOwner& owner);
  ClientContext(const ClientContext&) = delete;
  ClientContext& operator=(const ClientContext&) = delete;

  const ClientLoopOptions& options() const { return options_; }
  AddressLookup& lookup() { return lookup_; }
  HostTurns& turns() { return turns_; }
  ExceptionGuard& guard() { return guard_; }
  ClientOwner& owner() { return owner_; }
  EventLoop& loop() { return loop_; }
  LoopPools& pools() { return pools_; }
  OutboxContext& sending() { return sending_; }
  ClientGroups& groups() { return groups_; }
  MemoryAccount& account() { return account_; }

  // From 0 (inclusive) to 1 (exclusive).
  double Random() { return random_(); }

  // A secret, for SIPHASH_24().
  const uint64_t* ping_key() const { return ping_key_.data(); }

  // Any thread.
  const std::shared_ptr<Mailbox>& mailbox() const { return loop_.mailbox(); }

  // Any thread reads.
  ClientLoopMetrics& metrics() { return metrics_; }

 private:
  ClientLoopMetrics metrics_;
  const ClientLoopOptions& options_;
  AddressLookup& lookup_;
  HostTurns& turns_;
  ExceptionGuard& guard_;
  ClientOwner& owner_;
  const std::function<double()> random_;
  const std::array<uint64_t, 2> ping_key_;
  EventLoop loop_;
  LoopPools pools_{loop_};
  ClientGroups groups_;
  OutboxContext sending_;
  MemoryAccount account_;
};

}  // namespace weft

#endif  // WEFT_CLIENT_ASYNC_CLIENT_CONTEXT_H_
