// The options of a server for HTTP requests, upgrades included.

#ifndef WEFT_SERVER_HTTP_HTTP_OPTIONS_H_
#define WEFT_SERVER_HTTP_HTTP_OPTIONS_H_

#include <cstddef>
#include <string>
#include <vector>

#include "weft/core/http/http.h"
#include "weft/server/http/page.h"

namespace weft {

// ServerOptions::http.
struct ServerHttp {
  // Answers the requests that are not an upgrade: a function (server/http/page.h), StaticFiles, or
  // Router. Empty: they get an error that says that this is a WebSocket server.
  Pages pages{};

  // Limits for the head of each request: a larger one gets 431. Both at least 1.
  HttpLimits limits{};

  // The maximum size of the body of a request that is not an upgrade, in bytes: a larger one gets
  // 413.
  size_t max_body_bytes = 1 << 20;

  // The hosts for which this server answers, as names and addresses without a port ("example.com",
  // "[::1]"); "*": every host. Requests for other hosts, in the header Host or in a target that is
  // a URL, get 421, upgrades and pages alike. If it is empty, endpoints on a loopback address
  // answer only for loopback names and addresses ("localhost", "127.0.0.1"), so that a web page
  // whose name was made to resolve to this machine (DNS rebinding) cannot use them; other
  // endpoints, and Unix sockets, answer for every host. Behind a proxy on the same machine:
  //
  //   options.http.allowed_hosts = {"example.com"};   // the Host that the proxy passes on
  //
  // If trusted proxies (ServerProxies) name the host that the client asked for, that host must be
  // listed, and the Host too unless it is an IP address or a loopback name.
  //
  // A request without a Host, which only HTTP/1.0 allows, is accepted.
  std::vector<std::string> allowed_hosts{};

  // A browser names the origin of the page that opens a WebSocket. A page of an origin other than
  // the server's own, by the host that trusted proxies name or else the Host, gets 403, unless its
  // origin ("https://example.com", "null" for a file) or "*" is in this list; Server::Start refuses
  // entries of another form. Programs other than browsers send no Origin and are accepted.
  std::vector<std::string> allowed_origins{};
};

}  // namespace weft

#endif  // WEFT_SERVER_HTTP_HTTP_OPTIONS_H_
