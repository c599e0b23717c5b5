// The log of the tap: its latest entries for pages that come later, and live entries for those that
// watch.

#ifndef WEFT_EXAMPLES_INSPECT_TAP_LOG_H_
#define WEFT_EXAMPLES_INSPECT_TAP_LOG_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <vector>

#include "examples/inspect/tap_entry.h"
#include "weft/server/session_ref.h"

namespace examples {

// Thread-safe.
class TapLog {
 public:
  // The number of entries kept, the latest ones.
  static constexpr size_t kKept = 1000;

  // Sets the id of `entry`, keeps it, and sends it to all pages that watch. A page that reads
  // slowly misses entries, the oldest that wait, and notices that by their ids (docs/sending.md).
  void Add(TapEntry entry);

  // Sends all kept entries, and then each new one, as {"type": "tap", "entries": [...]}.
  void Watch(const weft::SessionRef& viewer);
  void Unwatch(const weft::SessionRef& viewer);

  // None: it is not kept any more, or never existed.
  std::optional<TapEntry> Find(uint64_t id) const;

 private:
  mutable std::mutex mutex_;
  std::deque<TapEntry> entries_;  // their ids are consecutive
  uint64_t last_id_ = 0;
  std::vector<weft::SessionRef> viewers_;
};

}  // namespace examples

#endif  // WEFT_EXAMPLES_INSPECT_TAP_LOG_H_
