#include "weft/cluster/redis/redis_address.h"

#include <limits>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "weft/core/http/authority.h"
#include "weft/core/http/decimal.h"
#include "weft/core/http/percent.h"
#include "weft/core/http/quote.h"

namespace weft {
namespace {

// The address for an error. The part before an '@' may be a password, also in a wrong address.
std::string Shown(absl::string_view text) {
  return text.find('@') == absl::string_view::npos ? Quote(text) : "USER@...";
}

absl::Status WrongAddress(absl::string_view text, absl::string_view what) {
  return absl::InvalidArgumentError(
      absl::StrCat("the address ", Shown(text), " of a Redis ", what,
                   "; it has the form redis://USER@HOST:PORT/DATABASE, or rediss:// for TLS"));
}

absl::Status SetHostPort(absl::string_view text, uint16_t default_port, RedisAddress* address) {
  absl::StatusOr<Authority> authority = ParseAuthority(text);
  if (!authority.ok()) return authority.status();
  address->host = std::string(authority->host);  // the name of a master has upper and lower case
  address->port = authority->port.value_or(default_port);
  return absl::OkStatus();
}

}  // namespace

std::string RedisAddress::HostPort() const { return AuthorityText(host, port); }

absl::StatusOr<RedisAddress> ParseRedisAddress(absl::string_view text) {
  RedisAddress address;
  const size_t scheme = text.find("://");
  if (scheme == absl::string_view::npos) return WrongAddress(text, "has no scheme");
  absl::string_view rest = text.substr(scheme + 3);
  const size_t at = rest.rfind('@');  // also one behind a '/', in a password
  if (at != absl::string_view::npos) {
    const absl::string_view user = rest.substr(0, at);
    if (user.find(':') != absl::string_view::npos) {
      return absl::InvalidArgumentError(  // without a quote: it has the password
          "the address of a Redis has a password, which others could read there: pass it by "
          "password_file");
    }
    absl::StatusOr<std::string> decoded = PercentDecode(user);
    if (!decoded.ok()) return WrongAddress(text, "has a user name with a wrong %");
    address.user = *std::move(decoded);
    rest.remove_prefix(at + 1);
  }
  const std::string name = absl::AsciiStrToLower(text.substr(0, scheme));
  if (name != "redis" && name != "rediss") return WrongAddress(text, "has another scheme");
  address.tls = name == "rediss";
  const size_t slash = rest.find('/');
  if (slash != absl::string_view::npos && slash + 1 < rest.size()) {
    const auto database = ParseDecimal(rest.substr(slash + 1), std::numeric_limits<int>::max());
    if (!database.has_value()) return WrongAddress(text, "has a database that is not a number");
    address.database = static_cast<int>(*database);
  }
  if (absl::Status status =
          SetHostPort(rest.substr(0, slash), RedisAddress::kDefaultPort, &address);
      !status.ok()) {
    return WrongAddress(text, absl::StrCat("has a wrong host or port (", status.message(), ")"));
  }
  return address;
}

absl::StatusOr<RedisAddress> ParseSentinelAddress(absl::string_view text) {
  RedisAddress address;
  if (absl::Status status = SetHostPort(text, RedisAddress::kDefaultSentinelPort, &address);
      !status.ok()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "the address ", Shown(text), " of a Sentinel is not HOST:PORT",
        text.find('@') == absl::string_view::npos ? absl::StrCat(" (", status.message(), ")")
                                                  : ", without a user"));
  }
  return address;
}

}  // namespace weft
