// WebSocket endpoints and pages by path.

#ifndef WEFT_SERVER_ROUTER_H_
#define WEFT_SERVER_ROUTER_H_

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "weft/server/acceptor.h"
#include "weft/server/http/page.h"
#include "weft/server/http/path_pattern.h"
#include "weft/server/metrics/prometheus.h"

namespace weft {

// Where the pages about the server itself are; an empty path turns one off.
struct StatusPages {
  std::string healthz = "/healthz";  // 200 as long as the loop turns
  std::string readyz = "/readyz";    // the same, and 503 while the server drains, or as below
  std::string metrics = "/metrics";  // in the text format of Prometheus

  // `readyz` answers 503 when ServerOptions::broker has been away for this time: the server's
  // sessions then miss the messages of other nodes. absl::InfiniteDuration(): it stays ready.
  absl::Duration max_broker_away = absl::Seconds(5);

  // Adds metrics of the application to the page of metrics, after those of the server. Called for
  // each request, on every loop's thread, so it must be thread-safe and must not block. If a metric
  // is refused (PrometheusWriter::status()), the page is answered with 500 and the reason.
  //
  //   router.ServeStatus({.own_metrics = [&](PrometheusWriter& out) {
  //     out.Gauge("chat_rooms", "Rooms with members.", rooms.load());
  //   }});
  std::function<void(PrometheusWriter& out)> own_metrics{};
};

// A table for Server::Start and Server::Listen. A path matches a request for exactly that path,
// compared byte for byte as the client sends it, without the query. A segment "{id}" matches any
// one segment, whose value is request.path("id"); see PathPattern (server/http/path_pattern.h) for
// the values that it refuses. A path that ends in "/*" matches every path that starts with the part
// before the '*'. If several match, the first segment that differs decides: a literal comes before
// "{id}", and that before the '*'. An upgrade is looked up among the endpoints, any other request
// among the pages.
//
//   Router router;
//   router.WebSocket("/rooms/{id}", [](const SessionRequest& request, UpgradeResponse&) {
//     return std::make_unique<ChatHandler>(*request.path("id"));
//   });
//   router.Get("/*", *StaticFiles("/srv/www"));
//   router.Any("/upload", Upload);
//   router.ServeStatus();                               // /healthz, /readyz, /metrics
//   absl::StatusOr<std::unique_ptr<Server>> server = Server::Start({.port = 80}, router);
//
// A request that matches nothing gets 404, a page requested by another method 405, an endpoint
// without an upgrade 426. Anybody who can reach the port can read the status pages: to restrict
// that, put them on a path that the proxy in front does not pass on, or on a server of their own.
class Router {
 public:
  Router& WebSocket(absl::string_view path, Acceptor acceptor);

  // For GET and HEAD. For all methods.
  Router& Get(absl::string_view path, Pages pages);
  Router& Any(absl::string_view path, Pages pages);

  // Adds the status pages, which describe the server itself.
  Router& ServeStatus(const StatusPages& pages = {});

  // OK, or what is wrong with the first path that could not be added: see PathPattern::Parse; or
  // another matches the same paths.
  const absl::Status& status() const { return status_; }

  // The table as functions, for ServerHttp::pages and Server::Start. Later changes of the router
  // do not affect them.
  Acceptor acceptor() const;
  Pages pages() const;

 private:
  struct Route {
    PathPattern path{};
    Acceptor acceptor{};  // of an endpoint
    Pages pages{};        // of a page
    bool any_method = false;
  };
  using Table = std::vector<Route>;

  // The route of a path, and the parts of the path that it has found.
  struct Match {
    const Route* route = nullptr;  // null: there is none
    PathParameters parameters{};
    absl::string_view rest{};
  };

  friend class Server;

  // A path whose function is for the handler threads; empty if there is none.
  absl::string_view NeedsHandlerThreads() const;

  static Match Find(const Table& table, absl::string_view path);
  Router& Add(Table* table, absl::string_view path, Route route);

  Table endpoints_;
  Table pages_;
  absl::Status status_;
};

}  // namespace weft

#endif  // WEFT_SERVER_ROUTER_H_
