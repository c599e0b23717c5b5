// Whole messages that wait until their session can take them.

#ifndef WEFT_SENDING_SEND_QUEUE_H_
#define WEFT_SENDING_SEND_QUEUE_H_

#include <cstddef>
#include <deque>
#include <list>
#include <memory>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "weft/sending/waiting_message.h"

namespace weft {

// The queue of a slow reader. Its messages are not yet encoded or compressed, so that they can be
// dropped, or replaced by newer ones. Not thread-safe. Every operation takes constant time, except
// for the messages that it frees.
class SendQueue {
 public:
  // The cost of a message, in bytes.
  static size_t CostOf(size_t payload_size, absl::string_view key) {
    return kMessageOverhead + payload_size + key.size();
  }

  SendQueue() = default;
  SendQueue(const SendQueue&) = delete;
  SendQueue& operator=(const SendQueue&) = delete;

  // Adds a message at the end. If `key` is not empty and a message with the same key waits,
  // replaces that message in its place instead, and returns true. The replacement is droppable if
  // the first message in that place was. Copies a payload that is a string_view.
  bool Push(WaitingMessage message, absl::string_view key = "");

  // The message with this key, if one waits, keeps its place: the next one with the key is added at
  // the end.
  void ForgetKey(absl::string_view key);

  // Removes and returns the first message. The queue must not be empty.
  WaitingMessage Pop();

  // Drops droppable messages, the oldest first, until at least `bytes` are freed. Returns the
  // number of messages dropped. Drops none and returns 0 if all of them together cost less than
  // `bytes`.
  size_t DropOldest(size_t bytes);

  bool empty() const { return messages_.empty(); }
  size_t size() const { return messages_.size(); }

  // The cost of all messages without the payloads that HeldPayloads counts.
  size_t memory_bytes() const { return bytes_ - held_bytes_; }

  // The cost of all messages, and the cost of the message that one with `key` would replace: 0 if
  // there is none.
  size_t bytes() const { return bytes_; }
  size_t BytesOf(absl::string_view key) const;

 private:
  struct Entry {
    WaitingMessage message;
    std::string key;
  };
  using Place = std::list<Entry>::iterator;

  static size_t Cost(const Entry& entry) { return CostOf(entry.message.size(), entry.key); }
  void Count(const Entry& entry, size_t sign);
  void Remove(Place place);

  std::list<Entry> messages_;
  std::deque<Place> droppable_;  // in order
  size_t bytes_ = 0;
  size_t droppable_bytes_ = 0;
  size_t held_bytes_ = 0;

  // Null unless a message with a key waits. The keys point into the entries.
  std::unique_ptr<absl::flat_hash_map<absl::string_view, Place>> by_key_;
};

}  // namespace weft

#endif  // WEFT_SENDING_SEND_QUEUE_H_
