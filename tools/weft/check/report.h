// The lines that `weft check` prints.

#ifndef TOOLS_WEFT_CHECK_REPORT_H_
#define TOOLS_WEFT_CHECK_REPORT_H_

#include <cstdio>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "tools/weft/format.h"

namespace weft::cli {

// A line for each step. Escapes the text, which may be a server's.
//
//   ok    name         example.com is 192.0.2.1  (12 ms)
//   FAIL  connection   192.0.2.1:443: Connection refused  (0.50 ms)
//         -> Nothing listens at that port, or a firewall rejects connections to it.
class Report {
 public:
  Report(FILE* out, Style style) : out_(out), style_(style) {}

  enum class Mark { kOk, kNote, kFail };

  void Line(Mark mark, absl::string_view step, absl::string_view text,
            std::optional<absl::Duration> time = {});

  // What to do about the step above.
  void Advice(absl::string_view text);

  // Of the first line that could not be written. Cancelled if nobody reads them.
  const absl::Status& status() const { return status_; }

 private:
  void Write(absl::string_view line);

  FILE* const out_;
  const Style style_;
  absl::Status status_;
};

// The headers of a response that show a proxy in between, such as "Via: 1.1 varnish", and the
// program of the server.
std::vector<std::string> TracesOf(absl::string_view head);

}  // namespace weft::cli

#endif  // TOOLS_WEFT_CHECK_REPORT_H_
