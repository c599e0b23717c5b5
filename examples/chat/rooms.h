// The rooms of a node, by name, and their topics.

#ifndef EXAMPLES_CHAT_ROOMS_H_
#define EXAMPLES_CHAT_ROOMS_H_

#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "examples/chat/room.h"
#include "weft/server/server.h"

namespace weft::chat {

// The topics of a room, those of all nodes.
std::string LinesOf(absl::string_view room);   // for pages: the lines (messages.h)
std::string PlainOf(absl::string_view room);   // for plain members: the same lines as text
std::string PeopleOf(absl::string_view room);  // for pages: who is there, and typing notices

// The number of lines that a newcomer gets, at most.
inline constexpr size_t kShownLines = 100;

// For ServerHooks::topic_options. Lines are kept, so that nobody misses one. Lists of people may be
// lost: each node publishes its list again soon. Topics that are not of the chat have the defaults.
TopicOptions OptionsOf(absl::string_view topic);

// Has the room of the front page. Makes each other room when its first member comes, and keeps it
// until the server ends. Thread-safe.
class Rooms {
 public:
  // Without the room of the front page. Anybody can name a room.
  static constexpr size_t kMaxRooms = 16;

  Rooms();

  // The room of this name; the empty one is the room of the front page. InvalidArgument for a name
  // that people cannot read (text.h), ResourceExhausted if there are too many rooms. Valid until
  // the rooms are destroyed, after the server.
  absl::StatusOr<Room*> Find(absl::string_view name);

  // Whether Find() would have a room of this name, without making it: OK, or the error.
  absl::Status Check(absl::string_view name) const;

 private:
  absl::Status CheckLocked(absl::string_view name) const;

  const std::string node_;
  mutable std::mutex mutex_;
  std::map<std::string, std::unique_ptr<Room>> rooms_;
};

}  // namespace weft::chat

#endif  // EXAMPLES_CHAT_ROOMS_H_
