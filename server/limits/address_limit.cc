#include "weft/server/limits/address_limit.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstring>

namespace weft {

AddressLimit::Place AddressLimit::PlaceOf(const SocketAddress& peer) {
  sockaddr_storage storage;
  peer.ToSockaddr(&storage);
  uint64_t bytes = 0;
  if (storage.ss_family == AF_INET6) {
    std::memcpy(&bytes, &reinterpret_cast<const sockaddr_in6&>(storage).sin6_addr, sizeof(bytes));
  } else {
    bytes = reinterpret_cast<const sockaddr_in&>(storage).sin_addr.s_addr;
  }
  return {storage.ss_family, bytes};
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
