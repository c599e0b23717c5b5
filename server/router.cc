#include "weft/server/router.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "weft/core/http/http_status.h"
#include "weft/core/http/quote.h"
#include "weft/server/on_handler_threads.h"
#include "weft/server/running_server.h"

namespace weft {
namespace {

absl::StatusOr<PageResponse> Healthz(const PageRequest&) {
  return Page("text/plain; charset=utf-8", "ok\n");
}

Pages Readyz(absl::Duration max_broker_away) {
  return [max_broker_away](const PageRequest& request) -> absl::StatusOr<PageResponse> {
    if (request.server->draining()) return absl::UnavailableError("the server is going away");
    if (request.server->broker_away() >= max_broker_away) {
      return absl::UnavailableError("the broker of topics is away");
    }
    return Page("text/plain; charset=utf-8", "ready\n");
  };
}

Pages Metrics(std::function<void(PrometheusWriter&)> own_metrics) {
  return
      [own = std::move(own_metrics)](const PageRequest& request) -> absl::StatusOr<PageResponse> {
        PrometheusWriter out;
        WriteMetrics(request.server->metrics(), &out);
        if (own) own(out);
        if (!out.status().ok()) return absl::InternalError(out.status().message());
        return Page(kPrometheusContentType, out.text());
      };
}

}  // namespace

Router& Router::WebSocket(absl::string_view path, Acceptor acceptor) {
  return Add(&endpoints_, path, {.acceptor = std::move(acceptor)});
}

Router& Router::Get(absl::string_view path, Pages pages) {
  return Add(&pages_, path, {.pages = std::move(pages)});
}

Router& Router::Any(absl::string_view path, Pages pages) {
  return Add(&pages_, path, {.pages = std::move(pages), .any_method = true});
}

Router& Router::ServeStatus(const StatusPages& pages) {
  if (!pages.healthz.empty()) Get(pages.healthz, Healthz);
  if (!pages.readyz.empty()) Get(pages.readyz, Readyz(pages.max_broker_away));
  if (!pages.metrics.empty()) Get(pages.metrics, Metrics(pages.own_metrics));
  return *this;
}

Router& Router::Add(Table* table, absl::string_view path, Route route) {
  absl::StatusOr<PathPattern> pattern = PathPattern::Parse(path);
  if (!pattern.ok()) {
    status_.Update(pattern.status());
    return *this;
  }
  route.path = *std::move(pattern);
  const absl::string_view kind = table == &pages_ ? "pages" : "WebSocket endpoints";
  for (const Route& other : *table) {
    if (!other.path.IsSameAs(route.path)) continue;
    const std::string both =
        other.path.text() == path
            ? absl::StrCat("there are two ", kind, " on the path ", Quote(path))
            : absl::StrCat("the ", kind, " ", Quote(other.path.text()), " and ", Quote(path),
                           " match the same paths");
    status_.Update(absl::InvalidArgumentError(both));
    return *this;
  }
  table->push_back(std::move(route));
  return *this;
}

absl::string_view Router::NeedsHandlerThreads() const {
  for (const Table* table : {&endpoints_, &pages_}) {
    for (const Route& route : *table) {
      if (internal::IsOnHandlerThreads(route.acceptor) ||
          internal::IsOnHandlerThreads(route.pages)) {
        return route.path.text();
      }
    }
  }
  return "";
}

Router::Match Router::Find(const Table& table, absl::string_view path) {
  Match best;
  for (const Route& route : table) {
    if (best.route != nullptr && !route.path.ComesBefore(best.route->path)) continue;
    if (route.path.Match(path, best.parameters, best.rest)) best.route = &route;
  }
  return best;
}

Acceptor Router::acceptor() const {
  return [endpoints = endpoints_](
             const SessionRequest& request,
             UpgradeResponse& response) -> absl::StatusOr<std::unique_ptr<Handler>> {
    Match match = Find(endpoints, request.path());
    if (match.route == nullptr) {
      return absl::NotFoundError(
          absl::StrCat("there is no WebSocket endpoint at ", Quote(request.path())));
    }
    if (match.parameters.empty()) return match.route->acceptor(request, response);
    SessionRequest routed = request;
    routed.path_parameters = std::move(match.parameters);
    if (request.context != nullptr) request.context->path_parameters = routed.path_parameters;
    return match.route->acceptor(routed, response);
  };
}

Pages Router::pages() const {
  return [pages = pages_,
          endpoints = endpoints_](const PageRequest& request) -> absl::StatusOr<PageResponse> {
    const absl::string_view path = request.path();
    Match match = Find(pages, path);
    if (match.route == nullptr) {
      if (Find(endpoints, path).route != nullptr) {
        return HttpError(426, "this path is a WebSocket endpoint: an upgrade request is expected");
      }
      return absl::NotFoundError(absl::StrCat("there is no page at ", Quote(path)));
    }
    if (!match.route->any_method && request.method != "GET" && request.method != "HEAD") {
      return HttpError(405, absl::StrCat("the method of a page must be GET or HEAD, not ",
                                         Quote(request.method)));
    }
    if (!match.route->path.has_rest() && match.parameters.empty()) {
      return match.route->pages(request);
    }
    PageRequest routed = request;
    if (match.route->path.has_rest()) routed.subpath = match.rest;
    routed.path_parameters = std::move(match.parameters);
    return match.route->pages(routed);
  };
}

}  // namespace weft
