// Text for people: what comes from a server, laid out.

#ifndef TOOLS_WEFT_FORMAT_H_
#define TOOLS_WEFT_FORMAT_H_

#include <cstddef>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "weft/core/frame/close_code.h"

namespace weft::cli {

// Colours, or none.
class Style {
 public:
  explicit Style(bool colored) : colored_(colored) {}

  // What is beside the point.
  std::string Dim(absl::string_view text) const { return Paint("\033[2m", text); }
  // What came from the server, where it needs a mark.
  std::string Received(absl::string_view text) const { return Paint(kReceived, text); }
  // What went wrong.
  std::string Error(absl::string_view text) const { return Paint("\033[31m", text); }

  // The colour of what is sent; empty without colours.
  absl::string_view sent() const { return colored_ ? "\033[1;32m" : ""; }

 private:
  static constexpr absl::string_view kReceived = "\033[1;36m";

  std::string Paint(absl::string_view color, absl::string_view text) const;

  bool colored_;
};

// `text` with `indent` spaces behind each newline.
std::string Indented(absl::string_view text, size_t indent);

// Lines of 16 bytes: offset, hexadecimal, and ASCII where there is any. After `max_bytes` one line
// says how many more there are.
std::string HexDump(absl::string_view bytes, size_t max_bytes);

// The lines of the head of an HTTP request or answer, each behind `mark`.
std::string DescribeHead(absl::string_view mark, absl::string_view head);

// 1001 going away: "restart"
std::string DescribeClose(CloseCode code, absl::string_view reason);

// "0.85 ms", "12 ms", "3.12 s"
std::string DescribeRoundTrip(absl::Duration time);

}  // namespace weft::cli

#endif  // TOOLS_WEFT_FORMAT_H_
