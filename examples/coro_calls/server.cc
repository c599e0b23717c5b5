// Asks each client questions, and gives up on those that are not answered.
//
//   bazel run //examples/coro_calls:server

#include "examples/coro_calls/calls.h"
#include "examples/server_main.h"

int main(int argc, char** argv) {
  return examples::RunServer(
      examples::ServerOptionsFromFlags(
          argc, argv,
          "Asks each client for its name and colour; an answer begins with the number."),
      weft::coro::Handler(examples::Interview));
}
