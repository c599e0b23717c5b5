#include "weft/core/frame/frame_rules.h"

#include <string>

#include "absl/strings/str_cat.h"

namespace weft {

absl::Status ToStatus(const Violation& violation, absl::string_view seen) {
  const bool limit =
      violation.code == CloseCode::kMessageTooBig || violation.code == CloseCode::kPolicyViolation;
  const std::string text =
      absl::StrCat(limit ? ""
                         : absl::StrCat("the peer broke RFC ", violation.rfc, " section ",
                                        violation.section, ": "),
                   violation.rule, seen.empty() ? "" : " (", seen, seen.empty() ? "" : ")");
  return limit ? absl::ResourceExhaustedError(text) : absl::InvalidArgumentError(text);
}

}  // namespace weft
