#include "weft/transport/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/un.h>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstring>
#include <variant>

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

struct SocketAddress::Shared {
  mutable std::atomic<uint32_t> owners{1};
  std::variant<Ip, std::string> value;
};

SocketAddress SocketAddress::Make(const Ip& ip) {
  if (!ip.v6) {
    const auto& bytes = ip.bytes;
    const uint32_t address =
        uint32_t{bytes[0]} << 24 | uint32_t{bytes[1]} << 16 | uint32_t{bytes[2]} << 8 | bytes[3];
    return SocketAddress(uint64_t{address} << 32 | uint64_t{ip.port} << 16 | kV4);
  }
  return SocketAddress(reinterpret_cast<uintptr_t>(new Shared{.value = ip}));
}

SocketAddress SocketAddress::Make(std::string path) {
  return SocketAddress(reinterpret_cast<uintptr_t>(new Shared{.value = std::move(path)}));
}

// Null if this has none.
const SocketAddress::Shared* SocketAddress::shared() const {
  // NOLINTNEXTLINE(performance-no-int-to-ptr): the bits are an address or a pointer
  return is_shared() ? reinterpret_cast<const Shared*>(static_cast<uintptr_t>(bits_)) : nullptr;
}

void SocketAddress::Share() const { shared()->owners.fetch_add(1, std::memory_order_relaxed); }

void SocketAddress::Release() const {
  if (shared()->owners.fetch_sub(1, std::memory_order_acq_rel) == 1) delete shared();
}

std::optional<SocketAddress::Ip> SocketAddress::AsIp() const {
  if ((bits_ & kKind) == kV4) {
    Ip ip = {.port = static_cast<uint16_t>(bits_ >> 16)};
    for (int i = 0; i < 4; ++i) ip.bytes[i] = static_cast<uint8_t>(bits_ >> (56 - 8 * i));
    return ip;
  }
  if (shared() == nullptr || !std::holds_alternative<Ip>(shared()->value)) return std::nullopt;
  return std::get<Ip>(shared()->value);
}

bool SocketAddress::is_ip() const { return AsIp().has_value(); }

absl::StatusOr<SocketAddress> SocketAddress::FromIp(absl::string_view ip, uint16_t port) {
  const std::string text(ip);
  Ip v4 = {.port = port, .v6 = false};
  Ip v6 = {.port = port, .v6 = true};
  // For inet_pton() a NUL would end the text early.
  if (text.find('\0') == std::string::npos) {
    if (inet_pton(AF_INET, text.c_str(), v4.bytes.data()) == 1) return Make(v4);
    if (inet_pton(AF_INET6, text.c_str(), v6.bytes.data()) == 1) {
      sockaddr_storage storage;
      const socklen_t size = Make(v6).ToSockaddr(&storage);
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
  return Make(std::string(path));
}

SocketAddress SocketAddress::FromSockaddr(const sockaddr* from, socklen_t size) {
  if (size < sizeof(sa_family_t)) return SocketAddress();
  if (from->sa_family == AF_INET && size >= sizeof(sockaddr_in)) {
    sockaddr_in in;
    std::memcpy(&in, from, sizeof(in));
    Ip ip = {.port = ntohs(in.sin_port)};
    std::memcpy(ip.bytes.data(), &in.sin_addr, sizeof(in.sin_addr));
    return Make(ip);
  }
  if (from->sa_family == AF_INET6 && size >= sizeof(sockaddr_in6)) {
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
    return Make(ip);
  }
  if (from->sa_family == AF_UNIX) {
    const char* path = reinterpret_cast<const char*>(from) + kPathOffset;
    const size_t path_size = size > kPathOffset ? size - kPathOffset : 0;
    return path_size == 0 ? SocketAddress(kUnnamed) : Make(PathFromKernel(path, path_size));
  }
  return SocketAddress();
}

socklen_t SocketAddress::ToSockaddr(sockaddr_storage* out) const {
  std::memset(out, 0, sizeof(*out));
  out->ss_family = static_cast<sa_family_t>(family());
  if (const std::optional<Ip> ip = AsIp()) {
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
  if ((bits_ & kKind) == kV4) return AF_INET;
  if (shared() != nullptr && std::holds_alternative<Ip>(shared()->value)) return AF_INET6;
  return bits_ == kNone ? AF_UNSPEC : AF_UNIX;
}

std::string SocketAddress::ip() const {
  const std::optional<Ip> ip = AsIp();
  if (!ip.has_value()) return "";
  // Not by inet_ntop, which calls sprintf: 1,740 instructions.
  const auto& bytes = ip->bytes;
  if (!ip->v6) return absl::StrCat(bytes[0], ".", bytes[1], ".", bytes[2], ".", bytes[3]);
  char text[INET6_ADDRSTRLEN];
  inet_ntop(AF_INET6, bytes.data(), text, sizeof(text));
  return ip->scope == 0 ? std::string(text) : absl::StrCat(text, "%", ip->scope);
}

std::array<uint8_t, 16> SocketAddress::ip_bytes() const { return AsIp().value_or(Ip()).bytes; }

uint16_t SocketAddress::port() const {
  const std::optional<Ip> ip = AsIp();
  return ip.has_value() ? ip->port : 0;
}

absl::string_view SocketAddress::path() const {
  const auto* path = shared() == nullptr ? nullptr : std::get_if<std::string>(&shared()->value);
  return path == nullptr ? absl::string_view() : absl::string_view(*path);
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
  if (a.bits_ == b.bits_) return true;
  if (a.is_ip() && b.is_ip()) return a.AsIp() == b.AsIp();
  return a.family() == b.family() && a.path() == b.path();
}

bool SharePrefix(const std::array<uint8_t, 16>& a, const std::array<uint8_t, 16>& b, int bits) {
  const int whole = bits / 8, rest = bits % 8;
  if (!std::equal(a.begin(), a.begin() + whole, b.begin())) return false;
  return rest == 0 || ((a[whole] ^ b[whole]) >> (8 - rest)) == 0;
}

SocketAddress LocalAddress(int fd) { return Ask(getsockname, fd); }
SocketAddress PeerAddress(int fd) { return Ask(getpeername, fd); }

}  // namespace weft
