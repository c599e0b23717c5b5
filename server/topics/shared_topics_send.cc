// Updates on their way to the loops, and reads of the history.

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "weft/core/http/quote.h"
#include "weft/server/topics/shared_topics.h"

namespace weft {
namespace {

// A read that fails is repeated after this time, then twice of it, and so on.
constexpr absl::Duration kFirstRetry = absl::Milliseconds(100);
constexpr int kMaxFailures = 5;

// An update with more messages than one has at most this number of bytes: a loop need not have room
// for all that arrives at once.
constexpr size_t kMaxUpdateBytes = 128 << 10;

// How often a loop without room is looked at.
constexpr absl::Duration kCheckOutlets = absl::Milliseconds(10);

}  // namespace

// ---- Updates to loops ----

void SharedTopics::SendToMembers(Topic& topic) {
  const auto send = [&](std::vector<TopicUpdate::Entry> entries) {
    const auto update = std::make_shared<const TopicUpdate>(
        TopicUpdate{.topic = topic.name, .entries = std::move(entries)});
    for (const Slot& slot : topic.slots) Send(slot.loop, update);
  };
  std::vector<TopicUpdate::Entry> entries = std::exchange(entries_, {});
  size_t first = 0;
  size_t bytes = 0;
  for (size_t i = 0; i < entries.size(); ++i) {
    const TopicMessage* const message = std::get_if<TopicMessage>(&entries[i]);
    const size_t more = message == nullptr ? 0 : message->bytes();
    if (bytes > 0 && bytes + more > kMaxUpdateBytes) {
      send({std::make_move_iterator(entries.begin() + static_cast<ptrdiff_t>(first)),
            std::make_move_iterator(entries.begin() + static_cast<ptrdiff_t>(i))});
      first = i;
      bytes = 0;
    }
    bytes += more;
  }
  if (first > 0) entries.erase(entries.begin(), entries.begin() + static_cast<ptrdiff_t>(first));
  if (!entries.empty()) send(std::move(entries));
}

void SharedTopics::Send(size_t loop, LoopOutlet::Update update) {
  LoopOutlet& outlet = outlets_[loop];
  if (outlet.state() == LoopOutlet::State::kSkipped) return Miss(loop, *update);
  outlet.Send(std::move(update), now_ms());
  FlushOutletsLater();
  if (outlet.state() == LoopOutlet::State::kOpen) return;
  outlet.WasSkippedLately(now_ms()) ? Skip(loop) : Pause(true);
  CheckOutletsLater();
}

void SharedTopics::Skip(size_t loop) {
  for (const LoopOutlet::Update& update : outlets_[loop].Skip()) Miss(loop, *update);
}

// The loop will not get this update: its members get a gap when it has room again.
void SharedTopics::Miss(size_t loop, const TopicUpdate& update) {
  counts_.skipped += 1;
  Topic* const topic = Find(update.topic);
  if (topic == nullptr) return;
  const auto slot = topic->FindSlot(loop);
  if (slot == topic->slots.end()) return;
  slot->missed = true;
  outlets_[loop].Wait(topic->name);
}

// The updates of one turn of the broker's thread wake each loop once.
void SharedTopics::FlushOutletsLater() {
  if (std::exchange(flush_due_, true)) return;
  broker_->Post(absl::ZeroDuration(), [this] {
    flush_due_ = false;
    FlushOutlets();
  });
}

void SharedTopics::FlushOutlets() {
  for (LoopOutlet& outlet : outlets_) outlet.Flush();
}

void SharedTopics::CheckOutletsLater() {
  if (std::exchange(check_due_, true)) return;
  broker_->Post(kCheckOutlets, [this] { CheckOutlets(); });
}

void SharedTopics::CheckOutlets() {
  check_due_ = false;
  FlushOutletsLater();  // those that have room take what waits
  bool is_full = false;
  for (size_t loop = 0; loop < outlets_.size(); ++loop) {
    LoopOutlet& outlet = outlets_[loop];
    if (outlet.state() == LoopOutlet::State::kFull && !outlet.Retry() &&
        now_ms() - outlet.full_since_ms() >= absl::ToInt64Milliseconds(kMaxPause)) {
      Skip(loop);
      LogLine(LogLevel::kWarning,
              absl::StrCat("topics: loop ", loop, " has had no room for messages for ",
                           absl::FormatDuration(kMaxPause), ", and misses some"));
    }
    Reopen(loop);
    is_full |= outlet.state() == LoopOutlet::State::kFull;
    if (outlet.waits()) CheckOutletsLater();
  }
  Pause(is_full);
}

// Serves the topics that wait for room in the loop, if it has some.
void SharedTopics::Reopen(size_t loop) {
  for (const std::string& name : outlets_[loop].Reopen(now_ms())) {
    Topic* const topic = Find(name);
    if (topic == nullptr) continue;
    const auto slot = topic->FindSlot(loop);
    if (slot != topic->slots.end() && std::exchange(slot->missed, false)) TellOfGap(*topic, loop);
    Serve(*topic);
  }
}

// The members on the loop have missed an update. Of values only the last one matters.
void SharedTopics::TellOfGap(Topic& topic, size_t loop) {
  TopicUpdate update = {.topic = topic.name};
  if (topic.keeps == TopicFeed::Keeps::kLatest && HasValue(topic)) {
    update.entries.emplace_back(topic.ring.last());
  } else {
    const TopicEvent gap = {.type = TopicEvent::Type::kGap,
                            .position = topic.feed.position(),
                            .reason = GapReason::kOverfull,
                            .latest_only = topic.keeps == TopicFeed::Keeps::kLatest};
    CountEvent(topic, gap);
    update.entries.emplace_back(gap);
  }
  Send(loop, std::make_shared<const TopicUpdate>(std::move(update)));
}

void SharedTopics::Pause(bool paused) {
  if (paused == paused_) return;
  paused_ = paused;
  broker_->SetPaused(paused);
  if (paused) {
    paused_since_ms_ = now_ms();
  } else {
    counts_.paused_ms += static_cast<uint64_t>(now_ms() - paused_since_ms_);
    StartReads();
  }
}

// ---- Reads ----

void SharedTopics::Read(uint32_t read, Position since) {
  reads_.push_back(
      {.topic = current_->name, .number = current_->number, .feed_read = read, .since = since});
  StartReads();
}

// While the broker is away reads wait: they would fail, and count as failures. And while a loop has
// no room for what was read.
void SharedTopics::StartReads() {
  while (reads_under_way_ < kMaxReads && !reads_.empty() && !paused_ &&
         broker_->state() == BrokerState::kUp) {
    PendingRead next = std::move(reads_.front());
    reads_.pop_front();
    Topic* const topic = Find(next.topic);
    if (topic == nullptr || topic->number != next.number) continue;
    if (!next.feed_read.has_value()) {
      if (topic->joins == nullptr) continue;
      for (auto& [key, join] : topic->joins->waiting) join.is_asked = true;
    }
    ++reads_under_way_;
    counts_.reads += 1;
    const std::string name = next.topic;
    const Position since = next.since;
    broker_->Read(name, since, HistoryPage::kMaxMessages,
                  [this, next = std::move(next)](absl::StatusOr<HistoryPage> page) mutable {
                    --reads_under_way_;
                    OnRead(std::move(next), std::move(page));
                    StartReads();
                  });
  }
}

void SharedTopics::OnRead(PendingRead read, absl::StatusOr<HistoryPage> page) {
  Topic* const topic = Find(read.topic);
  if (topic == nullptr || topic->number != read.number) return;
  if (page.ok()) {
    NoteState(*topic, page->state);
    if (!read.feed_read.has_value()) return OnJoinsPage(*topic, read.since, *std::move(page));
    return WithFeed(
        *topic, [&](TopicFeed& feed) { feed.OnPage(*read.feed_read, *std::move(page), *this); });
  }
  if (broker_->state() != BrokerState::kUp) return reads_.push_back(std::move(read));
  if (++read.failures < kMaxFailures) {
    const absl::Duration delay = kFirstRetry * (1 << (read.failures - 1));
    return broker_->Post(delay, [this, read = std::move(read)]() mutable {
      reads_.push_back(std::move(read));
      StartReads();
    });
  }
  LogLine(LogLevel::kWarning,
          absl::StrCat("topic ", Quote(topic->name),
                       ": the history cannot be read: ", page.status().message()));
  if (!read.feed_read.has_value()) {
    if (topic->joins != nullptr) topic->joins->is_reading = false;
    return EndJoins(*topic);
  }
  WithFeed(*topic, [&](TopicFeed& feed) { feed.OnUnreadable(*read.feed_read, *this); });
  // Sessions that wait for the feed to learn the epoch of the store would wait for long.
  if (topic->joins != nullptr && topic->joins->blocked_in.is_set()) EndJoins(*topic);
}

}  // namespace weft
