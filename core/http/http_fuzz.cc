// Arbitrary bytes as the head of a request and of a response, as a body, and as values of headers.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "absl/types/span.h"
#include "weft/core/http/bearer_auth.h"
#include "weft/core/http/cookie.h"
#include "weft/core/http/http.h"
#include "weft/core/http/http_body.h"
#include "weft/core/http/http_request_body.h"
#include "weft/core/http/http_status.h"
#include "weft/core/http/percent.h"
#include "weft/core/http/query.h"
#include "weft/core/testing/require.h"

namespace weft {
namespace {

using testing::Require;
using testing::RequireReadable;

// Small, so that a fuzzer reaches the limits.
constexpr HttpLimits kLimits = {.max_head_bytes = 2048, .max_headers = 20};

bool Same(const HttpHeaders& a, const HttpHeaders& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const HttpHeader& x, const HttpHeader& y) {
                      return x.name == y.name && x.value == y.value;
                    });
}

absl::Span<const HttpHeader> All(const HttpHeaders& headers) {
  return absl::MakeConstSpan(headers.begin(), headers.end());
}

// The scanner's result when `in` arrives in pieces of `step` bytes.
absl::StatusOr<size_t> ScanInSteps(absl::string_view in, size_t step) {
  HttpHeadScanner scanner(kLimits);
  for (size_t size = step; size < in.size(); size += step) {
    const absl::StatusOr<size_t> end = scanner.Scan(in.substr(0, size));
    if (!end.ok() || *end != 0) return end;
  }
  return scanner.Scan(in);
}

void CheckScanner(absl::string_view in) {
  const absl::StatusOr<size_t> whole = ScanInSteps(in, in.size() + 1);
  for (const size_t step : {1, 2, 3, 7}) {
    Require(ScanInSteps(in, step) == whole, "the end of a head does not depend on how it arrives");
  }
  if (whole.ok() && *whole != 0) {
    Require(*whole <= kLimits.max_head_bytes, "the limit holds");
    Require(in.substr(0, *whole) == "\r\n" || in.substr(*whole - 4, 4) == "\r\n\r\n",
            "a head ends in an empty line");
  }
}

void CheckRequest(absl::string_view in) {
  const absl::StatusOr<HttpRequest> request = ParseHttpRequest(in, kLimits);
  if (!request.ok()) {
    RequireReadable(request.status().message());
    Require(HttpStatusOf(request.status()) >= 400, "an error has an HTTP status for the response");
    return;
  }
  Require(*HttpHeadScanner({.max_head_bytes = in.size()}).Scan(in) == in.size(),
          "the scanner finds the head that the parser accepts");
  Require(request->headers.size() <= kLimits.max_headers, "the limit holds");
  const absl::StatusOr<std::string> written =
      WriteHttpRequest(request->method, request->target, All(request->headers));
  Require(written.ok(), "a parsed head can be written");
  const absl::StatusOr<HttpRequest> again = ParseHttpRequest(*written, kLimits);
  Require(again.ok() && again->method == request->method && again->target == request->target &&
              Same(again->headers, request->headers),
          "a written request parses to the same request");
}

void CheckResponse(absl::string_view in) {
  const absl::StatusOr<HttpResponse> response = ParseHttpResponse(in, kLimits);
  RequireReadable(response.status().message());
  if (!response.ok()) return;
  Require(*HttpHeadScanner({.max_head_bytes = in.size()}).Scan(in) == in.size(),
          "the scanner finds the head that the parser accepts");
  const absl::StatusOr<std::string> written =
      WriteHttpResponse(response->status, All(response->headers));
  Require(written.ok(), "a parsed head can be written");
  const absl::StatusOr<HttpResponse> again = ParseHttpResponse(*written, kLimits);
  Require(
      again.ok() && again->status == response->status && Same(again->headers, response->headers),
      "a written response parses to the same response");
  Require(again->joined == nullptr, "a written value contains no fold");
}

constexpr size_t kMaxBody = 64;

// The part of a body that is read when it arrives in pieces of `step` bytes.
HttpBody ReadInSteps(const HttpResponse& head, absl::string_view in, size_t step) {
  HttpBody body(head, kMaxBody);
  for (size_t at = 0; at < in.size(); at += step) body.Append(in.substr(at, step));
  return body;
}

// The input as the body after this head.
void CheckBody(absl::string_view head, absl::string_view in) {
  const absl::StatusOr<HttpResponse> response = ParseHttpResponse(head);
  if (!response.ok()) return;
  const HttpBody whole = ReadInSteps(*response, in, in.size() + 1);
  Require(whole.text().size() <= kMaxBody, "the limit holds");
  Require(whole.done() || whole.text().size() < kMaxBody, "a body that is full is done");
  for (const size_t step : {1, 2, 3, 7}) {
    const HttpBody cut = ReadInSteps(*response, in, step);
    Require(cut.text() == whole.text() && cut.done() == whole.done(),
            "a body does not depend on how it arrives");
  }
}

void CheckBodies(absl::string_view in) {
  CheckBody("HTTP/1.1 403 x\r\nTransfer-Encoding: chunked\r\n\r\n", in);
  const absl::StatusOr<size_t> head = HttpHeadScanner(kLimits).Scan(in);
  if (head.ok()) CheckBody(in.substr(0, *head), in.substr(*head));
}

// The body of the request `head`, the number of bytes it takes, and the HTTP status of the error.
struct RequestBody {
  std::string text{};
  size_t size = 0;
  int error = 0;

  friend bool operator==(const RequestBody&, const RequestBody&) = default;
};

RequestBody ReadRequestInSteps(const HttpRequest& head, absl::string_view in, size_t step) {
  absl::StatusOr<HttpRequestBody> body = HttpRequestBody::Of(head, kMaxBody);
  RequireReadable(body.status().message());
  if (!body.ok()) return {.error = HttpStatusOf(body.status())};
  size_t size = 0;
  while (!body->done() && size < in.size()) {
    const absl::StatusOr<size_t> taken = body->Append(in.substr(size, step));
    RequireReadable(taken.status().message());
    if (!taken.ok()) return {.error = HttpStatusOf(taken.status())};
    size += *taken;
  }
  return {.text = body->text(), .size = size};
}

void CheckRequestBody(absl::string_view head, absl::string_view in) {
  const absl::StatusOr<HttpRequest> request = ParseHttpRequest(head);
  if (!request.ok()) return;
  const RequestBody whole = ReadRequestInSteps(*request, in, in.size() + 1);
  Require(whole.text.size() <= kMaxBody, "the limit holds");
  for (const size_t step : {1, 2, 3, 7}) {
    Require(ReadRequestInSteps(*request, in, step) == whole,
            "the end of a body does not depend on how it arrives");
  }
}

void CheckRequestBodies(absl::string_view in) {
  CheckRequestBody("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", in);
  const absl::StatusOr<size_t> head = HttpHeadScanner(kLimits).Scan(in);
  if (head.ok()) CheckRequestBody(in.substr(0, *head), in.substr(*head));
}

// The input as one header, which must not become two.
void CheckWriter(absl::string_view in) {
  const absl::string_view name = in.substr(0, in.find('|'));
  const absl::string_view value = in.substr(std::min(name.size() + 1, in.size()));
  const HttpHeader headers[] = {{name, value}, {"Last", "x"}};
  const absl::StatusOr<std::string> written = WriteHttpRequest("GET", "/", headers);
  if (!written.ok()) return;
  const absl::StatusOr<HttpRequest> again = ParseHttpRequest(*written);
  Require(again.ok() && again->headers.size() == 2 && again->headers.begin()->name == name,
          "a header that is written is one header");
}

HttpHeaders One(absl::string_view name, absl::string_view value) {
  HttpHeaders headers;
  headers.Add({name, value});
  return headers;
}

// The input as a Cookie header, a query and an Authorization header; and as a value of each that
// was written by their rules.
void CheckFields(absl::string_view in) {
  const absl::string_view name = in.substr(0, in.find('|'));
  const absl::string_view rest = in.substr(std::min(name.size() + 1, in.size()));

  const std::optional<absl::string_view> cookie = CookieValue(One("Cookie", rest), name);
  Require(!cookie.has_value() || cookie->find(';') == cookie->npos, "a ';' ends a cookie");
  Require(!cookie.has_value() || !name.empty(), "a cookie has a name");
  const std::pair<std::string, std::string> cookies[] = {{"x", "0"}, {"a", std::string(in)}};
  const absl::StatusOr<std::string> written = CookieHeader(cookies);
  Require(!written.ok() || CookieValue(One("Cookie", *written), "a") == in,
          "a cookie that is written is read");

  const std::optional<std::string> parameter = QueryParameter(rest, name);
  Require(!parameter.has_value() || parameter->size() <= rest.size(), "decoding never adds bytes");
  const std::string encoded = PercentEncodePath(in);
  Require(QueryParameter(encoded + "=" + encoded + "&" + encoded, in) == in,
          "a parameter that is written is read");

  const std::optional<absl::string_view> token = BearerToken(One("Authorization", in));
  Require(!token.has_value() ||
              BearerToken(One("Authorization", "Bearer " + std::string(*token))) == token,
          "a token that was read can be written");
}

}  // namespace
}  // namespace weft

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const absl::string_view in(reinterpret_cast<const char*>(data), size);
  weft::CheckScanner(in);
  weft::CheckRequest(in);
  weft::CheckResponse(in);
  weft::CheckBodies(in);
  weft::CheckRequestBodies(in);
  weft::CheckWriter(in);
  weft::CheckFields(in);
  return 0;
}
