#include "weft/cluster/testing/topic_log.h"

#include <set>

#include "absl/strings/str_cat.h"

namespace weft::testing {
namespace {

// The messages of a log, by the epochs in which they were published.
class Messages {
 public:
  Messages(const std::vector<TopicState>& epochs, const DeliveryChecker::Fail& fail)
      : epochs_(epochs), fail_(fail), stored_(epochs.size()) {}

  // The number of epochs before it; fails if the log has not seen it.
  size_t NumberOf(Epoch epoch) const {
    size_t number = 0;
    while (number < epochs_.size() && epochs_[number].position.epoch != epoch) ++number;
    if (number == epochs_.size()) fail_(absl::StrCat("no state has the epoch ", epoch.text()));
    return number;
  }

  void Store(Position position, const std::string& payload) {
    size_t number = NumberOf(position.epoch);
    if (number == epochs_.size()) return;
    // The epoch in which the message was published, by the lineage.
    while (number > 0 && position.offset <= epochs_[number].previous_end.offset) --number;
    std::string& at = stored_[number][position.offset];
    if (!at.empty() && at != payload) {
      fail_(absl::StrCat("two payloads at ", position.ToString(), ": ", at, " and ", payload));
    }
    at = payload;
  }

  const std::map<uint64_t, std::string>& of(size_t epoch) const { return stored_[epoch]; }

  void CheckPublishedOnce() const {
    std::set<std::string> payloads;
    for (const auto& epoch : stored_) {
      for (const auto& [offset, payload] : epoch) {
        if (!payloads.insert(payload).second) fail_(absl::StrCat(payload, " was published again"));
      }
    }
  }

 private:
  const std::vector<TopicState>& epochs_;
  const DeliveryChecker::Fail& fail_;
  std::vector<std::map<uint64_t, std::string>> stored_;  // by offset
};

}  // namespace

void TopicLog::See(const TopicState& state) {
  for (const TopicState& seen : epochs) {
    if (seen.position.epoch == state.position.epoch) return;
  }
  epochs.push_back(state);
}

TopicLog::Sums TopicLog::Check(const DeliveryChecker::Fail& fail) const {
  DeliveryChecker checker(fail);
  Messages messages(epochs, fail);
  for (const auto& [payload, position] : acknowledged) messages.Store(position, payload);
  for (const auto& [position, payload] : kept) messages.Store(position, payload);
  for (const auto& [node, entries] : nodes) {
    for (const Entry& entry : entries) {
      if (!entry.event.has_value()) messages.Store(entry.position, entry.payload);
    }
  }
  messages.CheckPublishedOnce();
  std::map<size_t, size_t> next;
  for (size_t number = 0; number < epochs.size(); ++number) {
    const TopicState& epoch = epochs[number];
    if (epoch.previous_end.is_set() && number > 0) {
      checker.Restarted(epoch.position.epoch, epoch.previous_end.offset);
    } else {
      checker.Began(epoch.position.epoch);
    }
    // A message that nobody has seen is stored too.
    const std::map<uint64_t, std::string>& stored = messages.of(number);
    uint64_t offset = epoch.start().offset;
    const uint64_t last = stored.empty() ? offset : stored.rbegin()->first;
    while (offset++ < last) {
      const auto found = stored.find(offset);
      checker.Stored({epoch.position.epoch, offset}, found != stored.end() ? found->second : "");
    }
    for (const Position& position : trimmed) {
      if (position.epoch == epoch.position.epoch) checker.Trimmed(position.offset);
    }
    for (const auto& [node, entries] : nodes) {
      for (size_t& i = next[node]; i < entries.size(); ++i) {
        const Entry& entry = entries[i];
        // "Ahead" in its own epoch: the store was restarted, and its next epoch had not begun.
        const bool is_after_end = i > 0 && number + 1 < epochs.size() && entry.event.has_value() &&
                                  entry.event->type == TopicEvent::Type::kGap &&
                                  entry.event->reason == GapReason::kAhead &&
                                  entries[i - 1].position.epoch == entry.position.epoch;
        if (messages.NumberOf(entry.position.epoch) + (is_after_end ? 1 : 0) > number) break;
        if (!entry.event.has_value()) {
          checker.Delivered(node, entry.position, entry.payload);
          continue;
        }
        const bool excused = reads_may_fail && entry.event->reason == GapReason::kUnreadable;
        if (excused) checker.ReadDone(node, /*has_page=*/false);
        checker.Reported(node, *entry.event);
        if (excused) checker.ReadDone(node, /*has_page=*/true);
      }
    }
  }
  for (const auto& [node, entries] : nodes) checker.CheckComplete(node);
  return {.stored = checker.stored(), .delivered = checker.delivered(), .gaps = checker.gaps()};
}

}  // namespace weft::testing
