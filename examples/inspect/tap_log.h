// The log of the tap: its latest entries for pages that come later, and live entries for those that
// watch.

#ifndef WEFT_EXAMPLES_INSPECT_TAP_LOG_H_
#define WEFT_EXAMPLES_INSPECT_TAP_LOG_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "examples/inspect/recording.h"
#include "examples/inspect/tap_entry.h"
#include "nlohmann/json.hpp"
#include "weft/core/frame/frame_rules.h"
#include "weft/server/session_ref.h"

namespace examples {

// Has the recording of the bytes, too. Thread-safe.
class TapLog {
 public:
  // The number of entries kept, the latest ones.
  static constexpr size_t kKept = 1000;

  // Sets the id of `entry`, keeps it, and sends it to all pages that watch. A page that reads
  // slowly misses entries, the oldest that wait, and notices that by their ids (docs/sending.md).
  void Add(TapEntry entry);

  // A frame that is not complete, with what has come of it; the next entry of its sender on that
  // connection replaces it. Pages get it as {"type": "arriving", "entry": {...}}.
  void Arrive(TapEntry entry);
  std::optional<TapEntry> FindArriving(int connection, weft::Role sender) const;

  // The connection has been closed: its frames do not arrive any more, which pages get as
  // {"type": "closed", "connection": 1}.
  void Forget(int connection);

  // Sends all kept entries, and those that arrive, and then each new one, as {"type": "tap",
  // "entries": [...]}.
  void Watch(const weft::SessionRef& viewer);
  void Unwatch(const weft::SessionRef& viewer);

  // None: it is not kept any more, or never existed.
  std::optional<TapEntry> Find(uint64_t id) const;

  Recording& recording() { return recording_; }

 private:
  void Tell(const nlohmann::json& message, const weft::SendOptions& options);

  Recording recording_;

  mutable std::mutex mutex_;
  std::deque<TapEntry> entries_;  // their ids are consecutive
  uint64_t last_id_ = 0;
  std::map<std::pair<int, weft::Role>, TapEntry> arriving_;  // by connection and sender
  std::vector<weft::SessionRef> viewers_;
};

}  // namespace examples

#endif  // WEFT_EXAMPLES_INSPECT_TAP_LOG_H_
