// A chat in the terminal. Start the server first: bazel run //examples/chat:server

#include <iostream>
#include <string>

#include "absl/flags/flag.h"
#include "absl/status/statusor.h"
#include "examples/chat/link.h"
#include "examples/chat/session.h"
#include "examples/client_flags.h"
#include "examples/command_line.h"

ABSL_FLAG(std::string, url, "ws://127.0.0.1:8080", "where the chat server is: ws:// or wss://");

int main(int argc, char** argv) {
  examples::ParseCommandLine(
      argc, argv,
      "Chat in the terminal. Type `help` at the prompt `> `; after `connect`, each line is sent "
      "to\n"
      "everybody in the chat, and `__disconnect` leaves it.");

  const std::string url = absl::GetFlag(FLAGS_url);
  const absl::StatusOr<weft::ClientOptions> options = examples::ClientOptionsFromFlags(url);
  if (!options.ok()) {
    std::cerr << "Error: " << options.status().message() << "\n";
    return 2;
  }
  weft::chat::Session session(
      [&](weft::chat::LinkListener& listener) {
        return weft::chat::ConnectLink(url, *options, listener);
      },
      std::cout);
  session.Run(std::cin);
  return 0;
}
