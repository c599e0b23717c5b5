#include "weft/server/router.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "weft/core/http/http_status.h"
#include "weft/core/http/quote.h"
#include "weft/server/running_server.h"

namespace weft {
namespace {

absl::StatusOr<PageResponse> Healthz(const PageRequest&) {
  return Page("text/plain; charset=utf-8", "ok\n");
}

absl::StatusOr<PageResponse> Readyz(const PageRequest& request) {
  if (request.server->draining()) return absl::UnavailableError("the server is going away");
  return Page("text/plain; charset=utf-8", "ready\n");
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
  if (!pages.readyz.empty()) Get(pages.readyz, Readyz);
  if (!pages.metrics.empty()) Get(pages.metrics, Metrics(pages.own_metrics));
  return *this;
}

Router& Router::Add(Table* table, absl::string_view path, Route route) {
  if (!absl::StartsWith(path, "/")) {
    status_.Update(absl::InvalidArgumentError(
        absl::StrCat("the path ", Quote(path), " does not begin with '/'")));
  }
  route.below = absl::EndsWith(path, "/*");
  route.path = std::string(path.substr(0, path.size() - (route.below ? 1 : 0)));
  for (const Route& other : *table) {
    if (other.path != route.path || other.below != route.below) continue;
    status_.Update(absl::InvalidArgumentError(
        absl::StrCat("there are two ", table == &pages_ ? "pages" : "WebSocket endpoints",
                     " on the path ", Quote(path))));
  }
  table->push_back(std::move(route));
  return *this;
}

const Router::Route* Router::Find(const Table& table, absl::string_view path) {
  const Route* best = nullptr;
  for (const Route& route : table) {
    if (!route.below && route.path == path) return &route;
    if (route.below && absl::StartsWith(path, route.path) &&
        (best == nullptr || route.path.size() > best->path.size())) {
      best = &route;
    }
  }
  return best;
}

Acceptor Router::acceptor() const {
  return [endpoints = endpoints_](
             const SessionRequest& request,
             UpgradeResponse& response) -> absl::StatusOr<std::unique_ptr<Handler>> {
    const Route* const route = Find(endpoints, request.path());
    if (route != nullptr) return route->acceptor(request, response);
    return absl::NotFoundError(
        absl::StrCat("there is no WebSocket endpoint at ", Quote(request.path())));
  };
}

Pages Router::pages() const {
  return [pages = pages_,
          endpoints = endpoints_](const PageRequest& request) -> absl::StatusOr<PageResponse> {
    const absl::string_view path = request.path();
    const Route* const route = Find(pages, path);
    if (route == nullptr) {
      if (Find(endpoints, path) != nullptr) {
        return HttpError(426, "this path is a WebSocket endpoint: an upgrade request is expected");
      }
      return absl::NotFoundError(absl::StrCat("there is no page at ", Quote(path)));
    }
    if (!route->any_method && request.method != "GET" && request.method != "HEAD") {
      return HttpError(405, absl::StrCat("the method of a page must be GET or HEAD, not ",
                                         Quote(request.method)));
    }
    if (!route->below) return route->pages(request);
    PageRequest below = request;
    below.subpath = absl::StripPrefix(path, route->path);
    return route->pages(below);
  };
}

}  // namespace weft
