#include "weft/transport/loopback.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <cstddef>

#include "absl/strings/match.h"
#include "absl/strings/strip.h"

namespace weft {
namespace {

// inet_pton only parses text; it makes no DNS query.
bool ParseAddress(int family, absl::string_view text, unsigned char* address) {
  char copy[INET6_ADDRSTRLEN];
  // A NUL would end the text early.
  if (text.size() >= sizeof(copy) || absl::StrContains(text, '\0')) return false;
  *std::copy(text.begin(), text.end(), copy) = '\0';
  return inet_pton(family, copy, address) == 1;
}

bool IsLoopbackAddress(absl::string_view text) {
  constexpr unsigned char kLoopbackNet = 127;
  constexpr unsigned char kMappedPrefix[] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
  in6_addr address = {};
  unsigned char* const bytes = address.s6_addr;
  if (ParseAddress(AF_INET, text, bytes)) return bytes[0] == kLoopbackNet;
  if (absl::ConsumePrefix(&text, "[") && !absl::ConsumeSuffix(&text, "]")) return false;
  if (!ParseAddress(AF_INET6, text, bytes)) return false;
  if (std::equal(std::begin(kMappedPrefix), std::end(kMappedPrefix), bytes)) {
    return bytes[sizeof(kMappedPrefix)] == kLoopbackNet;
  }
  return IN6_IS_ADDR_LOOPBACK(&address);
}

}  // namespace

bool IsLoopbackName(absl::string_view host) {
  constexpr absl::string_view kName = "localhost";
  absl::ConsumeSuffix(&host, ".");
  if (!absl::EndsWithIgnoreCase(host, kName)) return false;
  host.remove_suffix(kName.size());
  // A label must not be empty: ".localhost" and "a..localhost" are not names.
  return host.empty() || (host.size() >= 2 && host.back() == '.' && host.front() != '.' &&
                          !absl::StrContains(host, ".."));
}

bool IsLoopbackHost(absl::string_view host) {
  return IsLoopbackName(host) || IsLoopbackAddress(host);
}

}  // namespace weft
