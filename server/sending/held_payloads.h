// Payloads that sessions wait to send, each counted once.

#ifndef WEFT_SERVER_SENDING_HELD_PAYLOADS_H_
#define WEFT_SERVER_SENDING_HELD_PAYLOADS_H_

#include <cstddef>
#include <memory>

#include "absl/container/flat_hash_map.h"
#include "weft/loop/budget.h"
#include "weft/server/metrics/counter.h"

namespace weft {

// Counts the bytes of the payloads that the sessions of one loop keep instead of copying them: once
// each, however many sessions keep it. Not thread-safe; must outlive what Keep() returned.
class HeldPayloads {
 public:
  // Adds what is held to `*bytes` and takes it from `budget`.
  HeldPayloads(Counter* bytes, Budget* budget) : bytes_(bytes), budget_(budget) {}
  HeldPayloads(const HeldPayloads&) = delete;
  HeldPayloads& operator=(const HeldPayloads&) = delete;

  // Keeps `owner`, and counts the `size` bytes that it owns, until the last of the results for this
  // owner is gone.
  std::shared_ptr<const void> Keep(std::shared_ptr<const void> owner, size_t size);

 private:
  class Held;

  Counter* const bytes_;
  Budget* const budget_;
  absl::flat_hash_map<const void*, std::weak_ptr<const Held>> held_;  // by owner
};

}  // namespace weft

#endif  // WEFT_SERVER_SENDING_HELD_PAYLOADS_H_
