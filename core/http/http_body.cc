#include "weft/core/http/http_body.h"

#include <algorithm>
#include <limits>
#include <optional>

#include "absl/strings/numbers.h"
#include "absl/strings/strip.h"
#include "weft/core/http/decimal.h"

namespace weft {
namespace {

// The maximum length of a line with a chunk size. The size is short; chunk extensions, which may
// follow it, are not used in practice.
constexpr size_t kMaxSizeLineBytes = 256;

// The body ends with the stream.
constexpr uint64_t kNoLength = std::numeric_limits<uint64_t>::max();

}  // namespace

HttpBody::HttpBody(const HttpResponse& head, size_t max_bytes)
    : max_bytes_(max_bytes), chunked_(head.headers.HasToken("Transfer-Encoding", "chunked")) {
  if (!chunked_) {
    left_ = ParseDecimal(head.headers.Find("Content-Length").value_or(""), kNoLength)
                .value_or(kNoLength);
  }
  const bool bodiless = head.status < 200 || head.status == 204 || head.status == 304;
  done_ = bodiless || max_bytes == 0 || (!chunked_ && left_ == 0);
}

void HttpBody::Append(absl::string_view bytes) {
  while (!bytes.empty() && !done_) {
    if (left_ > 0) {
      TakeData(&bytes);
    } else {
      TakeChunkSize(&bytes);
    }
  }
}

void HttpBody::TakeData(absl::string_view* bytes) {
  const size_t size = std::min<uint64_t>({bytes->size(), left_, max_bytes_ - text_.size()});
  text_.append(bytes->data(), size);
  bytes->remove_prefix(size);
  left_ -= size;
  done_ = text_.size() == max_bytes_ || (left_ == 0 && !chunked_);
}

// The line with a chunk's size, in hexadecimal, and the line end after the previous chunk (section
// 7.1).
void HttpBody::TakeChunkSize(absl::string_view* bytes) {
  const char c = bytes->front();
  bytes->remove_prefix(1);
  if (c != '\n') {
    line_.push_back(c);
    done_ = line_.size() > kMaxSizeLineBytes;
    return;
  }
  absl::string_view line = line_;
  absl::ConsumeSuffix(&line, "\r");
  const bool ends_chunk = line.empty() && !text_.empty();
  line = line.substr(0, line.find_first_of("; \t"));
  // The last chunk has the size 0; trailers follow.
  if (!ends_chunk && (!absl::SimpleHexAtoi(line, &left_) || left_ == 0)) done_ = true;
  line_.clear();
}

}  // namespace weft
