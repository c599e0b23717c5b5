// The options that the connections of a loop share.

#ifndef WEFT_CLIENT_ASYNC_CLIENT_GROUPS_H_
#define WEFT_CLIENT_ASYNC_CLIENT_GROUPS_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "weft/client/connecting/client_options.h"
#include "weft/core/connection_group.h"
#include "weft/core/connection_options.h"

namespace weft {

// Connections with the same options, so that none of them keeps the options.
class ClientGroup : public ConnectionGroup {
 public:
  ClientGroup(const ConnectionOptions& options, const ClientTimeouts& timeouts);

  // Whether these are its options. Of the timeouts, those of an open connection count.
  bool Has(const ConnectionOptions& options, const ClientTimeouts& timeouts) const;

  // ClientTimeouts, in milliseconds, rounded up; EventLoop::kNever if infinite.
  const int64_t ping_interval_ms, pong_ms, close_ms;

  // A connection leaves by taking itself off just before it is destroyed: an empty group is not
  // removed before the next Join().
  size_t members = 0;
};

// The groups of a loop. For the loop's thread.
class ClientGroups {
 public:
  // The group with these options, with one member more.
  ClientGroup& Join(const ConnectionOptions& options, const ClientTimeouts& timeouts);

  size_t size() const { return groups_.size(); }

 private:
  // The number of groups, the latest ones, that Join() compares: an application that gives each
  // connection options of its own gets groups of one.
  static constexpr size_t kCompared = 16;

  std::vector<std::unique_ptr<ClientGroup>> groups_;
  size_t remove_at_ = kCompared;  // the number of groups at which the empty ones are removed
};

}  // namespace weft

#endif  // WEFT_CLIENT_ASYNC_CLIENT_GROUPS_H_
