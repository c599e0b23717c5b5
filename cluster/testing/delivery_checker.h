// Checks that no message of a topic was lost silently.

#ifndef WEFT_CLUSTER_TESTING_DELIVERY_CHECKER_H_
#define WEFT_CLUSTER_TESTING_DELIVERY_CHECKER_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "weft/server/topics/position.h"
#include "weft/server/topics/topic_event.h"

namespace weft::testing {

// Follows one topic with history: all that its store does, and all that nodes are given of it. It
// knows nothing of how a TopicFeed works. For every node:
// - positions refer to the message that the store had there, and rise;
// - between two deliveries without a gap, the store has nothing that was not delivered: every
//   message left out was forgotten by the store before the second one was published;
// - a node whose last message was forgotten by the store gets a gap before a message that was
//   published after that;
// - a gap has its reason: "too old" leaves out a message that the history no longer keeps, and
//   counts those left out; "ahead" follows a last message that was forgotten; "other epoch" leads
//   to an epoch that does not continue the node's; "unreadable" follows a read that was given up.
class DeliveryChecker {
 public:
  using Fail = std::function<void(const std::string& text)>;

  explicit DeliveryChecker(Fail fail) : fail_(std::move(fail)) {}

  // ---- The store ----

  // The topic is new, or was emptied: the first message of `epoch` will be number 1.
  void Began(Epoch epoch);

  // A message was published.
  void Stored(Position position, absl::string_view payload);

  // The history no longer keeps the messages up to this offset.
  void Trimmed(uint64_t offset);

  // The store has forgotten the messages after offset `kept`, and continues in another epoch.
  void Restarted(Epoch epoch, uint64_t kept);

  // ---- The nodes ----

  void Reported(size_t node, const TopicEvent& event);
  void Delivered(size_t node, Position position, absl::string_view payload);

  // A read of the node has returned a page, or was given up, which excuses gaps until the next
  // page.
  void ReadDone(size_t node, bool has_page);

  // The node has nothing more to come. `has_seen_store`: something has shown it the present epoch.
  void CheckComplete(size_t node, bool has_seen_store = true);

  uint64_t stored() const { return log_.size(); }
  uint64_t delivered() const { return delivered_; }
  uint64_t gaps() const { return gaps_; }

 private:
  static constexpr size_t kNone = std::numeric_limits<size_t>::max();

  // All messages that were ever published, in their order.
  struct Entry {
    std::string payload{};
    size_t epoch = 0;             // the number of the epoch in which it was published
    size_t forgotten_in = kNone;  // ... of the first epoch without it
    bool trimmed = false;
  };
  struct EpochLog {
    size_t number = 0;
    Epoch previous{};    // the one that it continues; may be none
    uint64_t start = 0;  // the messages up to this offset are those of the previous epoch
    size_t begin = 0;    // the size of the log when it began
    size_t count = 0;    // messages published in it
  };
  struct Node {
    bool joined = false;
    Position position{};
    size_t done = 0;          // the entries before this were delivered, or left out rightly
    size_t last = kNone;      // the entry at `position`
    bool unreadable = false;  // its last read was given up

    // When it was last told that the history is unreadable: what happened before is excused.
    size_t told_entries = 0;
    size_t told_epochs = 0;
  };

  bool IsForgotten(size_t entry) const { return log_[entry].forgotten_in != kNone; }
  size_t EntryAt(Position position) const;
  size_t DoneAt(Position position) const;
  void CheckGap(size_t node, const TopicEvent& event, size_t done);
  bool IsSuccessor(Epoch epoch, Epoch of) const;
  Node& NodeOf(size_t node);
  void Check(bool holds, size_t node, absl::string_view rule, Position position) const;

  const Fail fail_;
  std::vector<Entry> log_;
  absl::flat_hash_map<Epoch, EpochLog> epochs_;
  Epoch epoch_;
  std::vector<Node> nodes_;
  uint64_t delivered_ = 0;
  uint64_t gaps_ = 0;
};

}  // namespace weft::testing

#endif  // WEFT_CLUSTER_TESTING_DELIVERY_CHECKER_H_
