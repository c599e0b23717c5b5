// The head of an HTTP/1.1 request or response: everything up to and with its empty line (RFC 9112).
// Strict: what another reader might understand differently is refused, because that is how requests
// are smuggled past proxies.

#ifndef WEFT_CORE_HTTP_HTTP_H_
#define WEFT_CORE_HTTP_HTTP_H_

#include <cstddef>
#include <memory>
#include <optional>
#include <string>

#include "absl/container/inlined_vector.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace weft {

// What a head may measure. More makes every stranger able to cost more.
struct HttpLimits {
  size_t max_head_bytes = 16 * 1024;
  size_t max_headers = 100;
};

// Finds the end of a head that arrives in pieces, and looks at each byte once, however small the
// pieces are. Not thread-safe.
//
//   HttpHeadScanner scanner(limits);
//   do { received += Read(); size = scanner.Scan(received); } while (size.ok() && *size == 0);
//   absl::StatusOr<HttpRequest> request = ParseHttpRequest(received.substr(0, *size), limits);
//   ... received.substr(*size) is what follows: the first frames, perhaps
class HttpHeadScanner {
 public:
  explicit HttpHeadScanner(const HttpLimits& limits) : max_bytes_(limits.max_head_bytes) {}

  // `in` is all that was received so far: what it was last time, and more. Returns the size of the
  // head with its empty line, 0 while that has not come; an empty line in front of all others is
  // part of the head. ResourceExhausted, and 431 by HttpStatusOf, when the head is over the limit;
  // InvalidArgument, which is 400, at a line that ends in LF without CR. Then do not go on.
  absl::StatusOr<size_t> Scan(absl::string_view in);

 private:
  size_t max_bytes_;
  size_t scanned_ = 0;
};

struct HttpHeader {
  absl::string_view name;
  absl::string_view value;  // without the spaces and tabs around it
};

// The header fields in their order. Names are compared without regard to case. Each call takes time
// in proportion to the fields.
class HttpHeaders {
 public:
  void Add(const HttpHeader& header) { headers_.push_back(header); }

  // The value of the first field of that name.
  std::optional<absl::string_view> Find(absl::string_view name) const;

  size_t Count(absl::string_view name) const;

  // Whether `token` stands, in any case, in the comma-separated list that all fields of that name
  // make together: "Connection: keep-alive, Upgrade" has the token "upgrade".
  bool HasToken(absl::string_view name, absl::string_view token) const;

  const HttpHeader* begin() const { return headers_.data(); }
  const HttpHeader* end() const { return headers_.data() + headers_.size(); }
  size_t size() const { return headers_.size(); }

 private:
  absl::InlinedVector<HttpHeader, 24> headers_;  // browsers send about 15
};

// Views into the head they were parsed from.
struct HttpRequest {
  absl::string_view method;  // case-sensitive
  absl::string_view target;  // printable ASCII
  int version = 11;          // 11 is HTTP/1.1, and 10 HTTP/1.0
  HttpHeaders headers;
};

struct HttpResponse {
  int version = 11;
  int status = 0;            // 100 to 999
  absl::string_view reason;  // means nothing; may be empty
  HttpHeaders headers;
  // The head with its folded lines joined, where it has some: all views above are into this then.
  std::shared_ptr<const std::string> joined{};
};

// Reads a whole head, as HttpHeadScanner delimits it. One empty line in front of a request is
// ignored, as section 2.2 of RFC 9112 has it. A header that is folded over several lines is refused
// in a request, and joined with a space in a response (section 5.2). Errors say what was seen:
// InvalidArgument, ResourceExhausted for too many headers, Unimplemented where it is not HTTP/1; by
// HttpStatusOf 400, 431 and 505.
absl::StatusOr<HttpRequest> ParseHttpRequest(absl::string_view head, const HttpLimits& limits = {});
absl::StatusOr<HttpResponse> ParseHttpResponse(absl::string_view head,
                                               const HttpLimits& limits = {});

// Writes a head of HTTP/1.1, with its empty line. A method, target, name or value that cannot stand
// in one, such as a value with a line's end in it, is InvalidArgument and named. The status is 100
// to 999.
absl::StatusOr<std::string> WriteHttpRequest(absl::string_view method, absl::string_view target,
                                             absl::Span<const HttpHeader> headers);
absl::StatusOr<std::string> WriteHttpResponse(int status, absl::Span<const HttpHeader> headers);

// Whether `text` is a token, what names and methods consist of: letters, digits and !#$%&'*+-.^_`|~
// (RFC 9110, section 5.6.2).
bool IsHttpToken(absl::string_view text);

}  // namespace weft

#endif  // WEFT_CORE_HTTP_HTTP_H_
