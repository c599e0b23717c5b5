// Echoes every message with the server of chapter 10, until Ctrl-C.
//
//   ./bazelw run //course/10_limits:echo                on port 8082
//   ./bazelw run //course/10_limits:echo -- --port=9000

#include "course/10_limits/limits.h"
#include "course/serve.h"

int main(int argc, char** argv) {
  return course::Serve(argc, argv, [](const course::ServeFlags& flags) {
    return course::GuardedServer::Listen(
        {.port = flags.port, .limits = flags.limits},
        [](course::Conversation& conversation, const course::Event& message) {
          conversation.Send(message.opcode, message.payload);
        });
  });
}
