#include "weft/core/connection_group.h"

#include <memory>

namespace weft {

ConnectionGroup::ConnectionGroup(Role role, const ConnectionOptions& options)
    : role_(role), options_(options), none_(role, options) {
  none_.is_none = true;
}

ConnectionGroup::~ConnectionGroup() {
  delete last_;
  while (spare_ != nullptr) delete std::exchange(spare_, spare_->next_spare);
}

ConnectionActivity* ConnectionGroup::TakeOther() {
  if (spare_ == nullptr) return new ConnectionActivity(role_, options_);
  --spare_count_;
  return std::exchange(spare_, spare_->next_spare);
}

void ConnectionGroup::ReturnOther(ConnectionActivity* activity) {
  if (spare_count_ == kMaxSpare) return delete activity;
  activity->out.ReleaseBuffer();
  ++spare_count_;
  activity->next_spare = std::exchange(spare_, activity);
}

void ConnectionGroup::Recycle(ConnectionActivity* activity) {
  std::destroy_at(activity);
  Return(std::construct_at(activity, role_, options_));
}

}  // namespace weft
