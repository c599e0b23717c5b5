// The way of updates to one loop.

#ifndef WEFT_SERVER_TOPICS_LOOP_OUTLET_H_
#define WEFT_SERVER_TOPICS_LOOP_OUTLET_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "weft/loop/budget.h"
#include "weft/loop/mailbox.h"
#include "weft/server/topics/topic_update.h"

namespace weft {

// Posts updates to a loop's mailbox, in order, while its budget has room: those until the next
// Flush() in one task, because each one would wake the loop. For the broker's thread.
//
//   state    an update for members      left by
//   kOpen    is taken                   one without room
//   kFull    waits                      Retry(), Skip()
//   kSkipped is not taken               Reopen()
//
// Answers to sessions that join never wait here. A topic with members that missed an update, or
// with sessions that have no answer yet, waits for Reopen() instead.
class LoopOutlet {
 public:
  using Update = std::shared_ptr<const TopicUpdate>;
  enum class State : uint8_t { kOpen, kFull, kSkipped };

  // A loop that was skipped does not make others wait for it again before this time has passed.
  static constexpr int64_t kImpatientMs = 10000;

  // The loop may end when its mailbox is closed.
  explicit LoopOutlet(TopicLoop& loop) : loop_(&loop), mailbox_(loop.mailbox()) {}

  State state() const { return state_; }

  // Whether it is to be looked at again: updates or topics wait for room.
  bool waits() const { return state_ != State::kOpen || !topics_.empty(); }

  // An update for members. Not while kSkipped. Without room the outlet is full from `now_ms` on.
  void Send(Update update, int64_t now_ms);

  // Takes an update with answers. Returns false, and takes nothing, if the loop has no room or
  // other topics wait for some.
  bool Answer(Update update) { return !waits() && Take(std::move(update)); }

  // An update of this size fits when Reopen() has just returned the topics.
  size_t always_fits() const;
  bool CanEverFit(const TopicUpdate& update) const {
    return update.cost() <= mailbox_->budget().most_taken();
  }

  // Takes the updates that wait. Returns whether the outlet is open.
  bool Retry();

  // Posts the updates that were taken.
  void Flush();
  int64_t full_since_ms() const { return full_since_ms_; }

  // The loop has had no room for too long: returns the updates that wait.
  std::deque<Update> Skip();
  bool WasSkippedLately(int64_t now_ms) const { return now_ms < patient_from_ms_; }

  // The topic waits until there is room.
  void Wait(const std::string& topic) { topics_.insert(topic); }

  // Opens a skipped outlet and returns the topics that wait, if the loop has room for more than a
  // single message and no update waits.
  absl::flat_hash_set<std::string> Reopen(int64_t now_ms);

 private:
  struct Taken {
    Update update;
    std::optional<Reservation> room;
  };

  bool Take(Update update);

  TopicLoop* loop_;
  std::shared_ptr<Mailbox> mailbox_;
  State state_ = State::kOpen;
  int64_t full_since_ms_ = 0;
  std::vector<Taken> taken_;
  std::deque<Update> waiting_;
  int64_t patient_from_ms_ = std::numeric_limits<int64_t>::min();
  absl::flat_hash_set<std::string> topics_;
};

}  // namespace weft

#endif  // WEFT_SERVER_TOPICS_LOOP_OUTLET_H_
