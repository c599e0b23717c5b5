#include "weft/sending/send_counters.h"

namespace weft {

absl::string_view NameOf(DropReason reason) {
  switch (reason) {
    case DropReason::kQueueFull:
      return "queue_full";
    case DropReason::kNewest:
      return "newest";
    case DropReason::kOldest:
      return "oldest";
    case DropReason::kReplaced:
      return "replaced";
    case DropReason::kDisconnected:
      return "disconnected";
    case DropReason::kClosed:
      return "closed";
  }
  return "";
}

}  // namespace weft
