// How many subscribers each topic has on each node.

#ifndef WEFT_CLUSTER_SUBSCRIBER_COUNTS_H_
#define WEFT_CLUSTER_SUBSCRIBER_COUNTS_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "weft/cluster/subscriber_report.h"
#include "weft/server/topics/position.h"

namespace weft {

// The counts of this node, the reports by which others learn them, and what the reports of the
// others say. No I/O and no clock: Tick() is called again and again, at equal intervals.
//
// A report has the topics whose number has changed since the last Tick(), with the number of now:
// its size depends on the topics that change, and not on the subscriptions. A node that has
// nothing to report sends an empty one each kBeatTicks, and at once if there is a new node. One
// that was not heard for kLeaseTicks does not count any more.
//
// A node that may have missed reports asks the others for all their counts, one after the other:
// the next one when the answer before has ended, or has not begun in time. It continues with what
// it knows until then. All nodes hear each answer, and a node begins one at most each kAllTicks.
//
// Memory is bounded by the topics that have subscribers now: changes that cannot be sent, or are
// more than these topics, are dropped, and all counts told instead.
//
// One thread at a time may call the methods that change it, and any thread the others.
class SubscriberCounts {
 public:
  static constexpr int kBeatTicks = 5;
  static constexpr int kLeaseTicks = 15;
  static constexpr int kAllTicks = 7;

  // The counts of one report, and the reports of a Tick(): what does not fit follows in the next
  // one.
  static constexpr size_t kMaxReportBytes = size_t{32} << 10;
  static constexpr size_t kMaxReports = 8;

  // Changes that wait, where fewer topics have subscribers.
  static constexpr size_t kMaxChanges = 10'000;

  // The topics of all other nodes together. Beyond it their subscribers are not counted.
  static constexpr size_t kMaxHeard = 1'000'000;

  // `node` is the name of this node, another one than that of every other.
  explicit SubscriberCounts(Epoch node) : node_(node) {}

  const Epoch& node() const { return node_; }

  // ---- One thread ----

  // The number of this node's subscribers of the topic. Not more than 2^32 - 1.
  void SetOwn(absl::string_view topic, size_t subscribers);

  // A report of some node; that of this one is ignored.
  void OnReport(const SubscriberReport& report);

  // Reports of others, or of this node, may have been lost.
  void OnLost();
  void OnUnsent() { tells_all_ = true; }

  struct Turn {
    std::vector<SubscriberReport> reports{};  // to send, in order
    std::vector<Epoch> gone{};                // nodes whose lease has ended
  };

  // With `can_send` false there are no reports: one of all counts follows later. With `can_hear`
  // false, because the reports of others wait somewhere, no lease runs.
  Turn Tick(bool can_send, bool can_hear = true);

  // ---- Any thread ----

  // Of all nodes.
  size_t subscribers(absl::string_view topic) const;

  // The nodes that count, this one among them.
  size_t nodes() const;

  // How often the number of a topic was left out, because of kMaxHeard.
  uint64_t uncounted() const;

 private:
  using Counts = absl::flat_hash_map<std::string, uint32_t>;

  // Without subscribers only while it is_changed and others know another number.
  struct Own {
    uint32_t subscribers = 0;
    bool is_changed = false;  // it is in changed_
    bool is_told = false;     // others may know a number that is not 0
  };
  struct Node {
    Counts counts{};  // without zeros
    int ticks_left = kLeaseTicks;
    uint32_t next_number = 0;
    bool is_complete = false;       // all counts are known
    std::unique_ptr<Counts> all{};  // those that have come since begins_all; null: not begun
  };

  void DropGone(std::vector<Epoch>* gone);
  void Take(Node& node, const std::vector<SubscriberReport::Count>& counts);
  std::optional<Epoch> Asked();
  void AddCounts(SubscriberReport* report);
  void BeginAll();
  void DropChanges();
  void EraseOwn(absl::string_view topic);

  const Epoch node_;

  // Held for changes of own_, of nodes_ except for what other threads do not read, and of
  // uncounted_. Loops wait for it: never for longer than one topic takes.
  mutable std::mutex mutex_;
  absl::flat_hash_map<std::string, Own> own_;
  std::map<std::string, Node, std::less<>> nodes_;  // by their names
  uint64_t uncounted_ = 0;

  size_t live_ = 0;                  // own topics with subscribers
  size_t heard_ = 0;                 // topics of all nodes_
  std::deque<std::string> changed_;  // topics to report
  std::deque<std::string> all_;      // those that are left of a report of all counts
  bool keeps_changes_ = false;       // false: until a report of all counts begins
  bool tells_all_ = true;            // such a report is due
  bool is_telling_ = false;          // it has begun, and not ended
  bool takes_all_ = false;           // the next count is of all_, if both have one
  int all_ticks_ = kAllTicks;        // since it has begun
  std::string asked_;                // the node that was asked last
  int wait_ticks_ = 0;               // for the beginning of its answer
  uint32_t number_ = 0;              // of the next report
  int quiet_ticks_ = 0;
};

}  // namespace weft

#endif  // WEFT_CLUSTER_SUBSCRIBER_COUNTS_H_
