// The thread of a room.

#ifndef EXAMPLES_CHAT_ROOM_THREAD_H_
#define EXAMPLES_CHAT_ROOM_THREAD_H_

#include <condition_variable>
#include <cstddef>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <variant>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "examples/chat/messages.h"
#include "examples/chat/room.h"
#include "weft/server/server.h"

namespace weft::chat {

// Applies the room's events, from any event loop, in one order, and sends the room's messages from
// one thread. Messages that one thread sends through a SessionRef keep their order, so all members
// get the same order. If the loops' threads sent them, a line would reach the sessions of its own
// loop before older lines of other loops.
class RoomThread : private Audience {
 public:
  // The maximum number of waiting events; further ones are refused.
  static constexpr size_t kMaxWaiting = 10000;

  // `on_line` is called on the room's thread with each line that Room::Say returns.
  explicit RoomThread(std::function<void(absl::string_view)> on_line);

  // The sessions' handlers must have been destroyed.
  ~RoomThread() override;

  struct EnterPage {
    SessionRef session{};
    Hello hello{};
  };
  struct EnterPlain {
    SessionRef session{};
  };
  struct PlainText {
    std::string text{};
  };
  struct Leave {};
  using What = std::variant<EnterPage, EnterPlain, Say, PlainText, Typing, Rename, Leave>;

  // False if too many events wait: this one is refused. Leave is never refused. Callable from any
  // thread; does not block.
  bool Post(MemberId member, What what);

 private:
  struct Event {
    MemberId member;
    What what;
  };

  void Run();
  void Apply(const Event& event);
  void Log(const std::optional<std::string>& line) const;

  // Audience.
  void Send(absl::Span<const MemberId> to, absl::string_view message) override;
  void SendHint(absl::Span<const MemberId> to, absl::string_view message,
                absl::string_view key) override;
  void SendToAll(absl::Span<const MemberId> to, absl::string_view message,
                 const SendOptions& options);

  const std::function<void(absl::string_view)> on_line_;

  // Used by the thread.
  Room room_;
  std::map<MemberId, SessionRef> sessions_;

  std::mutex mutex_;  // guards the members below
  std::condition_variable posted_;
  std::vector<Event> inbox_;
  bool stop_ = false;

  std::thread thread_;  // last member: it uses the others
};

}  // namespace weft::chat

#endif  // EXAMPLES_CHAT_ROOM_THREAD_H_
