#include "weft/client/connecting/check_options.h"

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "weft/core/check_option.h"
#include "weft/core/deflate/permessage_deflate.h"
#include "weft/core/http/authority.h"
#include "weft/core/http/quote.h"

namespace weft {
namespace {

absl::Status CheckTimes(const ClientTimeouts& timeouts) {
  absl::Status status = CheckMoreThanZero("timeouts.connect", timeouts.connect);
  status.Update(CheckNotNegative("timeouts.send", timeouts.send));
  status.Update(CheckMoreThanZero("timeouts.ping_interval", timeouts.ping_interval));
  status.Update(CheckMoreThanZero("timeouts.pong", timeouts.pong));
  status.Update(CheckNotNegative("timeouts.close", timeouts.close));
  return status;
}

absl::Status CheckSizes(const ClientOptions& options) {
  absl::Status status =
      CheckAtLeast<size_t>("http.limits.max_head_bytes", options.http.limits.max_head_bytes, 1);
  status.Update(
      CheckAtLeast<size_t>("http.limits.max_headers", options.http.limits.max_headers, 1));
  status.Update(CheckAtLeast("http.max_redirects", options.http.max_redirects, 0));
  status.Update(
      CheckAtLeast<uint32_t>("connection.max_fragments", options.connection.max_fragments, 1));
  return status;
}

absl::Status CheckConnectTo(const std::string& connect_to) {
  if (connect_to.empty()) return absl::OkStatus();
  absl::Status status = ParseAuthority(connect_to).status();
  if (status.ok()) return status;
  return WrongOption("connect_to", Quote(connect_to),
                     absl::StrCat("HOST or HOST:PORT: ", status.message()));
}

}  // namespace

absl::Status CheckClientOptions(const ClientOptions& options) {
  absl::Status status = CheckTimes(options.timeouts);
  status.Update(CheckSizes(options));
  status.Update(CheckConnectTo(options.connect_to));
  status.Update(InField("connection", CheckCompressionOptions(options.connection.compression)));
  return status;
}

}  // namespace weft
