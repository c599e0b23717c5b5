// The memory that the idle connections of a loop save.

#ifndef WEFT_CORE_CONNECTION_GROUP_H_
#define WEFT_CORE_CONNECTION_GROUP_H_

#include <cstddef>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "weft/core/connection_options.h"
#include "weft/core/frame/fragmented_message.h"
#include "weft/core/frame/frame_rules.h"
#include "weft/core/frame/pong_limit.h"
#include "weft/core/memory/write_queue.h"
#include "weft/core/message_receiver.h"

namespace weft {

// The state that a connection has only while bytes or messages are on their way through it, or once
// it has begun to end.
struct ConnectionActivity {
  ConnectionActivity(Role role, const ConnectionOptions& options)
      : receiver(role, options), out(options.pool) {}
  ~ConnectionActivity() { receiver.window().Drop(out.pool()); }

  // Whether nothing is on its way, as at the start. `pongs` is as good as new when `out` is empty:
  // its mark is not ahead of the bytes that were written.
  bool is_over() const { return out.empty() && receiver.is_between_messages(); }

  MessageReceiver receiver;
  WriteQueue out;
  PongLimit pongs;
  FragmentedMessage outgoing;
  bool outgoing_compressed = false;  // the message that SendFragment sends
  // The payload of the latest pong that `pongs` did not admit, or of the Close frame that is owed.
  std::unique_ptr<std::string> held_payload;
  absl::Status status;
  bool is_none = false;  // ConnectionGroup::none()
  ConnectionActivity* next_spare = nullptr;
};

// The connections of one role, with the same options, on one thread. An idle one of them takes
// sizeof(Connection), 32 bytes, because it has no ConnectionActivity: it takes a spare one when
// bytes arrive or are sent, and gives it back in Connection::Rest. Not thread-safe; must outlive
// its connections.
//
//   ConnectionGroup group(Role::kServer, {.pool = &pool});
//   Connection connection(group);
//   ...                   // read, NextEvent, write, as without a group
//   connection.Rest();
class ConnectionGroup {
 public:
  ConnectionGroup(Role role, const ConnectionOptions& options);
  ~ConnectionGroup();
  ConnectionGroup(const ConnectionGroup&) = delete;
  ConnectionGroup& operator=(const ConnectionGroup&) = delete;

  Role role() const { return role_; }
  const ConnectionOptions& options() const { return options_; }

 private:
  friend class ActivitySlot;

  static constexpr size_t kMaxSpare = 256;

  // The activity of all idle connections. It is never changed, so that they need no test for
  // whether they have one.
  ConnectionActivity* none() { return &none_; }

  ConnectionActivity* Take() {
    if (last_ == nullptr) return TakeOther();
    return std::exchange(last_, nullptr);
  }

  // `activity` is as at the start: is_over(), and without a codec.
  void Return(ConnectionActivity* activity) {
    if (last_ != nullptr) return ReturnOther(activity);
    last_ = activity;
  }

  // The same in any state.
  void Recycle(ConnectionActivity* activity);

  ConnectionActivity* TakeOther();
  void ReturnOther(ConnectionActivity* activity);

  const Role role_;
  const ConnectionOptions options_;
  ConnectionActivity none_;
  // The one returned last, or null: a loop serves one connection after the other.
  ConnectionActivity* last_ = nullptr;
  ConnectionActivity* spare_ = nullptr;  // a list of the others
  size_t spare_count_ = 0;
};

// A connection's place in its group.
class ActivitySlot {
 public:
  explicit ActivitySlot(ConnectionGroup* group) : group_(group), activity_(group->none()) {}

  ConnectionGroup* group() const { return group_; }

  // To be changed only after Take(), or if is_none() is false anyway.
  ConnectionActivity* operator->() const { return activity_; }
  ConnectionActivity& operator*() const { return *activity_; }
  bool is_none() const { return activity_->is_none; }

  // Takes one. Only if is_none().
  ConnectionActivity& Take() { return *(activity_ = group_->Take()); }

  // Gives it back: it is_over(), and has no codec. Recycle() gives any back, or none.
  void Return() { group_->Return(std::exchange(activity_, group_->none())); }
  void Recycle() {
    if (!is_none()) group_->Recycle(std::exchange(activity_, group_->none()));
  }

 private:
  ConnectionGroup* group_;
  ConnectionActivity* activity_;
};

}  // namespace weft

#endif  // WEFT_CORE_CONNECTION_GROUP_H_
