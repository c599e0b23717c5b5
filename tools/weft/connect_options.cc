#include "tools/weft/connect_options.h"

#include <functional>
#include <limits>
#include <optional>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "tools/weft/command_line.h"
#include "weft/core/frame/utf8.h"
#include "weft/core/http/authority.h"
#include "weft/core/http/basic_auth.h"
#include "weft/core/http/http.h"
#include "weft/core/http/url.h"
#include "weft/transport/tls_options.h"

namespace weft::cli {
namespace {

using Setter = std::function<absl::Status(absl::string_view)>;

constexpr absl::string_view kUsage =
    R"(Usage: weft connect [FLAG...] URL [MESSAGE...]

Opens a WebSocket at URL (ws://, wss:// or ws+unix://), sends each MESSAGE and then
what is typed or piped in, and shows what comes back.

On a terminal each line that is typed is a text message; pasted lines are one, which
Enter sends. Ctrl-D closes the connection.
Standard output carries what was received and nothing else: in a pipe a text message
and a newline, or the bytes of a binary message as they are; on a terminal a hex dump
of them. All else is told on standard error.
)";

constexpr absl::string_view kEnvironment =
    R"(
Exit codes:
    0  the connection ended in order: closed here, or there with 1000, 1001 or no code
    1  wrong usage, input that cannot be sent, output that cannot be written
    2  could not connect
    3  the server refused, with an HTTP status other than 101
    4  the server closed with another code, broke the protocol, or was lost
  128+ ended by this signal: 130 is Ctrl-C

Environment:
  http_proxy, https_proxy, all_proxy, no_proxy
                as for other programs
  NO_COLOR      no colours, if not empty
  WEFT_HISTORY  the file that remembers what was typed, instead of weft/history in
                $XDG_STATE_HOME or ~/.local/state; empty: none
)";

Setter SetTrue(bool* field) {
  return [field](absl::string_view) {
    *field = true;
    return absl::OkStatus();
  };
}

Setter SetText(std::string* field) {
  return [field](absl::string_view value) {
    *field = std::string(value);
    return absl::OkStatus();
  };
}

template <typename Number>
Setter SetNumber(Number* field) {
  return [field](absl::string_view value) {
    if (absl::SimpleAtoi(value, field) && *field > 0) return absl::OkStatus();
    return absl::InvalidArgumentError(absl::StrCat("\"", value, "\" is no number above 0"));
  };
}

// "5s", "200ms", "inf", and "5", which is seconds.
absl::StatusOr<absl::Duration> ParseDuration(absl::string_view text) {
  absl::Duration duration;
  if (absl::ParseDuration(text, &duration) ||
      absl::ParseDuration(absl::StrCat(text, "s"), &duration)) {
    if (duration >= absl::ZeroDuration()) return duration;
  }
  return absl::InvalidArgumentError(
      absl::StrCat("\"", text, "\" is no duration, such as 5s, 200ms or inf"));
}

Setter SetDuration(absl::Duration* field) {
  return [field](absl::string_view value) {
    const absl::StatusOr<absl::Duration> duration = ParseDuration(value);
    if (duration.ok()) *field = *duration;
    return duration.status();
  };
}

Setter SetPositiveDuration(absl::Duration* field) {
  return [field, set = SetDuration(field)](absl::string_view value) {
    absl::Status status = set(value);
    if (!status.ok() || *field > absl::ZeroDuration()) return status;
    return absl::InvalidArgumentError("it must be more than 0");
  };
}

absl::Status AddHeader(absl::string_view text, ConnectOptions* options) {
  const size_t colon = text.find(':');
  if (colon == absl::string_view::npos || !IsHttpToken(text.substr(0, colon))) {
    return absl::InvalidArgumentError(
        absl::StrCat("\"", text, "\" is no header, such as \"Name: value\""));
  }
  options->headers.emplace_back(text.substr(0, colon),
                                absl::StripAsciiWhitespace(text.substr(colon + 1)));
  return absl::OkStatus();
}

absl::Status AddSubprotocols(absl::string_view text, ConnectOptions* options) {
  for (const absl::string_view part : absl::StrSplit(text, ',')) {
    const absl::string_view name = absl::StripAsciiWhitespace(part);
    if (!IsHttpToken(name)) {
      return absl::InvalidArgumentError(absl::StrCat("\"", name, "\" is no subprotocol's name"));
    }
    options->subprotocols.emplace_back(name);
  }
  return absl::OkStatus();
}

// "joe:secret"; the password may have more colons.
absl::Status SetAuth(absl::string_view text, ConnectOptions* options) {
  const size_t colon = text.find(':');
  if (colon == absl::string_view::npos) {
    return absl::InvalidArgumentError("it must be USER:PASSWORD");  // and is not for the screen
  }
  options->auth = {.user = std::string(text.substr(0, colon)),
                   .password = std::string(text.substr(colon + 1))};
  return absl::OkStatus();
}

// "4000" or "4000 good bye".
absl::Status SetClose(absl::string_view text, ConnectOptions* options) {
  const std::pair<absl::string_view, absl::string_view> parts =
      absl::StrSplit(text, absl::MaxSplits(' ', 1));
  uint32_t number = 0;
  if (!absl::SimpleAtoi(parts.first, &number) || number > std::numeric_limits<uint16_t>::max() ||
      !IsValidOnWire(static_cast<CloseCode>(number))) {
    return absl::InvalidArgumentError(absl::StrCat(
        "\"", parts.first, "\" is no code that may be sent, such as 1000 or 3000 to 4999"));
  }
  constexpr size_t kMaxReasonBytes = 123;  // RFC 6455, section 5.5: 125 with the code
  if (parts.second.size() > kMaxReasonBytes) {
    return absl::InvalidArgumentError(
        absl::StrCat("the reason has ", parts.second.size(), " bytes, and may have 123"));
  }
  if (!IsValidUtf8(parts.second)) {
    return absl::InvalidArgumentError("the reason is not UTF-8");
  }
  options->close_code = static_cast<CloseCode>(number);
  options->close_reason = std::string(parts.second);
  return absl::OkStatus();
}

absl::Status SetConnectTo(absl::string_view text, ConnectOptions* options) {
  if (absl::Status status = ParseAuthority(text).status(); !status.ok()) return status;
  options->connect_to = std::string(text);
  return absl::OkStatus();
}

absl::Status SetSplit(absl::string_view text, std::optional<Split>* split) {
  if (text == "lines") {
    *split = Split::kLines;
  } else if (text == "whole") {
    *split = Split::kWhole;
  } else if (text == "stream") {
    *split = Split::kStream;
  } else {
    return absl::InvalidArgumentError(
        absl::StrCat("\"", text, "\" is none of lines, whole and stream"));
  }
  return absl::OkStatus();
}

std::vector<Flag> Flags(ConnectOptions* options, std::optional<Split>* split) {
  return {
      {.help = "The opening handshake:"},
      {.name = "header",
       .letter = 'H',
       .value = "'NAME: VALUE'",
       .help = "send this header too; may be repeated",
       .set = [options](absl::string_view value) { return AddHeader(value, options); }},
      {.name = "subprotocol",
       .letter = 's',
       .value = "NAME,...",
       .help = "offer these subprotocols, the preferred one first",
       .set = [options](absl::string_view value) { return AddSubprotocols(value, options); }},
      {.name = "origin",
       .letter = 'o',
       .value = "ORIGIN",
       .help = "what a browser would send, as https://example.com",
       .set = SetText(&options->origin)},
      {.name = "auth",
       .letter = 'u',
       .value = "USER:PASSWORD",
       .help = "who we are, for the server (Basic)",
       .set = [options](absl::string_view value) { return SetAuth(value, options); }},
      {.help = "TLS:"},
      {.name = "ca",
       .value = "FILE",
       .help = "trust these certificates (PEM) instead of the system's",
       .set = SetText(&options->tls.ca_file)},
      {.name = "cert",
       .value = "FILE",
       .help = "our certificate, for a server that asks (PEM)",
       .set = SetText(&options->tls.identity.certificate_file)},
      {.name = "key",
       .value = "FILE",
       .help = "its private key, if it is not in the same file",
       .set = SetText(&options->tls.identity.private_key_file)},
      {.name = "insecure",
       .letter = 'k',
       .help = "trust any certificate: anybody on the way can listen",
       .set = SetTrue(&options->tls.dangerously_accept_any_certificate)},
      {.help = "The way there:"},
      {.name = "connect-to",
       .value = "HOST:PORT",
       .help = "connect to this address; Host and TLS are the URL's still",
       .set = [options](absl::string_view value) { return SetConnectTo(value, options); }},
      {.name = "proxy",
       .letter = 'x',
       .value = "URL",
       .help = "http://HOST:PORT, socks5://HOST:PORT, with USER:PASSWORD@\n"
               "if it asks, or direct; else as the environment says",
       .set = SetText(&options->proxy)},
      {.name = "max-redirects",
       .value = "NUMBER",
       .help = "follow so many redirects, none unless told",
       .set = SetNumber(&options->max_redirects)},
      {.name = "timeout",
       .value = "DURATION",
       .help = "for connecting, 30s unless told",
       .set = SetPositiveDuration(&options->timeout)},
      {.help = "Messages:"},
      {.name = "binary",
       .letter = 'b',
       .help = "send binary messages, piped input as one",
       .set = SetTrue(&options->binary)},
      {.name = "input",
       .value = "lines|whole|stream",
       .help = "piped input is a message a line (unless --binary),\n"
               "one message, or one for each piece as it comes",
       .set = [split](absl::string_view value) { return SetSplit(value, split); }},
      {.name = "compress",
       .letter = 'z',
       .help = "offer the server to compress (permessage-deflate)",
       .set = SetTrue(&options->compress)},
      {.name = "ping",
       .value = "DURATION",
       .help = "send a ping this often, and tell how long its pong took",
       .set = SetPositiveDuration(&options->ping)},
      {.name = "max-message-bytes",
       .value = "NUMBER",
       .help = "the largest message to receive, 64 MiB unless told",
       .set = SetNumber(&options->max_message_bytes)},
      {.help = "The end:"},
      {.name = "wait",
       .letter = 'w',
       .value = "DURATION",
       .help = "after piped input, close once nothing has come for so\n"
               "long: 1s unless told, 0 for at once, inf for never",
       .set = SetDuration(&options->wait)},
      {.name = "receive",
       .letter = 'n',
       .value = "NUMBER",
       .help = "close after so many messages were received",
       .set = SetNumber(&options->receive)},
      {.name = "close",
       .value = "'CODE REASON'",
       .help = "close with this code (1000 unless told) and reason",
       .set = [options](absl::string_view value) { return SetClose(value, options); }},
      {.help = "What is told:"},
      {.name = "quiet", .letter = 'q', .help = "tell errors only", .set = SetTrue(&options->quiet)},
      {.name = "show-headers",
       .letter = 'i',
       .help = "show the requests and answers of the opening handshake",
       .set = SetTrue(&options->show_headers)},
      {.name = "help", .letter = 'h', .help = "show this", .set = SetTrue(&options->help)},
  };
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
  if (TlsIdentity& identity = options.tls.identity; identity.private_key_file.empty()) {
    identity.private_key_file = identity.certificate_file;
  } else if (identity.certificate_file.empty()) {
    return absl::InvalidArgumentError("--key needs its certificate: --cert");
  }
  options.split = split.value_or(options.binary ? Split::kWhole : Split::kLines);
  return options;
}

std::string ConnectHelp() {
  ConnectOptions options;
  std::optional<Split> split;
  return absl::StrCat(kUsage, FlagsHelp(Flags(&options, &split)), kEnvironment);
}

}  // namespace weft::cli
