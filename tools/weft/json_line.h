// One JSON object in a line, for scripts.

#ifndef TOOLS_WEFT_JSON_LINE_H_
#define TOOLS_WEFT_JSON_LINE_H_

#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace weft::cli {

// A string of JSON, in quotes. Text that is not UTF-8 is escaped (core/http/quote.h), and so is
// what a terminal would not show as it is.
std::string JsonText(absl::string_view text);

// An event with its time:
//
//   JsonLine("close", absl::Now()).Add("code", 1000).Add("reason", "bye").text()
//   // {"time":"2026-11-30T11:05:12.204Z","event":"close","code":1000,"reason":"bye"}
class JsonLine {
 public:
  JsonLine(absl::string_view event, absl::Time time);

  // Text as by JsonText().
  JsonLine& Add(absl::string_view name, absl::string_view value);
  JsonLine& Add(absl::string_view name, const char* value) {
    return Add(name, absl::string_view(value));
  }
  JsonLine& Add(absl::string_view name, const std::string& value) {
    return Add(name, absl::string_view(value));
  }
  JsonLine& Add(absl::string_view name, int value);
  JsonLine& Add(absl::string_view name, double value);
  JsonLine& Add(absl::string_view name, bool value);

  // Without a newline at its end.
  std::string text() const;

 private:
  JsonLine& AddRaw(absl::string_view name, absl::string_view value);

  std::string members_;
};

}  // namespace weft::cli

#endif  // TOOLS_WEFT_JSON_LINE_H_
