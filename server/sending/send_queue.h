// Whole messages that wait until their session can take them.

#ifndef WEFT_SERVER_SENDING_SEND_QUEUE_H_
#define WEFT_SERVER_SENDING_SEND_QUEUE_H_

#include <cstddef>
#include <deque>
#include <list>
#include <memory>
#include <string>
#include <variant>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "weft/core/deflate/compression.h"
#include "weft/core/encoded_message.h"
#include "weft/core/frame/opcode.h"

namespace weft {

// A message that may have to wait, with its payload, whosever it is: the caller's, which is copied
// where it waits; the message's own; shared with others; or encoded for many.
struct WaitingMessage {
  using Shared = std::shared_ptr<const std::string>;

  Opcode opcode = Opcode::kBinary;
  Compress compress = Compress::kYes;
  bool droppable = false;  // for a newer one: WhenFull::kDropOldest
  std::variant<absl::string_view, std::string, Shared, EncodedMessage> payload{};

  // Not null: whoever keeps the payload is counted for it elsewhere (HeldPayloads).
  std::shared_ptr<const void> hold{};

  // The payload.
  absl::string_view view() const;
  size_t size() const { return view().size(); }
};

// What waits for a slow reader: nothing of it is encoded or compressed yet, so that it can still be
// dropped, or replaced by what is newer. Not thread-safe. Every operation costs the same however
// many messages wait, but for the memory that it frees.
class SendQueue {
 public:
  // What a message is reckoned to cost beside its payload and key, in bytes, so that empty ones do
  // not pile up for ever either.
  static constexpr size_t kOverhead = 128;

  static size_t CostOf(size_t payload_size, absl::string_view key) {
    return kOverhead + payload_size + key.size();
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
