#include "weft/client/connecting/opening.h"

#include <stdlib.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "weft/client/connecting/annotate.h"
#include "weft/client/connecting/check_options.h"
#include "weft/client/connecting/http_connect.h"
#include "weft/client/connecting/proxy.h"
#include "weft/client/connecting/redirect.h"
#include "weft/client/connecting/request_headers.h"
#include "weft/client/connecting/socks5.h"
#include "weft/core/http/authority.h"
#include "weft/core/http/http_refusal.h"
#include "weft/core/http/location.h"
#include "weft/core/http/quote.h"

namespace weft {
namespace {

absl::Status NotFollowed(const absl::Status& refused, absl::string_view why) {
  return Annotate(refused, "", absl::StrCat("; not followed: ", why));
}

// The target of `refused`, if it is a redirect that may be followed. Otherwise `refused`, with the
// reason. `asked` has all URLs so far; the last one was refused.
absl::StatusOr<Url> Next(const std::vector<Url>& asked, const absl::Status& refused,
                         int max_redirects) {
  const std::optional<HttpRefusal> refusal = RefusalOf(refused);
  if (!refusal.has_value() || !IsRedirect(refusal->status)) return refused;
  absl::StatusOr<Url> next = RedirectTarget(asked.back(), *refusal);
  if (!next.ok()) {
    const absl::string_view why = next.status().message();
    return NotFollowed(WithWhyNotFollowed(refused, why), why);
  }
  if (asked.size() <= static_cast<size_t>(max_redirects)) return next;
  const std::string to = Quote(UrlText(*next));
  const std::string limit =
      absl::StrCat(", and ClientOptions::http.max_redirects is ", max_redirects);
  if (std::find(asked.begin(), asked.end(), *next) == asked.end()) {
    return NotFollowed(refused, absl::StrCat("it leads to ", to, limit));
  }
  const std::string loop = absl::StrCat("it leads in a loop, back to ", to);
  return NotFollowed(WithWhyNotFollowed(refused, loop), absl::StrCat(loop, limit));
}

template <typename T>
absl::StatusOr<std::unique_ptr<Dialogue>> Owned(absl::StatusOr<T> dialogue) {
  if (!dialogue.ok()) return dialogue.status();
  return std::make_unique<T>(*std::move(dialogue));
}

}  // namespace

Opening::Opening(absl::string_view url, const ClientOptions& options)
    : options_(options), text_(url), where_(absl::StrCat(url, ": ")) {
  status_ = Start(url);
  if (status_.ok()) StartRoute();
}

absl::Status Opening::Start(absl::string_view url) {
  if (absl::Status status = CheckClientOptions(options_); !status.ok()) return status;
  absl::StatusOr<Url> parsed = ParseUrl(url);
  if (!parsed.ok()) return parsed.status();
  absl::StatusOr<std::vector<std::pair<std::string, std::string>>> headers =
      RequestHeaders(options_);
  if (!headers.ok()) return Annotate(headers.status(), where_);
  offer_ = {options_.request.subprotocols, options_.request.origin, *std::move(headers)};
  to_ = {.url = *std::move(parsed), .connect_to = options_.connect_to};
  return absl::OkStatus();
}

// ---- The network ----

void Opening::StartRoute() {
  step_ = Step::kNetwork;
  route_ = {};
  // secure_getenv(): a program with more rights than its user must not let that user redirect it.
  absl::StatusOr<Route> route = ChooseRoute(to_.url, to_.connect_to, options_.proxy, secure_getenv);
  if (!route.ok()) return End(route.status());
  route_ = *std::move(route);
  host_ = route_.host();
  wants_ = Wants::kAddresses;
  if (route_.server.unix_path.empty()) return;
  const absl::StatusOr<SocketAddress> address =
      SocketAddress::FromUnixPath(route_.server.unix_path);
  if (!address.ok()) return End(address.status());
  addresses_ = {*address};
  wants_ = Wants::kConnection;
}

void Opening::Resolved(absl::StatusOr<std::vector<SocketAddress>> addresses) {
  if (!addresses.ok()) return Failed(addresses.status());
  addresses_ = *std::move(addresses);
  wants_ = Wants::kConnection;
}

std::string Opening::name() const {
  return route_.server.unix_path.empty() ? absl::StrCat("\"", host_, "\": ") : "";
}

void Opening::Connected() {
  if (!route_.proxy.has_value()) return StartServer();
  if (!route_.proxy->tls) return StartProxy();
  step_ = Step::kTlsWithProxy;
  if (options_.proxy_tls != nullptr) {
    return StartTls(options_.proxy_tls, route_.proxy->host, Stream::Identity::kShown);
  }
  // The certificate is for the server, which alone is meant to know who we are.
  StartTls(options_.tls, route_.proxy->host, Stream::Identity::kHidden);
}

// ---- TLS ----

void Opening::StartTls(std::shared_ptr<TlsContext> context, std::string host,
                       Stream::Identity identity) {
  if (context == nullptr) {
    absl::StatusOr<std::shared_ptr<TlsContext>> system = TlsContext::SystemClient();
    if (!system.ok()) return End(system.status());
    context = *std::move(system);
  }
  tls_ = {std::move(context), std::move(host), identity};
  wants_ = Wants::kTls;
}

void Opening::TlsStarted() { step_ == Step::kTlsWithProxy ? StartProxy() : StartUpgrade(); }

// ---- The proxy and the server ----

void Opening::StartProxy() {
  step_ = Step::kProxy;
  const Proxy& proxy = *route_.proxy;
  const Url& server = route_.server;
  absl::StatusOr<std::unique_ptr<Dialogue>> dialogue =
      proxy.kind == Proxy::Kind::kHttp
          ? Owned(HttpConnect::Create(server.host, server.port, proxy.credentials, options_))
          : Owned(Socks5::Create(server.host, server.port, proxy.credentials));
  if (!dialogue.ok()) return End(InStep(dialogue.status()));
  proxy_ = *std::move(dialogue);
  Proceed();
}

void Opening::StartServer() {
  if (!to_.url.secure) return StartUpgrade();
  step_ = Step::kTlsWithServer;
  StartTls(options_.tls, to_.url.host, to_.identity);
}

void Opening::StartUpgrade() {
  step_ = Step::kUpgrade;
  absl::StatusOr<std::unique_ptr<Upgrade>> upgrade = Upgrade::Create(to_.url, offer_, options_);
  if (!upgrade.ok()) return End(upgrade.status());
  upgrade_ = *std::move(upgrade);
  Proceed();
}

// Writes what the dialogue has to say, then reads what it wants; then it is over.
void Opening::Proceed() {
  output_ = dialogue().TakeOutput();
  written_ = 0;
  if (!output_.empty()) {
    wants_ = Wants::kWrite;
  } else if (dialogue().wanted() > 0) {
    wants_ = Wants::kRead;
  } else if (step_ == Step::kProxy) {
    StartServer();
  } else if (absl::StatusOr<Upgraded> result = upgrade_->TakeResult(); result.ok()) {
    result_ = *std::move(result);
    wants_ = Wants::kOpen;
  } else {
    End(result.status());
  }
}

void Opening::Wrote(size_t bytes) {
  written_ += bytes;
  if (written_ == output_.size()) Proceed();
}

void Opening::Read(absl::string_view bytes) {
  const absl::Status status = dialogue().Take(bytes);
  status.ok() ? Proceed() : End(InStep(status));
}

// ---- Errors ----

void Opening::Failed(const absl::Status& why) {
  absl::Status error = why;
  if (wants_ == Wants::kWrite) error = dialogue().CannotWrite(why);
  if (wants_ == Wants::kRead) error = dialogue().CannotRead(why);
  End(InStep(error));
}

// `error` with what the current step was about.
absl::Status Opening::InStep(const absl::Status& error) const {
  const std::string proxy = route_.proxy.has_value() ? route_.proxy->ToString() : "";
  const std::string no_tls = absl::StrCat("no TLS with ", Quote(tls_.host), ": ");
  switch (step_) {
    case Step::kNetwork:
      if (proxy.empty()) break;
      return Annotate(error, absl::StrCat("cannot reach the proxy ", proxy, ": "));
    case Step::kTlsWithProxy:
      return Annotate(error, absl::StrCat("cannot reach the proxy ", proxy, ": ", no_tls));
    case Step::kProxy:
      return Annotate(error,
                      absl::StrCat("the proxy ", proxy, " does not connect to ",
                                   AuthorityText(route_.server.host, route_.server.port), ": "));
    case Step::kTlsWithServer:
      return Annotate(error, no_tls);
    case Step::kUpgrade:
      break;
  }
  return error;
}

// Follows a redirect, or ends.
void Opening::End(const absl::Status& error) {
  asked_.push_back(to_.url);
  const absl::StatusOr<Url> next = Next(asked_, error, options_.http.max_redirects);
  if (!next.ok()) {
    wants_ = Wants::kFailed;
    status_ = Annotate(next.status(), where_);
    return;
  }
  // R22. Any header may be a secret, and removed headers are not restored later.
  if (!HaveSameOrigin(to_.url, *next)) {
    offer_.headers = AnonymousHeaders(options_);
    to_.identity = Stream::Identity::kHidden;
  }
  to_.url = *next;
  to_.connect_to = {};
  if (HaveSameOrigin(asked_.front(), *next)) to_.connect_to = options_.connect_to;
  where_ = absl::StrCat(text_, ": redirected to ", Quote(UrlText(*next)), ": ");
  StartRoute();
}

}  // namespace weft
