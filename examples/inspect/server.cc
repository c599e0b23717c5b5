// Shows a WebSocket on the wire: the bytes of a message and, as a tap, the traffic of other
// programs.
//
//   bazel run //examples/inspect:server
//   bazel run //examples/inspect:server -- --port=8090 --forward=ws://127.0.0.1:8080
//   bazel run //examples/inspect:server -- --port=8090 --forward=wss://example.com

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "examples/inspect/forward.h"
#include "examples/inspect/inspect.h"
#include "examples/inspect/tap.h"
#include "examples/inspect/tap_log.h"
#include "examples/inspect/visitor.h"
#include "examples/output.h"
#include "examples/server_main.h"

ABSL_FLAG(std::vector<std::string>, forward, {},
          "be a tap: clients of --tap_port are connected to the server at this URL (ws:// or "
          "wss://), and the page shows the traffic; further URLs, separated by commas, are "
          "servers that a client may ask for with /?to=URL");
ABSL_FLAG(uint16_t, tap_port, 8081, "the tap's port, at --address; 0 for a free port");
ABSL_FLAG(std::string, ca, "",
          "a PEM file with the roots to trust for wss:// servers, instead of the system's");
ABSL_FLAG(std::string, cert, "",
          "the tap's certificate, followed by its chain: a PEM file; the tap's clients then "
          "connect with wss://");
ABSL_FLAG(std::string, key, "", "its private key: a PEM file");

namespace {

int Fail(const absl::Status& status) {
  examples::ErrorOutput().Write(absl::StrCat("Error: ", status.message()));
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  weft::ServerOptions options =
      examples::ServerOptionsFromFlags(argc, argv, "Shows a WebSocket's bytes on the wire.");
  examples::Inspect::Adjust(options);

  examples::TapLog log;
  examples::TapView view;
  std::unique_ptr<examples::Tap> tap;
  if (const std::vector<std::string> forward = absl::GetFlag(FLAGS_forward); !forward.empty()) {
    const auto way = examples::ParseForward({.forward = forward,
                                             .tap_port = absl::GetFlag(FLAGS_tap_port),
                                             .ca = absl::GetFlag(FLAGS_ca),
                                             .cert = absl::GetFlag(FLAGS_cert),
                                             .key = absl::GetFlag(FLAGS_key)},
                                            options);
    if (!way.ok()) return Fail(way.status());
    absl::StatusOr<std::unique_ptr<examples::Tap>> started = examples::Tap::Start(way->tap, log);
    if (!started.ok()) return Fail(started.status());
    tap = *std::move(started);
    view = {.log = &log,
            .connect = absl::StrCat(way->tap.client_tls == nullptr ? "ws://" : "wss://",
                                    tap->address().ToString(), way->resource),
            .forwards = forward};
    examples::Output().Write(absl::StrCat("Tap Listening on ", tap->address().ToString(),
                                          ": connect to ", view.connect, " instead of ",
                                          forward.front()));
  }

  const examples::Inspect inspect(options.connection.compression, view);
  weft::Router router;
  inspect.AddTo(router, "");
  router.ServeStatus();
  return examples::RunServer(std::move(options), router);
}
