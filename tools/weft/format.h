// Formats data from a server for people.

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

  // Secondary text.
  std::string Dim(absl::string_view text) const { return Paint("\033[2m", text); }
  // Text from the server, if it needs a mark.
  std::string Received(absl::string_view text) const { return Paint(kReceived, text); }
  // An error.
  std::string Error(absl::string_view text) const { return Paint("\033[31m", text); }

  // The colour of sent text; empty without colours.
  absl::string_view sent() const { return colored_ ? "\033[1;32m" : ""; }

 private:
  static constexpr absl::string_view kReceived = "\033[1;36m";

  std::string Paint(absl::string_view color, absl::string_view text) const;

  bool colored_;
};

// `text` with `indent` spaces after each newline.
std::string Indented(absl::string_view text, size_t indent);

// Lines of 16 bytes: offset, hexadecimal, and ASCII where printable. After `max_bytes` one line
// says how many more there are.
std::string HexDump(absl::string_view bytes, size_t max_bytes);

// The lines of the head of an HTTP request or response, each after `mark`.
std::string DescribeHead(absl::string_view mark, absl::string_view head);

// 1001 going away: "restart"
std::string DescribeClose(CloseCode code, absl::string_view reason);

// The time of day here: "11:05:12.204"
std::string Timestamp(absl::Time time);

// "0.85 ms", "12 ms", "3.12 s"
std::string DescribeRoundTrip(absl::Duration time);

}  // namespace weft::cli

#endif  // TOOLS_WEFT_FORMAT_H_
