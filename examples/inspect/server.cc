// The wire made visible: what a message becomes on it, byte by byte.
//
//   bazel run //examples/inspect:server

#include "examples/inspect/answers.h"
#include "examples/inspect/page_files.h"
#include "examples/inspect/visitor.h"
#include "examples/page.h"
#include "examples/server_main.h"

int main(int argc, char** argv) {
  weft::ServerOptions options = examples::ServerOptionsFromFlags(
      argc, argv, "Shows what goes over a WebSocket, byte by byte.");
  options.connection.max_message_bytes = examples::kMaxQuestionBytes;
  weft::Router router;
  router.WebSocket("/wire", examples::VisitorAcceptor(options.connection.compression));
  router.Get("/*", examples::ServePage(examples::kPageFiles));
  router.Status();
  return examples::RunServer(std::move(options), router);
}
