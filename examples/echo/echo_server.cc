#include "examples/echo/echo_server.h"

#include <cstdint>
#include <memory>
#include <utility>

#include "absl/flags/flag.h"
#include "examples/echo/page_files.h"
#include "examples/server_main.h"

ABSL_FLAG(uint64_t, max_message_bytes, 16 << 20, "the maximum size of a received message");
ABSL_FLAG(int, handler_threads, 0, "threads that call the handlers; 0: the event loops call them");

namespace examples {
namespace {

class EchoHandler : public weft::Handler {
  void OnMessage(weft::Session& session, const weft::Message& message) override {
    // A full queue closes the session: an echo must not leave messages out.
    if (!session.Send(message).ok()) {
      session.Close(weft::CloseCode::kTryAgainLater, "the client does not read").IgnoreError();
    }
  }
};

}  // namespace

weft::ServerOptions EchoOptionsFromFlags(int argc, char** argv, const char* usage) {
  weft::ServerOptions options = ServerOptionsFromFlags(argc, argv, usage);
  options.connection.max_message_bytes = absl::GetFlag(FLAGS_max_message_bytes);
  options.handler_threads = absl::GetFlag(FLAGS_handler_threads);
  options.sending.max_queue_bytes = 2 * absl::GetFlag(FLAGS_max_message_bytes) + (1 << 20);
  return options;
}

int RunEchoServer(weft::ServerOptions options) {
  weft::Router router;
  router.WebSocket("/*", [](auto&, auto&) { return std::make_unique<EchoHandler>(); });
  router.Get("/", weft::EmbeddedFiles(kPageFiles));
  router.ServeStatus();
  return RunServer(std::move(options), router);
}

}  // namespace examples
