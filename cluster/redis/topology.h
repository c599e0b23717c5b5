// Where the Redis is that takes writes.

#ifndef WEFT_CLUSTER_REDIS_TOPOLOGY_H_
#define WEFT_CLUSTER_REDIS_TOPOLOGY_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "weft/cluster/redis/connection.h"
#include "weft/cluster/redis/redis_address.h"
#include "weft/cluster/redis/redis_counters.h"
#include "weft/cluster/redis/redis_options.h"
#include "weft/loop/address_lookup.h"
#include "weft/loop/event_loop.h"

namespace weft {

struct RedisMaster {
  RedisAddress address{};

  // Rises with each failover: of two Sentinels that name different masters, the one with the lower
  // epoch is out of date. 0 before the first failover. None without Sentinels; or with the error of
  // one, whose user has no right to SENTINEL MASTER, say.
  std::optional<uint64_t> config_epoch{};
  absl::Status epoch_error{};

  // "HOST:PORT" of the Sentinel that names it.
  std::string sentinel{};
};

// Finds the master: it is the one address, or the one that a Sentinel names. The slots of a Redis
// Cluster would be looked up here too, by topic. For the loop's thread.
class RedisTopology : private RedisConnection::Owner {
 public:
  // Called once for each Find(), perhaps in it.
  using Done = absl::AnyInvocable<void(absl::StatusOr<RedisMaster>)>;

  // `address` is that of RedisOptions, and `sentinels` are its Sentinels. All must outlive it.
  RedisTopology(EventLoop& loop, AddressLookup& lookup, const RedisOptions& options,
                RedisCounters& counters, RedisAddress address, std::vector<RedisAddress> sentinels);
  ~RedisTopology();

  size_t sentinel_count() const { return sentinels_.size(); }

  // Unavailable, with the errors of all, if no Sentinel knows the master. One call at a time.
  void Find(Done done);
  bool is_finding() const { return done_ != nullptr; }

  // Ends it without a call.
  void Stop();

  // The owner calls it at the end of each turn.
  void EndOfTurn();

 private:
  void OnOpen(RedisConnection& connection) override;
  void OnPush(RedisConnection&, RespValue&) override {}
  void OnClosed(RedisConnection& connection, const absl::Status& reason) override;

  void AskNext();
  void TakeState(const RespValue& reply);
  void TakeAddress(const RespValue& reply);
  void Finish(absl::StatusOr<RedisMaster> result);

  EventLoop& loop_;
  AddressLookup& lookup_;
  const RedisOptions& options_;
  RedisCounters& counters_;
  const RedisAddress address_;
  const std::vector<RedisAddress> sentinels_;
  size_t next_ = 0;  // the Sentinel to ask
  size_t left_ = 0;  // the number of those that have not been asked for this Find()
  std::string errors_;
  Done done_;
  RedisMaster found_;  // what the asked one has answered so far
  std::unique_ptr<RedisConnection> asked_;
  std::vector<std::unique_ptr<RedisConnection>> gone_;  // destroyed at the end of the turn
};

}  // namespace weft

#endif  // WEFT_CLUSTER_REDIS_TOPOLOGY_H_
