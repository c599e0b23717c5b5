// The thread of the world.

#ifndef WEFT_EXAMPLES_WORLD_WORLD_THREAD_H_
#define WEFT_EXAMPLES_WORLD_WORLD_THREAD_H_

#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <thread>
#include <variant>
#include <vector>

#include "absl/types/span.h"
#include "examples/world/game.h"
#include "examples/world/messages.h"
#include "examples/world/simulation.h"
#include "examples/world/state.h"
#include "examples/world/tick_times.h"
#include "weft/server/session_ref.h"

namespace weft::world {

// Runs a Game 60 times per second on its own thread, not on the server's loop: a physics step takes
// milliseconds, and while a callback runs the loop answers no ping and accepts no connection.
// Players' messages wait in an inbox until the next tick; snapshots are sent through their
// SessionRef, which any thread may use. Its methods may be called from any thread, too.
class WorldThread {
 public:
  explicit WorldThread(absl::Span<const Placement> bodies);
  ~WorldThread();

  // Those that have joined and not left. Players that join at the same moment may still exceed a
  // limit that is compared to it, by one for each of the server's threads.
  int players() const { return players_; }

  // All bodies and avatars as of a tick in the last sixth of a second, for an observer that is
  // not a player.
  std::vector<State> Look();

  // Returns the number that identifies the player from now on. A session's id would not do: two
  // servers may have sessions of the same id.
  uint64_t Join(SessionRef session);
  void Leave(uint64_t player);
  void OnInput(uint64_t player, const Input& input);
  void OnAcknowledgement(uint64_t player, const Acknowledgement& acknowledgement);
  void OnName(uint64_t player, Name name);

 private:
  struct Gone {};
  struct Event {
    uint64_t player;
    std::variant<SessionRef, Gone, Input, Acknowledgement, Name> what;
  };

  void Post(Event event);
  void Run();
  void Apply(const Event& event);
  void SendFigures();

  std::mutex mutex_;
  std::vector<Event> inbox_;  // guarded by mutex_
  std::vector<State> look_;   // guarded by mutex_

  // Used by the thread only.
  Game game_;
  std::map<uint64_t, SessionRef> sessions_;
  TickTimes times_;

  std::atomic<int> players_{0};
  std::atomic<uint64_t> joined_{0};  // so far
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

}  // namespace weft::world

#endif  // WEFT_EXAMPLES_WORLD_WORLD_THREAD_H_
