// A player's inputs on their way into the simulation.

#ifndef WEFT_EXAMPLES_WORLD_INPUT_QUEUE_H_
#define WEFT_EXAMPLES_WORLD_INPUT_QUEUE_H_

#include <cstdint>
#include <deque>

#include "examples/world/avatar.h"
#include "examples/world/messages.h"

namespace weft::world {

// Each input is for kTicksPerSnapshot ticks. If the next one is late, the last one continues, and
// its extra ticks are subtracted from the late one, so that the player does not stay behind; after
// a fifth of a second without input the avatar stands still. If more than that wait, the oldest are
// dropped.
class InputQueue {
 public:
  void Push(const Input& input);

  // The controls for the next tick.
  Controls Next();

  // The input of those controls, and how many of its ticks have passed.
  uint8_t number() const { return current_.number; }
  uint8_t ticks() const { return ticks_; }

 private:
  static constexpr size_t kMaxWaiting = 3;
  static constexpr int kMaxLate = kTicksPerSecond / 5;

  std::deque<Input> waiting_;
  Input current_;
  uint8_t ticks_ = kTicksPerSnapshot;
  int late_ = 0;  // extra ticks of current_
};

}  // namespace weft::world

#endif  // WEFT_EXAMPLES_WORLD_INPUT_QUEUE_H_
