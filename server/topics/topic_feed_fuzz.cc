// Fuzzes a TopicFeed against a model of a store, and of the two connections of a node to it. The
// input chooses what happens: messages are published, and arrive late; the history is short, and
// expires; the connection is lost; reads fail, and their pages are overtaken; the store is
// restarted, forgets its latest messages, or everything; what arrives comes twice, too late, or
// cannot be. For every input all messages are delivered
// once and in order, or a gap explains why not, and no gap is needless.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "weft/cluster/testing/delivery_checker.h"
#include "weft/core/encoded_message.h"
#include "weft/core/frame/opcode.h"
#include "weft/core/testing/choices.h"
#include "weft/core/testing/require.h"
#include "weft/server/topics/position.h"
#include "weft/server/topics/topic_event.h"
#include "weft/server/topics/topic_feed.h"
#include "weft/server/topics/topic_history.h"

namespace weft {
namespace {

using testing::Choices;
using testing::DeliveryChecker;
using testing::Require;
using Keeps = TopicFeed::Keeps;

// The topic in the store.
class Store {
 public:
  Store(DeliveryChecker& checker, bool has_positions, size_t max_kept)
      : checker_(checker), has_positions_(has_positions), max_kept_(max_kept) {
    Empty();
  }

  TopicMessage Publish(size_t bytes) {
    // The number of the message, and padding.
    std::string payload = absl::StrCat(++published_, " ");
    payload.resize(std::max(bytes, payload.size()), 'x');
    TopicMessage message = {.message = *EncodedMessage::Make(Opcode::kText, payload)};
    if (!has_positions_) return message;
    ++state_.position.offset;
    message.position = state_.position;
    checker_.Stored(message.position, payload);
    history_.push_back(message);
    if (history_.size() > max_kept_) history_.pop_front();
    checker_.Trimmed(history_.front().position.offset - 1);
    return message;
  }

  HistoryPage Read(Position since, size_t limit) const {
    HistoryPage page = {.since = since, .state = state_};
    if (state_.GapAfter(since).has_value()) return page;
    for (const TopicMessage& message : history_) {
      if (message.position.offset <= since.offset || page.messages.size() == limit) continue;
      page.messages.push_back(message);
      page.messages.back().position.epoch = state_.position.epoch;
    }
    return page;
  }

  // Another process has restored the topic without its last `forgotten` messages.
  void Restart(size_t forgotten) {
    const uint64_t kept = state_.position.offset - std::min(state_.position.offset, forgotten);
    while (starts_.back().offset > kept) starts_.pop_back();
    while (!history_.empty() && history_.back().position.offset > kept) history_.pop_back();
    ++restarts_;
    state_.previous_end = {starts_.back().epoch, kept};
    state_.position = {NewEpoch(), kept};
    starts_.push_back(state_.position);
    checker_.Restarted(state_.position.epoch, kept);
  }

  void Empty() {
    ++restarts_;
    history_.clear();
    state_ = {.position = {NewEpoch(), 0}};
    starts_ = {state_.position};
    checker_.Began(state_.position.epoch);
  }

  void Expire() {
    history_.clear();
    checker_.Trimmed(state_.position.offset);
  }

  uint64_t published() const { return published_; }
  uint64_t restarts() const { return restarts_; }

  TopicState state() const { return has_positions_ ? state_ : TopicState(); }
  const std::deque<TopicMessage>& history() const { return history_; }

 private:
  Epoch NewEpoch() { return Epoch::FromNumber(++epochs_); }

  DeliveryChecker& checker_;
  const bool has_positions_;
  const size_t max_kept_;
  uint64_t published_ = 0;
  uint64_t epochs_ = 0;
  uint64_t restarts_ = 0;  // and how often it was emptied
  TopicState state_;
  std::deque<Position> starts_;  // of the epochs of which messages may be left
  std::deque<TopicMessage> history_;
};

uint64_t NumberOf(const TopicMessage& message) {
  uint64_t number = 0;
  for (const char digit : message.message.payload()) {
    if (digit == ' ') break;
    number = number * 10 + static_cast<uint64_t>(digit - '0');
  }
  return number;
}

// A node with a feed, and the store.
class Run : public TopicFeed::Output {
 public:
  explicit Run(Choices& choices)
      : choices_(choices),
        keeps_(choices.Of({Keeps::kHistory, Keeps::kHistory, Keeps::kNothing, Keeps::kLatest})),
        store_(checker_, keeps_ != Keeps::kNothing,
               keeps_ == Keeps::kLatest ? 1 : choices.Of({4, 1, 20, 2000})),
        page_limit_(choices.Of({3, 1, 256})),
        feed_(keeps_) {
    Connect();
  }

  void Go() {
    while (!choices_.done()) {
      Act();
      Require(feed_.held_bytes() <= TopicFeed::kMaxHeldBytes, "the held messages are limited");
    }
    Settle();
  }

 private:
  void Act() {
    switch (choices_.Below(20)) {
      case 0:
      case 1:
      case 2:
        return Publish(0);
      case 3:
        return Publish(large_-- > 0 ? 400 << 10 : 0);
      case 4:
      case 5:
      case 6:
        return Arrive();
      case 7:
        return Execute();
      case 8:
        return Answer();
      case 9:
        Execute();
        if (!answers_.empty()) std::swap(answers_.front(), answers_.back());
        return Answer();
      case 10:
        return Lose();
      case 11:
        return Connect();
      case 12:
        quiet_ = connected_;
        return store_.Restart(choices_.Below(6));
      case 13:
        quiet_ = connected_;
        return store_.Empty();
      case 14:
        return store_.Expire();
      case 15:
        return FailRead(/*checks=*/true);
      case 16:
        return FailRead(/*checks=*/false);
      case 17:
        return Repeat();
      case 18:
        return Forge();
      default:
        return ArriveWithoutPosition();
    }
  }

  // ---- The node ----

  void Deliver(TopicMessage message) override {
    Require(feed_.joined(), "delivers after the node has joined");
    Require(!silent_, "delivers nothing that cannot be");
    if (keeps_ != Keeps::kNothing && !message.position.is_set()) {
      ++without_position_;
      return;
    }
    switch (keeps_) {
      case Keeps::kHistory:
        return checker_.Delivered(0, message.position, message.message.payload());
      case Keeps::kNothing:
        Require(!lost_, "a gap before the next message");
        Require(after_gap_ ? NumberOf(message) > last_ : NumberOf(message) == last_ + 1,
                "messages are in order, and none is left out");
        after_gap_ = false;
        break;
      case Keeps::kLatest:
        // Of a store that has forgotten the last value, an earlier one may be the latest.
        Require(NumberOf(message) > last_ || last_restarts_ < store_.restarts(),
                "values do not go back");
        last_restarts_ = restarts_when_[NumberOf(message)];
        break;
    }
    last_ = NumberOf(message);
  }

  void Report(const TopicEvent& event) override {
    Require(!silent_, "reports nothing that cannot be");
    if (event.type == TopicEvent::Type::kGap && event.reason == GapReason::kUnreadable) {
      Require(unreadable_, "a read was given up");
      told_ = true;
      if (keeps_ == Keeps::kLatest) return;
    }
    if (keeps_ == Keeps::kHistory) return checker_.Reported(0, event);
    const bool joined = event.type == TopicEvent::Type::kJoined;
    Require(joined != std::exchange(reported_, true), "joins once, and before all else");
    if (joined) return;
    Require(keeps_ == Keeps::kNothing && lost_, "no gap without a lost connection");
    Require(event.reason == GapReason::kMissed && !event.missed.has_value(), "nobody can count");
    lost_ = false;
    after_gap_ = true;
  }

  void Read(uint32_t read, Position since) override {
    Require(!silent_, "reads for nothing that cannot be");
    Require(!wanted_.has_value(), "one read at a time");
    read_ = read;
    wanted_ = since;
    commands_.push_back(since);
  }

  // ---- The connection for messages ----

  void Publish(size_t bytes) {
    TopicMessage message = store_.Publish(bytes);
    restarts_when_[store_.published()] = store_.restarts();
    if (!connected_) return;
    quiet_ = false;
    due_ = store_.published();
    live_.push_back(std::move(message));
  }

  void Arrive() {
    if (live_.empty()) return;
    TopicMessage message = std::move(live_.front());
    live_.pop_front();
    arrived_ = message;
    feed_.OnMessage(std::move(message), *this);
  }

  // A message arrives again, or a page that was for an earlier read.
  void Repeat() {
    if (arrived_.has_value() && keeps_ != Keeps::kNothing && choices_.Below(2) == 0) {
      feed_.OnMessage(*arrived_, *this);
    } else if (old_page_.has_value() && (old_read_ != read_ || !feed_.reading())) {
      silent_ = true;
      feed_.OnPage(old_read_, *old_page_, *this);
      silent_ = false;
    }
  }

  void Forge() {
    if (keeps_ == Keeps::kNothing) return;
    silent_ = true;
    const Position position = {store_.state().position.epoch,
                               choices_.Of({uint64_t{0}, ~uint64_t{0}, Position::kMaxOffset + 1})};
    feed_.OnMessage({.message = *EncodedMessage::Make(Opcode::kText, "0"), .position = position},
                    *this);
    if (position.offset != 0) feed_.OnState({.position = position}, *this);
    silent_ = false;
  }

  // It is delivered at once, unless nobody has joined.
  void ArriveWithoutPosition() {
    if (keeps_ == Keeps::kNothing) return;
    const bool joined = feed_.joined();
    without_position_ = 0;
    feed_.OnMessage({.message = *EncodedMessage::Make(Opcode::kText, "0")}, *this);
    Require(without_position_ == (joined ? 1 : 0), "a message without a position is delivered");
  }

  void Lose() {
    if (!connected_) return;
    connected_ = false;
    due_ = 0;
    live_.clear();
    feed_.OnLost();
    lost_ = reported_ || lost_;
  }

  // Subscribes, or checks the position.
  void Connect() {
    connected_ = true;
    quiet_ = false;
    commands_.push_back(std::nullopt);
  }

  // ---- The connection for commands ----

  // The store performs a command: a read, or a check of the position.
  void Execute() {
    if (commands_.empty()) return;
    const std::optional<Position> since = commands_.front();
    commands_.pop_front();
    if (since.has_value()) {
      answers_.emplace_back(store_.Read(*since, page_limit_));
    } else {
      answers_.emplace_back(store_.state());
    }
  }

  void Answer() {
    if (answers_.empty()) return;
    std::variant<TopicState, HistoryPage> answer = std::move(answers_.front());
    answers_.pop_front();
    if (const TopicState* const state = std::get_if<TopicState>(&answer)) {
      // Of a connection that was lost meanwhile: its subscription is gone.
      if (connected_) feed_.OnState(*state, *this);
    } else {
      wanted_.reset();
      unreadable_ = told_ = false;
      checker_.ReadDone(0, /*has_page=*/true);
      old_read_ = read_;
      old_page_ = std::get<HistoryPage>(std::move(answer));
      feed_.OnPage(read_, *old_page_, *this);
    }
  }

  // The connection for commands fails. A read is repeated, or given up. A check of the position is
  // repeated; if `checks` there is one in any case.
  void FailRead(bool checks) {
    for (const auto& command : commands_) checks |= !command.has_value();
    for (auto& answer : answers_) {
      if (std::holds_alternative<TopicState>(answer)) {
        checks = true;
      } else {
        old_read_ = read_;
        old_page_ = std::get<HistoryPage>(std::move(answer));
      }
    }
    commands_.clear();
    answers_.clear();
    if (wanted_.has_value() && choices_.Below(2) == 0) {
      wanted_.reset();
      unreadable_ = true;
      checker_.ReadDone(0, /*has_page=*/false);
      feed_.OnUnreadable(read_, *this);
    } else if (wanted_.has_value()) {
      commands_.push_back(*wanted_);
    }
    if (connected_ && checks) commands_.push_back(std::nullopt);
  }

  // ---- The end ----

  // Nothing is checked again on a connection that has not been lost: the feed must know by itself.
  void Settle() {
    if (!connected_) Connect();
    for (int steps = 0; !live_.empty() || !commands_.empty() || !answers_.empty(); ++steps) {
      Require(steps < 100000, "the feed comes to rest");
      Execute();
      Answer();
      Arrive();
    }
    Require(feed_.joined() && !feed_.reading() && feed_.held_bytes() == 0, "the feed is at rest");
    if (keeps_ == Keeps::kNothing) {
      Require(!lost_, "a gap after a lost connection");
      return Require(due_ == 0 || last_ == due_, "the node has the last message");
    }
    Require(quiet_ || told_ || feed_.position() == store_.state().position,
            "the feed is where the store is");
    if (keeps_ == Keeps::kHistory) return checker_.CheckComplete(0, !quiet_);
    Require(told_ || store_.history().empty() || NumberOf(store_.history().back()) == last_,
            "the node has the latest value");
  }

  Choices& choices_;
  DeliveryChecker checker_{[](const std::string& text) { Require(false, text.c_str()); }};
  const Keeps keeps_;
  Store store_;
  const size_t page_limit_;
  TopicFeed feed_;
  bool connected_ = false;
  bool quiet_ = false;  // nothing has shown the node that the store was restarted
  int large_ = 8;       // messages that may be large, so that a run does not need much memory
  std::deque<TopicMessage> live_;
  std::deque<std::optional<Position>> commands_;  // none: a check of the position
  std::deque<std::variant<TopicState, HistoryPage>> answers_;
  std::optional<Position> wanted_;  // the feed waits for this page
  uint32_t read_ = 0;
  bool unreadable_ = false;  // the last read was given up
  bool told_ = false;        // and the node knows

  // Inputs that have no effect, and those that arrive again.
  bool silent_ = false;
  std::optional<TopicMessage> arrived_;
  std::optional<HistoryPage> old_page_;
  uint32_t old_read_ = 0;
  int without_position_ = 0;

  // Only the latest: when messages were published.
  std::map<uint64_t, uint64_t> restarts_when_;
  uint64_t last_restarts_ = 0;

  // Without history.
  bool reported_ = false;  // that the topic was joined
  bool lost_ = false;      // the connection, since the last gap
  bool after_gap_ = true;  // or after the join
  uint64_t last_ = 0;
  uint64_t due_ = 0;  // the last message published on this connection
};

}  // namespace
}  // namespace weft

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  weft::testing::Choices choices(absl::string_view(reinterpret_cast<const char*>(data), size));
  weft::Run(choices).Go();
  return 0;
}
