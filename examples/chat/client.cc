// A chat in the terminal. Start the server first: bazel run //examples/chat:server

#include <iostream>
#include <string>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/status/statusor.h"
#include "examples/chat/link.h"
#include "examples/chat/session.h"
#include "examples/client_flags.h"
#include "examples/command_line.h"

ABSL_FLAG(std::string, url, "ws://127.0.0.1:8080", "the chat server: ws:// or wss://");

int main(int argc, char** argv) {
  const std::vector<std::string> words = examples::ParseCommandLine(
      argc, argv,
      "Chat in the terminal, at --url or at the given URL: client [URL]. Type `help` at "
      "the prompt `> `; after `connect`, each line is sent "
      "to\n"
      "everybody in the chat, and `__disconnect` leaves it.");

  if (words.size() > 1) {
    std::cerr << "unexpected argument: " << words[1] << " (try --help)\n";
    return 2;
  }
  const std::string url = words.empty() ? absl::GetFlag(FLAGS_url) : words[0];
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
