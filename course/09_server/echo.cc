// Echoes every message with the server of chapter 9, until Ctrl-C.
//
//   ./bazelw run //course/09_server:echo           on port 8082
//   ./bazelw run //course/09_server:echo -- 9000   on another

#include <sys/resource.h>

#include <cstdlib>
#include <iostream>
#include <memory>

#include "absl/status/statusor.h"
#include "course/06_messages/messages.h"
#include "course/09_server/server.h"

namespace {

constexpr int kPort = 8082;

// Allows this process all the sockets that the system lets it have.
void RaiseLimitOfSockets() {
  rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace

int main(int argc, char** argv) {
  RaiseLimitOfSockets();
  const auto server =
      course::Server::Listen(argc > 1 ? std::atoi(argv[1]) : kPort,
                             [](course::Conversation& conversation, const course::Event& message) {
                               conversation.Send(message.opcode, message.payload);
                             });
  if (!server.ok()) {
    std::cerr << "Error: " << server.status().message() << "\n";
    return 1;
  }
  std::cout << "Listening on ws://127.0.0.1:" << (*server)->port() << std::endl;
  (*server)->Run();
}
