// Echoes every message.
//
//   bazel run //examples/echo:server

#include "examples/echo/echo_server.h"

int main(int argc, char** argv) {
  return examples::RunEchoServer(
      examples::EchoOptionsFromFlags(argc, argv, "Sends every message back to its sender."));
}
