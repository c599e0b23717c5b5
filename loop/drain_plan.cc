#include "weft/loop/drain_plan.h"

#include <utility>

namespace weft {

DrainPlan::DrainPlan(size_t left, int64_t now_ms, int64_t over_ms, std::function<double()> random)
    : random_(std::move(random)), end_us_((now_ms + over_ms) * 1000), slot_us_(now_ms * 1000) {
  Plan(left);
}

bool DrainPlan::IsDue(size_t left, int64_t now_ms) {
  if (left == 0 || now_ms < NextMs()) return false;
  Plan(left - 1);
  return true;
}

void DrainPlan::Plan(size_t left) {
  if (left == 0) {
    next_us_ = end_us_;
    return;
  }
  const int64_t width_us = (end_us_ - slot_us_) / static_cast<int64_t>(left);
  next_us_ = slot_us_ + static_cast<int64_t>(random_() * static_cast<double>(width_us));
  slot_us_ += width_us;
}

}  // namespace weft
