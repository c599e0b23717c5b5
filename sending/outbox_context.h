// The limits, counters and hooks that the outboxes of one loop share.

#ifndef WEFT_SENDING_OUTBOX_CONTEXT_H_
#define WEFT_SENDING_OUTBOX_CONTEXT_H_

#include <cstddef>
#include <utility>

#include "absl/functional/any_invocable.h"
#include "weft/loop/budget.h"
#include "weft/sending/held_payloads.h"
#include "weft/sending/send_counters.h"
#include "weft/sending/send_options.h"

namespace weft {

// For the loop's thread.
struct OutboxContext {
  // From the options, with the marks lowered to fit max_queue_bytes.
  struct Limits {
    size_t max_queue_bytes;
    size_t high_mark_bytes;
    size_t low_mark_bytes;
    WhenFull when_full;
  };

  // The last three must outlive this.
  OutboxContext(const Limits& limits, SendCounters& metrics, Budget& budget,
                absl::AnyInvocable<void()> deliver_published)
      : limits(limits),
        metrics(metrics),
        held(&metrics.buffered_bytes, &budget),
        deliver_published(std::move(deliver_published)) {}

  void CountDrop(DropReason reason, size_t messages = 1) {
    metrics.dropped_messages[static_cast<size_t>(reason)] += messages;
  }

  const Limits limits;
  SendCounters& metrics;
  HeldPayloads held;  // large payloads that wait

  // Set while published messages have not been delivered: they are, before anything else is sent.
  bool has_published = false;
  absl::AnyInvocable<void()> deliver_published;
};

}  // namespace weft

#endif  // WEFT_SENDING_OUTBOX_CONTEXT_H_
