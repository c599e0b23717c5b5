#include "weft/server/topics/topic_feed.h"

#include <utility>
#include <vector>

namespace weft {

// Messages that arrived while the feed was reading, in their order of arrival.
struct TopicFeed::Held {
  std::vector<TopicMessage> messages;
  size_t bytes = 0;

  // The first of them arrived before the feed asked for the page. So the page was read after the
  // store had them, and they are in it, or before it, or the store has forgotten them.
  size_t before_read = 0;
};

namespace {

Position Before(const TopicMessage& message) {
  return {message.position.epoch, message.position.offset - 1};
}

// The place before the last message.
Position BeforeLast(const TopicState& state) {
  const uint64_t offset = state.position.offset;
  return {state.position.epoch, offset > 0 ? offset - 1 : 0};
}

// Whether it is the state of a topic with history.
bool CanBe(const TopicState& state) {
  return state.position.is_set() && state.position.offset <= Position::kMaxOffset &&
         state.previous_end.offset <= state.position.offset;
}

}  // namespace

TopicFeed::TopicFeed(Keeps keeps) : keeps_(keeps) {}
TopicFeed::TopicFeed(TopicFeed&&) noexcept = default;
TopicFeed& TopicFeed::operator=(TopicFeed&&) noexcept = default;
TopicFeed::~TopicFeed() = default;

void TopicFeed::OnMessage(TopicMessage message, Output& output) {
  if (keeps_ != Keeps::kNothing && message.position.is_set() && !message.position.is_message()) {
    ++output.counts.malformed;
    return;
  }
  switch (stage_) {
    case Stage::kReading:
      if (message.position.is_set()) return Hold(std::move(message), output);
      break;
    case Stage::kEntering:
      if (keeps_ == Keeps::kNothing) {
        Enter(Position(), output);
      } else if (message.position.is_set()) {
        Enter(Before(message), output);
      } else {
        return;  // nobody has joined yet
      }
      break;
    case Stage::kMissed:
      stage_ = Stage::kLive;
      ReportGap(GapReason::kMissed, Position(), std::nullopt, output);
      break;
    case Stage::kUnreadable:
      if (const Fit fit = FitOf(message); fit == Fit::kHole) {
        // Only the history can tell whether another epoch is the next one or an earlier one. So it
        // is read again.
        const bool same_epoch = message.position.epoch == position_.epoch;
        ReportGap(GapReason::kUnreadable, same_epoch ? Before(message) : position_, std::nullopt,
                  output);
        stage_ = Stage::kLive;
      } else if (fit == Fit::kNext && message.position.is_set()) {
        stage_ = Stage::kLive;
      }
      break;
    case Stage::kLive:
      break;
  }
  Place(std::move(message), output);
}

void TopicFeed::OnState(const TopicState& state, Output& output) {
  if (keeps_ != Keeps::kNothing && !CanBe(state)) {
    ++output.counts.malformed;
    return;
  }
  switch (stage_) {
    case Stage::kEntering:
      if (keeps_ == Keeps::kLatest) {
        Enter(BeforeLast(state), output);
        break;  // reads the present value
      }
      return Enter(keeps_ == Keeps::kNothing ? Position() : state.position, output);
    case Stage::kMissed:
      stage_ = Stage::kLive;
      return ReportGap(GapReason::kMissed, Position(), std::nullopt, output);
    case Stage::kReading:
      // Messages that were sent while the connection was lost may be later than the page.
      read_again_ = rechecked_ = true;
      return;
    case Stage::kUnreadable:
      return AskForPage(output);
    case Stage::kLive:
      break;
  }
  if (keeps_ == Keeps::kNothing) return;
  if (state.position.epoch == position_.epoch && state.position.offset <= position_.offset) return;
  if (state.position.offset == position_.offset && !state.GapAfter(position_).has_value()) {
    position_ = state.position;  // the same place in a new epoch
    return;
  }
  // Also if the state says that there is a gap: it may be older than the last message, and a page
  // that is asked for now is not.
  AskForPage(output);
}

void TopicFeed::OnPage(uint32_t read, HistoryPage page, Output& output) {
  if (stage_ != Stage::kReading || read != read_) return;
  const TopicState& state = page.state;
  if (page.since != position_ || !CanBe(state)) {
    ++output.counts.malformed;
    return OnUnreadable(read, output);
  }
  if (const std::optional<GapReason> gap = state.GapAfter(position_)) {
    // Of the present epoch the messages after its start are new here, unless this feed has been in
    // it: then the store is behind, and the feed goes back to where the store is.
    const bool same_epoch = state.position.epoch == position_.epoch;
    ReportGap(*gap,
              same_epoch                 ? state.position
              : keeps_ == Keeps::kLatest ? BeforeLast(state)
                                         : state.start(),
              std::nullopt, output);
    if (position_.offset < state.position.offset) return AskForPage(output);
  } else {
    position_.epoch = state.position.epoch;
  }
  const uint64_t before = position_.offset;
  for (TopicMessage& message : page.messages) {
    if (!message.position.is_message() || message.position.epoch != state.position.epoch ||
        message.position.offset > state.position.offset) {
      ++output.counts.malformed;
      continue;
    }
    switch (FitOf(message)) {
      case Fit::kHole:
        ReportGap(GapReason::kTooOld, Before(message),
                  message.position.offset - 1 - position_.offset, output);
        [[fallthrough]];
      case Fit::kNext:
        ++output.counts.healed;
        Deliver(std::move(message), output);
        break;
      case Fit::kDuplicate:
        ++output.counts.duplicates;
        break;
    }
  }
  if (position_.offset == before && before < state.position.offset) {
    ReportGap(GapReason::kTooOld, state.position, state.position.offset - before, output);
  }
  if (position_.offset < state.position.offset || read_again_) return AskForPage(output);
  Continue(output);
}

void TopicFeed::OnUnreadable(uint32_t read, Output& output) {
  if (stage_ != Stage::kReading || read != read_) return;
  stage_ = Stage::kUnreadable;
  // Something after the held messages may be missing, and nothing else will show it.
  const bool more_missing = read_again_ || rechecked_;
  read_again_ = rechecked_ = false;
  if (const std::unique_ptr<Held> held = std::move(held_)) {
    for (TopicMessage& message : held->messages) OnMessage(std::move(message), output);
  }
  if (stage_ == Stage::kReading) return;
  if (more_missing) stage_ = Stage::kUnreadable;
  if (stage_ == Stage::kUnreadable) {
    ReportGap(GapReason::kUnreadable, position_, std::nullopt, output);
  }
}

// With history the next state, or the next message, shows whether anything is missing.
void TopicFeed::OnLost() {
  if (keeps_ == Keeps::kNothing && stage_ == Stage::kLive) stage_ = Stage::kMissed;
}

size_t TopicFeed::held_bytes() const { return held_ == nullptr ? 0 : held_->bytes; }

void TopicFeed::ForgetHeld(Output& output) {
  if (held_ == nullptr) return;
  output.counts.forgotten += held_->messages.size();
  held_ = nullptr;
  read_again_ = true;
}

TopicFeed::Fit TopicFeed::FitOf(const TopicMessage& message) const {
  // One without a position comes from a publisher whose options say that the topic has no history:
  // nobody can tell where it belongs, and it must not be lost.
  if (keeps_ == Keeps::kNothing || !message.position.is_set()) return Fit::kNext;
  if (message.position.epoch != position_.epoch) return Fit::kHole;
  if (message.position.offset <= position_.offset) return Fit::kDuplicate;
  return message.position.offset == position_.offset + 1 || keeps_ == Keeps::kLatest ? Fit::kNext
                                                                                     : Fit::kHole;
}

void TopicFeed::Enter(Position position, Output& output) {
  stage_ = Stage::kLive;
  position_ = position;
  output.Report({.type = TopicEvent::Type::kJoined, .position = position});
}

void TopicFeed::ReportGap(GapReason reason, Position position, std::optional<uint64_t> missed,
                          Output& output) {
  position_ = position;
  // Earlier values do not matter. That there may be a later one does.
  if (keeps_ == Keeps::kLatest && reason != GapReason::kUnreadable) return;
  output.Report(
      {.type = TopicEvent::Type::kGap, .position = position, .reason = reason, .missed = missed});
}

void TopicFeed::Place(TopicMessage message, Output& output) {
  switch (FitOf(message)) {
    case Fit::kNext:
      return Deliver(std::move(message), output);
    case Fit::kDuplicate:
      ++output.counts.duplicates;
      return;
    case Fit::kHole:
      Hold(std::move(message), output);
      return AskForPage(output);
  }
}

void TopicFeed::Deliver(TopicMessage message, Output& output) {
  if (keeps_ != Keeps::kNothing && message.position.is_set()) position_ = message.position;
  output.Deliver(std::move(message));
}

void TopicFeed::Hold(TopicMessage message, Output& output) {
  if (held_ == nullptr) held_ = std::make_unique<Held>();
  const size_t bytes = message.bytes();
  if (held_->messages.size() == kMaxHeldMessages || bytes > kMaxHeldBytes - held_->bytes) {
    ForgetHeld(output);
    ++output.counts.forgotten;
    read_again_ = true;
    return;
  }
  held_->bytes += bytes;
  held_->messages.push_back(std::move(message));
}

void TopicFeed::AskForPage(Output& output) {
  stage_ = Stage::kReading;
  read_again_ = false;
  if (held_ != nullptr) held_->before_read = held_->messages.size();
  read_ = static_cast<uint32_t>(++output.counts.reads);
  output.Read(read_, position_);
}

// The feed has reached the last message of the page that it asked for, and continues with those
// that it holds.
void TopicFeed::Continue(Output& output) {
  stage_ = Stage::kLive;
  rechecked_ = false;
  const std::unique_ptr<Held> held = std::move(held_);
  if (held == nullptr) return;
  for (size_t i = 0; i < held->messages.size(); ++i) {
    TopicMessage& message = held->messages[i];
    if (i < held->before_read && FitOf(message) == Fit::kHole) {
      // Its epoch ended before the page was read, or it was never in the store.
      ++output.counts.disowned;
      continue;
    }
    OnMessage(std::move(message), output);  // holds it, and the rest, if it has to read again
  }
}

}  // namespace weft
