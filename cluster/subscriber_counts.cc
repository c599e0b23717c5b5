#include "weft/cluster/subscriber_counts.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace weft {

// ---- This node ----

void SubscriberCounts::SetOwn(absl::string_view topic, size_t subscribers) {
  if (topic.size() > SubscriberReport::kMaxTopicBytes) return;
  const auto count =
      static_cast<uint32_t>(std::min<size_t>(subscribers, std::numeric_limits<uint32_t>::max()));
  auto own = own_.find(topic);
  if (own == own_.end()) {
    if (count == 0) return;
    const std::lock_guard<std::mutex> lock(mutex_);
    own = own_.try_emplace(topic).first;
  }
  Own& of_topic = own->second;
  if (of_topic.subscribers > 0) --live_;
  if (count > 0) ++live_;
  if (count == 0 && !(of_topic.is_told && keeps_changes_)) return EraseOwn(topic);
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    of_topic.subscribers = count;
  }
  if (!keeps_changes_ || std::exchange(of_topic.is_changed, true)) return;
  changed_.emplace_back(topic);
  if (changed_.size() > std::max(kMaxChanges, live_)) DropChanges();
}

void SubscriberCounts::EraseOwn(absl::string_view topic) {
  const std::lock_guard<std::mutex> lock(mutex_);
  own_.erase(topic);
}

void SubscriberCounts::DropChanges() {
  keeps_changes_ = false;
  tells_all_ = true;
  for (const std::string& topic : std::exchange(changed_, {})) {
    const auto own = own_.find(topic);
    if (own == own_.end()) continue;  // it has none any more
    own->second.is_changed = false;
    if (own->second.subscribers == 0) EraseOwn(topic);
  }
}

SubscriberCounts::Turn SubscriberCounts::Tick(bool can_send, bool can_hear) {
  Turn turn;
  if (can_hear) DropGone(&turn.gone);
  ++quiet_ticks_;
  ++all_ticks_;
  if (!can_send) {
    DropChanges();
    all_.clear();
    is_telling_ = false;
    return turn;
  }
  std::optional<Epoch> asked = Asked();
  // One that has begun is ended first.
  const bool begins_all = tells_all_ && !is_telling_ && all_ticks_ >= kAllTicks;
  if (begins_all) BeginAll();
  while (turn.reports.size() < kMaxReports) {
    SubscriberReport report = {.node = node_,
                               .begins_all = begins_all && turn.reports.empty(),
                               .asked = std::exchange(asked, std::nullopt)};
    AddCounts(&report);
    report.ends_all = is_telling_ && all_.empty();
    if (report.ends_all) is_telling_ = false;
    const bool is_needed = !report.counts.empty() || report.begins_all || report.ends_all ||
                           report.asked.has_value() || quiet_ticks_ >= kBeatTicks;
    if (!is_needed) break;
    quiet_ticks_ = 0;
    report.number = number_++;
    turn.reports.push_back(std::move(report));
    if (changed_.empty() && all_.empty()) break;
  }
  return turn;
}

// The topics of changed_ stay there: nodes that have all counts learn it before the end.
void SubscriberCounts::BeginAll() {
  tells_all_ = false;
  is_telling_ = keeps_changes_ = true;
  all_ticks_ = 0;
  for (const auto& [topic, own] : own_) {
    if (own.subscribers > 0) all_.push_back(topic);
  }
}

// Adds counts up to kMaxReportBytes, but always one: changes and others in turn, so that neither
// keeps the other waiting.
void SubscriberCounts::AddCounts(SubscriberReport* report) {
  size_t bytes = 0;
  while (!changed_.empty() || !all_.empty()) {
    const bool is_change = all_.empty() || (!changed_.empty() && !takes_all_);
    std::deque<std::string>& queue = is_change ? changed_ : all_;
    const size_t more = SubscriberReport::BytesOf(queue.front());
    if (bytes > 0 && bytes + more > kMaxReportBytes) break;
    takes_all_ = is_change;
    std::string topic = std::move(queue.front());
    queue.pop_front();
    const auto own = own_.find(topic);
    if (own == own_.end()) continue;  // it has none any more
    if (is_change) {
      if (!std::exchange(own->second.is_changed, false)) continue;  // it is in changed_ once more
    } else if (own->second.subscribers == 0) {
      continue;  // it is in changed_
    }
    const uint32_t subscribers = own->second.subscribers;
    own->second.is_told = true;
    if (subscribers == 0) EraseOwn(topic);
    bytes += more;
    report->counts.push_back({std::move(topic), subscribers});
  }
}

// ---- Other nodes ----

void SubscriberCounts::OnLost() {
  for (auto& [name, node] : nodes_) {
    node.is_complete = false;
    node.all = nullptr;
  }
}

// Those whose lease has ended.
void SubscriberCounts::DropGone(std::vector<Epoch>* gone) {
  for (auto node = nodes_.begin(); node != nodes_.end();) {
    if (--node->second.ticks_left > 0) {
      ++node;
      continue;
    }
    gone->push_back(*Epoch::Parse(node->first));
    heard_ -= node->second.counts.size();
    decltype(nodes_)::node_type ended;  // destroyed without the lock
    const std::lock_guard<std::mutex> lock(mutex_);
    ended = nodes_.extract(node++);
  }
}

// The node that is to be asked for its counts.
std::optional<Epoch> SubscriberCounts::Asked() {
  if (wait_ticks_ > 0) --wait_ticks_;
  const auto answers = [](const auto& node) { return node.second.all != nullptr; };
  if (std::any_of(nodes_.begin(), nodes_.end(), answers)) return std::nullopt;
  const auto last = nodes_.find(asked_);
  if (wait_ticks_ > 0 && last != nodes_.end() && !last->second.is_complete) return std::nullopt;
  const auto misses = [](const auto& node) { return !node.second.is_complete; };
  const auto after = nodes_.upper_bound(asked_);
  auto next = std::find_if(after, nodes_.end(), misses);
  if (next == nodes_.end()) next = std::find_if(nodes_.begin(), after, misses);
  if (next == nodes_.end() || !misses(*next)) return std::nullopt;
  asked_ = next->first;
  wait_ticks_ = kAllTicks + 2;
  return *Epoch::Parse(asked_);
}

void SubscriberCounts::OnReport(const SubscriberReport& report) {
  if (report.node == node_) return;
  if (report.asked == node_) tells_all_ = true;
  auto found = nodes_.find(report.node.text());
  if (found == nodes_.end()) {
    quiet_ticks_ = kBeatTicks;  // it learns of this node soon
    const std::lock_guard<std::mutex> lock(mutex_);
    found = nodes_.try_emplace(std::string(report.node.text())).first;
  } else if (report.number != found->second.next_number) {
    found->second.is_complete = false;
    found->second.all = nullptr;  // a part is missing
  }
  Node& node = found->second;
  node.ticks_left = kLeaseTicks;
  node.next_number = report.number + 1;
  if (report.begins_all) node.all = std::make_unique<Counts>();
  Take(node, report.counts);
  if (!report.ends_all || node.all == nullptr) return;
  heard_ = heard_ - node.counts.size() + node.all->size();
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    node.counts.swap(*node.all);
  }
  node.all = nullptr;
  node.is_complete = true;
}

void SubscriberCounts::Take(Node& node, const std::vector<SubscriberReport::Count>& counts) {
  for (const SubscriberReport::Count& count : counts) {
    if (count.subscribers == 0) {
      if (node.all != nullptr) node.all->erase(count.topic);
      const std::lock_guard<std::mutex> lock(mutex_);
      heard_ -= node.counts.erase(count.topic);
      continue;
    }
    const bool is_new = !node.counts.contains(count.topic);
    if (is_new && heard_ >= kMaxHeard) {
      const std::lock_guard<std::mutex> lock(mutex_);
      ++uncounted_;
      continue;
    }
    if (node.all != nullptr) (*node.all)[count.topic] = count.subscribers;
    if (is_new) ++heard_;
    const std::lock_guard<std::mutex> lock(mutex_);
    node.counts[count.topic] = count.subscribers;
  }
}

// ---- Any thread ----

size_t SubscriberCounts::subscribers(absl::string_view topic) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto own = own_.find(topic);
  size_t sum = own == own_.end() ? 0 : own->second.subscribers;
  for (const auto& [name, node] : nodes_) {
    const auto count = node.counts.find(topic);
    if (count != node.counts.end()) sum += count->second;
  }
  return sum;
}

size_t SubscriberCounts::nodes() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return 1 + nodes_.size();
}

uint64_t SubscriberCounts::uncounted() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return uncounted_;
}

}  // namespace weft
