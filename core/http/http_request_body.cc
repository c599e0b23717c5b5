#include "weft/core/http/http_request_body.h"

#include <algorithm>
#include <optional>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "weft/core/http/decimal.h"
#include "weft/core/http/http_status.h"
#include "weft/core/http/quote.h"

namespace weft {
namespace {

// The maximum length of a line with a chunk's size, or of a trailer. Chunk extensions, which may
// follow the size, are not used in practice.
constexpr size_t kMaxLineBytes = 4096;
constexpr size_t kMaxTrailerBytes = 16 << 10;

constexpr absl::string_view kLength = "Content-Length";
constexpr absl::string_view kCoding = "Transfer-Encoding";

template <typename Predicate>
bool AllOf(absl::string_view text, Predicate predicate) {
  return !text.empty() && std::all_of(text.begin(), text.end(), predicate);
}

absl::Status TooLarge(size_t max_bytes) {
  return HttpError(413, absl::StrCat("the body is over ", max_bytes, " bytes"));
}

// RFC 9112, section 6.3: ambiguous framing is refused, and the connection closed.
absl::Status CheckCoding(const HttpRequest& head) {
  const absl::string_view coding = *head.headers.Find(kCoding);
  if (head.headers.Count(kLength) > 0) {
    return absl::InvalidArgumentError("both Transfer-Encoding and Content-Length");
  }
  if (head.version < 11) return absl::InvalidArgumentError("Transfer-Encoding in HTTP/1.0");
  if (head.headers.Count(kCoding) > 1) {
    return absl::InvalidArgumentError("more than one Transfer-Encoding");
  }
  if (absl::EqualsIgnoreCase(coding, "chunked")) return absl::OkStatus();
  if (!absl::EndsWithIgnoreCase(coding, "chunked")) {
    return absl::InvalidArgumentError(
        absl::StrCat("the transfer coding ", Quote(coding), " does not end in chunked"));
  }
  return HttpError(501, absl::StrCat("the transfer coding ", Quote(coding), " is not supported"));
}

}  // namespace

absl::StatusOr<HttpRequestBody> HttpRequestBody::Of(const HttpRequest& head, size_t max_bytes) {
  HttpRequestBody body(max_bytes);
  if (head.headers.Find(kCoding).has_value()) {
    if (absl::Status status = CheckCoding(head); !status.ok()) return status;
    body.chunked_ = true;
    body.state_ = State::kChunkSize;
    return body;
  }
  const std::optional<absl::string_view> length = head.headers.Find(kLength);
  if (!length.has_value()) return body;
  if (head.headers.Count(kLength) > 1) {
    return absl::InvalidArgumentError("more than one Content-Length");
  }
  if (!AllOf(*length, absl::ascii_isdigit)) {
    return absl::InvalidArgumentError(
        absl::StrCat("the Content-Length ", Quote(*length), " is not a number"));
  }
  // A value that does not fit in 64 bits is over the limit too.
  const std::optional<uint64_t> size = ParseDecimal(*length, max_bytes);
  if (!size.has_value()) return TooLarge(max_bytes);
  body.left_ = *size;
  if (body.left_ > 0) body.state_ = State::kData;
  return body;
}

absl::StatusOr<size_t> HttpRequestBody::Append(absl::string_view in) {
  const size_t size = in.size();
  while (!in.empty() && state_ != State::kDone) {
    if (state_ == State::kData) {
      TakeData(&in);
      continue;
    }
    const size_t end = in.find('\n');
    const absl::string_view part = in.substr(0, end == in.npos ? end : end + 1);
    in.remove_prefix(part.size());
    if (part.size() > kMaxLineBytes - line_.size()) {
      return absl::InvalidArgumentError(
          absl::StrCat("a line of the chunked body is over ", kMaxLineBytes, " bytes"));
    }
    absl::StrAppend(&line_, part);
    if (end == absl::string_view::npos) break;
    if (absl::Status status = TakeLine(line_); !status.ok()) return status;
    line_.clear();
  }
  return size - in.size();
}

void HttpRequestBody::TakeData(absl::string_view* in) {
  const size_t size = std::min<uint64_t>(in->size(), left_);
  text_.append(in->data(), size);
  in->remove_prefix(size);
  left_ -= size;
  if (left_ == 0) state_ = chunked_ ? State::kChunkEnd : State::kDone;
}

absl::Status HttpRequestBody::TakeLine(absl::string_view line) {
  if (!absl::ConsumeSuffix(&line, "\r\n") ||
      std::any_of(line.begin(), line.end(), [](char c) { return c == '\r' || c == '\0'; })) {
    return absl::InvalidArgumentError("a line of the chunked body does not end in CR LF");
  }
  switch (state_) {
    case State::kChunkEnd:
      if (!line.empty()) {
        return absl::InvalidArgumentError("a chunk of the body is longer than its size");
      }
      state_ = State::kChunkSize;
      break;
    case State::kChunkSize:
      return TakeChunkSize(line);
    case State::kTrailers:
      trailer_bytes_ += line.size();
      if (trailer_bytes_ > kMaxTrailerBytes) {
        return HttpError(431, absl::StrCat("the trailers are over ", kMaxTrailerBytes, " bytes"));
      }
      if (line.empty()) state_ = State::kDone;
      break;
    case State::kData:
    case State::kDone:
      break;
  }
  return absl::OkStatus();
}

// Section 7.1: a hexadecimal number, and extensions after a semicolon, which are ignored.
absl::Status HttpRequestBody::TakeChunkSize(absl::string_view line) {
  const size_t semicolon = line.find(';');
  absl::string_view digits = line.substr(0, semicolon);
  if (semicolon != line.npos) {
    digits = digits.substr(0, digits.find_last_not_of(" \t") + 1);  // section 7.1.1
  }
  if (!AllOf(digits, absl::ascii_isxdigit)) {
    return absl::InvalidArgumentError(absl::StrCat(Quote(line), " is not a chunk size"));
  }
  const size_t room = max_bytes_ - text_.size();
  if (!absl::SimpleHexAtoi(digits, &left_) || left_ > room) return TooLarge(max_bytes_);
  state_ = left_ > 0 ? State::kData : State::kTrailers;
  return absl::OkStatus();
}

}  // namespace weft
