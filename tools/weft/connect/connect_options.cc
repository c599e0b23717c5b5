#include "tools/weft/connect/connect_options.h"

#include <optional>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "tools/weft/command_line.h"
#include "tools/weft/connect/typed_command.h"
#include "tools/weft/flag_values.h"
#include "weft/core/http/url.h"

namespace weft::cli {
namespace {

constexpr absl::string_view kDescription =
    R"(Opens a WebSocket at URL (ws://, wss:// or ws+unix://), sends each MESSAGE and then
the typed or piped input, and shows the messages received.

On a terminal each typed line is a text message; pasted lines are one message, which
Enter sends, and Alt-Enter begins a new line of it. Ctrl-D closes the connection.
Lines that begin with a slash are commands: /ping, /close CODE REASON, /binary HEX,
/empty, /help; // sends a slash.
Only received messages go to standard output: in a pipe each text message followed by
a newline, or the bytes of a binary message unchanged; on a terminal a hex dump of
them. Everything else goes to standard error.
)";

constexpr absl::string_view kEnvironment =
    R"(
Exit codes:
    0  the connection was closed by us, or by the server with 1000, 1001 or no code
    1  wrong usage, input that cannot be sent, output that cannot be written
    2  could not connect
    3  the server refused, with an HTTP status other than 101
    4  the server closed with another code, broke the protocol, or was lost; or the
       COMMAND of --exec failed
  128+ ended by this signal: 130 is Ctrl-C

Environment:
  http_proxy, https_proxy, all_proxy, no_proxy
                the usual proxy settings
  NO_COLOR      no colours, if not empty
  WEFT_HISTORY  the history file of typed lines, instead of weft/history in
                $XDG_STATE_HOME or ~/.local/state; empty: none
)";

absl::Status SetSplit(absl::string_view text, std::optional<Split>* split) {
  if (text == "lines") {
    *split = Split::kLines;
  } else if (text == "whole") {
    *split = Split::kWhole;
  } else if (text == "stream") {
    *split = Split::kStream;
  } else {
    return absl::InvalidArgumentError(absl::StrCat("\"", text, "\" is not lines, whole or stream"));
  }
  return absl::OkStatus();
}

std::vector<Flag> Flags(ConnectOptions* options, std::optional<Split>* split) {
  std::vector<Flag> flags = FlagsOfClients(options);
  const std::vector<Flag> more = {
      {.help = "Messages:"},
      {.name = "binary",
       .letter = 'b',
       .help = "send binary messages, piped input as one message",
       .set = SetTrue(&options->binary)},
      {.name = "input",
       .value = "lines|whole|stream",
       .help = "piped input: one message per line (default without\n"
               "--binary), one message, or one per piece as it arrives",
       .set = [split](absl::string_view value) { return SetSplit(value, split); }},
      {.name = "compress",
       .letter = 'z',
       .help = "offer compression (permessage-deflate)",
       .set = SetTrue(&options->compress)},
      {.name = "ping",
       .value = "DURATION",
       .help = "send a ping this often, and show the round-trip time",
       .set = SetPositiveDuration(&options->ping)},
      {.name = "max-message-bytes",
       .value = "NUMBER",
       .help = "the maximum size of a received message, default 64 MiB",
       .set = SetNumber(&options->max_message_bytes)},
      {.name = "reconnect",
       .letter = 'r',
       .help = "connect again when the connection is lost or cannot be\n"
               "opened; each MESSAGE is sent on each connection",
       .set = SetTrue(&options->reconnect)},
      {.name = "exec",
       .letter = 'e',
       .value = "COMMAND",
       .help = "run a process: its output is the input, and messages go to\n"
               "its input",
       .set = SetText(&options->exec)},
      {.help = "The end:"},
      {.name = "wait",
       .letter = 'w',
       .value = "DURATION",
       .help = "after piped input, close when nothing has arrived for\n"
               "this long: default 1s, 0 at once, inf never",
       .set = SetDuration(&options->wait)},
      {.name = "receive",
       .letter = 'n',
       .value = "NUMBER",
       .help = "close after this number of received messages",
       .set = SetNumber(&options->receive)},
      {.name = "close",
       .value = "'CODE REASON'",
       .help = "close with this code (default 1000) and reason",
       .set =
           [options](absl::string_view value) {
             return ParseClose(value, &options->close_code, &options->close_reason);
           }},
      {.help = "Output:"},
      {.name = "quiet", .letter = 'q', .help = "show errors only", .set = SetTrue(&options->quiet)},
      {.name = "json",
       .letter = 'j',
       .help = "print a JSON object a line: open, message, pong, lost,\n"
               "waiting, close, error",
       .set = SetTrue(&options->json)},
      {.name = "timestamps",
       .letter = 't',
       .help = "show the time of each text message",
       .set = SetTrue(&options->timestamps)},
      {.name = "show-headers",
       .letter = 'i',
       .help = "show the requests and responses of the opening handshake",
       .set = SetTrue(&options->show_headers)},
      {.name = "help", .letter = 'h', .help = "show this", .set = SetTrue(&options->help)},
  };
  flags.insert(flags.end(), more.begin(), more.end());
  return flags;
}

}  // namespace

absl::StatusOr<ConnectOptions> ParseConnectOptions(absl::Span<const absl::string_view> words) {
  ConnectOptions options;
  std::optional<Split> split;
  absl::StatusOr<std::vector<std::string>> others = ParseFlags(words, Flags(&options, &split));
  if (!others.ok()) return others.status();
  if (options.help) return options;
  if (others->empty()) return absl::InvalidArgumentError("a URL is missing");
  if (absl::Status url = ParseUrl(others->front()).status(); !url.ok()) return url;
  options.url = std::move(others->front());
  options.messages.assign(others->begin() + 1, others->end());
  if (absl::Status status = FinishClientFlags(&options); !status.ok()) return status;
  if (options.json && !options.exec.empty()) {
    return absl::InvalidArgumentError("--json and --exec exclude each other");
  }
  if (options.timestamps && !options.exec.empty()) {
    return absl::InvalidArgumentError("--timestamps and --exec exclude each other");
  }
  const Split of_bytes = options.exec.empty() ? Split::kWhole : Split::kStream;
  options.split = split.value_or(options.binary ? of_bytes : Split::kLines);
  return options;
}

CommandHelp ConnectCommandHelp() {
  ConnectOptions options;
  std::optional<Split> split;
  return {.name = "connect",
          .arguments = "URL [MESSAGE...]",
          .summary = "open a WebSocket, send typed or piped input, show the messages received",
          .description = kDescription,
          .flags = Flags(&options, &split),
          .more = kEnvironment};
}

}  // namespace weft::cli
