// Advice for somebody whose client cannot connect.

#ifndef TOOLS_WEFT_HINTS_H_
#define TOOLS_WEFT_HINTS_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace weft::cli {

// The probable causes of an error of Client::Connect(), and the flags of weft that help: sentences,
// the most specific first. Empty if there is nothing to say beyond the error. `url` is the URL that
// was asked for, `origin` the value of --origin. Text of the server is quoted.
std::vector<std::string> Hints(absl::string_view url, absl::string_view origin,
                               const absl::Status& error);

}  // namespace weft::cli

#endif  // TOOLS_WEFT_HINTS_H_
