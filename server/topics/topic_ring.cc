#include "weft/server/topics/topic_ring.h"

#include <algorithm>
#include <utility>

namespace weft {
namespace {

constexpr size_t kManyMessages = 512;
constexpr size_t kManyBytes = size_t{1} << 20;

}  // namespace

TopicRing::Kept& TopicRing::Use() {
  if (kept_ == nullptr) kept_ = std::make_unique<Kept>();
  return *kept_;
}

void TopicRing::Add(TopicMessage message, int64_t now_ms) {
  Kept& kept = Use();
  if (!empty() && message.position.offset != last().position.offset + 1) {
    kept.messages = {};
    kept.bytes = 0;
  }
  kept.last_ms = now_ms;
  kept.bytes += message.bytes();
  kept.messages.push_back(std::move(message));
  // Many at once, when there are twice as many as there should be.
  const bool is_large = now_ms < kept.large_until_ms;
  const size_t messages = is_large ? kManyMessages : kMessages;
  const size_t bytes = is_large ? kManyBytes : kBytes;
  if (size() >= 2 * messages || kept.bytes >= 2 * bytes) DropAllBut(messages, bytes, kept);
}

bool TopicRing::AddBefore(absl::Span<const TopicMessage> page, uint64_t end, int64_t now_ms) {
  const uint64_t next = empty() ? end + 1 : kept_->messages.front().position.offset;
  size_t count = 0;
  while (count < page.size() && page[count].position.offset < next) ++count;
  if (count == 0) return true;
  if (page[count - 1].position.offset + 1 != next) return false;
  size_t more_bytes = 0;
  for (const TopicMessage& message : page.first(count)) more_bytes += message.bytes();
  if (size() + count >= 2 * kManyMessages || bytes() + more_bytes >= 2 * kManyBytes) return false;
  Kept& kept = Use();
  kept.messages.insert(kept.messages.begin(), page.begin(),
                       page.begin() + static_cast<ptrdiff_t>(count));
  kept.bytes += more_bytes;
  kept.large_until_ms = now_ms + absl::ToInt64Milliseconds(kLarge);
  if (kept.last_ms == 0) kept.last_ms = now_ms;
  return true;
}

void TopicRing::Shrink(int64_t now_ms) {
  if (kept_ == nullptr || now_ms < kept_->large_until_ms) return;
  DropAllBut(kMessages, kBytes, *kept_);
  kept_->messages.shrink_to_fit();
}

void TopicRing::Replace(TopicMessage message, int64_t now_ms) {
  Kept& kept = Use();
  kept.messages.clear();
  kept.bytes = 0;
  Add(std::move(message), now_ms);
}

absl::Span<const TopicMessage> TopicRing::After(uint64_t since) const {
  if (kept_ == nullptr) return {};
  const std::vector<TopicMessage>& messages = kept_->messages;
  const auto first = std::partition_point(
      messages.begin(), messages.end(),
      [since](const TopicMessage& each) { return each.position.offset <= since; });
  return absl::MakeConstSpan(messages).subspan(static_cast<size_t>(first - messages.begin()));
}

// But always one.
void TopicRing::DropAllBut(size_t messages, size_t bytes, Kept& kept) {
  const size_t size = kept.messages.size();
  size_t drop = 0;
  while (size - drop > 1 && (size - drop > messages || kept.bytes > bytes)) {
    kept.bytes -= kept.messages[drop++].bytes();
  }
  kept.messages.erase(kept.messages.begin(), kept.messages.begin() + static_cast<ptrdiff_t>(drop));
}

}  // namespace weft
