#include "weft/server/http/page.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "weft/core/http/bearer_auth.h"
#include "weft/core/http/cookie.h"
#include "weft/core/http/http_date.h"
#include "weft/core/http/http_status.h"
#include "weft/core/http/query.h"

namespace weft {
namespace {

constexpr absl::string_view kOurs[] = {"Connection", "Content-Length",    "Date",
                                       "Keep-Alive", "Transfer-Encoding", "Upgrade"};

bool IsOurs(absl::string_view name) {
  return std::any_of(std::begin(kOurs), std::end(kOurs),
                     [name](absl::string_view ours) { return absl::EqualsIgnoreCase(name, ours); });
}

}  // namespace

absl::string_view PageRequest::path() const { return target.substr(0, target.find('?')); }

std::optional<absl::string_view> PageRequest::path(absl::string_view name) const {
  return PathParameter(path_parameters, name);
}

absl::string_view PageRequest::query() const {
  const size_t mark = target.find('?');
  return mark == target.npos ? "" : target.substr(mark + 1);
}

std::optional<std::string> PageRequest::query(absl::string_view name) const {
  return QueryParameter(query(), name);
}

std::optional<absl::string_view> PageRequest::cookie(absl::string_view name) const {
  return CookieValue(headers, name);
}

std::optional<absl::string_view> PageRequest::bearer_token() const { return BearerToken(headers); }

PageAnswer PageRequest::AnswerLater() const { return PageAnswer(context->NewGiver()); }

void PageAnswer::Give(absl::StatusOr<PageResponse> answer) const {
  giver_->late().Give(std::move(answer));
}

bool PageAnswer::waits() const { return giver_->late().waits(); }

PageResponse Page(absl::string_view content_type, std::string body) {
  return {.headers = {{"Content-Type", std::string(content_type)}}, .body = std::move(body)};
}

bool ClientHas(const HttpRequest& request, absl::string_view etag) {
  constexpr absl::string_view kName = "If-None-Match";
  // The weak comparison.
  return request.headers.HasToken(kName, etag) || request.headers.HasToken(kName, "*") ||
         request.headers.HasToken(kName, absl::StrCat("W/", etag));
}

PageResponse ErrorPage(const absl::Status& error) {
  PageResponse page = Page("text/plain; charset=utf-8", absl::StrCat(error.message(), "\n"));
  page.status = HttpStatusOf(error);
  if (page.status == 405) page.headers.push_back({"Allow", "GET, HEAD"});
  if (page.status == 429 || page.status == 503) {
    page.headers.push_back({"Retry-After", absl::StrCat(kRetryAfterSeconds)});
  }
  return page;
}

absl::StatusOr<std::string> WritePageHead(const PageResponse& page, const HttpRequest& request,
                                          absl::Duration keep, absl::Time now) {
  if (page.status < 200 || page.status > 599) {
    return absl::InvalidArgumentError(absl::StrCat("a page cannot have the status ", page.status));
  }
  const std::string date = HttpDate(now);  // RFC 9110, section 6.6.1
  const std::string length =
      absl::StrCat(page.file.is_open() ? page.file_bytes : uint64_t{page.body.size()});
  std::vector<HttpHeader> headers = {{"Date", date}};
  const std::string timeout = absl::StrCat("timeout=", absl::ToInt64Seconds(keep));
  const bool announced = keep >= absl::Seconds(1) && keep < absl::InfiniteDuration();
  if (keep == absl::ZeroDuration()) {
    headers.push_back({"Connection", "close"});
  } else if (request.version < 11 || announced) {
    headers.push_back({"Connection", "keep-alive"});
  }
  if (announced) headers.push_back({"Keep-Alive", timeout});  // RFC 2068, section 19.7.1.1
  if (MayHaveBody(page.status)) headers.push_back({"Content-Length", length});
  for (const auto& [name, value] : page.headers) {
    if (IsOurs(name)) {
      return absl::InvalidArgumentError(absl::StrCat("the header ", name, " is set by the server"));
    }
    headers.push_back({name, value});
  }
  return WriteHttpResponse(page.status, headers);
}

bool MayHaveBody(int status) { return status != 204 && status != 304; }

bool WantsToStay(const HttpRequest& request) {
  if (request.headers.HasToken("Connection", "close")) return false;
  return request.version >= 11 || request.headers.HasToken("Connection", "keep-alive");
}

}  // namespace weft
