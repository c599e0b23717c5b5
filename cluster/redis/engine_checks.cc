// Checks of the positions of topics.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "weft/cluster/redis/engine.h"
#include "weft/cluster/redis/redis_error.h"
#include "weft/core/http/quote.h"
#include "weft/core/log.h"

namespace weft {
namespace {

// As UNPUBLISHED_MS in topic.lua.
constexpr int64_t kUnpublishedMs = int64_t{7} * 24 * 3600 * 1000;

}  // namespace

// The positions of topics are read from their hashes, which costs Redis a third of what the script
// does. The script has the others: it begins the epochs that are missing.
void RedisEngine::WriteChecks() {
  constexpr size_t kMaxChecks = 1024;
  WriteScriptChecks();
  while (checks_ < kMaxChecks && commands_.connection() != nullptr &&
         subscriber_.connection() != nullptr) {
    RedisSubscriptions::ToCheck topic = subscriptions_.TakeToCheck(1);
    if (topic.empty()) return;
    std::string meta = names_.Meta(topic.front().first);
    ++checks_;
    std::string* const out = commands_.connection()->Command(
        [this, meta, topic = std::move(topic), of = connection_](auto reply) mutable {
          --checks_;
          if (of != connection_ || subscriber_.connection() == nullptr) return;
          if (!reply.ok()) return subscriptions_.CheckAgain(topic);
          TakeMeta(std::move(topic), meta, **reply);
        });
    AppendCommandHead(2 + std::size(kMetaFields), out);
    AppendArgument("HMGET", out);
    AppendArgument(meta, out);
    for (const absl::string_view field : kMetaFields) AppendArgument(field, out);
  }
}

void RedisEngine::TakeMeta(RedisSubscriptions::ToCheck topic, absl::string_view meta,
                           const RespValue& reply) {
  RedisConnection* const connection = commands_.connection();
  std::optional<TopicState> state;
  if (connection != nullptr) state = ParseMeta(reply, connection->history_id());
  if (!state.has_value()) {
    for_script_.push_back(std::move(topic.front()));
    return;
  }
  if (state->position.offset == 0) {  // it is used: as the script does
    std::string* const out = connection->Command([this](auto reply) {
      // Such as READONLY, which ends the connections.
      if (reply.ok() && (*reply)->is_error()) TakeError(**reply).IgnoreError();
    });
    AppendCommand({"PEXPIRE", meta, absl::StrCat(kUnpublishedMs), "GT"}, out);
  }
  if (events_ == nullptr || !subscriptions_.IsLive(topic[0].first, topic[0].second)) return;
  events_->OnState(topic[0].first, *state);
}

void RedisEngine::WriteScriptChecks() {
  constexpr size_t kTopicsPerCheck = 128;
  while (!for_script_.empty() && !needs_script_ && commands_.connection() != nullptr) {
    const auto end =
        for_script_.begin() + static_cast<ptrdiff_t>(std::min(kTopicsPerCheck, for_script_.size()));
    RedisSubscriptions::ToCheck topics(std::make_move_iterator(for_script_.begin()),
                                       std::make_move_iterator(end));
    for_script_.erase(for_script_.begin(), end);
    std::vector<std::string> keys;
    keys.reserve(2 * topics.size());
    for (const auto& [topic, number] : topics) {
      keys.push_back(names_.Meta(topic));
      keys.push_back(names_.History(topic));
    }
    ++unanswered_;
    std::string* const out = commands_.connection()->Command(
        [this, topics = std::move(topics), of = connection_](auto reply) mutable {
          --unanswered_;
          if (of == connection_ && subscriber_.connection() != nullptr) {
            TakeChecked(std::move(topics), reply);
          }
          Answered();
        });
    AppendScript("check", keys, 0, out);
  }
}

void RedisEngine::TakeChecked(RedisSubscriptions::ToCheck topics,
                              const absl::StatusOr<RespValue*>& reply) {
  if (!reply.ok()) return subscriptions_.CheckAgain(topics);
  if (IsRedisError((*reply)->text, "NOSCRIPT")) {
    needs_script_ = true;
    return subscriptions_.CheckAgain(topics);
  }
  absl::Status status;
  if ((*reply)->is_error()) {
    status = TakeError(**reply);
  } else if ((*reply)->elements.size() != topics.size()) {
    status = absl::InternalError("the script's reply to \"check\" has another number of topics");
  }
  for (size_t i = 0; i < topics.size() && status.ok(); ++i) {
    const absl::StatusOr<TopicState> state = ParseState((*reply)->elements[i].elements);
    status = state.status();
    if (!status.ok() || events_ == nullptr) break;
    if (subscriptions_.IsLive(topics[i].first, topics[i].second)) {
      events_->OnState(topics[i].first, *state);
    }
  }
  if (status.ok()) return;
  // Such as no memory for a new epoch: later it may work.
  Complain(LogLevel::kWarning,
           absl::StrCat("the position of the topic ", Quote(topics.front().first),
                        " cannot be checked: ", status.message()),
           &last_check_complaint_ms_);
  Post(EventLoop::DeadlineAfter(options_.timeouts.ping_interval, loop_.now_ms()),
       [this, topics = std::move(topics), of = connection_] {
         if (of == connection_) subscriptions_.CheckAgain(topics);
       });
}

}  // namespace weft
