// How many connections one address may have.

#ifndef WEFT_SERVER_LIMITS_ADDRESS_LIMIT_H_
#define WEFT_SERVER_LIMITS_ADDRESS_LIMIT_H_

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "weft/transport/address.h"

namespace weft {

// Counts connections by where they come from: an IPv4 address, or the /64 of an IPv6 address, since
// one subscriber usually has that many at least. A Unix socket has no such place, and no limit.
// Thread-safe; to be asked once when a connection is accepted and once when it has ended.
class AddressLimit {
 public:
  // At most `most` connections an address; 0: as many as there are, and nothing is counted.
  explicit AddressLimit(size_t most) : most_(most) {}

  // Counts one more from `peer`; false, and it does not count, when that would be too many.
  bool Add(const SocketAddress& peer);

  // One that was counted has ended.
  void Remove(const SocketAddress& peer);

  // How many places have a connection: what this holds in memory.
  size_t size() const;

 private:
  using Place = std::pair<int, uint64_t>;  // family; the address, or its first half

  static Place PlaceOf(const SocketAddress& peer);

  const size_t most_;
  mutable std::mutex mutex_;
  absl::flat_hash_map<Place, size_t> connections_;  // none is 0
};

}  // namespace weft

#endif  // WEFT_SERVER_LIMITS_ADDRESS_LIMIT_H_
