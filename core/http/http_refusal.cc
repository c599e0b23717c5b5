#include "weft/core/http/http_refusal.h"

#include <limits>

#include "absl/status/statusor.h"
#include "absl/strings/cord.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "weft/core/http/http.h"

namespace weft {
namespace {

// The payload is the unchanged response, head and body.
constexpr absl::string_view kRefusalUrl = "weft/http-refusal";

// Why a redirect was not followed.
constexpr absl::string_view kNotFollowedUrl = "weft/not-followed";

// The head was read within the client's limits.
constexpr HttpLimits kNoLimits = {.max_head_bytes = std::numeric_limits<size_t>::max(),
                                  .max_headers = std::numeric_limits<size_t>::max()};

}  // namespace

std::optional<absl::string_view> HttpRefusal::Find(absl::string_view name) const {
  for (const auto& [header, value] : headers) {
    if (absl::EqualsIgnoreCase(header, name)) return value;
  }
  return std::nullopt;
}

std::optional<HttpRefusal> RefusalOf(const absl::Status& error) {
  const auto payload = error.GetPayload(kRefusalUrl);
  if (!payload.has_value()) return std::nullopt;
  const std::string answer(*payload);
  const absl::StatusOr<size_t> size = HttpHeadScanner(kNoLimits).Scan(answer);
  if (!size.ok()) return std::nullopt;
  const absl::StatusOr<HttpResponse> response =
      ParseHttpResponse(absl::string_view(answer).substr(0, *size), kNoLimits);
  if (!response.ok()) return std::nullopt;
  HttpRefusal refusal = {.status = response->status, .body = answer.substr(*size)};
  for (const HttpHeader& header : response->headers) {
    refusal.headers.emplace_back(header.name, header.value);
  }
  refusal.not_followed = std::string(error.GetPayload(kNotFollowedUrl).value_or(absl::Cord()));
  return refusal;
}

absl::Status WithRefusal(absl::Status error, absl::string_view head, absl::string_view body) {
  error.SetPayload(kRefusalUrl,
                   absl::Cord(absl::StrCat(head, body.substr(0, kMaxRefusalBodyBytes))));
  return error;
}

absl::Status WithWhyNotFollowed(absl::Status error, absl::string_view why) {
  error.SetPayload(kNotFollowedUrl, absl::Cord(why));
  return error;
}

}  // namespace weft
