#include "weft/client/async/client_groups.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "weft/client/connecting/client_options.h"
#include "weft/core/connection_options.h"

namespace weft {
namespace {

TEST(ClientGroupsTest, ConnectionsWithTheSameOptionsShareAGroup) {
  ClientGroups groups;
  const ConnectionOptions options = {.max_message_bytes = 7};
  ClientTimeouts timeouts = {.ping_interval = absl::Microseconds(1500)};
  ClientGroup& group = groups.Join(options, timeouts);
  timeouts.connect = absl::Seconds(1);  // does not matter to an open connection
  EXPECT_EQ(&groups.Join(options, timeouts), &group);
  EXPECT_EQ(group.members, 2u);
  EXPECT_EQ(group.role(), Role::kClient);
  EXPECT_EQ(group.options().max_message_bytes, 7u);
  EXPECT_EQ(group.ping_interval_ms, 2);
}

TEST(ClientGroupsTest, EachOptionOfAnOpenConnectionCounts) {
  ClientGroups groups;
  groups.Join({}, {});
  groups.Join({.max_message_bytes = 7}, {});
  groups.Join({.max_fragments = 7}, {});
  groups.Join({.stream_messages = true}, {});
  groups.Join({.compression = {.level = 7}}, {});
  groups.Join({.masking_key = [] { return MaskingKey{}; }}, {});
  groups.Join({}, {.ping_interval = absl::Seconds(7)});
  groups.Join({}, {.pong = absl::InfiniteDuration()});
  ClientGroup& last = groups.Join({}, {.close = absl::ZeroDuration()});
  EXPECT_EQ(groups.size(), 9u);
  EXPECT_EQ(last.members, 1u);
  EXPECT_EQ(last.close_ms, 1);
}

TEST(ClientGroupsTest, EmptyGroupsAreRemoved) {
  ClientGroups groups;
  ClientGroup& kept = groups.Join({.max_message_bytes = 1}, {});
  size_t most = 0;
  for (uint64_t i = 2; i < 1000; ++i) {
    --groups.Join({.max_message_bytes = i}, {}).members;
    most = std::max(most, groups.size());
  }
  EXPECT_LT(most, 50u);
  EXPECT_EQ(kept.members, 1u);
  EXPECT_EQ(kept.options().max_message_bytes, 1u);
}

}  // namespace
}  // namespace weft
