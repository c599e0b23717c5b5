// The state that the connections of one loop share.

#ifndef WEFT_CLIENT_ASYNC_CLIENT_CONTEXT_H_
#define WEFT_CLIENT_ASYNC_CLIENT_CONTEXT_H_

#include <algorithm>
#include <memory>

#include "weft/client/async/address_lookup.h"
#include "weft/client/async/client_loop_options.h"
#include "weft/loop/event_loop.h"
#include "weft/loop/exception_guard.h"
#include "weft/loop/mailbox.h"
#include "weft/sending/loop_pools.h"
#include "weft/sending/outbox_context.h"
#include "weft/sending/send_counters.h"

namespace weft {

class LoopClient;

// Owns the connections of a loop: a ClientWorker.
class ClientOwner {
 public:
  // Calls client->OnEndOfTurn() at the end of this turn.
  virtual void FlushLater(LoopClient* client) = 0;

  // Calls client->End(), and destroys it, at the end of this turn.
  virtual void DestroyLater(LoopClient* client) = 0;

  // Destroys a source at the end of this turn.
  virtual void ReleaseLater(std::unique_ptr<EventSource> source) = 0;

 protected:
  ~ClientOwner() = default;
};

// For the loop's thread, except where marked.
class ClientContext {
 public:
  // All must outlive the context.
  ClientContext(const ClientLoopOptions& options, AddressLookup& lookup, ExceptionGuard& guard,
                ClientOwner& owner)
      : options_(options),
        lookup_(lookup),
        guard_(guard),
        owner_(owner),
        loop_(*options.for_tests.clock),
        sending_(LimitsOf(options.sending), counters_, mailbox()->budget(), [] {}) {}
  ClientContext(const ClientContext&) = delete;
  ClientContext& operator=(const ClientContext&) = delete;

  const ClientLoopOptions& options() const { return options_; }
  AddressLookup& lookup() { return lookup_; }
  ExceptionGuard& guard() { return guard_; }
  ClientOwner& owner() { return owner_; }
  EventLoop& loop() { return loop_; }
  LoopPools& pools() { return pools_; }
  OutboxContext& sending() { return sending_; }

  // Any thread.
  const std::shared_ptr<Mailbox>& mailbox() const { return loop_.mailbox(); }

 private:
  static OutboxContext::Limits LimitsOf(const ClientSending& sending) {
    return {.max_queue_bytes = sending.max_queue_bytes,
            .high_mark_bytes = std::min(sending.high_mark_bytes, sending.max_queue_bytes),
            .low_mark_bytes = std::min(sending.low_mark_bytes, sending.max_queue_bytes / 2),
            .when_full = sending.when_full};
  }

  const ClientLoopOptions& options_;
  AddressLookup& lookup_;
  ExceptionGuard& guard_;
  ClientOwner& owner_;
  EventLoop loop_;
  LoopPools pools_{loop_};
  SendCounters counters_;
  OutboxContext sending_;
};

}  // namespace weft

#endif  // WEFT_CLIENT_ASYNC_CLIENT_CONTEXT_H_
