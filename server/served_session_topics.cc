// The topics of a session.

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "weft/sending/posting.h"
#include "weft/server/held_topics.h"
#include "weft/server/served_session.h"
#include "weft/server/server_options.h"
#include "weft/server/topics/position.h"

namespace weft {

// ---- Calls of the handler ----

absl::Status ServedSession::Subscribe(absl::string_view topic, const SubscribeOptions& options) {
  absl::Status status = CheckTopic(topic, context_.options().limits.max_topic_bytes);
  if (!status.ok()) return status;
  const absl::StatusOr<Position> parsed = ParseSince(options);
  if (!parsed.ok()) return parsed.status();
  const auto since = parsed->is_set() ? std::optional<Position>(*parsed) : std::nullopt;
  context_.DeliverPublished();
  if (!holds_stream() || close_notified_) {
    return absl::FailedPreconditionError("the session is closed");
  }
  const size_t limit = context_.options().limits.max_topics_per_session;
  const bool continues =
      since.has_value() && !context_.topics().IsSubscribed(topic, extras().subscriptions);
  status = context_.topics().Subscribe(topic, this, &extras().subscriptions, limit, since);
  if (!status.ok()) return status;
  if (continues && !context_.topics().IsCarried(topic)) {
    // The topic keeps nothing: nobody can tell what followed the position. No event follows if the
    // session has unsubscribed by then.
    PostLater(ref().shared_, [topic = std::string(topic)](LoopSession& session) {
      session.TellTopic(topic, {.type = TopicEvent::Type::kGap, .reason = GapReason::kOtherEpoch});
    }).IgnoreError();
  }
  FlushLater();  // updates the account of memory
  return absl::OkStatus();
}

void ServedSession::Unsubscribe(absl::string_view topic) {
  context_.DeliverPublished();
  if (extras_ != nullptr) {
    context_.topics().Unsubscribe(topic, &extras_->subscriptions);
    if (extras_->held_topics != nullptr) extras_->held_topics->Forget(topic);
    std::erase(extras_->missed_topics, topic);
  }
  FlushLater();
}

absl::Status ServedSession::Publish(absl::string_view topic, const EncodedMessage& message,
                                    const SendOptions& options) {
  return context_.Publish(topic, message, options);
}

void ServedSession::Publish(absl::string_view topic, const EncodedMessage& message,
                            const SendOptions& options, PublishCallback done) {
  context_.Publish(topic, message, options, std::move(done)).IgnoreError();
}

size_t ServedSession::subscribers(absl::string_view topic) const {
  return context_.group().topics().Subscribers(topic);
}

// ---- Messages and events ----

bool ServedSession::SendPublished(const PublishBatch& batch, const SendOptions& options) {
  const absl::string_view frames = batch.frames();
  if (compressed() || !options.key.empty() || !outbox_.GoesStraight(frames, options)) {
    bool all = true;
    for (const EncodedMessage& message : batch.messages()) {
      all &= !absl::IsResourceExhausted(Send(message, options));
    }
    return all;
  }
  const bool idle = connection().queued_bytes() == 0 && !in_callback_;
  if (idle && connection().open() && !stream_.is_tls()) {
    WritePublished(frames, batch);
    return true;
  }
  if (!outbox_.SendFrames(frames, batch.messages().size()).ok()) return true;
  // Usually the socket takes all frames, without a copy, and nothing is left to do.
  if (idle) Write();
  if (connection().queued_bytes() == 0) return true;
  outbox_.CopyBorrowed();
  AfterSend();
  return true;
}

// A message that finds no room must not be missing silently, unless the application says that it
// may be dropped.
void ServedSession::SendCarried(const PublishBatch& batch, const TopicOptions& of_topic) {
  const SendOptions options = batch.OptionsFor(of_topic);
  const bool tells =
      of_topic.is_only_shared() &&
      options.when_full.value_or(context_.sending().limits.when_full) == WhenFull::kFail;
  if (SendPublished(batch, options) || !tells) return;
  std::vector<std::string>& missed = extras().missed_topics;
  if (std::find(missed.begin(), missed.end(), batch.topic()) == missed.end()) {
    missed.push_back(batch.topic());
  }
  outbox_.AskForWritable();  // also if the queue is at its low mark already
  FlushLater();
}

// The queue has room again. The handler may unsubscribe meanwhile.
void ServedSession::TellMissed() {
  while (!extras_->missed_topics.empty()) {
    const std::string topic = std::move(extras_->missed_topics.back());
    extras_->missed_topics.pop_back();
    TellTopic(topic, {.type = TopicEvent::Type::kGap, .reason = GapReason::kOverfull});
  }
}

// Past the queue, which is empty: a delivery takes 309 instructions instead of 531.
void ServedSession::WritePublished(absl::string_view frames, const PublishBatch& batch) {
  const IoResult result = outbox_.WriteFrames(frames, batch.messages().size(), stream_);
  if (result.status == IoStatus::kError) return LoseBy(result);
  if (connection().queued_bytes() > 0) AfterSend();
}

void ServedSession::GiveMessages(const PublishBatch& batch,
                                 absl::Span<const TopicUpdate::Entry> entries,
                                 const TopicOptions& of_topic, bool is_live) {
  if (pooled() == nullptr || extras_->held_topics == nullptr ||
      !extras_->held_topics->Holds(batch.topic())) {
    return SendCarried(batch, of_topic);
  }
  for (const TopicUpdate::Entry& entry : entries) {
    extras_->held_topics->Add(batch.topic(), std::get<TopicMessage>(entry), of_topic, is_live);
  }
}

void ServedSession::TellTopic(absl::string_view topic, const TopicEvent& event) {
  if (!holds_stream() || close_notified_) return;
  if (event.reason != GapReason::kRefused &&
      !context_.topics().IsSubscribed(topic, extras().subscriptions)) {
    return;
  }
  // The messages that follow must not precede what the handler sends now.
  if (event.latest_only) outbox_.ForgetKey(topic);
  if (pooled() == nullptr) {
    in_callback_ = true;
    CallHandler("OnTopic", [&] { handler_->OnTopic(*this, topic, event); });
    in_callback_ = false;
    return Flush();
  }
  if (extras().held_topics == nullptr) {
    extras_->held_topics = std::make_unique<HeldTopics>(*context_.mailbox());
  }
  HeldTopics& held = *extras_->held_topics;
  if (held.Holds(topic)) return held.Add(topic, event);
  pooled()->TellTopic(topic, event, held.Hold(topic));
}

void ServedSession::TellRefused(absl::string_view topic, const absl::Status& why) {
  if (!holds_stream() || close_notified_) return;
  context_.NoteRefusedTopic(topic, why);
  TellTopic(topic, {.type = TopicEvent::Type::kGap, .reason = GapReason::kRefused});
}

size_t ServedSession::BytesForHandlerThread() const {
  const HeldTopics* const held = extras_->held_topics.get();
  return pooled()->waiting_bytes() + (held != nullptr ? held->bytes() : 0);
}

void ServedSession::TopicTold(absl::string_view topic, uint64_t number) {
  if (!holds_stream() || close_notified_) return;
  in_callback_ = true;  // one write for all
  while (auto next = extras_->held_topics->TakeNext(topic, number)) {
    if (const TopicEvent* const event = std::get_if<TopicEvent>(&next->entry)) {
      if (event->latest_only) outbox_.ForgetKey(topic);
      pooled()->TellTopic(topic, *event, number);
      break;
    }
    PublishBatch batch;
    const TopicMessage& message = std::get<TopicMessage>(next->entry);
    batch.Add(topic, message.message, {.key = message.key});
    SendCarried(batch, next->of_topic);
  }
  in_callback_ = false;
  Flush();
}

}  // namespace weft
