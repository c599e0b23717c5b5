#include "tools/weft/check/check_options.h"

#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "tools/weft/command_line.h"
#include "tools/weft/flag_values.h"
#include "weft/core/http/url.h"

namespace weft::cli {
namespace {

constexpr absl::string_view kDescription =
    R"(Opens a WebSocket at URL (ws://, wss:// or ws+unix://) step by step, and says of each
step whether it works, how long it takes, and what to do if it does not: name, every
address, TLS and certificate, upgrade, what a proxy has added or left out, subprotocol,
compression, pings, close.
)";

constexpr absl::string_view kExitCodes =
    R"(
Exit codes:
    0  every step works, perhaps with notes
    1  wrong usage
    2  could not connect
    3  the server refused, with an HTTP status other than 101
    4  the open WebSocket does not work: no pong, no answer to a close, broken rules
)";

std::vector<Flag> Flags(CheckOptions* options) {
  std::vector<Flag> flags = FlagsOfClients(options);
  const std::vector<Flag> more = {
      {.name = "pings",
       .value = "NUMBER",
       .help = "how many round trips to measure, default 3",
       .set = SetNumber(&options->pings)},
      {.name = "help", .letter = 'h', .help = "show this", .set = SetTrue(&options->help)},
  };
  flags.insert(flags.end(), more.begin(), more.end());
  return flags;
}

}  // namespace

absl::StatusOr<CheckOptions> ParseCheckOptions(absl::Span<const absl::string_view> words) {
  CheckOptions options;
  absl::StatusOr<std::vector<std::string>> others = ParseFlags(words, Flags(&options));
  if (!others.ok()) return others.status();
  if (options.help) return options;
  if (others->empty()) return absl::InvalidArgumentError("a URL is missing");
  if (others->size() > 1) {
    return absl::InvalidArgumentError(absl::StrCat("unexpected argument ", others->at(1)));
  }
  if (absl::Status url = ParseUrl(others->front()).status(); !url.ok()) return url;
  if (absl::Status status = FinishClientFlags(&options); !status.ok()) return status;
  options.url = std::move(others->front());
  return options;
}

CommandHelp CheckCommandHelp() {
  CheckOptions options;
  return {.name = "check",
          .arguments = "URL",
          .summary = "try each step of opening a WebSocket, and say what is wrong",
          .description = kDescription,
          .flags = Flags(&options),
          .more = kExitCodes};
}

}  // namespace weft::cli
