#include "weft/transport/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/un.h>

#include <algorithm>
#include <cstddef>
#include <cstring>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

namespace weft {
namespace {

constexpr size_t kPathOffset = offsetof(sockaddr_un, sun_path);

// Space for a path and the NUL that ends it.
constexpr size_t kPathSize = sizeof(sockaddr_un::sun_path);

// The prefix of an IPv4-mapped IPv6 address (RFC 4291, section 2.5.5.2).
constexpr uint8_t kMappedPrefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};

// Converts the kernel's sun_path of `size` bytes to our form. A name in the abstract namespace
// starts with a NUL there, and extends to the end; a file system path ends at its NUL, if it has
// one.
std::string PathFromKernel(const char* path, size_t size) {
  if (size > 0 && path[0] == '\0') return absl::StrCat("@", absl::string_view(path + 1, size - 1));
  return std::string(path, strnlen(path, size));
}

SocketAddress Ask(int (*which)(int, sockaddr*, socklen_t*), int fd) {
  sockaddr_storage storage;
  socklen_t size = sizeof(storage);
  sockaddr* address = reinterpret_cast<sockaddr*>(&storage);
  return which(fd, address, &size) == 0 ? SocketAddress::FromSockaddr(address, size)
                                        : SocketAddress();
}

}  // namespace

absl::StatusOr<SocketAddress> SocketAddress::FromIp(absl::string_view ip, uint16_t port) {
  const std::string text(ip);
  Ip v4 = {.port = port, .v6 = false};
  Ip v6 = {.port = port, .v6 = true};
  SocketAddress address;
  // For inet_pton() a NUL would end the text early.
  if (text.find('\0') == std::string::npos) {
    if (inet_pton(AF_INET, text.c_str(), v4.bytes.data()) == 1) {
      address.value_ = v4;
      return address;
    }
    if (inet_pton(AF_INET6, text.c_str(), v6.bytes.data()) == 1) {
      address.value_ = v6;
      sockaddr_storage storage;
      const socklen_t size = address.ToSockaddr(&storage);
      return FromSockaddr(reinterpret_cast<const sockaddr*>(&storage), size);
    }
  }
  return absl::InvalidArgumentError(
      absl::StrCat("not an IP address: \"", absl::CHexEscape(ip), "\""));
}

absl::StatusOr<SocketAddress> SocketAddress::FromUnixPath(absl::string_view path) {
  if (path.empty()) return absl::InvalidArgumentError("the path of a Unix socket is empty");
  if (path.size() >= kPathSize) {
    return absl::InvalidArgumentError(absl::StrCat("the path of a Unix socket is at most ",
                                                   kPathSize - 1, " bytes long, not ", path.size(),
                                                   ": ", absl::CHexEscape(path)));
  }
  if (path.find('\0') != absl::string_view::npos) {
    return absl::InvalidArgumentError(
        absl::StrCat("the path of a Unix socket contains a NUL: ", absl::CHexEscape(path)));
  }
  SocketAddress address;
  address.value_ = std::make_shared<const std::string>(path);
  return address;
}

SocketAddress SocketAddress::FromSockaddr(const sockaddr* from, socklen_t size) {
  SocketAddress address;
  if (size < sizeof(sa_family_t)) return address;
  if (from->sa_family == AF_INET && size >= sizeof(sockaddr_in)) {
    sockaddr_in in;
    std::memcpy(&in, from, sizeof(in));
    Ip ip = {.port = ntohs(in.sin_port)};
    std::memcpy(ip.bytes.data(), &in.sin_addr, sizeof(in.sin_addr));
    address.value_ = ip;
  } else if (from->sa_family == AF_INET6 && size >= sizeof(sockaddr_in6)) {
    sockaddr_in6 in6;
    std::memcpy(&in6, from, sizeof(in6));
    const uint8_t* bytes = in6.sin6_addr.s6_addr;
    Ip ip = {.port = ntohs(in6.sin6_port)};
    if (std::equal(std::begin(kMappedPrefix), std::end(kMappedPrefix), bytes)) {
      std::copy_n(bytes + sizeof(kMappedPrefix), 4, ip.bytes.begin());
    } else {
      std::copy_n(bytes, ip.bytes.size(), ip.bytes.begin());
      ip.scope = in6.sin6_scope_id;
      ip.v6 = true;
    }
    address.value_ = ip;
  } else if (from->sa_family == AF_UNIX) {
    const char* path = reinterpret_cast<const char*>(from) + kPathOffset;
    const size_t path_size = size > kPathOffset ? size - kPathOffset : 0;
    address.value_ = path_size == 0
                         ? Path()
                         : std::make_shared<const std::string>(PathFromKernel(path, path_size));
  }
  return address;
}

socklen_t SocketAddress::ToSockaddr(sockaddr_storage* out) const {
  std::memset(out, 0, sizeof(*out));
  out->ss_family = static_cast<sa_family_t>(family());
  if (const Ip* ip = std::get_if<Ip>(&value_)) {
    if (ip->v6) {
      sockaddr_in6* in6 = reinterpret_cast<sockaddr_in6*>(out);
      in6->sin6_port = htons(ip->port);
      in6->sin6_scope_id = ip->scope;
      std::memcpy(&in6->sin6_addr, ip->bytes.data(), sizeof(in6->sin6_addr));
      return sizeof(*in6);
    }
    sockaddr_in* in = reinterpret_cast<sockaddr_in*>(out);
    in->sin_port = htons(ip->port);
    std::memcpy(&in->sin_addr, ip->bytes.data(), sizeof(in->sin_addr));
    return sizeof(*in);
  }
  if (family() == AF_UNIX) {
    const absl::string_view text = path();
    char* sun_path = reinterpret_cast<char*>(out) + kPathOffset;
    std::copy_n(text.data(), std::min(text.size(), kPathSize), sun_path);
    const bool abstract = !text.empty() && text[0] == '@';
    if (abstract) sun_path[0] = '\0';
    const size_t end = text.empty() || abstract ? 0 : 1;  // the NUL after a path
    return static_cast<socklen_t>(kPathOffset + text.size() + end);
  }
  return 0;
}

int SocketAddress::family() const {
  if (const Ip* ip = std::get_if<Ip>(&value_)) return ip->v6 ? AF_INET6 : AF_INET;
  return std::holds_alternative<Path>(value_) ? AF_UNIX : AF_UNSPEC;
}

std::string SocketAddress::ip() const {
  const Ip* ip = std::get_if<Ip>(&value_);
  if (ip == nullptr) return "";
  // Not by inet_ntop, which calls sprintf: 1,740 instructions.
  const auto& bytes = ip->bytes;
  if (!ip->v6) return absl::StrCat(bytes[0], ".", bytes[1], ".", bytes[2], ".", bytes[3]);
  char text[INET6_ADDRSTRLEN];
  inet_ntop(AF_INET6, bytes.data(), text, sizeof(text));
  return ip->scope == 0 ? std::string(text) : absl::StrCat(text, "%", ip->scope);
}

uint16_t SocketAddress::port() const {
  const Ip* ip = std::get_if<Ip>(&value_);
  return ip != nullptr ? ip->port : 0;
}

absl::string_view SocketAddress::path() const {
  const Path* path = std::get_if<Path>(&value_);
  return path != nullptr && *path != nullptr ? absl::string_view(**path) : absl::string_view();
}

std::string SocketAddress::ToString() const {
  switch (family()) {
    case AF_INET:
      return absl::StrCat(ip(), ":", port());
    case AF_INET6:
      return absl::StrCat("[", ip(), "]:", port());
    case AF_UNIX:
      return absl::StrCat("unix:", absl::CHexEscape(path()));
    default:
      return "none";
  }
}

bool operator==(const SocketAddress& a, const SocketAddress& b) {
  using Ip = SocketAddress::Ip;
  const Ip* ip = std::get_if<Ip>(&a.value_);
  const Ip* other = std::get_if<Ip>(&b.value_);
  if (ip != nullptr && other != nullptr) return *ip == *other;
  return a.family() == b.family() && a.path() == b.path();
}

SocketAddress LocalAddress(int fd) { return Ask(getsockname, fd); }
SocketAddress PeerAddress(int fd) { return Ask(getpeername, fd); }

}  // namespace weft
