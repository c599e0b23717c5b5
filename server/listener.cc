#include "weft/server/listener.h"

#include <unistd.h>

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/strip.h"
#include "absl/time/time.h"
#include "weft/transport/address.h"
#include "weft/transport/deadline.h"
#include "weft/transport/listen.h"
#include "weft/transport/resolve.h"

namespace weft {
namespace {

absl::StatusOr<SocketAddress> ListenAddress(const Endpoint& endpoint) {
  absl::string_view path = endpoint.address;
  if (absl::ConsumePrefix(&path, "unix:")) return SocketAddress::FromUnixPath(path);
  absl::StatusOr<std::vector<SocketAddress>> addresses =
      Resolve(endpoint.address, endpoint.port, Deadline::After(absl::Seconds(10)));
  if (!addresses.ok()) return addresses.status();
  return addresses->front();
}

}  // namespace

absl::StatusOr<Listener> Listener::Open(const Endpoint& endpoint) {
  if (endpoint.tls != nullptr && !endpoint.tls->is_server()) {
    return absl::InvalidArgumentError(
        "a server needs a TlsContext made by ForServer, not ForClient");
  }
  const absl::StatusOr<SocketAddress> address = ListenAddress(endpoint);
  if (!address.ok()) return address.status();
  absl::StatusOr<UniqueFd> fd = Listen(*address);
  if (!fd.ok()) return fd.status();
  return Listener(*std::move(fd), endpoint.tls);
}

Listener::~Listener() {
  if (!fd_.is_open()) return;
  const std::string path(LocalAddress(fd_.get()).path());
  fd_.reset();
  if (!path.empty() && path[0] != '@') unlink(path.c_str());
}

}  // namespace weft
