#include "weft/client/async/client_groups.h"

#include <algorithm>

#include "absl/time/time.h"
#include "weft/loop/event_loop.h"

namespace weft {
namespace {

// At least 1, so that a deadline is after the present turn of the loop.
int64_t CeilMs(absl::Duration time) {
  return std::max<int64_t>(EventLoop::Milliseconds(absl::Ceil(time, absl::Milliseconds(1))), 1);
}

}  // namespace

ClientGroup::ClientGroup(const ConnectionOptions& options, const ClientTimeouts& timeouts)
    : ConnectionGroup(Role::kClient, options),
      ping_interval_ms(CeilMs(timeouts.ping_interval)),
      pong_ms(CeilMs(timeouts.pong)),
      close_ms(CeilMs(timeouts.close)) {}

bool ClientGroup::Has(const ConnectionOptions& options, const ClientTimeouts& timeouts) const {
  return options == this->options() && CeilMs(timeouts.ping_interval) == ping_interval_ms &&
         CeilMs(timeouts.pong) == pong_ms && CeilMs(timeouts.close) == close_ms;
}

ClientGroup& ClientGroups::Join(const ConnectionOptions& options, const ClientTimeouts& timeouts) {
  const size_t compared = std::min(groups_.size(), kCompared);
  for (auto group = groups_.rbegin(); group != groups_.rbegin() + compared; ++group) {
    if ((*group)->Has(options, timeouts)) {
      ++(*group)->members;
      return **group;
    }
  }
  if (groups_.size() >= remove_at_) {
    std::erase_if(groups_, [](const auto& group) { return group->members == 0; });
    remove_at_ = kCompared + 2 * groups_.size();
  }
  groups_.push_back(std::make_unique<ClientGroup>(options, timeouts));
  ++groups_.back()->members;
  return *groups_.back();
}

}  // namespace weft
