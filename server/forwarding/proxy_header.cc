#include "weft/server/forwarding/proxy_header.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstring>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "weft/core/http/decimal.h"
#include "weft/core/http/quote.h"

namespace weft {
namespace {

// Version 1.
constexpr absl::string_view kStart = "PROXY ";
constexpr size_t kMaxLine = 107;  // with its CR LF

// Version 2: the signature; version and command; family and transport; the length of the rest.
constexpr absl::string_view kSignature("\r\n\r\n\0\r\nQUIT\n", 12);
constexpr size_t kFixed = 16;
constexpr size_t kIpv4Addresses = 12;  // two addresses and two ports
constexpr size_t kIpv6Addresses = 36;
constexpr size_t kUnixAddresses = 216;

absl::Status Error(int version, absl::string_view why) {
  return absl::InvalidArgumentError(
      absl::StrCat("the header of the PROXY protocol, version ", version, ", is invalid: ", why));
}

uint8_t ByteAt(absl::string_view in, size_t at) { return static_cast<uint8_t>(in[at]); }

bool IsTcpPort(absl::string_view text, uint16_t* port) {
  const std::optional<uint64_t> number = ParseDecimal(text, 65535);
  if (!number.has_value() || (text.size() > 1 && text[0] == '0')) return false;
  *port = static_cast<uint16_t>(*number);
  return true;
}

// "TCP4 192.0.2.1 192.0.2.2 56324 443", without the CR LF.
absl::StatusOr<SocketAddress> ParseAddresses(absl::string_view text) {
  const std::vector<absl::string_view> words = absl::StrSplit(text, ' ');
  const absl::string_view protocol = words[0];
  if (protocol == "UNKNOWN") return SocketAddress();  // the receiver must ignore the rest
  if (protocol != "TCP4" && protocol != "TCP6") {
    return Error(1, absl::StrCat(Quote(protocol), " is not TCP4, TCP6 or UNKNOWN"));
  }
  if (words.size() != 5) {
    return Error(1, absl::StrCat("it has ", words.size() - 1,
                                 " words after the protocol, expected two addresses and two ports, "
                                 "each after one space"));
  }
  SocketAddress client;
  for (int i = 2; i >= 1; --i) {
    uint16_t port;
    if (!IsTcpPort(words[i + 2], &port)) {
      return Error(1, absl::StrCat(Quote(words[i + 2]), " is not a port"));
    }
    const absl::StatusOr<SocketAddress> address = SocketAddress::FromIp(words[i], port);
    if (!address.ok() || absl::StrContains(words[i], ':') != (protocol == "TCP6")) {
      return Error(1, absl::StrCat(Quote(words[i]), " is not an address of ", protocol));
    }
    client = *address;
  }
  return client;
}

absl::StatusOr<ProxyHeader> ParseVersion1(absl::string_view in) {
  const size_t end = in.substr(0, kMaxLine).find('\n');
  if (end == in.npos) {
    if (in.size() < kMaxLine) return ProxyHeader();
    return Error(1, absl::StrCat("it has no line end in its first ", kMaxLine, " bytes"));
  }
  if (in[end - 1] != '\r') return Error(1, "its line ends in LF without CR");
  const absl::StatusOr<SocketAddress> client =
      ParseAddresses(in.substr(kStart.size(), end - 1 - kStart.size()));
  if (!client.ok()) return client.status();
  return ProxyHeader{ProxyHeader::Kind::kComplete, end + 1, *client};
}

absl::StatusOr<SocketAddress> ParseBinaryAddresses(uint8_t family, absl::string_view in) {
  const auto has = [&](size_t size) -> absl::Status {
    if (in.size() >= size) return absl::OkStatus();
    return Error(2, absl::StrCat("its addresses have ", in.size(), " bytes, expected ", size));
  };
  absl::Status status;
  switch (family) {
    case 0x00:  // UNSPEC
      return SocketAddress();
    case 0x11: {  // TCP over IPv4
      if (status = has(kIpv4Addresses); !status.ok()) return status;
      sockaddr_in address{};
      address.sin_family = AF_INET;
      std::memcpy(&address.sin_addr, in.data(), 4);
      std::memcpy(&address.sin_port, in.data() + 8, 2);
      return SocketAddress::FromSockaddr(reinterpret_cast<const sockaddr*>(&address),
                                         sizeof(address));
    }
    case 0x21: {  // TCP over IPv6
      if (status = has(kIpv6Addresses); !status.ok()) return status;
      sockaddr_in6 address{};
      address.sin6_family = AF_INET6;
      std::memcpy(&address.sin6_addr, in.data(), 16);
      std::memcpy(&address.sin6_port, in.data() + 32, 2);
      return SocketAddress::FromSockaddr(reinterpret_cast<const sockaddr*>(&address),
                                         sizeof(address));
    }
    case 0x31:  // a Unix socket: its path says nothing on this machine
      if (status = has(kUnixAddresses); !status.ok()) return status;
      return SocketAddress();
    default:
      return Error(
          2, absl::StrCat("its family and transport are 0x", absl::Hex(family, absl::kZeroPad2),
                          ", expected TCP over IPv4 or IPv6, a Unix stream, or UNSPEC"));
  }
}

absl::StatusOr<ProxyHeader> ParseVersion2(absl::string_view in) {
  // Each byte is checked as soon as it is read.
  if (in.size() > 12 && ByteAt(in, 12) >> 4 != 2) {
    return Error(2, absl::StrCat("its version is ", ByteAt(in, 12) >> 4));
  }
  const int command = in.size() > 12 ? ByteAt(in, 12) & 0xF : 0;
  if (command > 1) {
    return Error(2, absl::StrCat("its command is ", command, ", expected 0 (LOCAL) or 1 (PROXY)"));
  }
  if (in.size() < kFixed) return ProxyHeader();
  const size_t rest = size_t{ByteAt(in, 14)} << 8 | ByteAt(in, 15);
  if (rest > kMaxProxyHeader - kFixed) {
    return Error(
        2, absl::StrCat("it has ", kFixed + rest, " bytes, expected at most ", kMaxProxyHeader));
  }
  if (in.size() < kFixed + rest) return ProxyHeader();
  ProxyHeader header = {ProxyHeader::Kind::kComplete, kFixed + rest};
  if (command == 0) return header;  // LOCAL: the rest must be ignored
  const auto client = ParseBinaryAddresses(ByteAt(in, 13), in.substr(kFixed, rest));
  if (!client.ok()) return client.status();
  header.client = *client;
  return header;
}

bool IsPrefix(absl::string_view in, absl::string_view whole) {
  return absl::StartsWith(whole, in.substr(0, whole.size()));
}

}  // namespace

absl::StatusOr<ProxyHeader> ParseProxyHeader(absl::string_view in) {
  if (absl::StartsWith(in, kStart)) return ParseVersion1(in);
  if (absl::StartsWith(in, kSignature)) return ParseVersion2(in);
  const bool may_be = IsPrefix(in, kStart) || IsPrefix(in, kSignature);
  return ProxyHeader{may_be ? ProxyHeader::Kind::kIncomplete : ProxyHeader::Kind::kAbsent};
}

bool BeginsWithProxyHeader(absl::string_view in) {
  return absl::StartsWith(in, kStart) || absl::StartsWith(in, kSignature);
}

}  // namespace weft
