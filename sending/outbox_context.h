// The limits, counters and hooks that the outboxes of one loop share.

#ifndef WEFT_SENDING_OUTBOX_CONTEXT_H_
#define WEFT_SENDING_OUTBOX_CONTEXT_H_

#include <cstddef>
#include <optional>
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
        own_held(std::in_place, &metrics.buffered_bytes, &budget),
        held(*own_held),
        deliver_published(std::move(deliver_published)) {}

  // For one outbox of the loop of `loop`, which must outlive this, with counters of its own. They
  // are moved to those of the loop by `before_send`, which is called before each send, and by
  // whoever calls it otherwise. Each send passes the gate of Outbox, none goes straight.
  OutboxContext(OutboxContext& loop, SendCounters& metrics, absl::AnyInvocable<void()> before_send)
      : limits(loop.limits),
        metrics(metrics),
        held(loop.held),
        has_published(true),
        deliver_published(std::move(before_send)) {}

  void CountDrop(DropReason reason, size_t messages = 1) {
    metrics.dropped_messages[static_cast<size_t>(reason)] += messages;
  }

  const Limits limits;
  SendCounters& metrics;
  std::optional<HeldPayloads> own_held{};
  HeldPayloads& held;  // large payloads that wait, of the whole loop

  // Set while published messages have not been delivered: they are, before anything else is sent.
  bool has_published = false;
  absl::AnyInvocable<void()> deliver_published;
};

}  // namespace weft

#endif  // WEFT_SENDING_OUTBOX_CONTEXT_H_
