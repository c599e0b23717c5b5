#include "weft/cluster/redis/engine.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "weft/cluster/envelope.h"
#include "weft/cluster/redis/redis_error.h"
#include "weft/cluster/redis/topic_script.h"
#include "weft/core/http/quote.h"

namespace weft {
namespace {

constexpr absl::Duration kComplaintInterval = absl::Minutes(1);

absl::string_view EpochText(const Position& position) { return position.epoch.text(); }

}  // namespace

RedisEngine::RedisEngine(EventLoop& loop, const RedisOptions& options, const RedisAddress& address,
                         const std::vector<RedisAddress>& sentinels)
    : loop_(loop),
      options_(options),
      names_(options.prefix),
      node_(NewEpoch()),
      commands_(loop, lookup_, options, counters_, address, sentinels, config_epoch_,
                RedisConnection::Kind::kCommands, *this),
      subscriber_(loop, lookup_, options, counters_, address, sentinels, config_epoch_,
                  RedisConnection::Kind::kSubscriber, *this),
      subscriptions_(names_, node_, *this) {}

void RedisEngine::Start(BrokerEvents* events) {
  events_ = events;
  last_complaint_ms_ = last_check_complaint_ms_ =
      loop_.now_ms() - absl::ToInt64Milliseconds(kComplaintInterval);
  loop_.set_end_of_turn([this] { EndOfTurn(); });
  commands_.Start();
  subscriber_.Start();
}

void RedisEngine::Stop() {
  stopped_ = true;
  events_ = nullptr;
  commands_.Stop();
  subscriber_.Stop();
  FailWaiting();
  RunOutcomes();
  tasks_.TakeAll();
  loop_.DisarmTimer(this);
}

// ---- Links ----

void RedisEngine::OnUp(RedisLink& link) {
  RedisLink& other = &link == &commands_ ? subscriber_ : commands_;
  if (other.connection() != nullptr &&
      other.connection()->history_id() != link.connection()->history_id()) {
    other.Drop(absl::FailedPreconditionError("another process of Redis has taken over"));
  }
  last_probe_ms_ = loop_.now_ms();
  if (&link == &subscriber_) {
    ++connection_;
    Log(options_.log, LogLevel::kInfo, absl::StrCat("Redis (messages): this is node ", node_));
    subscriber_.connection()->SetReading(!paused_);
    subscriptions_.Connected(*subscriber_.connection());
  }
  UpdateState();
}

void RedisEngine::OnDown(RedisLink& link, const absl::Status& reason) {
  EndProbe();
  if (&link == &subscriber_) {
    subscriptions_.Disconnected();
    for_script_.clear();
    if (events_ != nullptr) events_->OnLost(absl::UnavailableError(reason.message()));
  } else {
    FailWaiting();
  }
  UpdateState();
}

void RedisEngine::OnPush(RespValue& reply) {
  if (absl::Status status = subscriptions_.OnPush(reply); !status.ok()) subscriber_.Drop(status);
}

void RedisEngine::UpdateState() {
  const BrokerState state = commands_.connection() != nullptr && subscriber_.connection() != nullptr
                                ? BrokerState::kUp
                                : BrokerState::kAway;
  if (state_.exchange(state) == state || events_ == nullptr) return;
  events_->OnStateChange(state);
}

void RedisEngine::DropBoth(const absl::Status& reason) {
  subscriber_.Drop(reason);
  commands_.Drop(reason);
}

// ---- Messages ----

void RedisEngine::OnMessages(absl::string_view topic, std::vector<TopicMessage> messages) {
  EndProbe();
  if (events_ != nullptr) events_->OnMessages(topic, std::move(messages));
}

void RedisEngine::OnBegun(absl::string_view topic, bool has_history) {
  if (!has_history && events_ != nullptr) events_->OnState(topic, TopicState());
}

void RedisEngine::OnUnreadable(absl::string_view topic, const absl::Status& why) {
  counters_.unreadable += 1;
  Complain(LogLevel::kError,
           absl::StrCat("a message of the topic ", Quote(topic), " was dropped, the number ",
                        uint64_t{counters_.unreadable}, " of this node: ", why.message()),
           &last_complaint_ms_);
}

// Logs a line that may be due many times each second: at most once a minute.
void RedisEngine::Complain(LogLevel level, absl::string_view text, int64_t* last_ms) const {
  if (loop_.now_ms() - *last_ms < absl::ToInt64Milliseconds(kComplaintInterval)) return;
  *last_ms = loop_.now_ms();
  Log(options_.log, level, absl::StrCat("Redis: node ", node_, ": ", text));
}

void RedisEngine::Subscribe(absl::Span<const Broker::Subscription> subscriptions) {
  subscriptions_.Subscribe(subscriptions);
}

void RedisEngine::Unsubscribe(absl::Span<const std::string> topics) {
  subscriptions_.Unsubscribe(topics);
}

void RedisEngine::CheckPositions(absl::Span<const std::string> topics) {
  subscriptions_.Check(topics);
}

void RedisEngine::SetPaused(bool paused) {
  if (std::exchange(paused_, paused) == paused) return;
  EndProbe();
  if (subscriber_.connection() != nullptr) subscriber_.connection()->SetReading(!paused);
}

// ---- Commands ----

std::string RedisEngine::NewEpoch() { return std::string(Epoch::FromNumber(random_()).text()); }

// The beginning of a call of the script; `arguments` more follow.
void RedisEngine::AppendScript(absl::string_view name, absl::Span<const std::string> keys,
                               size_t arguments, std::string* out) {
  const RedisConnection& connection = *commands_.connection();
  AppendCommandHead(3 + keys.size() + 3 + arguments, out);
  AppendArgument("EVALSHA", out);
  AppendArgument(name == "peek" ? connection.peek_sha() : connection.script_sha(), out);
  AppendArgument(absl::StrCat(keys.size()), out);
  for (const std::string& key : keys) AppendArgument(key, out);
  AppendArgument(name, out);
  AppendArgument(connection.history_id(), out);
  AppendArgument(NewEpoch(), out);
}

void RedisEngine::Publish(PublishCall call) {
  if (needs_script_) {
    waiting_.push_back(std::move(call));
  } else {
    WritePublish(std::move(call));
  }
}

void RedisEngine::WritePublish(PublishCall call) {
  const auto fail = [&](const absl::Status& status) {
    CallLater([call = std::move(call), status]() mutable { call.Finish(status); });
  };
  RedisConnection* const connection = commands_.connection();
  if (connection == nullptr) return fail(absl::UnavailableError(commands_.reason().message()));
  const std::string channel = names_.Channel(call.topic);
  const std::string& id = call.messages.front().id;
  if (!call.history.is_kept() && id.empty()) {
    const absl::StatusOr<std::string> batch = BatchText(call.messages);
    if (!batch.ok()) return fail(batch.status());
    std::string* const out =
        connection->Command([this, call = std::move(call)](auto reply) mutable {
          if (!reply.ok()) return call.Finish(reply.status());
          (*reply)->is_error() ? call.Finish(TakeError(**reply)) : call.Finish(Position());
        });
    return AppendCommand({"PUBLISH", channel, *batch}, out);
  }
  std::vector<std::string> envelopes(call.messages.size());
  for (size_t i = 0; i < envelopes.size(); ++i) {
    const absl::Status status = AppendEnvelope(call.messages[i], &envelopes[i]);
    if (!status.ok()) return fail(status);
  }
  std::vector<std::string> keys = {names_.Meta(call.topic), names_.History(call.topic)};
  if (!id.empty()) keys.push_back(names_.Id(call.topic, id));
  const uint64_t kept = std::min<uint64_t>(call.history.messages, Position::kMaxOffset);
  const absl::Duration time = absl::Ceil(call.history.time, absl::Milliseconds(1));
  const int64_t time_ms =
      time == absl::InfiniteDuration()
          ? 0
          : std::clamp<int64_t>(absl::ToInt64Milliseconds(time), 1, Position::kMaxOffset);
  ++unanswered_;
  std::string* const out = connection->Command([this, call = std::move(call)](auto reply) mutable {
    --unanswered_;
    if (!reply.ok()) {
      call.Finish(reply.status());
    } else if (IsRedisError((*reply)->text, "NOSCRIPT") && !std::exchange(call.again, true)) {
      needs_script_ = true;
      again_.push_back(std::move(call));
    } else if ((*reply)->is_error()) {
      call.Finish(TakeError(**reply));
    } else {
      FailOvertaken(call.topic);
      call.Finish(ParsePublished(**reply));
    }
    Answered();
  });
  AppendScript("publish", keys, 3 + envelopes.size(), out);
  AppendArgument(absl::StrCat(kept), out);
  AppendArgument(absl::StrCat(time_ms), out);
  AppendArgument(channel, out);
  for (const std::string& envelope : envelopes) AppendArgument(envelope, out);
}

void RedisEngine::Read(ReadCall call) {
  if (needs_script_) {
    reads_.push_back(std::move(call));
  } else {
    WriteRead(std::move(call));
  }
}

void RedisEngine::WriteRead(ReadCall call) {
  RedisConnection* const connection = commands_.connection();
  if (connection == nullptr) {
    return CallLater([call = std::move(call), reason = commands_.reason()]() mutable {
      call.Finish(absl::UnavailableError(reason.message()));
    });
  }
  const std::string keys[] = {names_.Meta(call.topic), names_.History(call.topic)};
  const Position since = call.since;
  const size_t limit = std::clamp(call.limit, size_t{1}, HistoryPage::kMaxMessages);
  const absl::string_view name = call.writes ? "read" : "peek";
  ++unanswered_;
  std::string* const out =
      connection->Command([this, since, limit, call = std::move(call)](auto reply) mutable {
        --unanswered_;
        if (!reply.ok()) {
          call.Finish(reply.status());
        } else if (IsRedisError((*reply)->text, "NOSCRIPT") && !std::exchange(call.again, true)) {
          needs_script_ = true;
          reads_.push_back(std::move(call));
        } else if ((*reply)->is_error()) {
          call.Finish(TakeError(**reply));
        } else if ((*reply)->is(RespValue::Type::kNil) && !std::exchange(call.writes, true)) {
          Read(std::move(call));
        } else {
          call.Finish(ParsePage(**reply, since, limit));
        }
        Answered();
      });
  AppendScript(name, keys, 4, out);
  AppendArgument(EpochText(since), out);
  AppendArgument(absl::StrCat(std::min(since.offset, Position::kMaxOffset + 1)), out);
  AppendArgument(absl::StrCat(limit), out);
  AppendArgument(absl::StrCat(HistoryPage::kMaxBytes), out);
}

// The error for the caller. One of a Redis that is not the master any more ends the connections.
absl::Status RedisEngine::TakeError(const RespValue& reply) {
  absl::Status status = RedisError(reply.text);
  if (IsRedisError(reply.text, "READONLY") || IsRedisError(reply.text, "MASTERDOWN") ||
      IsRedisError(reply.text, "OTHERHISTORY")) {
    CallLater(
        [this, reason = absl::FailedPreconditionError(status.message())] { DropBoth(reason); });
  }
  return status;
}

// A later message of the topic was stored, because another node has loaded the script meanwhile.
void RedisEngine::FailOvertaken(absl::string_view topic) {
  if (again_.empty()) return;
  for (PublishCall& call : std::exchange(again_, {})) {
    if (call.topic != topic) {
      again_.push_back(std::move(call));
      continue;
    }
    call.Finish(absl::UnavailableError(
        "the scripts of Redis were flushed, and a later message of the topic is published"));
  }
}

void RedisEngine::Answered() {
  if (!needs_script_ || unanswered_ > 0 || commands_.connection() == nullptr) return;
  needs_script_ = false;
  for (const std::string& script : {std::string(kTopicScript), PeekScript()}) {
    std::string* const out = commands_.connection()->Command([this](auto reply) {
      if (!reply.ok() || !(*reply)->is_error()) return;
      CallLater([this, status = RedisError((*reply)->text)] { commands_.Drop(status); });
    });
    AppendCommand({"SCRIPT", "LOAD", script}, out);
  }
  std::vector<PublishCall> publishes = std::exchange(again_, {});
  std::move(waiting_.begin(), waiting_.end(), std::back_inserter(publishes));
  waiting_.clear();
  for (PublishCall& call : publishes) Publish(std::move(call));
  for (ReadCall& call : std::exchange(reads_, {})) Read(std::move(call));
}

void RedisEngine::FailWaiting() {
  needs_script_ = false;
  const absl::Status status = absl::UnavailableError(commands_.reason().message());
  for (auto* const list : {&again_, &waiting_}) {
    for (PublishCall& call : std::exchange(*list, {})) call.Finish(status);
  }
  for (ReadCall& call : std::exchange(reads_, {})) call.Finish(status);
}

// ---- The probe ----

// Whatever arrives: a master that has become a replica passes on the messages of the new one.
void RedisEngine::SendProbe() {
  last_probe_ms_ = loop_.now_ms();
  RedisConnection& connection = *commands_.connection();
  ++probe_commands_;
  std::string* out = connection.Command([this](auto reply) {
    --probe_commands_;
    if (!reply.ok() || (*reply)->is_error() || commands_.connection() == nullptr) return;
    const absl::Status status = commands_.connection()->CheckReplication(**reply);
    if (!status.ok()) CallLater([this, status] { DropBoth(status); });
  });
  AppendCommand({"INFO", "replication"}, out);
  // A master that is cut off from its Sentinels cannot know that another one has been promoted.
  commands_.CheckMaster([this](const absl::Status& reason) { DropBoth(reason); });
  if (!HasSubscriber()) return;
  probing_ = true;
  probe_sent_ = std::chrono::steady_clock::now();
  ++probe_commands_;
  out = connection.Command([this](auto reply) {
    --probe_commands_;
    if (!reply.ok()) return EndProbe();
    if (!probing_) return;
    if ((*reply)->is_error()) return ProbeFailed((*reply)->text);
    if ((*reply)->integer == 0) return ProbeFailed("Redis does not know the subscriber");
    // Not earlier: commands before it may have taken their time.
    probe_deadline_ms_ = EventLoop::DeadlineAfter(options_.timeouts.answer, loop_.now_ms());
  });
  AppendCommand({"PUBLISH", names_.NodeChannel(node_), ""}, out);
}

void RedisEngine::EndProbe() {
  probing_ = false;
  probe_deadline_ms_ = 0;
}

void RedisEngine::OnProbe() {
  EndProbe();
  if (!probe_sent_.has_value()) return;
  const std::chrono::nanoseconds time = std::chrono::steady_clock::now() - *probe_sent_;
  counters_.probe_ns += time.count() - counters_.probe_ns;
  probe_sent_.reset();
}

void RedisEngine::ProbeFailed(absl::string_view why) {
  EndProbe();
  subscriber_.Drop(absl::DeadlineExceededError(
      absl::StrCat("a message of this node to itself did not arrive: ", why)));
}

// When the probe fails or the next one is due.
int64_t RedisEngine::ProbeTime() const {
  if (probe_deadline_ms_ != 0) return probe_deadline_ms_;
  if (commands_.connection() == nullptr || probe_commands_ > 0) return EventLoop::kNever;
  return EventLoop::DeadlineAfter(options_.timeouts.probe, last_probe_ms_);
}

// ---- Turns ----

void RedisEngine::Post(int64_t at_ms, absl::AnyInvocable<void()> task) {
  tasks_.Add(at_ms, std::move(task));
}

void RedisEngine::CallLater(absl::AnyInvocable<void()> outcome) {
  if (outcomes_.empty()) loop_.mailbox()->Post([this] { RunOutcomes(); });
  outcomes_.push_back(std::move(outcome));
}

void RedisEngine::RunOutcomes() {
  for (auto& outcome : std::exchange(outcomes_, {})) outcome();
}

void RedisEngine::OnTimer() {
  const int64_t now = loop_.now_ms();
  while (auto due = tasks_.TakeDue(now)) due.mapped()();
  if (now < ProbeTime()) return;
  probe_deadline_ms_ != 0 ? ProbeFailed("it took too long") : SendProbe();
}

void RedisEngine::ArmTimer() {
  loop_.ArmTimer(this, std::min({tasks_.next_ms(), ProbeTime(), EventLoop::kNever}));
}

// The subscriber again: a callback may have queued something for it while commands were served.
void RedisEngine::EndOfTurn() {
  subscriber_.EndOfTurn();
  WriteChecks();
  commands_.EndOfTurn();
  subscriber_.EndOfTurn();
  ArmTimer();
}

}  // namespace weft
