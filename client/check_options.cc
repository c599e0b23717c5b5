#include "weft/client/check_options.h"

#include <cstddef>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "weft/core/deflate/permessage_deflate.h"
#include "weft/core/http/authority.h"

namespace weft {
namespace {

absl::Status CheckTimes(const ClientOptions& options) {
  // 0 does not mean never: it would ping without a pause, or leave no time to answer.
  for (const auto& [name, time] :
       {std::pair("timeouts.connect", options.timeouts.connect),
        std::pair("timeouts.ping_interval", options.timeouts.ping_interval),
        std::pair("timeouts.pong", options.timeouts.pong)}) {
    if (time > absl::ZeroDuration()) continue;
    return absl::InvalidArgumentError(absl::StrCat(name, " must be more than 0, not ",
                                                   absl::FormatDuration(time),
                                                   "; InfiniteDuration means never"));
  }
  for (const auto& [name, time] : {std::pair("timeouts.send", options.timeouts.send),
                                   std::pair("timeouts.close", options.timeouts.close)}) {
    if (time >= absl::ZeroDuration()) continue;
    return absl::InvalidArgumentError(absl::StrCat(name, " must be at least 0, not ",
                                                   absl::FormatDuration(time),
                                                   "; InfiniteDuration means never"));
  }
  return absl::OkStatus();
}

absl::Status CheckSizes(const ClientOptions& options) {
  const std::pair<const char*, size_t> sizes[] = {
      {"http.limits.max_head_bytes", options.http.limits.max_head_bytes},
      {"http.limits.max_headers", options.http.limits.max_headers},
      {"connection.max_fragments", options.connection.max_fragments},
  };
  for (const auto& [name, size] : sizes) {
    if (size > 0) continue;
    return absl::InvalidArgumentError(absl::StrCat(name, " must be at least 1, not 0"));
  }
  if (options.http.max_redirects < 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("http.max_redirects must be at least 0, not ", options.http.max_redirects));
  }
  return absl::OkStatus();
}

absl::Status CheckConnectTo(absl::string_view connect_to) {
  if (connect_to.empty()) return absl::OkStatus();
  absl::Status status = ParseAuthority(connect_to).status();
  if (status.ok()) return status;
  return absl::InvalidArgumentError(
      absl::StrCat("connect_to must be HOST or HOST:PORT: ", status.message()));
}

}  // namespace

absl::Status CheckClientOptions(const ClientOptions& options) {
  absl::Status status = CheckTimes(options);
  if (status.ok()) status = CheckSizes(options);
  if (status.ok()) status = CheckConnectTo(options.connect_to);
  return status.ok() ? CheckCompressionOptions(options.connection.compression) : status;
}

}  // namespace weft
