// The main() of the servers of chapters 10 and 12.

#ifndef WEFT_COURSE_SERVE_H_
#define WEFT_COURSE_SERVE_H_

#include <cstdint>
#include <memory>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "course/10_limits/limits.h"

namespace course {

struct ServeFlags {
  int port = 8082;
  uint64_t max_message_bytes = kMaxServedMessage;
  Limits limits;
};

// Reads --port=N, --max_message_bytes=N and --seconds=N, which replaces the limits of time but
// `silence`. Makes a server and runs it until SIGINT or SIGTERM. Returns the exit code.
int Serve(
    int argc, char** argv,
    absl::FunctionRef<absl::StatusOr<std::unique_ptr<GuardedServer>>(const ServeFlags&)> listen);

}  // namespace course

#endif  // WEFT_COURSE_SERVE_H_
