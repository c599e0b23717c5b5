#include "weft/cluster/redis/redis_error.h"

#include <algorithm>
#include <iterator>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "weft/core/http/quote.h"

namespace weft {
namespace {

struct Known {
  absl::string_view name;
  absl::StatusCode code;
  absl::string_view meaning;
};

constexpr absl::string_view kCluster = "it is a node of a Redis Cluster, which is not supported";

constexpr Known kKnown[] = {
    {"LOADING", absl::StatusCode::kUnavailable, "it is loading its data"},
    {"READONLY", absl::StatusCode::kUnavailable, "it is a replica, which takes no writes"},
    {"NOSCRIPT", absl::StatusCode::kUnavailable, "its scripts were flushed"},
    {"BUSY", absl::StatusCode::kUnavailable, "a script occupies it"},
    {"MISCONF", absl::StatusCode::kUnavailable, "it cannot save its data, and takes no writes"},
    {"MASTERDOWN", absl::StatusCode::kUnavailable, "it is a replica without its master"},
    {"OTHERHISTORY", absl::StatusCode::kUnavailable, "it was not the master meanwhile"},
    {"NOREPLICAS", absl::StatusCode::kUnavailable, "it has too few replicas to take writes"},
    {"CLUSTERDOWN", absl::StatusCode::kUnavailable, kCluster},
    {"MOVED", absl::StatusCode::kUnavailable, kCluster},
    {"ASK", absl::StatusCode::kUnavailable, kCluster},
    {"CROSSSLOT", absl::StatusCode::kUnavailable, kCluster},
    {"TRYAGAIN", absl::StatusCode::kUnavailable, kCluster},
    {"OOM", absl::StatusCode::kResourceExhausted, "it has reached its limit of memory"},
    {"WRONGPASS", absl::StatusCode::kUnauthenticated, "it rejects the user name or the password"},
    {"NOAUTH", absl::StatusCode::kUnauthenticated, "it asks for a password"},
    {"NOPERM", absl::StatusCode::kPermissionDenied, "its ACL does not allow the command"},
};

}  // namespace

bool IsRedisError(absl::string_view text, absl::string_view name) {
  return absl::StartsWith(text, name) && (text.size() == name.size() || text[name.size()] == ' ');
}

absl::Status RedisError(absl::string_view text) {
  const auto* const known =
      std::find_if(std::begin(kKnown), std::end(kKnown),
                   [text](const Known& error) { return IsRedisError(text, error.name); });
  if (known == std::end(kKnown)) {
    return absl::InternalError(absl::StrCat("Redis answered with an error: ", Quote(text)));
  }
  return absl::Status(known->code, absl::StrCat(known->meaning, ": Redis answered ", Quote(text)));
}

}  // namespace weft
