// Whole messages that wait until their session can take them.

#ifndef WEFT_SERVER_SENDING_SEND_QUEUE_H_
#define WEFT_SERVER_SENDING_SEND_QUEUE_H_

#include <cstddef>
#include <deque>
#include <list>
#include <memory>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "weft/server/sending/waiting_message.h"

namespace weft {

// What waits for a slow reader: nothing of it is encoded or compressed yet, so that it can still be
// dropped, or replaced by what is newer. Not thread-safe. Every operation costs the same however
// many messages wait, but for the memory that it frees.
class SendQueue {
 public:
  // What a message costs, in bytes.
  static size_t CostOf(size_t payload_size, absl::string_view key) {
    return kMessageOverhead + payload_size + key.size();
  }

  SendQueue() = default;
  SendQueue(const SendQueue&) = delete;
  SendQueue& operator=(const SendQueue&) = delete;

  // Puts a message at the end; or, where one with the same key waits, which is not empty, in its
  // place: true then. Whether it may be dropped later is what it was for the first one in that
  // place.
  bool Push(WaitingMessage message, absl::string_view key = "");

  // Takes off the first message. The queue must not be empty.
  WaitingMessage Pop();

  // Drops droppable messages, the oldest first, until they cost `bytes` less. Returns how many; 0,
  // and none is dropped, when all of them would not be enough.
  size_t DropOldest(size_t bytes);

  bool empty() const { return messages_.empty(); }
  size_t size() const { return messages_.size(); }

  // What they take of memory, payloads that are counted elsewhere left out.
  size_t memory_bytes() const { return bytes_ - held_bytes_; }

  // What all of them cost, and what the one costs that `key` would replace: 0 if there is none.
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

  // Only while a message with a key waits. The names are those in the entries.
  std::unique_ptr<absl::flat_hash_map<absl::string_view, Place>> by_key_;
};

}  // namespace weft

#endif  // WEFT_SERVER_SENDING_SEND_QUEUE_H_
