// The topics that have subscribers, over all loops.

#ifndef WEFT_SERVER_TOPICS_TOPIC_DIRECTORY_H_
#define WEFT_SERVER_TOPICS_TOPIC_DIRECTORY_H_

#include <atomic>
#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "weft/server/topics/topic_options.h"

namespace weft {

// Thread-safe. A loop takes the lock only with its first and last subscriber of a topic; in between
// it counts.
class TopicDirectory {
 public:
  using Count = std::atomic<size_t>;

  // `hook` may be null.
  explicit TopicDirectory(TopicHook hook) : hook_(std::move(hook)) {}

  // A loop gets its first subscriber of `topic`, and counts all of its own in the returned counter.
  std::shared_ptr<Count> Join(absl::string_view topic);

  // The loop has no more subscribers of it.
  void Leave(absl::string_view topic);

  // Calls the hook for the changes: to be called after each of the two, when the caller is ready
  // for any action of the hook.
  void Tell();

  size_t Subscribers(absl::string_view topic) const;

 private:
  struct Entry {
    size_t loops = 0;
    std::shared_ptr<Count> subscribers = std::make_shared<Count>(0);
  };

  const TopicHook hook_;
  mutable std::mutex mutex_;
  absl::flat_hash_map<std::string, Entry> topics_;  // those that a loop has joined
  std::deque<std::pair<std::string, bool>> untold_;
  // some thread is calling the hook, and will call it for the remaining changes
  bool telling_ = false;
};

}  // namespace weft

#endif  // WEFT_SERVER_TOPICS_TOPIC_DIRECTORY_H_
