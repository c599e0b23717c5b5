#include "weft/server/topics/shared_topics.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "weft/core/http/quote.h"
#include "weft/loop/event_loop.h"

namespace weft {
namespace {

// Notes that were not taken in this time are posted again with the next one.
constexpr int64_t kPostAgainMs = 1000;

// The size of a note of a session without the topic's name.
constexpr size_t kNoteBytes = 256;

absl::Status TopicsStopped() { return absl::UnavailableError("the server's topics have stopped"); }

TopicFeed::Keeps KeepsOf(const TopicHistory& history, bool is_latest) {
  if (!history.is_kept()) return TopicFeed::Keeps::kNothing;
  return is_latest ? TopicFeed::Keeps::kLatest : TopicFeed::Keeps::kHistory;
}

}  // namespace

SharedTopics::SharedTopics(std::shared_ptr<Broker> broker, Options options)
    : options_(std::move(options)),
      broker_(std::move(broker)),
      publishes_(*broker_, *options_.guard, *this) {}

SharedTopics::~SharedTopics() { Stop(); }

void SharedTopics::AddLoop(TopicLoop& loop) { outlets_.emplace_back(loop); }

absl::Status SharedTopics::Start() {
  away_since_ms_ = now_ms();
  if (absl::Status status = broker_->Start(this); !status.ok()) return status;
  const std::lock_guard<std::mutex> lock(mutex_);
  started_ = true;
  if (take_due_) PostTakeNotes();
  return absl::OkStatus();
}

void SharedTopics::Stop() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    stopped_ = true;
  }
  broker_->Stop();
  FlushOutlets();
  std::vector<Note> notes;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    notes.swap(inbox_);
    unsettled_ = 0;
  }
  settled_.notify_all();
  for (Note& note : notes) {
    auto* const publish = std::get_if<AcceptedPublish>(&note);
    if (publish == nullptr) continue;
    refused_.fetch_add(1, std::memory_order_relaxed);
    TellPublished(TopicsStopped(), std::move(publish->done), *options_.guard);
  }
}

// ---- Notes ----

absl::Status SharedTopics::Join(size_t loop, absl::string_view topic, const TopicOptions& options,
                                std::optional<Position> since, uint32_t number, bool is_new) {
  absl::Status refused;
  bool logs = false;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (stopped_) return absl::OkStatus();
    refused = CheckJoin(topic, is_new);
    if (refused.ok()) {
      join_bytes_ += kNoteBytes + topic.size();
      if (is_new) waiting_topics_ += 1;
      AddNote(JoinNote{loop, std::string(topic), options.kept(), options.is_latest(), since, number,
                       is_new});
      return refused;
    }
    logs = now_ms() >= refusal_logged_ms_ + kLogMs;
    if (logs) refusal_logged_ms_ = now_ms();
  }
  refused_joins_.fetch_add(1, std::memory_order_relaxed);
  if (logs) {
    LogLine(LogLevel::kWarning,
            absl::StrCat("topic ", Quote(topic), ": nobody can subscribe: ", refused.message()));
  }
  return refused;
}

// Topics that were just left may still be notes, and a topic that two loops join at the same time
// counts twice until then: the number is exact enough.
absl::Status SharedTopics::CheckJoin(absl::string_view topic, bool is_new) const {
  if (is_new && used_topics_ + waiting_topics_ >= options_.max_topics) {
    return absl::ResourceExhaustedError(
        absl::StrCat("the server has subscribers of ", options_.max_topics,
                     " shared or kept topics: see limits.max_carried_topics"));
  }
  if (join_bytes_ + kNoteBytes + topic.size() > kMaxJoinBytes) {
    return absl::ResourceExhaustedError("too many subscriptions wait for the broker's thread");
  }
  return absl::OkStatus();
}

void SharedTopics::Leave(size_t loop, absl::string_view topic, uint32_t number) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (stopped_) return;
  join_bytes_ += kNoteBytes + topic.size();  // never refused: there is one for each join
  AddNote(LeaveNote{loop, std::string(topic), number});
}

absl::Status SharedTopics::Publish(absl::string_view topic, const TopicHistory& history,
                                   const EncodedMessage& message, absl::string_view key,
                                   PublishCallback done) {
  AcceptedPublish note = {std::string(topic),
                          history,
                          {.message = message, .key = std::string(key), .time = absl::Now()},
                          std::move(done),
                          now_ms()};
  const size_t bytes = topic.size() + note.message.bytes();
  absl::Status refused;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (stopped_) {
      refused = TopicsStopped();
    } else if (bytes > kMaxInboxBytes - inbox_bytes_) {
      refused = absl::ResourceExhaustedError(absl::StrCat(
          inbox_bytes_, " bytes of publishes wait for the broker: there is no room for ", bytes,
          " more"));
    } else {
      inbox_bytes_ += bytes;
      ++unsettled_;
      AddNote(std::move(note));
      return absl::OkStatus();
    }
  }
  refused_.fetch_add(1, std::memory_order_relaxed);
  TellPublished(refused, std::move(note.done), *options_.guard);
  return refused;
}

void SharedTopics::AddNote(Note note) {
  inbox_.push_back(std::move(note));
  const bool is_due = std::exchange(take_due_, true);
  if (!started_ || (is_due && now_ms() < posted_ms_ + kPostAgainMs)) return;
  PostTakeNotes();
}

// Again after a while: a broker for whose thread the system had no room tries with each call.
void SharedTopics::PostTakeNotes() {
  posted_ms_ = now_ms();
  broker_->Post(absl::ZeroDuration(), [this] { TakeNotes(); });
}

void SharedTopics::TakeNotes() {
  std::vector<Note> notes;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    take_due_ = false;
    inbox_bytes_ = join_bytes_ = 0;
    notes.swap(inbox_);
  }
  for (Note& note : notes) {
    std::visit([this](auto& each) { Take(std::move(each)); }, note);
  }
  publishes_.Flush();
  for (Topic* const topic : std::exchange(to_serve_, {})) {
    topic->serve_due = false;
    Serve(*topic);
  }
  FlushOutlets();
}

void SharedTopics::Take(const JoinNote& note) {
  Topic* topic = Find(note.topic);
  if (topic == nullptr) topic = AddTopic(note);
  const auto loop = static_cast<uint32_t>(note.loop);
  auto slot = topic->FindSlot(loop);
  if (topic->slots.empty()) ++used_topics_;
  if (note.is_new) waiting_topics_ -= 1;
  if (slot == topic->slots.end()) slot = topic->slots.insert(slot, {.loop = loop});
  ++slot->subscribers;
  broker_->SetSubscribers(topic->name, topic->subscribers());
  if (topic->joins == nullptr) topic->joins = std::make_unique<Joins>();
  topic->joins->waiting[{loop, note.number}] = {.since = note.since};
  if (!std::exchange(topic->serve_due, true)) to_serve_.push_back(topic);
}

void SharedTopics::Take(const LeaveNote& note) {
  Topic* const topic = Find(note.topic);
  if (topic == nullptr) return;
  const auto loop = static_cast<uint32_t>(note.loop);
  if (topic->joins != nullptr) {
    topic->joins->waiting.erase({loop, note.number});
    if (topic->joins->waiting.empty() && !topic->joins->is_reading) topic->joins = nullptr;
  }
  const auto slot = topic->FindSlot(loop);
  if (slot == topic->slots.end()) return;
  --slot->subscribers;
  broker_->SetSubscribers(topic->name, topic->subscribers());
  if (slot->subscribers > 0) return;
  topic->slots.erase(slot);
  if (!topic->slots.empty()) return;
  --used_topics_;
  topic->unused_since_ms = now_ms();
  if (std::exchange(topic->forget_due, true)) return;
  unused_.emplace_back(EventLoop::DeadlineAfter(kLinger, now_ms()), topic->name);
  if (!std::exchange(forget_due_, true)) broker_->Post(kLinger, [this] { ForgetUnused(); });
}

// ---- Publishes ----

void SharedTopics::OnOutcome(absl::string_view topic, const absl::Status& status,
                             absl::Span<const int64_t> accepted_ms) {
  const PublishOutcome outcome = OutcomeOf(status);
  counts_.published[static_cast<size_t>(outcome)] += accepted_ms.size();
  for (const int64_t at_ms : accepted_ms) counts_.publish_time.Add(now_ms() - at_ms);
  if (status.ok() || now_ms() < failure_logged_ms_ + kLogMs) return;
  failure_logged_ms_ = now_ms();
  LogLine(LogLevel::kWarning,
          absl::StrCat("topic ", Quote(topic), ": ", accepted_ms.size(), " messages ",
                       outcome == PublishOutcome::kUnknown ? "may not have been published: "
                                                           : "were not published: ",
                       status.message()));
}

void SharedTopics::OnTold(size_t publishes) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    unsettled_ -= std::min(unsettled_, publishes);  // Stop() has ended the wait
    if (unsettled_ > 0) return;
  }
  settled_.notify_all();
}

void SharedTopics::AwaitOutcomes(absl::Duration timeout) {
  constexpr absl::Duration kLongest = absl::Hours(24 * 365);
  std::unique_lock<std::mutex> lock(mutex_);
  settled_.wait_for(lock, absl::ToChronoMilliseconds(std::min(timeout, kLongest)),
                    [this] { return unsettled_ == 0 || !started_ || stopped_; });
}

// ---- Topics ----

SharedTopics::Topic* SharedTopics::Find(absl::string_view topic) {
  const auto found = topics_.find(topic);
  return found == topics_.end() ? nullptr : found->get();
}

SharedTopics::Topic* SharedTopics::AddTopic(const JoinNote& note) {
  while (topics_.size() >= options_.max_topics && ForgetOneUnused()) continue;
  const TopicFeed::Keeps keeps = KeepsOf(note.history, note.is_latest);
  auto topic = std::make_unique<Topic>(Topic{.name = note.topic,
                                             .number = ++topic_numbers_,
                                             .keeps = keeps,
                                             .history_time = note.history.time,
                                             .feed = TopicFeed(keeps)});
  Topic* const added = topic.get();
  topics_.insert(std::move(topic));
  counts_.topics += 1;
  const Broker::Subscription subscription = {note.topic, keeps != TopicFeed::Keeps::kNothing};
  broker_->Subscribe({&subscription, 1});
  return added;
}

// A page that is loaded again subscribes again: the topic stays for a while, with its position.
void SharedTopics::ForgetUnused() {
  const int64_t now = now_ms();
  std::vector<std::string> ended;
  std::vector<std::pair<int64_t, std::string>> again;
  for (; !unused_.empty() && unused_.front().first <= now; unused_.pop_front()) {
    const auto found = topics_.find(unused_.front().second);
    Topic& topic = **found;
    topic.forget_due = false;
    if (!topic.slots.empty()) continue;
    // It may have been used since.
    const int64_t end = EventLoop::DeadlineAfter(kLinger, topic.unused_since_ms);
    if (end > now) {
      topic.forget_due = true;
      again.emplace_back(end, topic.name);
      continue;
    }
    ended.push_back(Forget(topic));
  }
  if (!ended.empty()) broker_->Unsubscribe(ended);
  // After others that end later: a topic may stay for twice the time.
  for (auto& each : again) unused_.push_back(std::move(each));
  forget_due_ = !unused_.empty();
  if (!forget_due_) return;
  broker_->Post(absl::Milliseconds(unused_.front().first - now), [this] { ForgetUnused(); });
}

// There are too many topics: the first unused one need not stay. Returns whether there was one.
bool SharedTopics::ForgetOneUnused() {
  while (!unused_.empty()) {
    Topic& topic = *Find(unused_.front().second);
    if (topic.serve_due) return false;  // to_serve_ has it, until the end of the turn
    unused_.pop_front();
    topic.forget_due = false;
    if (!topic.slots.empty()) continue;
    const std::string ended[] = {Forget(topic)};
    broker_->Unsubscribe(ended);
    return true;
  }
  return false;
}

// The caller unsubscribes from the topic whose name is returned.
std::string SharedTopics::Forget(Topic& topic) {
  held_bytes_ -= topic.feed.held_bytes();
  const size_t ring_bytes = topic.ring.bytes();
  topic.ring.Clear();
  CountRing(topic, ring_bytes);
  counts_.topics -= 1;
  std::string name = topic.name;
  topics_.erase(name);
  return name;
}

// Calls the feed of the topic, and passes on what it delivers and reports.
void SharedTopics::WithFeed(Topic& topic, absl::FunctionRef<void(TopicFeed&)> call) {
  current_ = &topic;
  const bool was_unreadable = topic.feed.unreadable();
  const size_t ring_bytes = topic.ring.bytes();
  held_bytes_ -= topic.feed.held_bytes();
  call(topic.feed);
  if (held_bytes_ + topic.feed.held_bytes() > kMaxHeldBytes) topic.feed.ForgetHeld(*this);
  held_bytes_ += topic.feed.held_bytes();
  current_ = nullptr;
  CountRing(topic, ring_bytes);
  counts_.healed += counts.healed - counts_.healed;
  counts_.duplicates += counts.duplicates - counts_.duplicates;
  counts_.malformed += counts.malformed - counts_.malformed;
  SendToMembers(topic);
  if (topic.feed.unreadable() && !was_unreadable) {
    EndJoins(topic);  // sessions that wait for the feed would wait for long
  } else {
    Serve(topic);
  }
}

void SharedTopics::OnMessages(absl::string_view topic, std::vector<TopicMessage> messages) {
  Topic* const found = Find(topic);
  if (found == nullptr) return;
  counts_.received += messages.size();
  const int64_t unix_ms = absl::ToUnixMillis(absl::Now());
  for (const TopicMessage& message : messages) {
    if (message.time <= absl::UnixEpoch()) continue;  // a publisher that does not tell it
    // The clock of another node may be ahead of this one's.
    counts_.lag.Add(std::max(unix_ms - absl::ToUnixMillis(message.time), int64_t{0}));
  }
  WithFeed(*found, [&](TopicFeed& feed) {
    for (TopicMessage& message : messages) feed.OnMessage(std::move(message), *this);
  });
}

void SharedTopics::OnState(absl::string_view topic, const TopicState& state) {
  Topic* const found = Find(topic);
  if (found == nullptr) return;
  NoteState(*found, state);
  if (found->joins != nullptr) found->joins->is_checking = false;
  WithFeed(*found, [&](TopicFeed& feed) { feed.OnState(state, *this); });
}

void SharedTopics::OnLost(const absl::Status& reason) {
  counts_.lost += 1;
  LogLine(LogLevel::kWarning,
          absl::StrCat("topics: the connection to the broker was lost: ", reason.message()));
  for (const std::unique_ptr<Topic>& topic : topics_) topic->feed.OnLost();
}

void SharedTopics::OnStateChange(BrokerState state) {
  const bool up = state == BrokerState::kUp;
  away_since_ms_ = up ? kUp : now_ms();
  LogLine(up ? LogLevel::kInfo : LogLevel::kWarning,
          up ? "topics: the broker is up" : "topics: the broker is away");
  if (up) StartReads();
}

// The ring of the topic has changed.
void SharedTopics::CountRing(const Topic& topic, size_t bytes_before) {
  if (topic.keeps != TopicFeed::Keeps::kHistory) return;  // a value is not read again
  ring_bytes_ += topic.ring.bytes();
  ring_bytes_ -= bytes_before;
  if (ring_bytes_ > kMaxRingBytes) LimitRings();
}

void SharedTopics::LimitRings() {
  for (const int64_t quiet_ms : {60'000, 0}) {
    for (const std::unique_ptr<Topic>& topic : topics_) {
      if (topic->keeps != TopicFeed::Keeps::kHistory) continue;
      if (now_ms() - topic->ring.last_ms() < quiet_ms) continue;
      ring_bytes_ -= topic->ring.bytes();
      topic->ring.Clear();
    }
    if (ring_bytes_ <= kMaxRingBytes / 2) return;
  }
}

// States come by several ways: an older one of the same epoch does not count.
void SharedTopics::NoteState(Topic& topic, const TopicState& state) {
  if (!state.position.is_set()) return;
  if (state.position.epoch == topic.state.position.epoch &&
      state.position.offset <= topic.state.position.offset) {
    return;
  }
  topic.state = state;
}

void SharedTopics::Deliver(TopicMessage message) {
  Topic& topic = *current_;
  if (message.position.is_set() && topic.keeps != TopicFeed::Keeps::kNothing) {
    // The application's positions are to be of the present epoch.
    if (message.position.epoch != topic.told && topic.keeps == TopicFeed::Keeps::kHistory) {
      topic.told = message.position.epoch;
      entries_.push_back(
          TopicEvent{.type = TopicEvent::Type::kResumed,
                     .position = {message.position.epoch, message.position.offset - 1}});
    }
    topic.keeps == TopicFeed::Keeps::kLatest ? topic.ring.Replace(message, now_ms())
                                             : topic.ring.Add(message, now_ms());
  }
  entries_.push_back(std::move(message));
}

void SharedTopics::Report(const TopicEvent& event) {
  Topic& topic = *current_;
  topic.told = event.position.epoch;
  if (event.type == TopicEvent::Type::kJoined) return;  // nobody has joined yet
  topic.ring.Clear();
  topic.trimmed = 0;
  CountGap(topic, event.reason);
  entries_.push_back(event);
  std::get<TopicEvent>(entries_.back()).latest_only = topic.keeps == TopicFeed::Keeps::kLatest;
}

void SharedTopics::CountGap(const Topic& topic, GapReason reason) {
  counts_.gaps[static_cast<size_t>(reason)] += 1;
  if (now_ms() < gap_logged_ms_ + kLogMs) return;
  gap_logged_ms_ = now_ms();
  LogLine(LogLevel::kWarning,
          absl::StrCat("topic ", Quote(topic.name), ": a gap: ", GapReasonName(reason)));
}

void SharedTopics::LogLine(LogLevel level, absl::string_view text) const {
  if (level >= options_.min_log_level) Log(options_.log, level, text);
}

absl::Duration SharedTopics::away() const {
  const int64_t since_ms = away_since_ms_;
  return since_ms == kUp ? absl::ZeroDuration() : absl::Milliseconds(now_ms() - since_ms);
}

void SharedTopics::AddCounts(TopicCountersOf<uint64_t>& sum) const {
  const auto add = [](auto& to, const auto& from) {
    for (size_t i = 0; i < to.size(); ++i) to[i] += from[i];
  };
  add(sum.published, counts_.published);
  add(sum.gaps, counts_.gaps);
  sum.publish_time.Add(counts_.publish_time);
  sum.lag.Add(counts_.lag);
  sum.published[static_cast<size_t>(PublishOutcome::kRefused)] +=
      refused_.load(std::memory_order_relaxed);
  sum.refused += refused_joins_.load(std::memory_order_relaxed);
  sum.received += counts_.received;
  sum.healed += counts_.healed;
  sum.duplicates += counts_.duplicates;
  sum.malformed += counts_.malformed;
  sum.reads += counts_.reads;
  sum.joined += counts_.joined;
  sum.resumed += counts_.resumed;
  sum.skipped += counts_.skipped;
  sum.paused_ms += counts_.paused_ms;
  sum.lost += counts_.lost;
  sum.topics += counts_.topics;
}

}  // namespace weft
