// The topics that a broker carries, between it and the loops of a server.

#ifndef WEFT_SERVER_TOPICS_SHARED_TOPICS_H_
#define WEFT_SERVER_TOPICS_SHARED_TOPICS_H_

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/container/inlined_vector.h"
#include "absl/functional/function_ref.h"
#include "absl/hash/hash.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "weft/core/encoded_message.h"
#include "weft/core/log.h"
#include "weft/loop/clock.h"
#include "weft/loop/exception_guard.h"
#include "weft/sending/counter.h"
#include "weft/server/topics/broker.h"
#include "weft/server/topics/broker_publishes.h"
#include "weft/server/topics/loop_outlet.h"
#include "weft/server/topics/position.h"
#include "weft/server/topics/publish_callback.h"
#include "weft/server/topics/topic_counters.h"
#include "weft/server/topics/topic_event.h"
#include "weft/server/topics/topic_feed.h"
#include "weft/server/topics/topic_history.h"
#include "weft/server/topics/topic_options.h"
#include "weft/server/topics/topic_ring.h"
#include "weft/server/topics/topic_update.h"

namespace weft {

// Has a TopicFeed for each topic with subscribers on this node, and passes its messages to the
// loops that have them. A session joins when an answer arrives in its loop; the updates after it
// are live, because a mailbox keeps its order. Sessions that come back are served from the last
// messages of the topic, and where these are not enough by reads of the history that all of them
// share.
//
// Loops and publishers call it from any thread: a call is a note for the broker's thread, which
// does all the work.
class SharedTopics final : public BrokerEvents,
                           private BrokerPublishes::User,
                           private TopicFeed::Output {
 public:
  struct Options {
    const Clock* clock = &Clock::Steady();
    ExceptionGuard* guard;  // of the callbacks of publishes
    LogHook log{};
    LogLevel min_log_level = LogLevel::kInfo;
    size_t max_topics = 1'000'000;  // ServerLimits::max_carried_topics
  };

  // Publishes that wait for the broker's thread: beyond it, ResourceExhausted.
  static constexpr size_t kMaxInboxBytes = size_t{16} << 20;

  // The same of sessions that subscribe or unsubscribe. Beyond it a session cannot subscribe.
  static constexpr size_t kMaxJoinBytes = size_t{64} << 20;

  // The memory of messages that all feeds together hold while they read.
  static constexpr size_t kMaxHeldBytes = size_t{64} << 20;

  // The memory of the last messages of all topics with history. Beyond it those of topics that were
  // quiet for a minute are dropped, or of all: sessions that come back need a read.
  static constexpr size_t kMaxRingBytes = size_t{64} << 20;

  // Lines about publishes that fail, gaps, and refused subscriptions are logged at most once in
  // this time, each.
  static constexpr int64_t kLogMs = 1000;

  static constexpr size_t kMaxReads = 8;  // at a time
  static constexpr absl::Duration kLinger = absl::Seconds(5);
  static constexpr absl::Duration kMaxPause = absl::Seconds(1);

  SharedTopics(std::shared_ptr<Broker> broker, Options options);
  ~SharedTopics();

  // A loop, known from now on by the number of calls before. Before Start(). It must live until
  // Stop(), or until its mailbox is closed.
  void AddLoop(TopicLoop& loop);

  absl::Status Start();

  // Stops the broker. Every publish has had its callback when it returns. Idempotent.
  void Stop();

  // ---- Any thread ----

  // A session of the loop subscribes. TopicLoop::OnTopicUpdate has the answer, with `number`.
  // `is_new`: nobody on this node is subscribed to the topic. ResourceExhausted if there are
  // Options::max_topics already, or more than kMaxJoinBytes wait: nothing has changed then.
  absl::Status Join(size_t loop, absl::string_view topic, const TopicOptions& options,
                    std::optional<Position> since, uint32_t number, bool is_new);

  // It has unsubscribed; `number` is that of a join whose answer has not arrived, or 0.
  void Leave(size_t loop, absl::string_view topic, uint32_t number);

  // OK: accepted. Otherwise it is certainly not published. `done`, if not empty, is called once:
  // on the broker's thread, in Stop(), or, if the message is not accepted, before this returns.
  absl::Status Publish(absl::string_view topic, const TopicHistory& history,
                       const EncodedMessage& message, absl::string_view key, PublishCallback done);

  // Waits until each publish that was accepted has an outcome, at most for the time. Not on the
  // broker's thread.
  void AwaitOutcomes(absl::Duration timeout);

  BrokerState state() const { return broker_->state(); }

  // How long the broker has been away; zero while it is up, and before Start().
  absl::Duration away() const;

  void AddCounts(TopicCountersOf<uint64_t>& sum) const;
  BrokerCounts broker_counts() const { return broker_->counts(); }

 private:
  struct JoinNote {
    size_t loop;
    std::string topic;
    TopicHistory history;
    bool is_latest;
    std::optional<Position> since;
    uint32_t number;
    bool is_new;
  };
  struct LeaveNote {
    size_t loop;
    std::string topic;
    uint32_t number;
  };
  using Note = std::variant<JoinNote, LeaveNote, AcceptedPublish>;

  // A session that has not got its last answer.
  struct Waiting {
    std::optional<Position> since{};  // the last message that it has
    bool is_told = false;             // it has got an event of this epoch, and some messages
    bool is_asked = false;            // a read for it is under way
    bool is_checked = false;          // a read for it has returned
  };
  struct Joins {
    absl::flat_hash_map<std::pair<uint32_t, uint32_t>, Waiting> waiting;  // by loop and number
    uint64_t turn = 0;  // positions from here on are read first; 0: the last page reached the ring
    bool is_reading = false;
    bool is_checking = false;  // OnState follows
    Epoch blocked_in{};  // the store is in another epoch than the feed, which is to move first
  };

  // A loop that has subscribers of a topic.
  struct Slot {
    uint32_t loop;
    uint32_t subscribers = 0;
    bool missed = false;  // an update, because the loop had no room
  };

  struct Topic {
    std::string name;
    uint64_t number;  // another one than that of an earlier topic of the name
    TopicFeed::Keeps keeps;
    bool serve_due = false;   // it is in to_serve_
    bool shrink_due = false;  // its ring will be made smaller
    bool forget_due = false;  // it is in unused_
    int64_t unused_since_ms = 0;
    absl::Duration history_time;
    TopicFeed feed;
    absl::InlinedVector<Slot, 1> slots{};
    TopicRing ring{};
    Epoch told{};                    // of the last position of which the members know
    TopicState state{};              // as it was last seen
    uint64_t trimmed = 0;            // the history no longer has the messages up to this offset
    std::unique_ptr<Joins> joins{};  // null: none waits

    // On all loops.
    size_t subscribers() const {
      size_t sum = 0;
      for (const Slot& slot : slots) sum += slot.subscribers;
      return sum;
    }

    // The slot of a loop, or slots.end().
    absl::InlinedVector<Slot, 1>::iterator FindSlot(size_t loop) {
      return std::find_if(slots.begin(), slots.end(),
                          [loop](const Slot& slot) { return slot.loop == loop; });
    }
  };

  // Of topics by their names.
  struct ByName {
    using is_transparent = void;
    static absl::string_view NameOf(absl::string_view name) { return name; }
    static absl::string_view NameOf(const std::unique_ptr<Topic>& topic) { return topic->name; }

    size_t operator()(const auto& topic) const { return absl::HashOf(NameOf(topic)); }
    bool operator()(const auto& a, const auto& b) const { return NameOf(a) == NameOf(b); }
  };

  struct PendingRead {
    std::string topic;
    uint64_t number;                      // of the topic
    std::optional<uint32_t> feed_read{};  // none: for sessions that join
    Position since;
    int failures = 0;
  };

  // An answer, with the offset after which its messages are.
  struct Decision {
    enum class Kind : uint8_t { kAnswer, kWait, kRead } kind;
    std::optional<TopicEvent> event{};
    uint64_t since = 0;
  };

  // A session that is given an event, and the messages after an offset.
  struct Recipient {
    uint32_t number;
    std::optional<TopicEvent> event;
    uint64_t since;
  };
  using Recipients = absl::flat_hash_map<uint32_t, std::vector<Recipient>>;  // by loop

  // BrokerEvents.
  void OnMessages(absl::string_view topic, std::vector<TopicMessage> messages) override;
  void OnState(absl::string_view topic, const TopicState& state) override;
  void OnLost(const absl::Status& reason) override;
  void OnStateChange(BrokerState state) override;

  // BrokerPublishes::User.
  void OnOutcome(absl::string_view topic, const absl::Status& status,
                 absl::Span<const int64_t> accepted_ms) override;
  void OnTold(size_t publishes) override;

  // TopicFeed::Output, of the feed of current_.
  void Deliver(TopicMessage message) override;
  void Report(const TopicEvent& event) override;
  void Read(uint32_t read, Position since) override;

  // Notes.
  absl::Status CheckJoin(absl::string_view topic, bool is_new) const;  // with the mutex
  void AddNote(Note note);                                             // with the mutex
  void PostTakeNotes();
  void TakeNotes();
  void Take(const JoinNote& note);
  void Take(const LeaveNote& note);
  void Take(AcceptedPublish publish) { publishes_.Add(std::move(publish)); }

  // Topics.
  Topic* Find(absl::string_view topic);
  Topic* AddTopic(const JoinNote& note);
  void ForgetUnused();
  bool ForgetOneUnused();
  std::string Forget(Topic& topic);
  void WithFeed(Topic& topic, absl::FunctionRef<void(TopicFeed&)> call);
  void CountRing(const Topic& topic, size_t bytes_before);
  void LimitRings();
  void NoteState(Topic& topic, const TopicState& state);

  // Updates to loops.
  void SendToMembers(Topic& topic);
  void Send(size_t loop, LoopOutlet::Update update);
  void Miss(size_t loop, const TopicUpdate& update);
  void FlushOutlets();
  void FlushOutletsLater();
  void CheckOutletsLater();
  void CheckOutlets();
  void Skip(size_t loop);
  void Reopen(size_t loop);
  void TellOfGap(Topic& topic, size_t loop);
  void Pause(bool paused);

  // Sessions that join (shared_topics_joins.cc).
  void Serve(Topic& topic);
  static Decision Joined(Position at);
  static Decision Resumed(Position at);
  static Decision Gap(GapReason reason, Position at);
  Decision Decide(Topic& topic, Waiting& join);
  Decision DecideLatest(Topic& topic, const Waiting& join);
  Decision DecideHistory(Topic& topic, Waiting& join);
  static bool HasValue(const Topic& topic);
  void Answer(Topic& topic, Recipients& recipients);
  void Give(Topic& topic, uint32_t loop, absl::Span<Recipient> to,
            absl::Span<const TopicMessage> messages, bool is_last);
  bool GiveSome(Topic& topic, uint32_t loop, absl::Span<Recipient> to,
                absl::Span<const TopicMessage> messages, bool is_last);
  void WaitForRoom(const Topic& topic, uint32_t loop);
  void CountEvent(const Topic& topic, const TopicEvent& event);
  void ReadForJoins(Topic& topic, uint64_t position);
  void OnJoinsPage(Topic& topic, Position since, HistoryPage page);
  void SendPart(Topic& topic, absl::Span<const TopicMessage> messages);
  void EndJoins(Topic& topic);
  void ShrinkLater(Topic& topic);

  // Reads.
  void StartReads();
  void OnRead(PendingRead read, absl::StatusOr<HistoryPage> page);

  void CountGap(const Topic& topic, GapReason reason);
  void LogLine(LogLevel level, absl::string_view text) const;
  int64_t now_ms() const { return options_.clock->NowMs(); }

  static constexpr int64_t kUp = -1;

  const Options options_;
  const std::shared_ptr<Broker> broker_;

  std::mutex mutex_;
  bool started_ = false;
  bool stopped_ = false;
  bool take_due_ = false;  // TakeNotes() follows
  int64_t posted_ms_ = 0;
  size_t inbox_bytes_ = 0;  // of publishes
  size_t join_bytes_ = 0;   // of the others
  size_t unsettled_ = 0;    // publishes that were accepted and have no outcome
  std::condition_variable settled_;
  int64_t refusal_logged_ms_ = -kLogMs;
  std::vector<Note> inbox_;
  std::atomic<uint64_t> refused_{0};  // publishes that were not accepted
  std::atomic<uint64_t> refused_joins_{0};
  std::atomic<size_t> used_topics_{0};     // those with subscribers
  std::atomic<size_t> waiting_topics_{0};  // those that get their first one by a note
  std::atomic<int64_t> away_since_ms_{kUp};

  // For the broker's thread.
  std::deque<LoopOutlet> outlets_;  // by loop
  absl::flat_hash_set<std::unique_ptr<Topic>, ByName, ByName> topics_;
  uint64_t topic_numbers_ = 0;
  Topic* current_ = nullptr;                            // whose feed is called
  std::vector<TopicUpdate::Entry> entries_;             // of it, for its members
  std::vector<Topic*> to_serve_;                        // at the end of TakeNotes()
  BrokerPublishes publishes_;                           // of the notes that are being taken
  std::deque<std::pair<int64_t, std::string>> unused_;  // topics, by the time when they end
  bool forget_due_ = false;                             // ForgetUnused() follows
  std::deque<PendingRead> reads_;                       // that wait
  size_t reads_under_way_ = 0;
  size_t held_bytes_ = 0;   // of all feeds
  size_t ring_bytes_ = 0;   // of all topics with history
  bool check_due_ = false;  // CheckOutlets() follows
  bool flush_due_ = false;  // FlushOutlets() follows
  bool paused_ = false;
  int64_t paused_since_ms_ = 0;
  int64_t failure_logged_ms_ = -kLogMs;
  int64_t gap_logged_ms_ = -kLogMs;
  TopicCountersOf<Counter> counts_;
};

}  // namespace weft

#endif  // WEFT_SERVER_TOPICS_SHARED_TOPICS_H_
