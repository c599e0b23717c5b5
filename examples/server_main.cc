#include "examples/server_main.h"

#include <sys/socket.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <iterator>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/time.h"
#include "examples/addresses.h"
#include "examples/command_line.h"
#include "examples/compression_flag.h"
#include "examples/output.h"

// A flag that may be given several times.
struct Origins {
  std::vector<std::string> all;
};

// Each value is parsed into a new Origins; the earlier ones are here.
bool AbslParseFlag(absl::string_view text, Origins* origins, std::string* /*error*/) {
  static auto& all = *new std::vector<std::string>();
  if (!text.empty()) all.emplace_back(text);
  origins->all = all;
  return true;
}

std::string AbslUnparseFlag(const Origins& origins) { return absl::StrJoin(origins.all, ","); }

// A flag whose error says what is expected.
struct Port {
  uint16_t value = 0;
};

bool AbslParseFlag(absl::string_view text, Port* port, std::string* error) {
  int number = 0;
  if (absl::SimpleAtoi(text, &number) && number >= 0 && number <= UINT16_MAX) {
    port->value = static_cast<uint16_t>(number);
    return true;
  }
  *error = "expected 0 to 65535";
  return false;
}

std::string AbslUnparseFlag(const Port& port) { return absl::StrCat(port.value); }

// A flag whose values are the words of kProtocols.
struct Protocol {
  weft::ProxyProtocol value = weft::ProxyProtocol::kOff;
};

constexpr absl::string_view kProtocols[] = {"off", "optional", "required"};

bool AbslParseFlag(absl::string_view text, Protocol* protocol, std::string* error) {
  for (size_t i = 0; i < std::size(kProtocols); ++i) {
    if (text != kProtocols[i]) continue;
    protocol->value = static_cast<weft::ProxyProtocol>(i);
    return true;
  }
  *error = "expected off, optional or required";
  return false;
}

std::string AbslUnparseFlag(const Protocol& protocol) {
  return std::string(kProtocols[static_cast<size_t>(protocol.value)]);
}

ABSL_FLAG(std::string, address, "127.0.0.1", "the address to listen on, or unix:/path");
ABSL_FLAG(Port, port, {8080}, "the port; 0 for a free one");
ABSL_FLAG(int, threads, 1, "event loops, each on a thread");
ABSL_FLAG(size_t, max_connections, 100000, "maximum number of connections");
ABSL_FLAG(Origins, allow_origin, {},
          "an origin whose pages may connect, besides the server's own: https://example.com, null "
          "for a file, * for any; may be given several times");
ABSL_FLAG(std::vector<std::string>, allow_host, {},
          "the hosts that clients may request, separated by commas, * for any; by default, "
          "if --address is a loopback address, only loopback names; behind a proxy on this "
          "machine, example.com");
ABSL_FLAG(
    std::vector<std::string>, trusted_proxies, {},
    "the networks of proxies that name the client, separated by commas: 10.0.0.5, 10.0.1.0/28, "
    "unix: for a Unix socket; of proxies alone; their X-Forwarded-For, -Host and -Proto are "
    "believed");
ABSL_FLAG(
    Protocol, proxy_protocol, {},
    "whether connections of --trusted_proxies begin with a header of the PROXY protocol: off, "
    "optional or required");
ABSL_FLAG(absl::Duration, drain, absl::ZeroDuration(),
          "on SIGINT or SIGTERM, close the sessions one by one over this time (30s), with 1012, "
          "instead of all at once with 1001; a second signal ends it");
ABSL_FLAG(bool, access_log, false, "print a line for each session that has ended");
ABSL_FLAG(bool, verbose, false, "print refused and dropped connections");

namespace examples {
namespace {

// The signals that end the server or reload its certificates. The first call, before any thread is
// started, blocks them.
weft::SignalWaiter& Signals() {
  static auto& signals = *new absl::StatusOr<weft::SignalWaiter>(
      weft::SignalWaiter::Create({SIGINT, SIGTERM, SIGHUP}));
  if (!signals.ok()) {
    ErrorOutput().Write(absl::StrCat("Error: ", signals.status().message()));
    std::exit(1);
  }
  return *signals;
}

bool HasFrontPage(const weft::Router& router) {
  weft::PageRequest request;
  request.method = "HEAD";
  request.target = "/";
  return router.pages()(request).ok();
}

void ReloadCertificates(weft::Server& server) {
  const absl::Status status = server.ReloadCertificates();
  ErrorOutput().Write(status.ok()
                          ? "The certificates were reloaded."
                          : absl::StrCat("The certificates were not reloaded: ", status.message()));
}

// Serves on the sockets that a service manager has opened, if there are any, instead of --address.
void UseActivatedEndpoints(weft::ServerOptions& options) {
  const absl::StatusOr<std::vector<weft::ActivatedEndpoint>> activated =
      weft::TakeActivatedEndpoints();
  if (!activated.ok()) {
    ErrorOutput().Write(absl::StrCat("Error: ", activated.status().message()));
    std::exit(1);
  }
  if (activated->empty()) return;
  options.address = activated->front().endpoint.address;
  for (size_t i = 1; i < activated->size(); ++i) {
    options.more_endpoints.push_back((*activated)[i].endpoint);
  }
}

// The server continues without a manager that listens.
void Notify(absl::string_view state) {
  const absl::Status status = weft::NotifyServiceManager(state);
  if (!status.ok()) ErrorOutput().Write(std::string(status.message()));
}

void RaiseDescriptorLimit() {
  const absl::StatusOr<uint64_t> limit = weft::RaiseDescriptorLimit();
  if (!limit.ok()) ErrorOutput().Write(std::string(limit.status().message()));
}

// Whether another socket has the address. The code of that error, FailedPrecondition, has other
// causes as well.
bool IsInUse(const absl::Status& error) {
  return absl::EndsWith(error.message(), absl::ErrnoToStatus(EADDRINUSE, "").message());
}

// Ends the server as --drain says. While it drains, another signal ends it at once.
void End(weft::Server& server) {
  Notify("STOPPING=1\nSTATUS=ends its sessions");
  const absl::Duration over = absl::GetFlag(FLAGS_drain);
  over > absl::ZeroDuration() && !server.draining() ? server.Drain(over) : server.Shutdown();
}

}  // namespace

weft::ServerOptions ServerOptionsFromFlags(int argc, char** argv, const char* usage) {
  const std::vector<std::string> words = ParseCommandLine(argc, argv, usage);
  if (!words.empty()) {
    ErrorOutput().Write(absl::StrCat("unexpected argument: ", words.front(), " (try --help)"));
    std::exit(2);
  }
  Signals();  // blocked in threads, too, that are started before the server
  RaiseDescriptorLimit();
  weft::ServerOptions options;
  options.address = absl::GetFlag(FLAGS_address);
  options.port = absl::GetFlag(FLAGS_port).value;
  options.threads = absl::GetFlag(FLAGS_threads);
  options.limits.max_connections = absl::GetFlag(FLAGS_max_connections);
  options.proxies.trusted_networks = absl::GetFlag(FLAGS_trusted_proxies);
  options.proxies.protocol = absl::GetFlag(FLAGS_proxy_protocol).value;
  options.http.allowed_origins = absl::GetFlag(FLAGS_allow_origin).all;
  options.http.allowed_hosts = absl::GetFlag(FLAGS_allow_host);
  options.connection.compression = CompressionFromFlag();
  options.hooks.min_log_level =
      absl::GetFlag(FLAGS_verbose) ? weft::LogLevel::kInfo : weft::LogLevel::kWarning;
  options.hooks.log = [](weft::LogLevel, absl::string_view text) { ErrorOutput().Write(text); };
  if (absl::GetFlag(FLAGS_access_log)) {
    options.hooks.access_log = [](absl::string_view line) { ErrorOutput().Write(line); };
  }
  UseActivatedEndpoints(options);
  return options;
}

int RunServer(weft::ServerOptions options, weft::Acceptor acceptor) {
  weft::Router router;
  router.WebSocket("/*", std::move(acceptor)).ServeStatus();
  return RunServer(std::move(options), router);
}

int RunServer(weft::ServerOptions options, const weft::Router& router) {
  return RunServer(std::move(options), router, [](weft::Server&) { return nullptr; });
}

int RunServer(weft::ServerOptions options, const weft::Router& router, const StartWork& start) {
  const bool tls = options.tls != nullptr;
  const uint16_t port = absl::StartsWith(options.address, "unix:") ? 0 : options.port;
  for (weft::Endpoint& endpoint : options.more_endpoints) endpoint.tls = options.tls;
  absl::StatusOr<std::unique_ptr<weft::Server>> server =
      weft::Server::Listen(std::move(options), router);
  if (!server.ok()) {
    const bool other_port = port != 0 && IsInUse(server.status());
    ErrorOutput().Write(absl::StrCat("Error: ", server.status().message(),
                                     other_port ? " (try --port=0, for a free one)" : ""));
    return 1;
  }
  const std::string address = (*server)->address().ToString();
  Output().Write(absl::StrCat("Server Listening on ", address));
  // No browser can open a Unix socket.
  if (HasFrontPage(router) && (*server)->address().family() != AF_UNIX) {
    absl::string_view words = "Open ";
    for (const auto& each : ReachableAt((*server)->address(), InterfaceAddresses())) {
      Output().Write(absl::StrCat(words, tls ? "https" : "http", "://", each.ToString(), "/"));
      words = "Or, from this network, ";
    }
  }
  Notify(absl::StrCat("READY=1\nSTATUS=listens on ", address));
  const std::shared_ptr<void> work = start(**server);
  const absl::Status status = (*server)->Run(Signals(), [&](int signal) {
    signal == SIGHUP&& tls ? ReloadCertificates(**server) : End(**server);
  });
  if (!status.ok()) ErrorOutput().Write(absl::StrCat("Error: ", status.message()));
  return status.ok() ? 0 : 1;
}

}  // namespace examples
