#include "weft/server/listening/inherited_socket.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstdint>
#include <limits>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "weft/core/http/decimal.h"

namespace weft {
namespace {

// An option of SOL_SOCKET that is an int; negative with errno set if the socket has none.
int OptionOf(int fd, int name) {
  int value = 0;
  socklen_t size = sizeof(value);
  return getsockopt(fd, SOL_SOCKET, name, &value, &size) == 0 ? value : -1;
}

// The rest of the sentence "fd:3 ...", or empty if a server can accept from the descriptor.
std::string WhatIsWrong(int fd) {
  const int type = OptionOf(fd, SO_TYPE);
  if (type < 0) {
    if (errno == EBADF) return "is not open";
    if (errno == ENOTSOCK) return "is not a socket";
    return absl::StrCat("cannot be examined: ", absl::ErrnoToStatus(errno, "").message());
  }
  const int family = OptionOf(fd, SO_DOMAIN);
  const bool is_ip = family == AF_INET || family == AF_INET6;
  if (!is_ip && family != AF_UNIX) {
    return absl::StrCat("has the address family ", family, ", expected IPv4, IPv6 or Unix");
  }
  if (type != SOCK_STREAM) {
    return absl::StrCat("has the socket type ", type, ", expected a stream (SOCK_STREAM)");
  }
  const int protocol = OptionOf(fd, SO_PROTOCOL);
  if (is_ip && protocol != IPPROTO_TCP && protocol != IPPROTO_MPTCP) {
    return absl::StrCat("has the protocol ", protocol, ", expected TCP");
  }
  if (OptionOf(fd, SO_ACCEPTCONN) != 1) {
    return "does not listen, expected a socket on which listen() was called";
  }
  return "";
}

bool AddFlag(int fd, int get, int set, int flag) {
  const int flags = fcntl(fd, get);
  return flags >= 0 && fcntl(fd, set, flags | flag) >= 0;
}

}  // namespace

absl::StatusOr<std::optional<int>> DescriptorOf(absl::string_view address) {
  absl::string_view number = address;
  if (!absl::ConsumePrefix(&number, "fd:")) return std::nullopt;
  const std::optional<uint64_t> fd = ParseDecimal(number, std::numeric_limits<int>::max());
  if (!fd.has_value()) {
    return absl::InvalidArgumentError(
        absl::StrCat("the address ", address, " names no file descriptor, expected as in fd:3"));
  }
  return static_cast<int>(*fd);
}

absl::Status PrepareInheritedSocket(int fd) {
  if (const std::string wrong = WhatIsWrong(fd); !wrong.empty()) {
    return absl::InvalidArgumentError(absl::StrCat("the file descriptor fd:", fd, " ", wrong));
  }
  // Accepted sockets inherit TCP_NODELAY. An error of a Unix socket, which has no such option, does
  // not matter.
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  if (!AddFlag(fd, F_GETFL, F_SETFL, O_NONBLOCK) || !AddFlag(fd, F_GETFD, F_SETFD, FD_CLOEXEC)) {
    return absl::ErrnoToStatus(errno, absl::StrCat("cannot prepare the file descriptor fd:", fd));
  }
  return absl::OkStatus();
}

}  // namespace weft
