// Shows a WebSocket on the wire: the bytes of a message and, as a tap, the traffic of other
// programs.
//
//   bazel run //examples/inspect:server
//   bazel run //examples/inspect:server -- --port=8090 --forward=ws://127.0.0.1:8080

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "absl/flags/flag.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "examples/inspect/answers.h"
#include "examples/inspect/forward.h"
#include "examples/inspect/page_files.h"
#include "examples/inspect/tap.h"
#include "examples/inspect/tap_log.h"
#include "examples/inspect/visitor.h"
#include "examples/output.h"
#include "examples/page.h"
#include "examples/server_main.h"

ABSL_FLAG(std::string, forward, "",
          "be a tap: clients of --tap_port are connected to the server at this URL "
          "(ws://host:port), and the page shows the traffic");
ABSL_FLAG(uint16_t, tap_port, 8081, "the tap's port, at --address; 0 for a free port");

namespace {

int Fail(const absl::Status& status) {
  examples::ErrorOutput().Write(absl::StrCat("Error: ", status.message()));
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  weft::ServerOptions options =
      examples::ServerOptionsFromFlags(argc, argv, "Shows a WebSocket's bytes on the wire.");
  options.connection.max_message_bytes = examples::kMaxQuestionBytes;
  options.sending.max_queue_bytes = 4 << 20;

  examples::TapLog log;
  examples::TapView view;
  std::unique_ptr<examples::Tap> tap;
  if (const std::string forward = absl::GetFlag(FLAGS_forward); !forward.empty()) {
    const auto way = examples::ParseForward(forward, absl::GetFlag(FLAGS_tap_port), options);
    if (!way.ok()) return Fail(way.status());
    absl::StatusOr<std::unique_ptr<examples::Tap>> started = examples::Tap::Start(way->tap, log);
    if (!started.ok()) return Fail(started.status());
    tap = *std::move(started);
    view = {.log = &log,
            .connect = absl::StrCat("ws://", tap->address().ToString(), way->resource),
            .forwards = forward};
    examples::Output().Write(absl::StrCat("Tap Listening on ", tap->address().ToString(),
                                          ": connect to ", view.connect, " instead of ",
                                          view.forwards));
  }

  weft::Router router;
  router.WebSocket("/wire", examples::VisitorAcceptor(options.connection.compression, view));
  router.Get("/*", examples::ServePage(examples::kPageFiles));
  router.ServeStatus();
  return examples::RunServer(std::move(options), router);
}
