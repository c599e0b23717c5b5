#include "examples/echo/echo_flags.h"

#include <cstdint>

#include "absl/flags/flag.h"
#include "examples/echo/echo.h"
#include "examples/server_main.h"

ABSL_FLAG(uint64_t, max_message_bytes, 16 << 20, "the maximum size of a received message");
ABSL_FLAG(int, handler_threads, 0, "threads that call the handlers; 0: the event loops call them");

namespace examples {

weft::ServerOptions EchoOptionsFromFlags(int argc, char** argv, const char* usage) {
  weft::ServerOptions options = ServerOptionsFromFlags(argc, argv, usage);
  options.connection.max_message_bytes = absl::GetFlag(FLAGS_max_message_bytes);
  options.handler_threads = absl::GetFlag(FLAGS_handler_threads);
  options.sending.max_queue_bytes = 2 * absl::GetFlag(FLAGS_max_message_bytes) + (1 << 20);
  Echo::Adjust(options);
  return options;
}

}  // namespace examples
