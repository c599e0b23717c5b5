#include "weft/client/connecting/socks5.h"

#include <arpa/inet.h>

#include "absl/strings/str_cat.h"
#include "weft/core/http/quote.h"

namespace weft {
namespace {

constexpr int kSocksVersion = 5;

// Authentication methods (RFC 1928, section 3).
constexpr int kNone = 0x00;
constexpr int kUserAndPassword = 0x02;
constexpr int kNoneOfThem = 0xFF;

constexpr int kConnect = 0x01;

// Address types (section 5).
constexpr int kIpv4 = 0x01;
constexpr int kName = 0x03;
constexpr int kIpv6 = 0x04;

constexpr size_t kMaxText = 255;  // its size is a byte

void AppendByte(std::string* bytes, int byte) { bytes->push_back(static_cast<char>(byte)); }

void AppendText(std::string* bytes, absl::string_view text) {
  AppendByte(bytes, static_cast<int>(text.size()));
  bytes->append(text.data(), text.size());
}

// An address if `host` is one, so that the proxy need not resolve it.
void AppendHost(std::string* bytes, const std::string& host) {
  char address[sizeof(in6_addr)];
  if (inet_pton(AF_INET, host.c_str(), address) == 1) {
    AppendByte(bytes, kIpv4);
    bytes->append(address, sizeof(in_addr));
  } else if (inet_pton(AF_INET6, host.c_str(), address) == 1) {
    AppendByte(bytes, kIpv6);
    bytes->append(address, sizeof(in6_addr));
  } else {
    AppendByte(bytes, kName);
    AppendText(bytes, host);
  }
}

absl::Status NotSocks5(int version) {
  const char seen = static_cast<char>(version);
  return absl::FailedPreconditionError(
      absl::StrCat("it does not speak SOCKS5: its answer begins with ", Quote({&seen, 1})));
}

// Section 6.
absl::Status ReplyError(int reply) {
  switch (reply) {
    case 1:
      return absl::UnavailableError("it failed");
    case 2:
      return absl::PermissionDeniedError("its rules forbid the connection");
    case 3:
      return absl::UnavailableError("it cannot reach the network");
    case 4:
      return absl::UnavailableError("it cannot reach the host");
    case 5:
      return absl::UnavailableError("the connection was refused");
    case 6:
      return absl::UnavailableError("the TTL of its packets expired");
    case 7:
      return absl::UnimplementedError("it does not support the command CONNECT");
    case 8:
      return absl::UnimplementedError("it does not support this address type");
  }
  return absl::UnavailableError(absl::StrCat("it answered with the unknown error ", reply));
}

}  // namespace

absl::StatusOr<Socks5> Socks5::Create(absl::string_view host, uint16_t port,
                                      std::optional<BasicCredentials> credentials) {
  if (host.size() > kMaxText) {
    return absl::InvalidArgumentError("a host has at most 255 bytes in SOCKS5");
  }
  Socks5 socks;
  AppendByte(&socks.output_, kSocksVersion);
  if (credentials.has_value()) {
    if (credentials->user.size() > kMaxText || credentials->password.size() > kMaxText) {
      return absl::InvalidArgumentError(
          "a user name and a password have at most 255 bytes in SOCKS5");
    }
    socks.output_.append({2, kNone, kUserAndPassword});
    AppendByte(&socks.login_, 1);  // the version of RFC 1929
    AppendText(&socks.login_, credentials->user);
    AppendText(&socks.login_, credentials->password);
  } else {
    socks.output_.append({1, kNone});
  }
  socks.request_.append({kSocksVersion, kConnect, 0});
  AppendHost(&socks.request_, std::string(host));
  AppendByte(&socks.request_, port >> 8);
  AppendByte(&socks.request_, port & 0xFF);
  socks.Await(State::kMethod, 2);
  return socks;
}

absl::Status Socks5::Take(absl::string_view bytes) {
  input_.append(bytes.data(), bytes.size());
  return wanted() > 0 ? absl::OkStatus() : TakeAnswer(std::exchange(input_, ""));
}

absl::Status Socks5::TakeAnswer(absl::string_view bytes) {
  const auto byte = [bytes](size_t i) { return static_cast<unsigned char>(bytes[i]); };
  switch (state_) {
    case State::kMethod:
      return TakeMethod(byte(0), byte(1));
    case State::kLogin:
      // The version in front is not checked, because some proxies send the other one.
      if (byte(1) != 0) {
        return absl::UnauthenticatedError("it rejects the user name and password");
      }
      output_ = std::move(request_);
      Await(State::kReply, 4);
      break;
    case State::kReply:
      return TakeReply(byte(0), byte(1), byte(3));
    case State::kNameSize:
      Await(State::kBoundAddress, byte(0) + sizeof(uint16_t));
      break;
    case State::kBoundAddress:  // of the proxy: not used
      wanted_ = 0;
      break;
  }
  return absl::OkStatus();
}

absl::Status Socks5::TakeMethod(int version, int method) {
  if (version != kSocksVersion) return NotSocks5(version);
  if (method == kNone) {
    output_ = std::move(request_);
    Await(State::kReply, 4);
    return absl::OkStatus();
  }
  if (method == kUserAndPassword && !login_.empty()) {
    output_ = std::move(login_);
    Await(State::kLogin, 2);
    return absl::OkStatus();
  }
  if (method == kNoneOfThem) {
    return absl::UnauthenticatedError(login_.empty()
                                          ? "it requires a user name and a password"
                                          : "it does not accept a user name and password");
  }
  return absl::InvalidArgumentError(
      absl::StrCat("it chose an authentication method that was not offered: ", method));
}

absl::Status Socks5::TakeReply(int version, int reply, int address_type) {
  if (version != kSocksVersion) return NotSocks5(version);
  if (reply != 0) return ReplyError(reply);
  switch (address_type) {
    case kIpv4:
      Await(State::kBoundAddress, sizeof(in_addr) + sizeof(uint16_t));
      return absl::OkStatus();
    case kIpv6:
      Await(State::kBoundAddress, sizeof(in6_addr) + sizeof(uint16_t));
      return absl::OkStatus();
    case kName:
      Await(State::kNameSize, 1);
      return absl::OkStatus();
  }
  return absl::InvalidArgumentError(
      absl::StrCat("it answered with an unknown address type: ", address_type));
}

void Socks5::Await(State state, size_t bytes) {
  state_ = state;
  wanted_ = bytes;
}

}  // namespace weft
