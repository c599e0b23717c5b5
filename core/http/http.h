// The head of an HTTP/1.1 request or response: everything up to and including its empty line (RFC
// 9112). Strict: input that another reader might understand differently is refused, because such
// input is how requests are smuggled past proxies.

#ifndef WEFT_CORE_HTTP_HTTP_H_
#define WEFT_CORE_HTTP_HTTP_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "absl/container/inlined_vector.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace weft {

// Limits for a head. Larger limits let every peer cost more.
struct HttpLimits {
  size_t max_head_bytes = 16 * 1024;
  size_t max_headers = 100;
};

// Finds the end of a head that arrives in pieces. Looks at each byte once, however small the pieces
// are. Not thread-safe.
//
//   HttpHeadScanner scanner(limits);
//   do { received += Read(); size = scanner.Scan(received); } while (size.ok() && *size == 0);
//   absl::StatusOr<HttpRequest> request = ParseHttpRequest(received.substr(0, *size), limits);
//   ... received.substr(*size) follows the head: perhaps the first frames
class HttpHeadScanner {
 public:
  explicit HttpHeadScanner(const HttpLimits& limits) : max_bytes_(limits.max_head_bytes) {}

  // `in` is everything received so far: the input of the last call, and more. Returns the size of
  // the head including its empty line, or 0 while that line is missing; an empty line before all
  // others is part of the head. ResourceExhausted, which is 431 by HttpStatusOf, if the head
  // exceeds the limit; InvalidArgument, which is 400, at a line that ends in LF without CR. After
  // an error do not call it again.
  absl::StatusOr<size_t> Scan(absl::string_view in);

 private:
  size_t max_bytes_;
  size_t scanned_ = 0;
};

struct HttpHeader {
  absl::string_view name;
  absl::string_view value;  // without the spaces and tabs around it

  // Without regard to case. The size nearly always decides; and most peers write names as the RFCs
  // do, which takes a fifth of the time to compare.
  bool IsNamed(absl::string_view other) const {
    return name.size() == other.size() && (name == other || absl::EqualsIgnoreCase(name, other));
  }
};

// The header fields in their order. Names are compared without regard to case. Each call takes time
// linear in the number of fields, and little time if no field has a name of that size.
class HttpHeaders {
 public:
  void Add(const HttpHeader& header) {
    headers_.push_back(header);
    sizes_ |= SizeBit(header.name);
  }

  // The value of the first field of that name.
  std::optional<absl::string_view> Find(absl::string_view name) const;

  size_t Count(absl::string_view name) const;

  // Whether `token` appears, in any case, in the comma-separated list that all fields of that name
  // form together: "Connection: keep-alive, Upgrade" has the token "upgrade".
  bool HasToken(absl::string_view name, absl::string_view token) const;

  const HttpHeader* begin() const { return headers_.data(); }
  const HttpHeader* end() const { return headers_.data() + headers_.size(); }
  size_t size() const { return headers_.size(); }

 private:
  // Bit n: there is a name of n bytes. The last bit is for all longer ones.
  static uint64_t SizeBit(absl::string_view name) {
    return uint64_t{1} << std::min<size_t>(name.size(), 63);
  }
  bool MayHave(absl::string_view name) const { return (sizes_ & SizeBit(name)) != 0; }

  absl::InlinedVector<HttpHeader, 24> headers_;  // browsers send about 15
  uint64_t sizes_ = 0;
};

// The views point into the head they were parsed from.
struct HttpRequest {
  absl::string_view method;  // case-sensitive
  absl::string_view target;  // printable ASCII
  int version = 11;          // 11 is HTTP/1.1, and 10 HTTP/1.0
  HttpHeaders headers;
};

struct HttpResponse {
  int version = 11;
  int status = 0;            // 100 to 999
  absl::string_view reason;  // has no meaning; may be empty
  HttpHeaders headers;
  // The head with its folded lines joined, if it has any: all views above then point into it.
  std::shared_ptr<const std::string> joined{};
};

// Parses a whole head, as HttpHeadScanner delimits it. Ignores one empty line before a request, as
// section 2.2 of RFC 9112 requires. A header that is folded over several lines is refused in a
// request, and joined with a space in a response (section 5.2). Errors say what was seen:
// InvalidArgument, ResourceExhausted for too many headers, Unimplemented if it is not HTTP/1; by
// HttpStatusOf 400, 431 and 505.
absl::StatusOr<HttpRequest> ParseHttpRequest(absl::string_view head, const HttpLimits& limits = {});
absl::StatusOr<HttpResponse> ParseHttpResponse(absl::string_view head,
                                               const HttpLimits& limits = {});

// Writes a head of HTTP/1.1, including its empty line. InvalidArgument, which names the offending
// part, for a method, target, name or value that a head cannot contain, such as a value with a line
// end. The status is 100 to 999.
absl::StatusOr<std::string> WriteHttpRequest(absl::string_view method, absl::string_view target,
                                             absl::Span<const HttpHeader> headers);
absl::StatusOr<std::string> WriteHttpResponse(int status, absl::Span<const HttpHeader> headers);

// Appends the lines of these headers to a head. InvalidArgument as above; then `head` is unchanged.
absl::Status AppendHttpHeaders(absl::Span<const HttpHeader> headers, std::string* head);

// Whether `text` is a token, the form of names and methods: letters, digits and !#$%&'*+-.^_`|~
// (RFC 9110, section 5.6.2).
bool IsHttpToken(absl::string_view text);

}  // namespace weft

#endif  // WEFT_CORE_HTTP_HTTP_H_
