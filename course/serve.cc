#include "course/serve.h"

#include <signal.h>
#include <sys/resource.h>

#include <iostream>
#include <string>

#include "absl/strings/numbers.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "absl/time/time.h"
#include "course/not_written_yet.h"

namespace course {
namespace {

GuardedServer* running = nullptr;  // of the handler of signals

// Allows this process all the sockets that the system lets it have.
void RaiseLimitOfSockets() {
  rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

// Whether `word` is a flag with a number that it takes.
bool ReadFlag(absl::string_view word, ServeFlags* flags) {
  int seconds = 0;
  if (absl::ConsumePrefix(&word, "--port=")) return absl::SimpleAtoi(word, &flags->port);
  if (absl::ConsumePrefix(&word, "--max_message_bytes=")) {
    return absl::SimpleAtoi(word, &flags->max_message_bytes);
  }
  if (!absl::ConsumePrefix(&word, "--seconds=") || !absl::SimpleAtoi(word, &seconds)) return false;
  flags->limits.request = flags->limits.stall = flags->limits.closing = absl::Seconds(seconds);
  return seconds > 0;
}

}  // namespace

int Serve(
    int argc, char** argv,
    absl::FunctionRef<absl::StatusOr<std::unique_ptr<GuardedServer>>(const ServeFlags&)> listen) {
  ServeFlags flags;
  for (int i = 1; i < argc; ++i) {
    if (!ReadFlag(argv[i], &flags)) {
      std::cerr << "Error: " << argv[i]
                << " is not --port=N, --max_message_bytes=N or --seconds=N\n";
      return 2;
    }
  }
  RaiseLimitOfSockets();
  try {
    const auto server = listen(flags);
    if (!server.ok()) {
      std::cerr << "Error: " << server.status().message() << "\n";
      return 1;
    }
    running = server->get();
    for (const int number : {SIGINT, SIGTERM}) signal(number, [](int) { running->Stop(); });
    std::cout << "Server Listening on 127.0.0.1:" << (*server)->port() << std::endl;
    (*server)->Run();
  } catch (const NotWritten& error) {
    std::cerr << "Error: " << error.what() << "\n";
    return 1;
  }
  return 0;
}

}  // namespace course
