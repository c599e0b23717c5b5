#include "weft/cluster/redis/subscriptions.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "weft/core/http/quote.h"

namespace weft {
namespace {

constexpr size_t kChannelsPerCommand = 512;

// So that the messages of the first topics need not wait for the subscription to the last ones.
constexpr size_t kMaxUnconfirmed = 8 * kChannelsPerCommand;

}  // namespace

RedisSubscriptions::RedisSubscriptions(const RedisNames& names, absl::string_view node, User& user)
    : names_(names), node_channel_(names.NodeChannel(node)), user_(user) {}

void RedisSubscriptions::Connected(RedisConnection& connection) {
  connection_ = &connection;
  AppendCommand({"SUBSCRIBE", node_channel_}, connection.output());
  unconfirmed_.push_back(0);
  for (const auto& [name, topic] : topics_) to_subscribe_.emplace_back(name, topic.number);
  Continue();
}

void RedisSubscriptions::Disconnected() {
  connection_ = nullptr;
  to_subscribe_.clear();
  to_check_.clear();
  unconfirmed_.clear();
  for (auto& [name, topic] : topics_) topic.sent = topic.live = topic.to_check = false;
}

void RedisSubscriptions::Subscribe(absl::Span<const Broker::Subscription> subscriptions) {
  for (const Broker::Subscription& subscription : subscriptions) {
    const auto [topic, is_new] = topics_.try_emplace(
        subscription.topic, Topic{.number = numbers_ + 1, .has_history = subscription.has_history});
    if (!is_new) continue;
    ++numbers_;
    if (connection_ == nullptr) continue;
    Prune(&to_subscribe_);
    to_subscribe_.emplace_back(topic->first, topic->second.number);
  }
  Continue();
}

void RedisSubscriptions::Unsubscribe(absl::Span<const std::string> topics) {
  std::vector<std::string> channels;
  for (const std::string& name : topics) {
    const auto topic = topics_.find(name);
    if (topic == topics_.end()) continue;
    if (topic->second.sent) channels.push_back(names_.Channel(name));
    topics_.erase(topic);
  }
  for (size_t first = 0; first < channels.size(); first += kChannelsPerCommand) {
    const size_t count = std::min(kChannelsPerCommand, channels.size() - first);
    AppendCommandHead(1 + count, connection_->output());
    AppendArgument("UNSUBSCRIBE", connection_->output());
    for (size_t i = first; i < first + count; ++i) {
      AppendArgument(channels[i], connection_->output());
    }
    unconfirmed_.insert(unconfirmed_.end(), count, 0);
  }
}

void RedisSubscriptions::Continue() {
  while (connection_ != nullptr && !to_subscribe_.empty() &&
         unconfirmed_.size() < kMaxUnconfirmed) {
    std::vector<std::string> channels;
    while (!to_subscribe_.empty() && channels.size() < kChannelsPerCommand) {
      const auto [name, number] = std::move(to_subscribe_.front());
      to_subscribe_.pop_front();
      const auto topic = topics_.find(name);
      if (topic == topics_.end() || topic->second.number != number) continue;
      topic->second.sent = true;
      unconfirmed_.push_back(number);
      channels.push_back(names_.Channel(name));
    }
    if (channels.empty()) return;
    AppendCommandHead(1 + channels.size(), connection_->output());
    AppendArgument("SUBSCRIBE", connection_->output());
    for (const std::string& channel : channels) AppendArgument(channel, connection_->output());
  }
}

void RedisSubscriptions::Check(absl::Span<const std::string> topics) {
  for (const std::string& name : topics) {
    const auto topic = topics_.find(name);
    if (topic == topics_.end() || !topic->second.live || !topic->second.has_history) continue;
    AddToCheck(topic->first, topic->second);
  }
}

void RedisSubscriptions::AddToCheck(const std::string& name, Topic& topic) {
  if (std::exchange(topic.to_check, true)) return;
  Prune(&to_check_);
  to_check_.emplace_back(name, topic.number);
}

void RedisSubscriptions::Prune(Queue* queue) const {
  if (queue->size() <= 2 * topics_.size() + kMaxUnconfirmed) return;
  std::erase_if(*queue, [this](const auto& entry) {
    const auto topic = topics_.find(entry.first);
    return topic == topics_.end() || topic->second.number != entry.second;
  });
}

void RedisSubscriptions::CheckAgain(const ToCheck& topics) {
  for (const auto& [name, number] : topics) {
    if (IsLive(name, number)) AddToCheck(name, topics_.find(name)->second);
  }
}

RedisSubscriptions::ToCheck RedisSubscriptions::TakeToCheck(size_t limit) {
  ToCheck taken;
  while (!to_check_.empty() && taken.size() < limit) {
    if (IsLive(to_check_.front().first, to_check_.front().second)) {
      topics_.find(to_check_.front().first)->second.to_check = false;
      taken.push_back(std::move(to_check_.front()));
    }
    to_check_.pop_front();
  }
  return taken;
}

bool RedisSubscriptions::IsLive(absl::string_view topic, uint64_t number) const {
  const auto found = topics_.find(topic);
  return found != topics_.end() && found->second.number == number && found->second.live;
}

absl::Status RedisSubscriptions::OnPush(RespValue& reply) {
  if (reply.elements.size() == 3) {
    const RespValue& kind = reply.elements[0];
    const std::string& channel = reply.elements[1].text;
    if (kind.IsText("message")) return TakeMessage(channel, reply.elements[2].text);
    if (kind.IsText("subscribe")) return TakeConfirmation(/*subscribe=*/true, channel);
    if (kind.IsText("unsubscribe")) return TakeConfirmation(/*subscribe=*/false, channel);
  }
  return absl::InternalError(
      absl::StrCat("it sent a subscriber something else than a message: ",
                   Quote(reply.elements.empty() ? reply.text : reply.elements[0].text)));
}

absl::Status RedisSubscriptions::TakeMessage(absl::string_view channel, absl::string_view payload) {
  const std::optional<absl::string_view> name = names_.TopicOf(channel);
  if (!name.has_value()) {
    if (channel == node_channel_) user_.OnProbe();
    return absl::OkStatus();
  }
  const auto topic = topics_.find(*name);
  if (topic == topics_.end() || !topic->second.live) return absl::OkStatus();
  absl::StatusOr<TopicBatch> batch = ParseBatch(payload);
  const uint64_t number = topic->second.number;
  if (batch.ok()) {
    received_ += batch->count;
    if (!batch->messages.empty()) user_.OnMessages(*name, std::move(batch->messages));
    if (batch->unreadable.ok()) return absl::OkStatus();
  }
  user_.OnUnreadable(*name, batch.ok() ? batch->unreadable : batch.status());
  // So that the topic learns that there is a message that it does not get.
  const auto after = topics_.find(*name);
  if (after != topics_.end() && after->second.number == number && after->second.has_history) {
    AddToCheck(after->first, after->second);
  }
  return absl::OkStatus();
}

absl::Status RedisSubscriptions::TakeConfirmation(bool subscribe, absl::string_view channel) {
  if (unconfirmed_.empty()) {
    return absl::InternalError(
        absl::StrCat("it confirmed a subscription of its own: ", Quote(channel)));
  }
  const uint64_t number = unconfirmed_.front();
  unconfirmed_.pop_front();
  if (unconfirmed_.size() < kMaxUnconfirmed / 2) Continue();
  const std::optional<absl::string_view> name = names_.TopicOf(channel);
  if (!subscribe || !name.has_value()) return absl::OkStatus();
  const auto topic = topics_.find(*name);
  if (topic == topics_.end() || topic->second.number != number) return absl::OkStatus();
  topic->second.live = true;
  if (topic->second.has_history) AddToCheck(topic->first, topic->second);
  user_.OnBegun(*name, topic->second.has_history);
  return absl::OkStatus();
}

}  // namespace weft
