// The topics of a store that is in memory.

#ifndef WEFT_SERVER_TOPICS_HISTORY_STORE_H_
#define WEFT_SERVER_TOPICS_HISTORY_STORE_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "weft/loop/clock.h"
#include "weft/server/topics/position.h"
#include "weft/server/topics/topic_history.h"

namespace weft {

// Gives each topic its order: epochs, offsets, the history, and the ids of messages. For one
// thread at a time.
//
// All topics begin at offset 0 of the same epoch, until a topic is forgotten that had messages:
// those that begin later get a new one. So a topic to which nobody has published need not be kept:
// a client that comes back with its position 0 finds it there again, or, if messages may have been
// forgotten meanwhile, gets a gap.
class HistoryStore {
 public:
  // The clock, of the age of histories, must outlive the store. Epochs are numbered from
  // `first_epoch` on: a store whose positions outlive it, at clients, takes a random number.
  explicit HistoryStore(const Clock& clock, uint64_t first_epoch = 1)
      : clock_(clock), next_epoch_(first_epoch), epoch_(NewEpoch()) {}
  HistoryStore(const HistoryStore&) = delete;
  HistoryStore& operator=(const HistoryStore&) = delete;

  // Both as Broker::Read sees the topic; they begin an epoch for one that is not known.
  TopicState state(absl::string_view topic) { return TopicOf(topic).state; }
  std::vector<TopicMessage> kept(absl::string_view topic);

  // As Broker::Read.
  HistoryPage Read(absl::string_view topic, Position since, size_t limit);

  struct Stored {
    Position last{};     // as Broker::PublishDone gets it
    bool is_new = true;  // no message with this id was known
  };

  // As Broker::Publish. Gives new messages their positions.
  Stored Store(absl::string_view topic, const TopicHistory& history,
               std::vector<TopicMessage>& messages);

  // ---- Forgetting ----

  // The last `messages` of the topic, or none: a new epoch continues after those that are left.
  void ForgetTail(absl::string_view topic, uint64_t messages);
  void ForgetAll();

  // The topic, if nobody has published to it.
  void ForgetUnpublished(absl::string_view topic);

  // Histories that have expired, and topics that keep nothing any more and have not been used for
  // five minutes, unless `is_subscribed`. A position of theirs is later one of another epoch.
  void ForgetUnused(const std::function<bool(const std::string& topic)>& is_subscribed);
  size_t size() const { return topics_.size(); }

 private:
  struct Topic {
    TopicState state{};
    std::vector<Position> starts{};              // of the epochs of which messages may be left
    std::map<uint64_t, TopicMessage> history{};  // by offset
    int64_t expires_ms = 0;
    int64_t used_ms = 0;
    std::map<std::string, std::pair<int64_t, Position>> ids{};  // each until a time
    std::deque<std::pair<int64_t, std::string>> id_times{};     // in the order of these

    bool had_messages() const { return state.position.offset > 0 || starts.size() > 1; }
  };

  Topic& TopicOf(absl::string_view name);
  Epoch NewEpoch() { return Epoch::FromNumber(next_epoch_++); }

  const Clock& clock_;
  uint64_t next_epoch_;
  Epoch epoch_;  // of topics that begin now
  std::map<std::string, std::unique_ptr<Topic>, std::less<>> topics_;
};

}  // namespace weft

#endif  // WEFT_SERVER_TOPICS_HISTORY_STORE_H_
