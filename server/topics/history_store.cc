#include "weft/server/topics/history_store.h"

#include <algorithm>
#include <utility>

#include "weft/loop/event_loop.h"

namespace weft {
namespace {

constexpr int64_t kFiveMinutesMs = 5 * 60 * 1000;

}  // namespace

HistoryStore::Topic& HistoryStore::TopicOf(absl::string_view name) {
  auto found = topics_.find(name);
  if (found == topics_.end()) {
    found = topics_.emplace(std::string(name), std::make_unique<Topic>()).first;
    Topic& topic = *found->second;
    topic.state.position = {epoch_, 0};
    topic.starts = {topic.state.position};
  }
  Topic& topic = *found->second;
  topic.used_ms = clock_.NowMs();
  if (topic.used_ms >= topic.expires_ms) topic.history.clear();
  return topic;
}

std::vector<TopicMessage> HistoryStore::kept(absl::string_view topic) {
  std::vector<TopicMessage> messages;
  for (const auto& [offset, message] : TopicOf(topic).history) messages.push_back(message);
  return messages;
}

HistoryPage HistoryStore::Read(absl::string_view topic, Position since, size_t limit) {
  const Topic& from = TopicOf(topic);
  HistoryPage page = {.since = since, .state = from.state};
  if (from.state.GapAfter(since).has_value()) return page;
  limit = std::clamp(limit, size_t{1}, HistoryPage::kMaxMessages);
  size_t bytes = 0;
  for (auto next = from.history.upper_bound(since.offset); next != from.history.end(); ++next) {
    bytes += next->second.bytes();
    if (page.messages.size() == limit ||
        (!page.messages.empty() && bytes > HistoryPage::kMaxBytes)) {
      break;
    }
    page.messages.push_back(next->second);
    page.messages.back().position.epoch = from.state.position.epoch;
  }
  return page;
}

HistoryStore::Stored HistoryStore::Store(absl::string_view topic, const TopicHistory& history,
                                         std::vector<TopicMessage>& messages) {
  const std::string id = messages.front().id;  // then it is the only message
  if (!history.is_kept() && id.empty()) {
    for (TopicMessage& message : messages) message.position = {};
    return {};
  }
  Topic& to = TopicOf(topic);
  const int64_t now_ms = clock_.NowMs();
  for (; !to.id_times.empty() && to.id_times.front().first <= now_ms; to.id_times.pop_front()) {
    const auto known = to.ids.find(to.id_times.front().second);
    // The tail may have been forgotten, and the id stored again.
    if (known != to.ids.end() && known->second.first <= now_ms) to.ids.erase(known);
  }
  if (const auto known = to.ids.find(id); known != to.ids.end()) {
    return {.last = known->second.second, .is_new = false};
  }
  for (TopicMessage& message : messages) {
    message.position = {};
    if (!history.is_kept()) continue;
    ++to.state.position.offset;
    message.position = to.state.position;
    to.history.emplace(message.position.offset, message);
    while (to.history.size() > history.messages) to.history.erase(to.history.begin());
    to.expires_ms = EventLoop::DeadlineAfter(history.time, now_ms);
  }
  const Position last = messages.back().position;
  if (!id.empty()) {
    to.ids[id] = {now_ms + kFiveMinutesMs, last};
    to.id_times.emplace_back(now_ms + kFiveMinutesMs, id);
  }
  return {.last = last};
}

void HistoryStore::ForgetTail(absl::string_view topic, uint64_t messages) {
  Topic& of = TopicOf(topic);
  const uint64_t offset = of.state.position.offset;
  const uint64_t kept = offset - std::min(offset, messages);
  while (of.starts.back().offset > kept) of.starts.pop_back();
  of.history.erase(of.history.upper_bound(kept), of.history.end());
  std::erase_if(of.ids, [&](const auto& id) { return id.second.second.offset > kept; });
  of.state.previous_end = {of.starts.back().epoch, kept};
  of.state.position = {NewEpoch(), kept};
  of.starts.push_back(of.state.position);
}

void HistoryStore::ForgetAll() {
  topics_.clear();
  epoch_ = NewEpoch();
}

void HistoryStore::ForgetUnpublished(absl::string_view topic) {
  const auto found = topics_.find(topic);
  if (found != topics_.end() && !found->second->had_messages() && found->second->ids.empty()) {
    topics_.erase(found);
  }
}

void HistoryStore::ForgetUnused(
    const std::function<bool(const std::string& topic)>& is_subscribed) {
  const int64_t now_ms = clock_.NowMs();
  bool had_messages = false;
  std::erase_if(topics_, [&](const auto& entry) {
    const auto& [name, topic] = entry;
    if (now_ms < topic->expires_ms) return false;
    topic->history.clear();
    if (now_ms - topic->used_ms < kFiveMinutesMs || is_subscribed(name)) return false;
    had_messages |= topic->had_messages();
    return true;
  });
  if (had_messages) epoch_ = NewEpoch();
}

}  // namespace weft
