#include "weft/core/http/authority.h"

#include <arpa/inet.h>

#include <algorithm>
#include <cstddef>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "weft/core/http/decimal.h"
#include "weft/core/http/quote.h"

namespace weft {
namespace {

bool IsNameCharacter(char c) {
  return absl::ascii_isalnum(c) || c == '-' || c == '.' || c == '_' || c == '~';
}

bool AllDigits(absl::string_view text) {
  return std::all_of(text.begin(), text.end(), absl::ascii_isdigit);
}

// inet_pton only parses text; it makes no DNS query.
bool IsAddress(int family, absl::string_view text) {
  char copy[INET6_ADDRSTRLEN];
  if (text.size() >= sizeof(copy)) return false;
  *std::copy(text.begin(), text.end(), copy) = '\0';
  in6_addr address;  // the larger of the two
  return inet_pton(family, copy, &address) == 1;
}

absl::Status CheckName(absl::string_view host) {
  if (host.empty()) return absl::InvalidArgumentError("the host is missing");
  const auto bad = std::find_if_not(host.begin(), host.end(), IsNameCharacter);
  if (bad != host.end()) {
    return absl::InvalidArgumentError(
        absl::StrCat("the host ", Quote(host), " holds ", Quote(absl::string_view(&*bad, 1)),
                     *bad == ':' ? ": write an IPv6 address in brackets" : ""));
  }
  const absl::string_view last_label = host.substr(host.rfind('.') + 1);
  if (!last_label.empty() && AllDigits(last_label) && !IsAddress(AF_INET, host)) {
    return absl::InvalidArgumentError(
        absl::StrCat("the host ", Quote(host), " ends in a number, but is not an IPv4 address"));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Authority> ParseAuthority(absl::string_view text) {
  Authority authority;
  const bool bracketed = !text.empty() && text[0] == '[';
  size_t host_end;
  if (bracketed) {
    const size_t bracket = text.find(']');
    authority.host = text.substr(1, bracket == text.npos ? text.npos : bracket - 1);
    if (bracket == text.npos || !IsAddress(AF_INET6, authority.host)) {
      return absl::InvalidArgumentError(
          absl::StrCat("the host ", Quote(text), " is not an IPv6 address in brackets"));
    }
    host_end = bracket + 1;
  } else {
    // The last colon: with another before it, this is an IPv6 address without brackets.
    host_end = std::min(text.rfind(':'), text.size());
    authority.host = text.substr(0, host_end);
    if (absl::Status status = CheckName(authority.host); !status.ok()) return status;
  }

  if (host_end == text.size()) return authority;
  if (text[host_end] != ':') {
    return absl::InvalidArgumentError(absl::StrCat(
        Quote(text.substr(host_end)), " follows the host, where only a port is allowed"));
  }
  const absl::string_view digits = text.substr(host_end + 1);
  if (digits.empty()) return authority;
  const uint64_t port = ParseDecimal(digits, 65535).value_or(0);
  if (port == 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("the port ", Quote(digits), " is not a number from 1 to 65535"));
  }
  authority.port = static_cast<uint16_t>(port);
  return authority;
}

std::string AuthorityText(absl::string_view host, std::optional<uint16_t> port) {
  const bool ipv6 = absl::StrContains(host, ':');
  return absl::StrCat(ipv6 ? "[" : "", host, ipv6 ? "]" : "",
                      port.has_value() ? absl::StrCat(":", *port) : "");
}

}  // namespace weft
