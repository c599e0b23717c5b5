// A connection to Redis that is made again and again.

#ifndef WEFT_CLUSTER_REDIS_LINK_H_
#define WEFT_CLUSTER_REDIS_LINK_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "weft/client/connecting/backoff.h"
#include "weft/cluster/redis/connection.h"
#include "weft/cluster/redis/redis_address.h"
#include "weft/cluster/redis/redis_counters.h"
#include "weft/cluster/redis/redis_options.h"
#include "weft/cluster/redis/topology.h"
#include "weft/loop/address_lookup.h"
#include "weft/loop/event_loop.h"
#include "weft/loop/timer_wheel.h"

namespace weft {

// One of the two connections of a broker: finds the master, connects, and after each end waits and
// does so again. For the loop's thread.
class RedisLink : private RedisConnection::Owner, private Timer {
 public:
  class User {
   public:
    // Alternately. OnDown() comes before the outcomes of the connection's commands.
    virtual void OnUp(RedisLink& link) = 0;
    virtual void OnDown(RedisLink& link, const absl::Status& reason) = 0;

    virtual void OnPush(RespValue& reply) = 0;

   protected:
    ~User() = default;
  };

  // All must outlive it. `config_epoch` is that of the last RedisMaster of any link of the broker,
  // or a later one: a link must not go back to a master that another one has left.
  RedisLink(EventLoop& loop, AddressLookup& lookup, const RedisOptions& options,
            RedisCounters& counters, const RedisAddress& address,
            const std::vector<RedisAddress>& sentinels, std::optional<uint64_t>& config_epoch,
            RedisConnection::Kind kind, User& user);
  ~RedisLink() override;

  void Start() { Connect(); }

  // Ends the connection; another one follows.
  void Drop(const absl::Status& reason);

  // While the connection is open: asks a Sentinel, if there are any, which Redis is the master, and
  // calls `other` with the reason if it names another address with a higher config_epoch.
  void CheckMaster(absl::AnyInvocable<void(const absl::Status&)> other);

  // Ends the connection. None follows.
  void Stop();

  // The owner calls it at the end of each turn.
  void EndOfTurn();

  // The connection while it is open, and null otherwise.
  RedisConnection* connection() const { return is_up() ? connection_.get() : nullptr; }

  // Whether connection() is there. Any thread.
  bool is_up() const { return up_.load(std::memory_order_relaxed); }

  // The reason of the last end or failed attempt, while connection() is null.
  const absl::Status& reason() const { return reason_; }

 private:
  void OnOpen(RedisConnection& connection) override;
  void OnPush(RedisConnection&, RespValue& reply) override { user_.OnPush(reply); }
  void OnClosed(RedisConnection& connection, const absl::Status& reason) override;
  void OnTimer() override { Connect(); }

  void Connect();
  absl::Status TakeMaster(const RedisMaster& master);
  void Retry(const absl::Status& reason, bool was_up);
  void Log(LogLevel level, absl::string_view text) const;

  EventLoop& loop_;
  AddressLookup& lookup_;
  const RedisOptions& options_;
  RedisCounters& counters_;
  const RedisConnection::Kind kind_;
  User& user_;
  RedisTopology topology_;
  std::optional<uint64_t>& config_epoch_;  // of all links
  size_t outdated_ = 0;                    // Sentinels in turn that have told a lower one
  bool warned_ = false;                    // of a RedisMaster::epoch_error
  Backoff backoff_;
  std::unique_ptr<RedisConnection> connection_;
  std::vector<std::unique_ptr<RedisConnection>> gone_;  // destroyed at the end of the turn
  absl::Status reason_ = absl::UnavailableError("not connected to Redis yet");
  std::string logged_;  // the last error, which is not logged at each attempt
  int64_t up_since_ms_ = 0;
  std::atomic<bool> up_{false};
  bool stopped_ = false;
};

}  // namespace weft

#endif  // WEFT_CLUSTER_REDIS_LINK_H_
