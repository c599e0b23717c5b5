// The last messages of a topic.

#ifndef WEFT_SERVER_TOPICS_TOPIC_RING_H_
#define WEFT_SERVER_TOPICS_TOPIC_RING_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "absl/time/time.h"
#include "absl/types/span.h"
#include "weft/server/topics/topic_history.h"

namespace weft {

// Messages that were delivered, without holes, from which sessions that come back are served: at
// least the last 64, or 64 KiB of them, and less than twice that. For five seconds after a page of
// the history was added it keeps 512, or 1 MiB: many clients that come back at once need the same
// ones.
class TopicRing {
 public:
  static constexpr size_t kMessages = 64;
  static constexpr size_t kBytes = 64 << 10;
  static constexpr absl::Duration kLarge = absl::Seconds(5);

  // A message was delivered. One that does not follow the last one is the first of a new ring.
  void Add(TopicMessage message, int64_t now_ms);

  // Adds the messages of a page that are before those of the ring, or all of a page whose last
  // message is `end` if the ring is empty. Returns false, and adds none, if there is a hole between
  // or the ring would be too large.
  bool AddBefore(absl::Span<const TopicMessage> page, uint64_t end, int64_t now_ms);

  // Drops what it keeps because of a page, if five seconds have passed.
  void Shrink(int64_t now_ms);

  // Only this message counts.
  void Replace(TopicMessage message, int64_t now_ms);

  // Drops all, and the memory.
  void Clear() { kept_ = nullptr; }

  // The messages after offset `since`; all of them, up to the last one, are there if Has(since).
  absl::Span<const TopicMessage> After(uint64_t since) const;
  bool Has(uint64_t since) const {
    return !empty() && kept_->messages.front().position.offset <= since + 1;
  }

  const TopicMessage& last() const { return kept_->messages.back(); }
  bool empty() const { return size() == 0; }
  size_t size() const { return kept_ == nullptr ? 0 : kept_->messages.size(); }
  size_t bytes() const { return kept_ == nullptr ? 0 : kept_->bytes; }

  // When the last one was delivered.
  int64_t last_ms() const { return kept_ == nullptr ? 0 : kept_->last_ms; }

 private:
  struct Kept {
    std::vector<TopicMessage> messages;
    size_t bytes = 0;
    int64_t last_ms = 0;
    int64_t large_until_ms = 0;
  };

  Kept& Use();
  static void DropAllBut(size_t messages, size_t bytes, Kept& kept);

  std::unique_ptr<Kept> kept_;  // null: nothing, as for most of a million quiet topics
};

}  // namespace weft

#endif  // WEFT_SERVER_TOPICS_TOPIC_RING_H_
