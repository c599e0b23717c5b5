#include "weft/core/frame/close_info.h"

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

namespace weft {
std::string CloseText(CloseCode code, absl::string_view reason) {
  std::string text = absl::StrCat(static_cast<int>(code), " ", CloseCodeName(code));
  if (!reason.empty()) absl::StrAppend(&text, " (\"", absl::CHexEscape(reason), "\")");
  return text;
}

absl::string_view NameOf(ClosedBy by) {
  switch (by) {
    case ClosedBy::kPeer:
      return "peer";
    case ClosedBy::kApplication:
      return "application";
    case ClosedBy::kRule:
      return "rule";
    case ClosedBy::kLimit:
      return "limit";
    case ClosedBy::kTimeout:
      return "timeout";
    case ClosedBy::kLost:
      return "lost";
    case ClosedBy::kShutdown:
      return "shutdown";
  }
  return "";
}

std::string Describe(const CloseInfo& info, absl::string_view peer) {
  std::string end = CloseText(info.code, info.reason);
  switch (info.by) {
    case ClosedBy::kPeer:
      return absl::StrCat("closed by ", peer, ": ", end);
    case ClosedBy::kApplication:
      return absl::StrCat("closed by the application: ", end);
    case ClosedBy::kRule:
      return absl::StrCat(peer, " broke a rule: ", end);
    case ClosedBy::kLimit:
      return absl::StrCat(peer, " went beyond ", info.option, ": ", end);
    case ClosedBy::kTimeout:
      return absl::StrCat(peer, " did not keep to ", info.option, ": ", end);
    case ClosedBy::kLost:
      return absl::StrCat("lost ", peer, ": ", end);
    case ClosedBy::kShutdown:
      return absl::StrCat("closed by the shutdown of the server: ", end);
  }
  return end;
}

absl::Status ToStatus(const CloseInfo& info, absl::string_view peer) {
  const std::string text = Describe(info, peer);
  switch (info.by) {
    case ClosedBy::kApplication:
      return absl::FailedPreconditionError(text);
    case ClosedBy::kRule:
      return absl::InvalidArgumentError(text);
    case ClosedBy::kLimit:
      return absl::ResourceExhaustedError(text);
    case ClosedBy::kTimeout:
      return absl::DeadlineExceededError(text);
    case ClosedBy::kPeer:
    case ClosedBy::kLost:
    case ClosedBy::kShutdown:
      break;
  }
  return absl::UnavailableError(text);
}

}  // namespace weft
