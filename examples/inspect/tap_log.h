// What went through the tap: the last of it for who comes later, and live for who watches.

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
  // So many entries are kept, the latest.
  static constexpr size_t kKept = 1000;

  // Gives `entry` its id, keeps it, and sends it to all who watch. One who reads slowly misses
  // entries, the oldest that wait, and sees that by their ids (docs/sending.md).
  void Add(TapEntry entry);

  // Sends all that is kept, and then each entry as it comes, as {"type": "tap", "entries": [...]}.
  void Watch(const weft::SessionRef& viewer);
  void Unwatch(const weft::SessionRef& viewer);

  // None: it is not kept any more, or never was.
  std::optional<TapEntry> Find(uint64_t id) const;

 private:
  mutable std::mutex mutex_;
  std::deque<TapEntry> entries_;  // their ids count
  uint64_t last_id_ = 0;
  std::vector<weft::SessionRef> viewers_;
};

}  // namespace examples

#endif  // WEFT_EXAMPLES_INSPECT_TAP_LOG_H_
