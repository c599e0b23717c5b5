#include "weft/server/listening/service_manager.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <limits>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "weft/core/http/decimal.h"
#include "weft/core/http/quote.h"
#include "weft/transport/address.h"
#include "weft/transport/fd.h"

namespace weft {
namespace {

constexpr int kFirstFd = 3;  // SD_LISTEN_FDS_START
constexpr size_t kMaxSockets = 32767;

// How long a message waits for a manager that does not read.
constexpr timeval kNotifyTimeout = {.tv_sec = 5, .tv_usec = 0};

std::optional<std::string> TakeVariable(const char* name) {
  const char* const value = std::getenv(name);
  if (value == nullptr) return std::nullopt;
  std::string taken = value;
  unsetenv(name);
  return taken;
}

absl::Status Malformed(absl::string_view name, absl::string_view value,
                       absl::string_view expected) {
  return absl::InvalidArgumentError(absl::StrCat("the environment variable ", name, " is ",
                                                 Quote(value), ", expected ", expected));
}

}  // namespace

namespace internal {

absl::StatusOr<std::vector<ActivatedEndpoint>> ParseActivation(const ActivationVariables& variables,
                                                               int own_pid) {
  std::vector<ActivatedEndpoint> sockets;
  if (!variables.pid.has_value() || !variables.fds.has_value()) return sockets;
  const uint64_t pid = ParseDecimal(*variables.pid, std::numeric_limits<pid_t>::max()).value_or(0);
  if (pid == 0) return Malformed("LISTEN_PID", *variables.pid, "the number of a process");
  if (pid != static_cast<uint64_t>(own_pid))
    return sockets;  // inherited from a parent, which did not remove it
  const size_t count = ParseDecimal(*variables.fds, kMaxSockets).value_or(0);
  if (count == 0) {
    return Malformed("LISTEN_FDS", *variables.fds,
                     absl::StrCat("a number of sockets, 1 to ", kMaxSockets));
  }
  std::vector<std::string> names(count);
  if (variables.names.has_value()) names = absl::StrSplit(*variables.names, ':');
  if (names.size() != count) {
    return Malformed("LISTEN_FDNAMES", *variables.names,
                     absl::StrCat(count, " names with colons between them, as LISTEN_FDS says"));
  }
  for (size_t i = 0; i < count; ++i) {
    sockets.push_back({std::move(names[i]), {.address = absl::StrCat("fd:", kFirstFd + i)}});
  }
  return sockets;
}

}  // namespace internal

absl::StatusOr<std::vector<ActivatedEndpoint>> TakeActivatedEndpoints() {
  absl::StatusOr<std::vector<ActivatedEndpoint>> sockets = internal::ParseActivation(
      {TakeVariable("LISTEN_PID"), TakeVariable("LISTEN_FDS"), TakeVariable("LISTEN_FDNAMES")},
      getpid());
  // Of a descriptor that is not open, the server that is started with it says so.
  for (size_t i = 0; sockets.ok() && i < sockets->size(); ++i) {
    fcntl(kFirstFd + static_cast<int>(i), F_SETFD, FD_CLOEXEC);
  }
  return sockets;
}

absl::Status NotifyServiceManager(absl::string_view state) {
  const char* const path = std::getenv("NOTIFY_SOCKET");
  if (path == nullptr) return absl::OkStatus();
  if (path[0] != '/' && path[0] != '@') {
    return Malformed("NOTIFY_SOCKET", path, "an absolute path, or a name that begins with @");
  }
  const absl::StatusOr<SocketAddress> address = SocketAddress::FromUnixPath(path);
  if (!address.ok()) return address.status();
  sockaddr_storage storage;
  const socklen_t size = address->ToSockaddr(&storage);
  const UniqueFd fd(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!fd.is_open() ||
      setsockopt(fd.get(), SOL_SOCKET, SO_SNDTIMEO, &kNotifyTimeout, sizeof(kNotifyTimeout)) != 0 ||
      sendto(fd.get(), state.data(), state.size(), MSG_NOSIGNAL,
             reinterpret_cast<const sockaddr*>(&storage), size) < 0) {
    return absl::ErrnoToStatus(errno, absl::StrCat("cannot notify the service manager at ", path));
  }
  return absl::OkStatus();
}

}  // namespace weft
