#include "tools/weft/client_flags.h"

#include <cstddef>
#include <memory>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "tools/weft/flag_values.h"
#include "weft/core/http/authority.h"
#include "weft/core/http/bearer_auth.h"
#include "weft/core/http/cookie.h"
#include "weft/core/http/http.h"
#include "weft/transport/tls_context.h"

namespace weft::cli {
namespace {

absl::Status AddHeader(absl::string_view text, ClientFlags* flags) {
  const size_t colon = text.find(':');
  if (colon == absl::string_view::npos || !IsHttpToken(text.substr(0, colon))) {
    return absl::InvalidArgumentError(
        absl::StrCat("\"", text, "\" is not a header such as \"Name: value\""));
  }
  flags->headers.emplace_back(text.substr(0, colon),
                              absl::StripAsciiWhitespace(text.substr(colon + 1)));
  return absl::OkStatus();
}

// One header, or those of a file, one per line.
absl::Status AddHeaders(absl::string_view value, ClientFlags* flags) {
  const bool named = absl::StartsWith(value, "@");
  if (!named) return AddHeader(value, flags);
  const absl::StatusOr<std::string> text = ReadSecret(value);
  if (!text.ok()) return text.status();
  int number = 0;
  for (const absl::string_view line : absl::StrSplit(*text, '\n')) {
    ++number;
    if (absl::StripAsciiWhitespace(line).empty()) continue;
    if (!AddHeader(line, flags).ok()) {
      return absl::InvalidArgumentError(absl::StrCat("line ", number, " of ", value.substr(1),
                                                     " is not a header such as \"Name: value\""));
    }
  }
  return absl::OkStatus();
}

absl::Status AddSubprotocols(absl::string_view text, ClientFlags* flags) {
  for (const absl::string_view part : absl::StrSplit(text, ',')) {
    const absl::string_view name = absl::StripAsciiWhitespace(part);
    if (!IsHttpToken(name)) {
      return absl::InvalidArgumentError(absl::StrCat("\"", name, "\" is not a subprotocol name"));
    }
    flags->subprotocols.emplace_back(name);
  }
  return absl::OkStatus();
}

// "joe:secret"; the password may contain more colons.
absl::Status SetAuth(absl::string_view value, ClientFlags* flags) {
  const absl::StatusOr<std::string> text = ReadSecret(value);
  if (!text.ok()) return text.status();
  const size_t colon = text->find(':');
  if (colon == std::string::npos) {
    // not quoted, because it may be a password
    return absl::InvalidArgumentError("must be USER:PASSWORD");
  }
  flags->auth = {.user = text->substr(0, colon), .password = text->substr(colon + 1)};
  return absl::OkStatus();
}

absl::Status SetBearer(absl::string_view value, ClientFlags* flags) {
  absl::StatusOr<std::string> text = ReadSecret(value);
  if (!text.ok()) return text.status();
  if (!IsBearerToken(*text)) {
    return absl::InvalidArgumentError("a token has letters, digits and -._~+/, and = at its end");
  }
  flags->bearer = *std::move(text);
  return absl::OkStatus();
}

// "name=value; name=value"
absl::Status AddCookies(absl::string_view value, ClientFlags* flags) {
  const absl::StatusOr<std::string> text = ReadSecret(value);
  if (!text.ok()) return text.status();
  for (const absl::string_view part : absl::StrSplit(*text, ';')) {
    const absl::string_view cookie = absl::StripAsciiWhitespace(part);
    const size_t equals = cookie.find('=');
    if (equals == absl::string_view::npos) {
      return absl::InvalidArgumentError("must be NAME=VALUE, several separated by \"; \"");
    }
    flags->cookies.emplace_back(cookie.substr(0, equals), cookie.substr(equals + 1));
  }
  return CookieHeader(flags->cookies).status();
}

absl::Status SetConnectTo(absl::string_view text, ClientFlags* flags) {
  if (absl::Status status = ParseAuthority(text).status(); !status.ok()) return status;
  flags->connect_to = std::string(text);
  return absl::OkStatus();
}

// Null to use the system's trusted certificates.
absl::StatusOr<std::shared_ptr<TlsContext>> MakeTls(const TlsClientOptions& options) {
  if (options == TlsClientOptions()) return nullptr;
  return TlsContext::ForClient(options);
}

}  // namespace

std::vector<Flag> FlagsOfClients(ClientFlags* to) {
  return {
      {.help =
           "The opening handshake (a SECRET may be @FILE or env:NAME, which ps does not show):"},
      {.name = "header",
       .letter = 'H',
       .value = "'NAME: VALUE'",
       .help = "send this header too; may be repeated; @FILE: one per line",
       .set = [to](absl::string_view value) { return AddHeaders(value, to); }},
      {.name = "subprotocol",
       .letter = 's',
       .value = "NAME,...",
       .help = "offer these subprotocols, in order of preference",
       .set = [to](absl::string_view value) { return AddSubprotocols(value, to); }},
      {.name = "origin",
       .letter = 'o',
       .value = "ORIGIN",
       .help = "the origin that a browser would send: https://example.com",
       .set = SetText(&to->origin)},
      {.name = "auth",
       .letter = 'u',
       .value = "SECRET",
       .help = "USER:PASSWORD for the server (Basic)",
       .set = [to](absl::string_view value) { return SetAuth(value, to); }},
      {.name = "bearer",
       .value = "SECRET",
       .help = "a token for the server (Bearer)",
       .set = [to](absl::string_view value) { return SetBearer(value, to); }},
      {.name = "cookie",
       .value = "SECRET",
       .help = "'NAME=VALUE; NAME=VALUE'; may be repeated",
       .set = [to](absl::string_view value) { return AddCookies(value, to); }},
      {.help = "TLS:"},
      {.name = "ca",
       .value = "FILE",
       .help = "trust these certificates (PEM) instead of the system's",
       .set = SetText(&to->tls.ca_file)},
      {.name = "cert",
       .value = "FILE",
       .help = "client certificate, for a server that asks (PEM)",
       .set = SetText(&to->tls.identity.certificate_file)},
      {.name = "key",
       .value = "FILE",
       .help = "its private key, if it is not in the same file",
       .set = SetText(&to->tls.identity.private_key_file)},
      {.name = "insecure",
       .letter = 'k',
       .help = "trust any certificate: anyone on the path can listen",
       .set = SetTrue(&to->tls.dangerously_accept_any_certificate)},
      {.help = "The connection:"},
      {.name = "connect-to",
       .value = "HOST:PORT",
       .help = "connect to this address; Host and TLS still use the URL's",
       .set = [to](absl::string_view value) { return SetConnectTo(value, to); }},
      {.name = "proxy",
       .letter = 'x',
       .value = "URL",
       .help = "http://HOST:PORT or socks5://HOST:PORT; https:// or\n"
               "socks5s:// with TLS; with USER:PASSWORD@ if needed; or\n"
               "direct; default: from the environment",
       .set = SetText(&to->proxy)},
      {.name = "max-redirects",
       .value = "NUMBER",
       .help = "follow at most this many redirects, default 0",
       .set = SetNumber(&to->max_redirects)},
      {.name = "timeout",
       .value = "DURATION",
       .help = "the time limit for connecting, default 30s",
       .set = SetPositiveDuration(&to->timeout)},
  };
}

absl::Status FinishClientFlags(ClientFlags* flags) {
  if (flags->auth.has_value() && !flags->bearer.empty()) {
    return absl::InvalidArgumentError("--auth and --bearer exclude each other");
  }
  if (TlsIdentity& identity = flags->tls.identity; identity.private_key_file.empty()) {
    identity.private_key_file = identity.certificate_file;
  } else if (identity.certificate_file.empty()) {
    return absl::InvalidArgumentError("--key requires --cert");
  }
  return absl::OkStatus();
}

absl::StatusOr<ClientOptions> ToClientOptions(const ClientFlags& flags) {
  absl::StatusOr<std::shared_ptr<TlsContext>> tls = MakeTls(flags.tls);
  if (!tls.ok()) return tls.status();
  ClientOptions options;
  options.tls = *std::move(tls);
  options.connect_to = flags.connect_to;
  options.proxy = flags.proxy;
  options.http.max_redirects = flags.max_redirects;
  options.timeouts.connect = flags.timeout;
  options.request = {.subprotocols = flags.subprotocols,
                     .origin = flags.origin,
                     .basic_auth = flags.auth,
                     .bearer_token = flags.bearer,
                     .cookies = flags.cookies,
                     .headers = flags.headers};
  return options;
}

}  // namespace weft::cli
