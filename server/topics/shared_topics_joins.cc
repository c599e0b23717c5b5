// Sessions that join a topic.

#include <algorithm>
#include <utility>

#include "weft/loop/event_loop.h"
#include "weft/server/topics/shared_topics.h"

namespace weft {
namespace {

// How far back a read for sessions that join begins, at most, so that it serves those that come
// next: about half of a page.
constexpr size_t kReadAheadBytes = HistoryPage::kMaxBytes / 2;

}  // namespace

// Answers the sessions that can be answered, and asks for the history that others need.
void SharedTopics::Serve(Topic& topic) {
  if (topic.joins == nullptr || !topic.feed.joined()) return;
  Recipients recipients;
  bool reads = false;
  bool waits = false;
  uint64_t lowest = topic.feed.position().offset;  // that is needed
  uint64_t next = Position::kMaxOffset;            // the lowest one whose turn has not been
  for (auto& [key, join] : topic.joins->waiting) {
    const auto [loop, number] = key;
    if (outlets_[loop].waits()) {
      WaitForRoom(topic, loop);
      continue;
    }
    const Decision decision = Decide(topic, join);
    switch (decision.kind) {
      case Decision::Kind::kAnswer:
        recipients[loop].push_back({number, decision.event, decision.since});
        break;
      case Decision::Kind::kRead:
        reads = true;
        lowest = std::min(lowest, decision.since);
        if (decision.since >= topic.joins->turn) next = std::min(next, decision.since);
        break;
      case Decision::Kind::kWait:
        waits = true;
        break;
    }
  }
  if (next == Position::kMaxOffset) {
    topic.joins->turn = 0;
    next = lowest;
  }
  if (reads) ReadForJoins(topic, next);
  if (waits && topic.feed.unreadable() && !std::exchange(topic.joins->is_checking, true)) {
    broker_->CheckPositions({&topic.name, 1});
  }
  Answer(topic, recipients);
}

SharedTopics::Decision SharedTopics::Joined(Position at) {
  return {.kind = Decision::Kind::kAnswer,
          .event = TopicEvent{.type = TopicEvent::Type::kJoined, .position = at},
          .since = at.offset};
}

SharedTopics::Decision SharedTopics::Resumed(Position at) {
  return {.kind = Decision::Kind::kAnswer,
          .event = TopicEvent{.type = TopicEvent::Type::kResumed, .position = at},
          .since = at.offset};
}

SharedTopics::Decision SharedTopics::Gap(GapReason reason, Position at) {
  return {.kind = Decision::Kind::kAnswer,
          .event = TopicEvent{.type = TopicEvent::Type::kGap, .position = at, .reason = reason},
          .since = at.offset};
}

SharedTopics::Decision SharedTopics::Decide(Topic& topic, Waiting& join) {
  const Position now = topic.feed.position();
  switch (topic.keeps) {
    case TopicFeed::Keeps::kNothing:
      // A position is of a time when the topic had a history.
      return join.since.has_value() ? Gap(GapReason::kOtherEpoch, now) : Joined(now);
    case TopicFeed::Keeps::kLatest:
      return DecideLatest(topic, join);
    case TopicFeed::Keeps::kHistory:
      return join.since.has_value() ? DecideHistory(topic, join) : Joined(now);
  }
  return Joined(now);
}

// The present value comes first.
SharedTopics::Decision SharedTopics::DecideLatest(Topic& topic, const Waiting& join) {
  const Position now = topic.feed.position();
  if (!HasValue(topic)) topic.ring.Clear();  // the store has forgotten it
  if (join.since == now) return Resumed(now);
  const bool is_kept = !topic.ring.empty() && now_ms() - topic.ring.last_ms() <
                                                  EventLoop::Milliseconds(topic.history_time);
  Decision decision = Joined(now);
  if (is_kept) decision.since = --decision.event->position.offset;
  return decision;
}

SharedTopics::Decision SharedTopics::DecideHistory(Topic& topic, Waiting& join) {
  const Position now = topic.feed.position();
  const bool knows_epoch = topic.state.position.epoch == now.epoch;
  const Decision read = {.kind = Decision::Kind::kRead, .since = now.offset};
  if (join.since->epoch != now.epoch) {
    if (!knows_epoch) return read;
    if (const auto gap = topic.state.GapAfter(*join.since)) {
      // Another node may have shown the session an epoch that this one does not know yet.
      return *gap == GapReason::kOtherEpoch && !join.is_checked ? read : Gap(*gap, now);
    }
    join.since->epoch = now.epoch;  // where both are the same
    join.is_told = false;           // of this epoch
  }
  const uint64_t since = join.since->offset;
  if (since > now.offset) {
    // The session has seen messages at another node that are on their way to this one; or those
    // that the store has forgotten.
    if (knows_epoch && since <= topic.state.position.offset) return {.kind = Decision::Kind::kWait};
    return join.is_checked ? Gap(GapReason::kAhead, now) : read;
  }
  if (since < now.offset && !topic.ring.Has(since)) {
    if (since >= topic.trimmed) return {.kind = Decision::Kind::kRead, .since = since};
    Decision decision = Gap(GapReason::kTooOld, now);
    decision.event->missed = now.offset - since;
    return decision;
  }
  Decision decision = Resumed({now.epoch, since});
  if (join.is_told) decision.event = std::nullopt;
  return decision;
}

// Whether the ring has the present value: it is the last message of the feed, or was in the
// previous epoch, of which nothing was lost.
bool SharedTopics::HasValue(const Topic& topic) {
  if (topic.ring.empty()) return false;
  const Position last = topic.ring.last().position;
  const Position now = topic.feed.position();
  if (last.offset != now.offset) return false;
  return last.epoch == now.epoch ||
         (topic.state.position.epoch == now.epoch && !topic.state.GapAfter(last).has_value());
}

// They become members: the ring ends where the feed is.
void SharedTopics::Answer(Topic& topic, Recipients& recipients) {
  for (auto& [loop, to] : recipients) {
    Give(topic, loop, absl::MakeSpan(to), topic.ring.After(0), /*is_last=*/true);
  }
  if (topic.joins->waiting.empty() && !topic.joins->is_reading) topic.joins = nullptr;
}

// Gives sessions of a loop their events, and the messages that are new to them. With `is_last`
// these are all, and the sessions become members. If the loop has no room, the remaining sessions
// wait, and continue later after the messages that they have got.
void SharedTopics::Give(Topic& topic, uint32_t loop, absl::Span<Recipient> to,
                        absl::Span<const TopicMessage> messages, bool is_last) {
  std::sort(to.begin(), to.end(),
            [](const Recipient& a, const Recipient& b) { return a.since < b.since; });
  const size_t most =
      std::max(outlets_[loop].always_fits() / 4 / sizeof(TopicUpdate::Answer), size_t{1});
  for (; !to.empty(); to.remove_prefix(std::min(most, to.size()))) {
    if (!GiveSome(topic, loop, to.subspan(0, most), messages, is_last)) {
      return WaitForRoom(topic, loop);
    }
  }
}

// As Give(), to a number of sessions whose answers fit into an update: in order of their offsets.
bool SharedTopics::GiveSome(Topic& topic, uint32_t loop, absl::Span<Recipient> to,
                            absl::Span<const TopicMessage> messages, bool is_last) {
  LoopOutlet& outlet = outlets_[loop];
  const size_t most_bytes = outlet.always_fits() / 2;
  while (!messages.empty() && messages.front().position.offset <= to.front().since) {
    messages.remove_prefix(1);
  }
  do {
    TopicUpdate update = {.topic = topic.name};
    size_t count = 0;
    for (size_t bytes = 0; count < messages.size(); ++count) {
      bytes += TopicUpdate::CostOf(messages[count]);
      if (count > 0 && bytes > most_bytes) break;
      update.entries.emplace_back(messages[count]);
    }
    const bool ends = is_last && count == messages.size();
    const absl::Span<const TopicMessage> given = messages.first(count);
    size_t served = 0;
    for (; served < to.size(); ++served) {
      const auto first = std::partition_point(
          given.begin(), given.end(), [since = to[served].since](const TopicMessage& message) {
            return message.position.offset <= since;
          });
      if (first == given.end() && !ends) break;  // its messages come later
      std::optional<TopicEvent> event = to[served].event;
      if (event.has_value()) event->latest_only = topic.keeps == TopicFeed::Keeps::kLatest;
      update.answers.push_back({.number = to[served].number,
                                .event = event,
                                .first = static_cast<size_t>(first - given.begin()),
                                .is_last = ends});
    }
    const auto shared = std::make_shared<const TopicUpdate>(std::move(update));
    FlushOutletsLater();
    if (!outlet.Answer(shared)) {
      if (count != 1 || outlet.CanEverFit(*shared)) return false;
      // Nobody on this loop can be given this message.
      for (Recipient& each : to.first(served)) {
        const Decision gap = Gap(GapReason::kOverfull, topic.feed.position());
        each = {each.number, gap.event, gap.since};
      }
      if (!GiveSome(topic, loop, to.first(served), {}, /*is_last=*/true)) return false;
      to.remove_prefix(served);
    } else {
      for (Recipient& each : to.first(served)) {
        if (each.event.has_value()) CountEvent(topic, *std::exchange(each.event, std::nullopt));
        if (ends) {
          topic.joins->waiting.erase({loop, each.number});
          continue;
        }
        Waiting& join = topic.joins->waiting[{loop, each.number}];
        join.is_told = true;
        join.since = given.back().position;
      }
    }
    messages.remove_prefix(count);
  } while (!to.empty() && !messages.empty());
  return true;
}

void SharedTopics::WaitForRoom(const Topic& topic, uint32_t loop) {
  outlets_[loop].Wait(topic.name);
  CheckOutletsLater();
}

void SharedTopics::CountEvent(const Topic& topic, const TopicEvent& event) {
  switch (event.type) {
    case TopicEvent::Type::kJoined:
      counts_.joined += 1;
      break;
    case TopicEvent::Type::kResumed:
      counts_.resumed += 1;
      break;
    case TopicEvent::Type::kGap:
      CountGap(topic, event.reason);
      break;
  }
}

// ---- Their reads ----

// From the position, or from a little before it, so that sessions that come soon find their
// messages in the ring. Where the last page did not reach the ring, exactly from the position: a
// page is limited in bytes, and one that begins earlier may end before the messages that are
// needed.
void SharedTopics::ReadForJoins(Topic& topic, uint64_t position) {
  const Position now = topic.feed.position();
  Joins& joins = *topic.joins;
  if (joins.is_reading || joins.blocked_in == now.epoch) return;
  joins.is_reading = true;
  uint64_t since = position;
  if (joins.turn == 0) {
    const size_t each = topic.ring.empty() ? kReadAheadBytes / TopicRing::kMessages
                                           : topic.ring.bytes() / topic.ring.size();
    const uint64_t back = std::clamp(kReadAheadBytes / std::max(each, size_t{1}), size_t{1},
                                     HistoryPage::kMaxMessages);
    const uint64_t ahead = std::max(now.offset - std::min(now.offset, back), topic.trimmed);
    since = std::min(position, ahead);
  }
  reads_.push_back({.topic = topic.name, .number = topic.number, .since = {now.epoch, since}});
  StartReads();
}

void SharedTopics::OnJoinsPage(Topic& topic, Position since, HistoryPage page) {
  if (topic.joins == nullptr) return;
  topic.joins->is_reading = false;
  const Position now = topic.feed.position();
  if (page.state.position.epoch != now.epoch || since.epoch != now.epoch) {
    // The store was restarted, and the feed does not know yet, or has just learnt it.
    if (page.state.position.epoch != now.epoch) {
      topic.joins->blocked_in = now.epoch;
      broker_->CheckPositions({&topic.name, 1});
    }
    return Serve(topic);
  }
  for (auto& [key, join] : topic.joins->waiting) join.is_checked |= join.is_asked;
  const uint64_t first = page.messages.empty() ? std::max(page.state.position.offset, now.offset)
                                               : page.messages.front().position.offset - 1;
  if (first > since.offset) topic.trimmed = std::max(topic.trimmed, first);
  // Messages that the feed has not delivered yet follow live.
  absl::Span<const TopicMessage> messages = page.messages;
  while (!messages.empty() && messages.back().position.offset > now.offset) {
    messages.remove_suffix(1);
  }
  const size_t ring_bytes = topic.ring.bytes();
  const bool is_added = topic.ring.AddBefore(messages, now.offset, now_ms());
  CountRing(topic, ring_bytes);
  if (is_added) {
    topic.joins->turn = 0;
    ShrinkLater(topic);
  } else {
    topic.joins->turn = messages.back().position.offset;
    SendPart(topic, messages);
  }
  Serve(topic);
}

// The ring does not take the page: gives it to the sessions for which it is next, and they continue
// from there. The next read serves the next position, and those before it wait for their turn:
// otherwise sessions with old positions that keep coming would delay all others without end.
void SharedTopics::SendPart(Topic& topic, absl::Span<const TopicMessage> messages) {
  Recipients recipients;
  const uint64_t first = messages.front().position.offset;
  const Position last = messages.back().position;
  for (const auto& [key, join] : topic.joins->waiting) {
    const auto [loop, number] = key;
    if (!join.since.has_value() || join.since->epoch != last.epoch ||
        join.since->offset + 1 < first || join.since->offset >= last.offset ||
        outlets_[loop].waits()) {
      continue;
    }
    recipients[loop].push_back(
        {number, join.is_told ? std::nullopt : Resumed(*join.since).event, join.since->offset});
  }
  for (auto& [loop, to] : recipients) {
    Give(topic, loop, absl::MakeSpan(to), messages, /*is_last=*/false);
  }
}

// The history cannot be read: those that need it get a gap.
void SharedTopics::EndJoins(Topic& topic) {
  if (topic.joins == nullptr) return;
  topic.joins->blocked_in = Epoch();
  Recipients recipients;
  for (auto& [key, join] : topic.joins->waiting) {
    const auto [loop, number] = key;
    if (outlets_[loop].waits()) {
      WaitForRoom(topic, loop);
      continue;
    }
    Decision decision = Decide(topic, join);
    if (decision.kind != Decision::Kind::kAnswer) {
      decision = Gap(GapReason::kUnreadable, topic.feed.position());
    }
    recipients[loop].push_back({number, decision.event, decision.since});
  }
  Answer(topic, recipients);
}

// The ring keeps the messages of a page for those that come soon, and no longer.
void SharedTopics::ShrinkLater(Topic& topic) {
  if (topic.ring.size() <= TopicRing::kMessages && topic.ring.bytes() <= TopicRing::kBytes) return;
  if (std::exchange(topic.shrink_due, true)) return;
  broker_->Post(TopicRing::kLarge, [this, name = topic.name, number = topic.number] {
    Topic* const topic = Find(name);
    if (topic == nullptr || topic->number != number) return;
    topic->shrink_due = false;
    const size_t ring_bytes = topic->ring.bytes();
    topic->ring.Shrink(now_ms());
    CountRing(*topic, ring_bytes);
    ShrinkLater(*topic);
  });
}

}  // namespace weft
