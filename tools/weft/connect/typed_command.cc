#include "tools/weft/connect/typed_command.h"

#include <cstddef>
#include <cstdint>
#include <limits>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "weft/core/frame/utf8.h"

namespace weft::cli {
namespace {

using Kind = TypedCommand::Kind;

// "00ff 10"
absl::StatusOr<TypedCommand> ParseBinary(absl::string_view text) {
  const std::string digits = absl::StrReplaceAll(text, {{" ", ""}, {"\n", ""}, {"\t", ""}});
  for (const char digit : digits) {
    if (!absl::ascii_isxdigit(static_cast<unsigned char>(digit))) {
      return absl::InvalidArgumentError("/binary takes bytes in hexadecimal, such as 00 ff 10");
    }
  }
  if (digits.size() % 2 != 0) {
    return absl::InvalidArgumentError("/binary takes two hexadecimal digits for each byte");
  }
  return TypedCommand{.kind = Kind::kBinary, .payload = absl::HexStringToBytes(digits)};
}

}  // namespace

absl::Status ParseClose(absl::string_view text, CloseCode* code, std::string* reason) {
  const std::pair<absl::string_view, absl::string_view> parts =
      absl::StrSplit(text, absl::MaxSplits(' ', 1));
  uint32_t number = 0;
  if (!absl::SimpleAtoi(parts.first, &number) || number > std::numeric_limits<uint16_t>::max() ||
      !IsValidOnWire(static_cast<CloseCode>(number))) {
    return absl::InvalidArgumentError(
        absl::StrCat("\"", parts.first,
                     "\" is not a close code that may be sent, such as 1000 or 3000 to 4999"));
  }
  constexpr size_t kMaxReasonBytes = 123;  // RFC 6455, section 5.5: 125 including the code
  if (parts.second.size() > kMaxReasonBytes) {
    return absl::InvalidArgumentError(
        absl::StrCat("the reason has ", parts.second.size(), " bytes, more than 123"));
  }
  if (!IsValidUtf8(parts.second)) {
    return absl::InvalidArgumentError("the reason is not UTF-8");
  }
  *code = static_cast<CloseCode>(number);
  *reason = std::string(parts.second);
  return absl::OkStatus();
}

absl::StatusOr<TypedCommand> ParseTyped(absl::string_view line) {
  absl::string_view rest = line;
  if (!absl::ConsumePrefix(&rest, "/")) return TypedCommand{.payload = std::string(line)};
  if (absl::StartsWith(rest, "/")) return TypedCommand{.payload = std::string(rest)};
  const std::pair<absl::string_view, absl::string_view> parts =
      absl::StrSplit(rest, absl::MaxSplits(' ', 1));
  const absl::string_view name = parts.first;
  const absl::string_view argument = absl::StripAsciiWhitespace(parts.second);
  if (name == "binary") return ParseBinary(argument);
  if (name == "close") {
    TypedCommand close = {.kind = Kind::kClose};
    if (argument.empty()) return close;
    if (absl::Status status = ParseClose(argument, &close.code, &close.payload); !status.ok()) {
      return status;
    }
    return close;
  }
  const bool known = name == "ping" || name == "empty" || name == "help";
  if (known && !argument.empty()) {
    return absl::InvalidArgumentError(absl::StrCat("/", name, " takes no argument"));
  }
  if (name == "ping") return TypedCommand{.kind = Kind::kPing};
  if (name == "empty") return TypedCommand{};
  if (name == "help") return TypedCommand{.kind = Kind::kHelp};
  return absl::InvalidArgumentError(
      absl::StrCat("there is no command /", name.substr(0, 20),
                   "; begin with // to send a message with a slash, or see /help"));
}

absl::string_view TypedHelp() {
  return "/ping                  measure the round-trip time\n"
         "/close [CODE [REASON]] close, by default with 1000\n"
         "/binary HEX            send a binary message: /binary 00 ff 10\n"
         "/empty                 send an empty message\n"
         "//TEXT                 send /TEXT\n"
         "Alt-Enter              a new line in the message";
}

}  // namespace weft::cli
