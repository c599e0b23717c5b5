#include "tools/weft/listen/listen_options.h"

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "tools/weft/command_line.h"
#include "tools/weft/flag_values.h"
#include "weft/transport/loopback.h"

namespace weft::cli {
namespace {

constexpr absl::string_view kDescription =
    R"(Serves WebSockets at every path until Ctrl-C. Says "Listening on ws://HOST:PORT/" when
it is ready; at the end of each session a line on standard output has: time, client,
path, subprotocol, seconds, messages and bytes on the wire in both directions, who
closed, and the close code and reason.
Of the subprotocols that a client offers, the first is chosen.
)";

constexpr absl::string_view kMore =
    R"(
COMMAND is run by the shell, once for each session. Each message is a line of its
input, or several if the client put newlines into it, and each line that it writes is
a message; a program that buffers its output needs stdbuf -oL, sed -u or the like.
What it writes to standard error is shown here.
It has WEFT_PEER, WEFT_TARGET (path and query) and WEFT_SUBPROTOCOL in its environment:
text that a stranger chose. When the session ends, its input ends; if it runs for 5 s
more, it is ended by SIGTERM. When it has ended, and no process that it started in the
background has its output, the session is closed: with 1000 for exit code 0, and with
1011 and the exit code as the reason for others.

A page of another site cannot connect unless --allow-origin lists its origin: otherwise
every page that you visit could run COMMAND. Where others than this machine can connect,
--exec requires --allow-host, or * for any: a page could get a name for your address,
and be a page of the server itself then.

SIGINT, SIGTERM and SIGHUP close the sessions with 1001, and end with exit code 0;
a second one does not wait for processes.

Exit codes:
    0  ended by one of these signals
    1  wrong usage, certificates that cannot be used, no such command
    2  cannot listen
)";

std::vector<Flag> Flags(ListenOptions* options) {
  const auto append = [](std::vector<std::string>* list) {
    return [list](absl::string_view value) {
      list->emplace_back(value);
      return absl::OkStatus();
    };
  };
  return {
      {.help = "Where:"},
      {.name = "port",
       .letter = 'p',
       .value = "PORT",
       .help = "default 8080; 0: a free one",
       .set =
           [options](absl::string_view value) {
             uint32_t number = 0;
             if (!absl::SimpleAtoi(value, &number) || number > 65535) {
               return absl::InvalidArgumentError(
                   absl::StrCat("\"", value, "\" is not a number from 0 to 65535"));
             }
             options->port = static_cast<uint16_t>(number);
             return absl::OkStatus();
           }},
      {.name = "address",
       .letter = 'a',
       .value = "ADDRESS",
       .help = "default 127.0.0.1, this machine only; 0.0.0.0 or :: for\n"
               "every network, or unix:/PATH",
       .set = SetText(&options->address)},
      {.name = "cert",
       .value = "FILE",
       .help = "serve wss:// with this certificate chain (PEM)",
       .set = SetText(&options->tls.certificate_file)},
      {.name = "key",
       .value = "FILE",
       .help = "its private key, if it is not in the same file",
       .set = SetText(&options->tls.private_key_file)},
      {.help = "What a session does; by default it sends each message back:"},
      {.name = "chat", .help = "each message goes to all sessions", .set = SetTrue(&options->chat)},
      {.name = "exec",
       .letter = 'e',
       .value = "COMMAND",
       .help = "run a process, and connect its input and output",
       .set = SetText(&options->exec)},
      {.name = "binary",
       .letter = 'b',
       .help = "with --exec: its input and output are bytes, not lines;\n"
               "each piece that it writes is a binary message",
       .set = SetTrue(&options->binary)},
      {.help = "Who may connect, and how much:"},
      {.name = "allow-origin",
       .value = "ORIGIN",
       .help = "pages of this origin, besides the server's own:\n"
               "https://example.com, null for a file, * for any; may be\n"
               "repeated",
       .set = append(&options->allowed_origins)},
      {.name = "allow-host",
       .value = "HOST",
       .help = "a host that clients may request, such as the one that a\n"
               "proxy passes on, * for any; default on a loopback\n"
               "address: loopback names; may be repeated",
       .set = append(&options->allowed_hosts)},
      {.name = "max-connections",
       .value = "NUMBER",
       .help = "default 1000; more get 503",
       .set = SetNumber(&options->max_connections)},
      {.name = "max-message-bytes",
       .value = "NUMBER",
       .help = "the maximum size of a received message, default 16 MiB",
       .set = SetNumber(&options->max_message_bytes)},
      {.name = "compress",
       .letter = 'z',
       .help = "accept compression (permessage-deflate)",
       .set = SetTrue(&options->compress)},
      {.help = "Output:"},
      {.name = "quiet",
       .letter = 'q',
       .help = "no lines about sessions",
       .set = SetTrue(&options->quiet)},
      {.name = "help", .letter = 'h', .help = "show this", .set = SetTrue(&options->help)},
  };
}

}  // namespace

absl::StatusOr<ListenOptions> ParseListenOptions(absl::Span<const absl::string_view> words) {
  ListenOptions options;
  const absl::StatusOr<std::vector<std::string>> others = ParseFlags(words, Flags(&options));
  if (!others.ok()) return others.status();
  if (options.help) return options;
  if (!others->empty()) {
    return absl::InvalidArgumentError(absl::StrCat("unexpected argument ", others->front()));
  }
  if (options.chat && !options.exec.empty()) {
    return absl::InvalidArgumentError("--chat and --exec exclude each other");
  }
  const bool local = absl::StartsWith(options.address, "unix:") || IsLoopbackHost(options.address);
  if (!options.exec.empty() && !local && options.allowed_hosts.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("--exec at ", options.address,
                     " requires --allow-host: the hosts that clients may request, or *"));
  }
  if (options.binary && options.exec.empty()) {
    return absl::InvalidArgumentError("--binary requires --exec");
  }
  if (options.tls.private_key_file.empty()) {
    options.tls.private_key_file = options.tls.certificate_file;
  } else if (options.tls.certificate_file.empty()) {
    return absl::InvalidArgumentError("--key requires --cert");
  }
  return options;
}

CommandHelp ListenCommandHelp() {
  ListenOptions options;
  return {.name = "listen",
          .summary = "serve WebSockets: an echo, a chat, or a process for each session",
          .description = kDescription,
          .flags = Flags(&options),
          .more = kMore};
}

}  // namespace weft::cli
