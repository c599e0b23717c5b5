// Answers host names with their addresses.
//
//   bazel run //examples/lookup:server

#include <memory>
#include <utility>

#include "absl/flags/flag.h"
#include "examples/lookup/lookup.h"
#include "examples/lookup/lookup_handler.h"
#include "examples/server_main.h"

ABSL_FLAG(
    int, handler_threads, 16,
    "lookups that may block at the same time; 0: they block the event loop and all its sessions");

int main(int argc, char** argv) {
  weft::ServerOptions options = examples::ServerOptionsFromFlags(
      argc, argv, "Answers each text, a host name, with the addresses of that host.");
  options.handler_threads = absl::GetFlag(FLAGS_handler_threads);
  options.connection.max_message_bytes = examples::kLongestName;
  return examples::RunServer(std::move(options), [](auto&, auto&) {
    return std::make_unique<examples::LookupHandler>(examples::LookUp);
  });
}
