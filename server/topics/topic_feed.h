// Makes one order without holes of the messages that a node gets of one topic.

#ifndef WEFT_SERVER_TOPICS_TOPIC_FEED_H_
#define WEFT_SERVER_TOPICS_TOPIC_FEED_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

#include "weft/server/topics/position.h"
#include "weft/server/topics/topic_event.h"
#include "weft/server/topics/topic_history.h"

namespace weft {

// One topic at one node, between the Broker and the topic's sessions: a state machine without I/O,
// clock or locks. It delivers each message once and in order. When it sees that messages are
// missing it holds those that follow, reads the history, and continues; where the history does not
// have them it reports a gap. It never leaves a message out silently.
//
// It trusts the store: that offsets rise by one in an epoch, that the epoch changes
// whenever the store may have forgotten messages, and that a read sees every message whose
// OnMessages preceded it (server/topics/broker.h). If the store forgets messages that this node has
// not had, the lineage of the epochs continues without them, and nothing is reported: nobody knows
// them any more. If the node has had them, it reports a gap.
//
//   void OnMessages(absl::string_view topic, std::vector<TopicMessage> messages) override {
//     TopicFeed& feed = feeds_.at(topic);
//     for (TopicMessage& message : messages) feed.OnMessage(std::move(message), output);
//   }
//
// Used by the broker's thread alone. A quiet feed takes 32 bytes.
class TopicFeed {
 public:
  // How much of the topic is kept, which decides when a message is missing.
  enum class Keeps : uint8_t {
    kNothing,  // no positions: messages are missing when the connection was lost
    kLatest,   // one message: only the latest counts, and others may be left out
    kHistory,
  };

  struct Counts {
    uint64_t duplicates = 0;  // messages that arrived again, or by the history and live
    uint64_t healed = 0;      // messages that were delivered from the history
    uint64_t forgotten = 0;   // held messages that were dropped, because they will be read again
    uint64_t disowned = 0;    // held messages that the store does not have, or has in a new epoch
    uint64_t malformed = 0;   // messages, states and pages that cannot be, which are ignored
    uint64_t reads = 0;
  };

  // Performs the feed's actions. Its methods must not call the feed.
  class Output {
   public:
    // The next message: see TopicEvent for the one before it.
    virtual void Deliver(TopicMessage message) = 0;

    // The topic has been joined, which is the first call, or has a gap.
    virtual void Report(const TopicEvent& event) = 0;

    // Broker::Read is needed, with a limit that is not 0. The caller passes the page to OnPage()
    // with the same `read`, the number of the read in `counts`. If the read fails it reads again,
    // with the same `since`, at its own pace; when it gives up it calls OnUnreadable(). A feed has
    // one read at a time. Feeds that follow each other in one topic share an output, so that none
    // takes the page of an earlier one for its own.
    virtual void Read(uint32_t read, Position since) = 0;

    Counts counts{};

   protected:
    ~Output() = default;
  };

  // Past either limit the held messages are dropped, and read from the history instead.
  static constexpr size_t kMaxHeldMessages = 1000;
  static constexpr size_t kMaxHeldBytes = size_t{1} << 20;

  explicit TopicFeed(Keeps keeps);
  TopicFeed(TopicFeed&&) noexcept;
  TopicFeed& operator=(TopicFeed&&) noexcept;
  ~TopicFeed();

  // A message has arrived: BrokerEvents::OnMessages.
  void OnMessage(TopicMessage message, Output& output);

  // The subscription has begun, or its position was checked: BrokerEvents::OnState.
  void OnState(const TopicState& state, Output& output);

  // The page for which Output::Read has asked. Ignores all others. One that cannot be is taken as
  // OnUnreadable().
  void OnPage(uint32_t read, HistoryPage page, Output& output);

  // The page cannot be had. Reports a gap before the held messages, or after them if something may
  // be missing there that they do not show, or both; then again if the next message shows that
  // something is. Only held messages that continue without a hole, on a connection that was not
  // lost meanwhile, need none. Ignored if the feed does not wait for this read.
  void OnUnreadable(uint32_t read, Output& output);

  // The connection was lost: BrokerEvents::OnLost.
  void OnLost();

  // The position of the last message delivered, or that of the last event if it is later. None
  // before the topic has been joined, and without history.
  Position position() const { return position_; }

  bool joined() const { return stage_ != Stage::kEntering; }
  bool reading() const { return stage_ == Stage::kReading; }

  // It has given up reading. The next state makes it read again.
  bool unreadable() const { return stage_ == Stage::kUnreadable; }

  // The memory of messages that wait for a page.
  size_t held_bytes() const;

  // Drops those messages, and reads them again from the history: for an owner of many feeds that
  // hold too much together.
  void ForgetHeld(Output& output);

 private:
  enum class Stage : uint8_t {
    kEntering,    // has no position: the first message or state gives it
    kLive,        // the next message follows the last one
    kReading,     // waits for a page, and holds the messages that arrive
    kMissed,      // without history: messages may have been missed
    kUnreadable,  // the history was needed, and cannot be read
  };
  enum class Fit { kNext, kDuplicate, kHole };
  struct Held;

  Fit FitOf(const TopicMessage& message) const;
  void Enter(Position position, Output& output);
  void ReportGap(GapReason reason, Position position, std::optional<uint64_t> missed,
                 Output& output);
  void Place(TopicMessage message, Output& output);
  void Deliver(TopicMessage message, Output& output);
  void Hold(TopicMessage message, Output& output);
  void AskForPage(Output& output);
  void Continue(Output& output);

  Position position_{};
  std::unique_ptr<Held> held_;  // null: none
  Keeps keeps_;
  Stage stage_ = Stage::kEntering;
  bool read_again_ = false;  // the page will not have all that is missing
  bool rechecked_ = false;   // a state has arrived while it read: the connection was lost meanwhile
  uint32_t read_ = 0;        // the last bits of the number of the last read
};

}  // namespace weft

#endif  // WEFT_SERVER_TOPICS_TOPIC_FEED_H_
