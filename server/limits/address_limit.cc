#include "weft/server/limits/address_limit.h"

#include <array>
#include <cstring>

namespace weft {

AddressLimit::Place AddressLimit::PlaceOf(const SocketAddress& peer) {
  const std::array<uint8_t, 16> ip = peer.ip_bytes();
  uint64_t start;
  std::memcpy(&start, ip.data(), sizeof(start));
  return {peer.family(), start};
}

bool AddressLimit::Add(const SocketAddress& peer) {
  if (!counts(peer)) return true;
  const Place place = PlaceOf(peer);
  const std::lock_guard<std::mutex> lock(mutex_);
  size_t& count = connections_[place];
  if (count >= most_) return false;
  ++count;
  return true;
}

void AddressLimit::Remove(const SocketAddress& peer) {
  if (!counts(peer)) return;
  const Place place = PlaceOf(peer);
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto found = connections_.find(place);
  if (--found->second == 0) connections_.erase(found);
}

size_t AddressLimit::size() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return connections_.size();
}

}  // namespace weft
