#include "examples/world/input_queue.h"

#include <algorithm>

namespace weft::world {

void InputQueue::Push(const Input& input) {
  waiting_.push_back(input);
  if (waiting_.size() <= kMaxWaiting) return;
  // A throw is not lost with the input that it was part of.
  const bool act = waiting_.front().controls.act;
  waiting_.pop_front();
  waiting_.front().controls.act |= act;
}

Controls InputQueue::Next() {
  if (ticks_ == kTicksPerSnapshot && !waiting_.empty()) {
    current_ = waiting_.front();
    waiting_.pop_front();
    ticks_ = static_cast<uint8_t>(std::min(late_, kTicksPerSnapshot - 1));
    late_ = 0;
  }
  if (ticks_ < kTicksPerSnapshot) {
    ++ticks_;
  } else if (++late_ > kMaxLate) {
    current_.controls.move_x = 0;
    current_.controls.move_z = 0;
  }
  const Controls controls = current_.controls;
  current_.controls.act = false;
  return controls;
}

}  // namespace weft::world
