#include "tools/weft/hints.h"

#include <cstdint>
#include <optional>

#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "weft/core/http/http_refusal.h"
#include "weft/core/http/quote.h"
#include "weft/core/http/url.h"

namespace weft::cli {
namespace {

using List = std::vector<std::string>;

std::string Lower(absl::string_view text) { return absl::AsciiStrToLower(text); }

// The URL with the other scheme.
std::string OtherScheme(Url url) {
  const uint16_t default_port = url.secure ? 443 : 80;
  url.secure = !url.secure;
  if (url.port == default_port) url.port = url.secure ? 443 : 80;
  return absl::StrCat("Did you mean ", UrlText(url), "?");
}

void HintAtAuthentication(const HttpRefusal& refusal, List* hints) {
  const auto asked = refusal.Find("WWW-Authenticate");
  if (!asked.has_value()) {
    hints->push_back("The server does not say how to authenticate: --auth, --bearer or --cookie.");
  } else if (absl::StartsWith(Lower(*asked), "basic")) {
    hints->push_back(absl::StrCat("The server asks for a user and a password (", Quote(*asked),
                                  "): --auth=USER:PASSWORD."));
  } else if (absl::StartsWith(Lower(*asked), "bearer")) {
    hints->push_back(
        absl::StrCat("The server asks for a token (", Quote(*asked), "): --bearer=TOKEN."));
  } else {
    hints->push_back(absl::StrCat("The server asks for ", Quote(*asked),
                                  ", which weft does not know: --header=Authorization:..."));
  }
}

// The server, or a proxy, answered with another status than 101.
void HintAtRefusal(const Url& url, absl::string_view origin, const HttpRefusal& refusal,
                   List* hints) {
  const std::string body = Lower(refusal.body);
  const std::string location = Lower(refusal.Find("Location").value_or(""));
  const bool tls_only = refusal.status == 400 && (absl::StrContains(body, "https port") ||
                                                  absl::StrContains(body, "wss://") ||
                                                  absl::StrContains(body, "to an https"));
  if (!url.secure && (tls_only || absl::StartsWith(location, "https://") ||
                      absl::StartsWith(location, "wss://"))) {
    hints->push_back(OtherScheme(url));
  }
  switch (refusal.status) {
    case 200:
      hints->push_back(
          "The answer is a page: no WebSocket is at this path, or a proxy drops the "
          "header Upgrade.");
      break;
    case 400:
    case 426:
      if (tls_only) break;
      hints->push_back(
          "A proxy in between must pass the headers Upgrade and Connection on, with "
          "HTTP/1.1; nginx needs proxy_http_version 1.1.");
      break;
    case 401:
      HintAtAuthentication(refusal, hints);
      break;
    case 403:
      hints->push_back(origin.empty()
                           ? "If the server accepts only pages of its own: --origin=https://HOST."
                           : absl::StrCat("The server may not accept the origin ", Quote(origin),
                                          ": it needs to be in its list."));
      break;
    case 404:
      hints->push_back(absl::StrCat("No WebSocket is at the path ", Quote(url.resource), "."));
      break;
    case 407:
      hints->push_back("The proxy asks for credentials: --proxy=http://USER:PASSWORD@HOST:PORT.");
      break;
    case 421:
      hints->push_back(absl::StrCat(
          "The server does not answer for the host ", Quote(HostHeader(url)),
          ": use its name in the URL, with --connect-to=HOST:PORT if that name leads elsewhere."));
      break;
    case 502:
    case 503:
    case 504:
      hints->push_back("A proxy may not reach the server behind it.");
      break;
    default:
      break;
  }
  if (const auto wait = refusal.Find("Retry-After"); wait.has_value()) {
    int seconds = 0;
    hints->push_back(absl::SimpleAtoi(*wait, &seconds)
                         ? absl::StrCat("The server asks to try again after ", seconds, " s.")
                         : absl::StrCat("The server asks to try again after ", Quote(*wait), "."));
  }
}

// There was no answer of HTTP.
void HintAtFailure(const Url& url, const absl::Status& error, List* hints) {
  const absl::string_view text = error.message();
  if (url.secure && absl::StrContains(text, "does not speak TLS")) {
    hints->push_back(OtherScheme(url));
  } else if (!url.secure && absl::StrContains(text, "\\x15\\x03")) {  // an alert of TLS
    hints->push_back(OtherScheme(url));
  } else if (absl::StrContains(text, "expired on") || absl::StrContains(text, "not valid before")) {
    hints->push_back("Renew the certificate; if it is valid, set the clock of this machine.");
  } else if (absl::StrContains(text, "self-signed")) {
    hints->push_back("To trust it: --ca=FILE with this certificate.");
  } else if (absl::StrContains(text, "which is not trusted")) {
    hints->push_back(
        "To trust another authority: --ca=FILE. If it is a public one, the server may "
        "not send the certificates between its own and that authority's.");
  } else if (absl::StrContains(text, ", not for ") || absl::StrContains(text, "is not for ")) {
    hints->push_back(
        "Use a name of the certificate in the URL, with --connect-to=HOST:PORT if "
        "that name leads elsewhere.");
  } else if (absl::StrContains(text, "cannot resolve")) {
    hints->push_back("Check the host in the URL, and the name service of this machine.");
  } else if (absl::StrContains(text, "Connection refused")) {
    hints->push_back("Nothing listens at that port, or a firewall rejects connections to it.");
  } else if (absl::IsDeadlineExceeded(error)) {
    hints->push_back(
        "No answer in time: a firewall may drop the packets, or the server is "
        "overloaded; see --timeout.");
  } else if (absl::StrContains(text, "a certificate, but none is configured")) {
    hints->push_back("The server asks for a certificate of the client: --cert and --key.");
  }
}

}  // namespace

std::vector<std::string> Hints(absl::string_view url, absl::string_view origin,
                               const absl::Status& error) {
  List hints;
  const absl::StatusOr<Url> parsed = ParseUrl(url);
  if (!parsed.ok() || error.ok()) return hints;
  if (const std::optional<HttpRefusal> refusal = RefusalOf(error); refusal.has_value()) {
    HintAtRefusal(*parsed, origin, *refusal, &hints);
  } else {
    HintAtFailure(*parsed, error, &hints);
  }
  return hints;
}

}  // namespace weft::cli
