// The limit of connections per address.

#ifndef WEFT_SERVER_LIMITS_ADDRESS_LIMIT_H_
#define WEFT_SERVER_LIMITS_ADDRESS_LIMIT_H_

#include <cstddef>
#include <cstdint>
#include <limits>
#include <mutex>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "weft/transport/address.h"

namespace weft {

// Counts connections by their origin: an IPv4 address, or the /64 of an IPv6 address, because one
// subscriber usually has at least that many. A Unix socket has no such origin, and no limit.
// Thread-safe; called once when a connection is accepted and once when it has ended.
class AddressLimit {
 public:
  // At most `most` connections per address, at least 1. The largest number: no limit, and nothing
  // is counted.
  explicit AddressLimit(size_t most) : most_(most) {}

  // Counts one more from `peer`; returns false, without counting it, if that would exceed the
  // limit.
  bool Add(const SocketAddress& peer);

  // A counted connection has ended.
  void Remove(const SocketAddress& peer);

  // The number of origins with a connection: it determines the memory held.
  size_t size() const;

 private:
  using Place = std::pair<int, uint64_t>;  // family; the address, or its first half

  static Place PlaceOf(const SocketAddress& peer);

  bool counts(const SocketAddress& peer) const {
    return most_ != std::numeric_limits<size_t>::max() && peer.is_ip();
  }

  const size_t most_;
  mutable std::mutex mutex_;
  absl::flat_hash_map<Place, size_t> connections_;  // no entry is 0
};

}  // namespace weft

#endif  // WEFT_SERVER_LIMITS_ADDRESS_LIMIT_H_
