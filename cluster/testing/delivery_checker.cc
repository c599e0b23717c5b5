#include "weft/cluster/testing/delivery_checker.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace weft::testing {

void DeliveryChecker::Began(Epoch epoch) {
  const size_t number = epochs_.size();
  epochs_[epoch] = {.number = number, .begin = log_.size()};
  epoch_ = epoch;
}

void DeliveryChecker::Stored(Position position, absl::string_view payload) {
  EpochLog& epoch = epochs_.at(epoch_);
  if (position.epoch != epoch_ || position.offset != epoch.start + epoch.count + 1) {
    fail_(absl::StrCat("the store has numbered a message ", position.ToString()));
  }
  log_.push_back({.payload = std::string(payload), .epoch = epoch.number});
  ++epoch.count;
}

void DeliveryChecker::Restarted(Epoch epoch, uint64_t kept) {
  const size_t number = epochs_.size();
  const EpochLog& ended = epochs_.at(epoch_);
  for (uint64_t offset = ended.start + ended.count; offset > kept; --offset) {
    const size_t entry = EntryAt({epoch_, offset});
    if (entry != kNone && !IsForgotten(entry)) log_[entry].forgotten_in = number;
  }
  // It continues the epoch that the store was in at `kept`.
  Epoch previous = epoch_;
  while (kept < epochs_.at(previous).start) previous = epochs_.at(previous).previous;
  epochs_[epoch] = {.number = number, .previous = previous, .start = kept, .begin = log_.size()};
  epoch_ = epoch;
}

void DeliveryChecker::Trimmed(uint64_t offset) {
  for (; offset > 0; --offset) {
    const size_t entry = EntryAt({epoch_, offset});
    if (entry == kNone || log_[entry].trimmed) return;
    log_[entry].trimmed = true;
  }
}

void DeliveryChecker::Reported(size_t node, const TopicEvent& event) {
  Node& at = NodeOf(node);
  const size_t done = DoneAt(event.position);
  const size_t last = EntryAt(event.position);
  switch (event.type) {
    case TopicEvent::Type::kJoined:
      Check(!at.joined, node, "joins once", event.position);
      break;
    case TopicEvent::Type::kResumed:
      Check(!at.joined || done == at.done, node, "resumes where it was", event.position);
      Check(last == kNone || !IsForgotten(last), node, "resumes after what the store has",
            event.position);
      break;
    case TopicEvent::Type::kGap:
      CheckGap(node, event, done);
      break;
  }
  at.joined = true;
  at.position = event.position;
  at.done = done;
  at.last = last;
}

void DeliveryChecker::CheckGap(size_t node, const TopicEvent& event, size_t done) {
  Node& at = NodeOf(node);
  ++gaps_;
  Check(at.joined, node, "joins before a gap", event.position);
  const auto is_kept = [](const Entry& entry) { return entry.forgotten_in == kNone; };
  const bool leads_back =
      done < at.done && std::any_of(log_.begin() + done, log_.begin() + at.done, is_kept);
  Check(!leads_back, node, "a gap does not lead back", event.position);
  bool is_true = false;
  switch (event.reason) {
    case GapReason::kTooOld:
      // Messages that were forgotten before the epoch began are no longer part of the topic.
      for (size_t entry = at.done; entry < done; ++entry) {
        is_true |=
            log_[entry].trimmed && log_[entry].forgotten_in > epochs_[event.position.epoch].number;
      }
      Check(event.missed == event.position.offset - at.position.offset, node,
            "a gap counts what is missing", event.position);
      break;
    case GapReason::kAhead:
      is_true = at.last != kNone && IsForgotten(at.last);
      break;
    case GapReason::kOtherEpoch:
      // The node may have gone through an epoch between the two that the present one has abandoned.
      is_true = !IsSuccessor(event.position.epoch, at.position.epoch) ||
                epochs_[event.position.epoch].number > epochs_[at.position.epoch].number + 1;
      break;
    case GapReason::kUnreadable:
      is_true = at.unreadable;
      at.told_entries = log_.size();
      at.told_epochs = epochs_.size();
      break;
    case GapReason::kMissed:
    case GapReason::kOverfull:
    case GapReason::kRefused:
      break;
  }
  Check(event.reason == GapReason::kTooOld || !event.missed.has_value(), node,
        "a gap counts only what it knows", event.position);
  Check(is_true, node, absl::StrCat("no gap ", GapReasonName(event.reason), " without a reason"),
        event.position);
}

void DeliveryChecker::ReadDone(size_t node, bool has_page) { NodeOf(node).unreadable = !has_page; }

void DeliveryChecker::Delivered(size_t node, Position position, absl::string_view payload) {
  Node& at = NodeOf(node);
  ++delivered_;
  Check(at.joined, node, "joins before the first message", position);
  const size_t entry = EntryAt(position);
  if (entry == kNone) return Check(false, node, "a message that was published", position);
  Check(log_[entry].payload == payload, node, "one payload at a position", position);
  Check(entry >= at.done, node, "each message once and in order", position);
  for (size_t skipped = at.done; skipped < entry; ++skipped) {
    Check(log_[skipped].forgotten_in <= log_[entry].epoch, node,
          "no message left out without a gap", position);
  }
  Check(at.last == kNone || log_[at.last].forgotten_in > log_[entry].epoch, node,
        "a gap when the store has forgotten the last message", position);
  at.position = position;
  at.done = entry + 1;
  at.last = entry;
}

void DeliveryChecker::CheckComplete(size_t node, bool has_seen_store) {
  const Node& at = NodeOf(node);
  Check(at.joined, node, "joins in the end", at.position);
  for (size_t entry = std::max(at.done, at.told_entries); entry < log_.size(); ++entry) {
    Check(IsForgotten(entry), node, absl::StrCat("delivers ", log_[entry].payload), at.position);
  }
  const bool is_untold =
      at.last != kNone && IsForgotten(at.last) && log_[at.last].forgotten_in >= at.told_epochs;
  Check(!has_seen_store || !is_untold, node,
        "in the end a gap if the store has forgotten the last message", at.position);
}

size_t DeliveryChecker::EntryAt(Position position) const {
  while (true) {
    const auto found = epochs_.find(position.epoch);
    if (found == epochs_.end()) return kNone;
    const EpochLog& epoch = found->second;
    if (position.offset > epoch.start) {
      const uint64_t index = position.offset - epoch.start - 1;
      return index < epoch.count ? epoch.begin + index : kNone;
    }
    position.epoch = epoch.previous;
  }
}

size_t DeliveryChecker::DoneAt(Position position) const {
  const auto found = epochs_.find(position.epoch);
  if (found != epochs_.end() && position.offset == found->second.start) return found->second.begin;
  const size_t entry = EntryAt(position);
  if (entry == kNone) fail_(absl::StrCat("there was never a position ", position.ToString()));
  return entry == kNone ? 0 : entry + 1;
}

bool DeliveryChecker::IsSuccessor(Epoch epoch, Epoch of) const {
  return epoch == of || (epochs_.contains(epoch) && epochs_.at(epoch).previous == of);
}

DeliveryChecker::Node& DeliveryChecker::NodeOf(size_t node) {
  if (nodes_.size() <= node) nodes_.resize(node + 1);
  return nodes_[node];
}

void DeliveryChecker::Check(bool holds, size_t node, absl::string_view rule,
                            Position position) const {
  if (holds) return;
  fail_(absl::StrCat("node ", node, " at ", position.ToString(), ", does not hold: ", rule));
}

}  // namespace weft::testing
