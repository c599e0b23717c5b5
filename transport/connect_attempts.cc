#include "weft/transport/connect_attempts.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <system_error>
#include <utility>

namespace weft {
namespace {

// Starts to connect without waiting. 0, or an errno.
int Start(const SocketAddress& address, UniqueFd* fd) {
  fd->reset(socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd->is_open()) return errno;
  if (address.is_ip()) {
    const int on = 1;
    setsockopt(fd->get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  }
  sockaddr_storage storage;
  const socklen_t size = address.ToSockaddr(&storage);
  if (connect(fd->get(), reinterpret_cast<const sockaddr*>(&storage), size) == 0) return 0;
  // After EINTR the attempt continues by itself, as after EINPROGRESS.
  return errno == EINPROGRESS || errno == EINTR ? 0 : errno;
}

// The result of an attempt whose socket is writable: 0, or an errno.
int Result(int fd) {
  int error = 0;
  socklen_t size = sizeof(error);
  return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) < 0 ? errno : error;
}

bool IsWritable(int fd) {
  pollfd polled = {.fd = fd, .events = POLLOUT, .revents = 0};
  return poll(&polled, 1, 0) == 1;
}

}  // namespace

absl::StatusOr<std::optional<Stream>> ConnectAttempts::Continue(absl::Duration now) {
  for (size_t i = 0; i < sockets_.size(); ++i) {
    if (!sockets_[i].is_open() || !IsWritable(sockets_[i].get())) continue;
    const int error = Result(sockets_[i].get());
    if (error == 0) return Stream(std::move(sockets_[i]));
    Fail(i, error);
  }
  while (const std::optional<size_t> attempt = race_.Start(now)) {
    sockets_.emplace_back();
    const int error = Start(race_.address(*attempt), &sockets_.back());
    if (error != 0) Fail(*attempt, error);
  }
  if (race_.lost()) return race_.Error(absl::UnavailableError(""));
  return std::nullopt;
}

std::vector<int> ConnectAttempts::fds() const {
  std::vector<int> fds;
  for (const UniqueFd& socket : sockets_) {
    if (socket.is_open()) fds.push_back(socket.get());
  }
  return fds;
}

void ConnectAttempts::Fail(size_t attempt, int error) {
  sockets_[attempt].reset();
  race_.Failed(attempt, std::generic_category().message(error));
}

}  // namespace weft
