#include "weft/transport/resolve.h"

#include <netdb.h>
#include <pthread.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <mutex>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "weft/transport/io.h"
#include "weft/transport/loopback.h"

namespace weft {
namespace {

using internal::Addresses;

std::string CannotResolve(absl::string_view host) {
  return absl::StrCat("cannot resolve \"", absl::CHexEscape(host), "\"");
}

absl::Status LookupError(const std::string& host, int code, int system_error) {
  if (code == EAI_SYSTEM) return absl::ErrnoToStatus(system_error, CannotResolve(host));
  const std::string message = absl::StrCat(CannotResolve(host), ": ", gai_strerror(code));
  if (code == EAI_NONAME || code == EAI_NODATA) return absl::NotFoundError(message);
  return absl::UnavailableError(message);
}

Addresses SystemLookup(const std::string& host, uint16_t port, int flags) {
  addrinfo hints = {};
  hints.ai_flags = flags | AI_NUMERICSERV;
  hints.ai_socktype = SOCK_STREAM;  // otherwise each address is returned once per socket type
  addrinfo* list = nullptr;
  const int code = getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &list);
  if (code != 0) return LookupError(host, code, errno);
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owner(list, freeaddrinfo);
  std::vector<SocketAddress> addresses;
  for (const addrinfo* info = list; info != nullptr; info = info->ai_next) {
    const SocketAddress address = SocketAddress::FromSockaddr(info->ai_addr, info->ai_addrlen);
    // A hosts file with a name on two lines returns an address twice.
    if (address.is_ip() &&
        std::find(addresses.begin(), addresses.end(), address) == addresses.end()) {
      addresses.push_back(address);
    }
  }
  if (addresses.empty()) return LookupError(host, EAI_NONAME, 0);
  return addresses;
}

// The state shared by the waiting caller and the lookup thread; the last of them destroys it.
struct Pending {
  Pending(internal::Lookup lookup, std::string host, uint16_t port, Notification done)
      : lookup(std::move(lookup)), host(std::move(host)), port(port), done(std::move(done)) {}

  const internal::Lookup lookup;
  const std::string host;
  const uint16_t port;
  const Notification done;  // `addresses` is set
  std::mutex mutex;
  Addresses addresses;  // guarded by `mutex`
};

void* RunLookup(void* argument) {
  const std::unique_ptr<std::shared_ptr<Pending>> holder(
      static_cast<std::shared_ptr<Pending>*>(argument));
  Pending& pending = **holder;
  Addresses addresses = pending.lookup(pending.host, pending.port);
  {
    std::lock_guard<std::mutex> lock(pending.mutex);
    pending.addresses = std::move(addresses);
  }
  pending.done.Notify();
  return nullptr;
}

// Not std::thread, which throws if the system has no thread left.
absl::Status StartLookup(std::shared_ptr<Pending> pending) {
  auto holder = std::make_unique<std::shared_ptr<Pending>>(std::move(pending));
  pthread_t thread;
  const int error = pthread_create(&thread, nullptr, RunLookup, holder.get());
  if (error != 0) return absl::ErrnoToStatus(error, "cannot start a thread");
  static_cast<void>(holder.release());  // RunLookup() deletes it
  pthread_detach(thread);
  return absl::OkStatus();
}

}  // namespace

namespace internal {

Addresses ResolveName(Lookup lookup, absl::string_view host, uint16_t port, Deadline deadline,
                      const Notification* cancel) {
  absl::StatusOr<Notification> done = Notification::Create();
  absl::Status status = done.status();
  std::shared_ptr<Pending> pending;
  if (status.ok()) {
    pending =
        std::make_shared<Pending>(std::move(lookup), std::string(host), port, *std::move(done));
    status = StartLookup(pending);
  }
  if (status.ok()) status = Wait(pending->done.fd(), Interest::kRead, deadline, cancel);
  if (!status.ok()) return LookupStopped(host, status);
  std::lock_guard<std::mutex> lock(pending->mutex);
  return std::move(pending->addresses);
}

}  // namespace internal

std::optional<absl::StatusOr<std::vector<SocketAddress>>> ResolveAtOnce(absl::string_view host,
                                                                        uint16_t port) {
  // getaddrinfo() takes an empty name for the machine itself, and reads only up to a NUL.
  if (host.empty() || host.find('\0') != absl::string_view::npos) {
    return absl::InvalidArgumentError(absl::StrCat(CannotResolve(host), ": not a host name"));
  }
  if (IsLoopbackName(host)) {
    return std::vector<SocketAddress>{*SocketAddress::FromIp("::1", port),
                                      *SocketAddress::FromIp("127.0.0.1", port)};
  }
  Addresses numeric = SystemLookup(std::string(host), port, AI_NUMERICHOST);
  if (numeric.ok()) return numeric;
  if (host.find('%') != absl::string_view::npos) {
    return absl::NotFoundError(absl::StrCat(
        CannotResolve(host), ": not an IPv6 address and a network interface of this machine"));
  }
  return std::nullopt;
}

absl::StatusOr<std::vector<SocketAddress>> LookUp(const std::string& host, uint16_t port) {
  return SystemLookup(host, port, 0);
}

absl::Status LookupStopped(absl::string_view host, const absl::Status& why) {
  return absl::Status(why.code(), absl::StrCat(CannotResolve(host), ": ", why.message()));
}

absl::StatusOr<std::vector<SocketAddress>> Resolve(absl::string_view host, uint16_t port,
                                                   Deadline deadline, const Notification* cancel) {
  if (std::optional<Addresses> known = ResolveAtOnce(host, port)) return *std::move(known);
  return internal::ResolveName(LookUp, host, port, deadline, cancel);
}

}  // namespace weft
