#include "weft/core/http/query.h"

#include <algorithm>
#include <cstddef>

#include "absl/status/statusor.h"
#include "absl/strings/str_split.h"
#include "weft/core/http/percent.h"

namespace weft {
namespace {

std::optional<std::string> Decode(absl::string_view text) {
  std::string spaced(text);
  std::replace(spaced.begin(), spaced.end(), '+', ' ');
  absl::StatusOr<std::string> decoded = PercentDecode(spaced);
  if (!decoded.ok()) return std::nullopt;
  return *std::move(decoded);
}

}  // namespace

std::optional<std::string> QueryParameter(absl::string_view query, absl::string_view name) {
  for (const absl::string_view parameter : absl::StrSplit(query, '&', absl::SkipEmpty())) {
    const size_t equals = std::min(parameter.find('='), parameter.size());
    if (Decode(parameter.substr(0, equals)) != name) continue;
    return Decode(parameter.substr(std::min(equals + 1, parameter.size())));
  }
  return std::nullopt;
}

}  // namespace weft
