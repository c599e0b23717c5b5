// Sends every message back.
//
//   bazel run //examples/echo:server

#include "weft/server/server.h"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/flags/flag.h"
#include "examples/echo/echo_handler.h"
#include "examples/server_main.h"

ABSL_FLAG(uint64_t, max_message_bytes, 16 << 20, "the largest message that is accepted");

int main(int argc, char** argv) {
  weft::ServerOptions options =
      examples::ServerOptionsFromFlags(argc, argv, "Sends every message back to whoever sent it.");
  options.connection.max_message_bytes = absl::GetFlag(FLAGS_max_message_bytes);
  options.max_send_queue_bytes = 2 * absl::GetFlag(FLAGS_max_message_bytes) + (1 << 20);
  return examples::RunServer(
      std::move(options), [](auto&, auto&) { return std::make_unique<examples::EchoHandler>(); });
}
