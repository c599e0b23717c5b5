#include "weft/transport/listen.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace weft {
namespace {

bool SetOption(int fd, int level, int name, int value) {
  return setsockopt(fd, level, name, &value, sizeof(value)) == 0;
}

// Returns false with errno set if one of them is refused.
bool SetOptions(int fd, int family, bool reuse_port) {
  if (family == AF_UNIX) {
    errno = EOPNOTSUPP;  // some kernels accept it and do nothing
    return !reuse_port;
  }
  if (reuse_port && !SetOption(fd, SOL_SOCKET, SO_REUSEPORT, 1)) return false;
  if (family == AF_INET6 && !SetOption(fd, IPPROTO_IPV6, IPV6_V6ONLY, 0)) return false;
  // A restarted server need not wait until the connections of the old one leave TIME_WAIT. Accepted
  // sockets inherit TCP_NODELAY, which saves a system call for each.
  return SetOption(fd, SOL_SOCKET, SO_REUSEADDR, 1) && SetOption(fd, IPPROTO_TCP, TCP_NODELAY, 1);
}

// Whether `path` is a socket file that a process left behind. The check connects with a socket of
// another type: the error is "refused" if no process has the socket, and "wrong type" (EPROTOTYPE)
// if one has, even if it does not listen yet. No server notices it.
bool IsStale(const std::string& path, const sockaddr* address, socklen_t size) {
  struct stat info;
  if (lstat(path.c_str(), &info) != 0 || !S_ISSOCK(info.st_mode)) return false;
  UniqueFd probe(socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  return probe.is_open() && connect(probe.get(), address, size) < 0 && errno == ECONNREFUSED;
}

// A lock for the one process that replaces a file in the folder: two that find the same stale file
// must not both remove it, or one removes the other's new file. None if it cannot be acquired
// within a second; others hold it for microseconds.
UniqueFd LockFolderOf(const std::string& path) {
  const size_t slash = path.rfind('/');
  const std::string folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  UniqueFd fd(open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd.is_open()) return fd;
  for (int i = 0; flock(fd.get(), LOCK_EX | LOCK_NB) != 0; ++i) {
    if (i == 1000 || (errno != EWOULDBLOCK && errno != EINTR)) return UniqueFd();
    usleep(1000);
  }
  return fd;
}

bool Bind(int fd, const SocketAddress& address) {
  sockaddr_storage storage;
  const socklen_t size = address.ToSockaddr(&storage);
  const sockaddr* raw = reinterpret_cast<const sockaddr*>(&storage);
  if (bind(fd, raw, size) == 0) return true;
  if (errno != EADDRINUSE || address.family() != AF_UNIX) return false;
  const std::string path(address.path());
  const UniqueFd lock = LockFolderOf(path);
  if (!lock.is_open() || !IsStale(path, raw, size)) {
    errno = EADDRINUSE;
    return false;
  }
  return unlink(path.c_str()) == 0 && bind(fd, raw, size) == 0;
}

}  // namespace

absl::StatusOr<UniqueFd> Listen(const SocketAddress& address, const ListenOptions& options) {
  const auto failed = [&address] {
    return absl::ErrnoToStatus(errno, absl::StrCat("cannot listen on ", address.ToString()));
  };
  UniqueFd fd(socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd.is_open()) return failed();
  if (!SetOptions(fd.get(), address.family(), options.reuse_port)) return failed();
  if (!Bind(fd.get(), address)) return failed();
  if (listen(fd.get(), options.backlog) < 0) return failed();
  return fd;
}

IoResult Accept(int listener, Stream* stream, SocketAddress* peer) {
  sockaddr_storage storage;
  sockaddr* address = reinterpret_cast<sockaddr*>(&storage);
  socklen_t size;
  int fd;
  do {
    size = sizeof(storage);
    fd = accept4(listener, address, &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
  } while (fd < 0 && (errno == EINTR || errno == ECONNABORTED));
  if (fd < 0) {
    if (errno == EAGAIN || errno == EWOULDBLOCK) return {.status = IoStatus::kWouldBlock};
    return {.status = IoStatus::kError, .error = errno};
  }
  *stream = Stream(UniqueFd(fd));
  if (peer != nullptr) *peer = SocketAddress::FromSockaddr(address, size);
  return {};
}

}  // namespace weft
