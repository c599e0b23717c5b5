// Counts large payloads that wait to be sent, each once.

#ifndef WEFT_SENDING_HELD_PAYLOADS_H_
#define WEFT_SENDING_HELD_PAYLOADS_H_

#include <cstddef>
#include <memory>

#include "absl/container/flat_hash_map.h"
#include "weft/loop/budget.h"
#include "weft/sending/counter.h"

namespace weft {

// Counts the bytes of the payloads that the sessions of one loop keep instead of copying. A payload
// counts once, however many sessions keep it. Not thread-safe; must outlive the results of Keep().
class HeldPayloads {
 public:
  // Adds the bytes of kept payloads to `*bytes`, and takes them from `budget`.
  HeldPayloads(Counter* bytes, Budget* budget) : bytes_(bytes), budget_(budget) {}
  HeldPayloads(const HeldPayloads&) = delete;
  HeldPayloads& operator=(const HeldPayloads&) = delete;

  // Keeps `owner`, and counts the `size` bytes that it owns, until the last result for this owner
  // is destroyed.
  std::shared_ptr<const void> Keep(std::shared_ptr<const void> owner, size_t size);

 private:
  class Held;

  Counter* const bytes_;
  Budget* const budget_;
  absl::flat_hash_map<const void*, std::weak_ptr<const Held>> held_;  // by owner
};

}  // namespace weft

#endif  // WEFT_SENDING_HELD_PAYLOADS_H_
