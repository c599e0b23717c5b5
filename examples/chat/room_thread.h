// The thread that a room lives on.

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

// What happens to a room, by whichever event loop, in one order; and what it says, sent from one
// thread. What one thread sends by a SessionRef keeps its order, so everybody hears the same. Were
// it sent from the loops' threads, a line would reach those of its own loop before lines of other
// loops that are older, and are still on their way.
class RoomThread : private Audience {
 public:
  // Of so many events that wait, further ones are refused.
  static constexpr size_t kMaxWaiting = 10000;

  // `on_line` is told each line, as Room::Say returns it, on the room's thread.
  explicit RoomThread(std::function<void(absl::string_view)> on_line);

  // The sessions' handlers must be gone.
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

  // False: too much waits, and it is refused. Leave never is. Any thread; does not block.
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

  // Of the thread.
  Room room_;
  std::map<MemberId, SessionRef> sessions_;

  std::mutex mutex_;  // guards what follows
  std::condition_variable posted_;
  std::vector<Event> inbox_;
  bool stop_ = false;

  std::thread thread_;  // the last: it uses the others
};

}  // namespace weft::chat

#endif  // EXAMPLES_CHAT_ROOM_THREAD_H_
