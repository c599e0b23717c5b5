// Values that become due in the order of their deadlines.

#ifndef WEFT_LOOP_DEADLINE_QUEUE_H_
#define WEFT_LOOP_DEADLINE_QUEUE_H_

#include <compare>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <utility>

namespace weft {

// Names a value of a DeadlineQueue. The default names none.
struct DeadlineKey {
  int64_t deadline_ms = 0;
  uint64_t number = 0;  // of the call of Add(), from 1 on

  friend auto operator<=>(const DeadlineKey&, const DeadlineKey&) = default;
};

// A timer of one session or one asynchronous client; a default TimerId names none.
using TimerId = DeadlineKey;

// Values that are taken in the order of their deadlines, and those with equal deadlines in the
// order in which they were added. Each call takes logarithmic time. Not thread-safe.
//
//   DeadlineQueue<std::string> queue;
//   const DeadlineKey key = queue.Add(now_ms + 100, "tea");
//   while (auto due = queue.TakeDue(now_ms)) Use(due.mapped());
//   queue.Remove(key);
template <typename Value>
class DeadlineQueue {
 public:
  // A value that was taken out, with its key(); empty() if there was none.
  using Node = typename std::map<DeadlineKey, Value>::node_type;

  static constexpr int64_t kNever = std::numeric_limits<int64_t>::max();

  DeadlineKey Add(int64_t deadline_ms, Value value) {
    const DeadlineKey key = {.deadline_ms = deadline_ms, .number = ++count_};
    values_.emplace(key, std::move(value));
    return key;
  }

  // Takes a value out before it is due; it may have been taken already.
  Node Remove(const DeadlineKey& key) { return values_.extract(key); }

  // Takes the first value whose deadline is `now_ms` or earlier.
  Node TakeDue(int64_t now_ms) {
    return next_ms() <= now_ms ? values_.extract(values_.begin()) : Node();
  }

  // Takes all values out. Keys stay unique.
  std::map<DeadlineKey, Value> TakeAll() { return std::exchange(values_, {}); }

  // The earliest deadline; kNever if there is no value.
  int64_t next_ms() const { return values_.empty() ? kNever : values_.begin()->first.deadline_ms; }

  size_t size() const { return values_.size(); }

 private:
  std::map<DeadlineKey, Value> values_;
  uint64_t count_ = 0;
};

}  // namespace weft

#endif  // WEFT_LOOP_DEADLINE_QUEUE_H_
