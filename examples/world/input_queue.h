// A player's inputs on their way into the simulation.

#ifndef WEFT_EXAMPLES_WORLD_INPUT_QUEUE_H_
#define WEFT_EXAMPLES_WORLD_INPUT_QUEUE_H_

#include <cstdint>
#include <deque>

#include "examples/world/avatar.h"
#include "examples/world/messages.h"

namespace weft::world {

// Each input is for kTicksPerSnapshot ticks. When the next one is late the last one goes on, and
// what it went on for is taken off the late one, so that the player is not behind for ever; after a
// fifth of a second without any the avatar stands still. When more wait than that, the oldest are
// left out.
class InputQueue {
 public:
  void Push(const Input& input);

  // What to do in the next tick.
  Controls Next();

  // Which input that was from, and how many of its ticks are done.
  uint8_t number() const { return current_.number; }
  uint8_t ticks() const { return ticks_; }

 private:
  static constexpr size_t kMaxWaiting = 3;
  static constexpr int kMaxLate = kTicksPerSecond / 5;

  std::deque<Input> waiting_;
  Input current_;
  uint8_t ticks_ = kTicksPerSnapshot;
  int late_ = 0;  // ticks that current_ went on for
};

}  // namespace weft::world

#endif  // WEFT_EXAMPLES_WORLD_INPUT_QUEUE_H_
