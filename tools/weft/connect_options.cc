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
the typed or piped input, and shows the messages received.

On a terminal each typed line is a text message; pasted lines are one message, which
Enter sends. Ctrl-D closes the connection.
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
    4  the server closed with another code, broke the protocol, or was lost
  128+ ended by this signal: 130 is Ctrl-C

Environment:
  http_proxy, https_proxy, all_proxy, no_proxy
                the usual proxy settings
  NO_COLOR      no colours, if not empty
  WEFT_HISTORY  the history file of typed lines, instead of weft/history in
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
    return absl::InvalidArgumentError(absl::StrCat("\"", value, "\" is not a number above 0"));
  };
}

// "5s", "200ms", "inf", and "5", which means seconds.
absl::StatusOr<absl::Duration> ParseDuration(absl::string_view text) {
  absl::Duration duration;
  if (absl::ParseDuration(text, &duration) ||
      absl::ParseDuration(absl::StrCat(text, "s"), &duration)) {
    if (duration >= absl::ZeroDuration()) return duration;
  }
  return absl::InvalidArgumentError(
      absl::StrCat("\"", text, "\" is not a duration such as 5s, 200ms or inf"));
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
    return absl::InvalidArgumentError("must be more than 0");
  };
}

absl::Status AddHeader(absl::string_view text, ConnectOptions* options) {
  const size_t colon = text.find(':');
  if (colon == absl::string_view::npos || !IsHttpToken(text.substr(0, colon))) {
    return absl::InvalidArgumentError(
        absl::StrCat("\"", text, "\" is not a header such as \"Name: value\""));
  }
  options->headers.emplace_back(text.substr(0, colon),
                                absl::StripAsciiWhitespace(text.substr(colon + 1)));
  return absl::OkStatus();
}

absl::Status AddSubprotocols(absl::string_view text, ConnectOptions* options) {
  for (const absl::string_view part : absl::StrSplit(text, ',')) {
    const absl::string_view name = absl::StripAsciiWhitespace(part);
    if (!IsHttpToken(name)) {
      return absl::InvalidArgumentError(absl::StrCat("\"", name, "\" is not a subprotocol name"));
    }
    options->subprotocols.emplace_back(name);
  }
  return absl::OkStatus();
}

// "joe:secret"; the password may contain more colons.
absl::Status SetAuth(absl::string_view text, ConnectOptions* options) {
  const size_t colon = text.find(':');
  if (colon == absl::string_view::npos) {
    // not quoted, because it may be a password
    return absl::InvalidArgumentError("must be USER:PASSWORD");
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
    return absl::InvalidArgumentError(absl::StrCat("\"", text, "\" is not lines, whole or stream"));
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
       .help = "offer these subprotocols, in order of preference",
       .set = [options](absl::string_view value) { return AddSubprotocols(value, options); }},
      {.name = "origin",
       .letter = 'o',
       .value = "ORIGIN",
       .help = "the origin that a browser would send: https://example.com",
       .set = SetText(&options->origin)},
      {.name = "auth",
       .letter = 'u',
       .value = "USER:PASSWORD",
       .help = "user and password for the server (Basic)",
       .set = [options](absl::string_view value) { return SetAuth(value, options); }},
      {.help = "TLS:"},
      {.name = "ca",
       .value = "FILE",
       .help = "trust these certificates (PEM) instead of the system's",
       .set = SetText(&options->tls.ca_file)},
      {.name = "cert",
       .value = "FILE",
       .help = "client certificate, for a server that asks (PEM)",
       .set = SetText(&options->tls.identity.certificate_file)},
      {.name = "key",
       .value = "FILE",
       .help = "its private key, if it is not in the same file",
       .set = SetText(&options->tls.identity.private_key_file)},
      {.name = "insecure",
       .letter = 'k',
       .help = "trust any certificate: anyone on the path can listen",
       .set = SetTrue(&options->tls.dangerously_accept_any_certificate)},
      {.help = "The connection:"},
      {.name = "connect-to",
       .value = "HOST:PORT",
       .help = "connect to this address; Host and TLS still use the URL's",
       .set = [options](absl::string_view value) { return SetConnectTo(value, options); }},
      {.name = "proxy",
       .letter = 'x',
       .value = "URL",
       .help = "http://HOST:PORT or socks5://HOST:PORT; https:// or\n"
               "socks5s:// with TLS; with USER:PASSWORD@ if needed; or\n"
               "direct; default: from the environment",
       .set = SetText(&options->proxy)},
      {.name = "max-redirects",
       .value = "NUMBER",
       .help = "follow at most this many redirects, default 0",
       .set = SetNumber(&options->max_redirects)},
      {.name = "timeout",
       .value = "DURATION",
       .help = "the time limit for connecting, default 30s",
       .set = SetPositiveDuration(&options->timeout)},
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
       .set = [options](absl::string_view value) { return SetClose(value, options); }},
      {.help = "Output:"},
      {.name = "quiet", .letter = 'q', .help = "show errors only", .set = SetTrue(&options->quiet)},
      {.name = "show-headers",
       .letter = 'i',
       .help = "show the requests and responses of the opening handshake",
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
    return absl::InvalidArgumentError("--key requires --cert");
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
