// A chat room of coroutines.
//
//   bazel run //examples/coro_chat:server

#include "examples/coro_chat/chat.h"
#include "examples/server_main.h"

int main(int argc, char** argv) {
  return examples::RunServer(
      examples::ServerOptionsFromFlags(argc, argv, "Passes each line on to everybody in the room."),
      weft::coro::Handler(examples::Chat));
}
