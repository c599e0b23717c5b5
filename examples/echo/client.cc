// Sends the messages of the command line and prints the answers.

#include "weft/client.h"

#include <unistd.h>

#include <cstdio>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "examples/client_flags.h"
#include "examples/command_line.h"
#include "fmt/core.h"
#include "weft/core/http/quote.h"

ABSL_FLAG(absl::Duration, timeout, absl::Seconds(30), "the time limit for each answer");

namespace {

constexpr char kUsage[] =
    "Sends each message as text to a WebSocket server and prints each answer on its own line.\n\n"
    "  client ws://127.0.0.1:8080 MESSAGE...\n"
    "  client --ca=ca.pem wss://localhost:8443 MESSAGE...";

absl::Status Echo(const std::string& url, const std::vector<std::string>& messages) {
  absl::StatusOr<weft::ClientOptions> options = examples::ClientOptionsFromFlags(url);
  if (!options.ok()) return options.status();
  options->connection.max_message_bytes = 64 << 20;
  absl::StatusOr<std::unique_ptr<weft::Client>> client =
      weft::Client::Connect(url, *std::move(options));
  if (!client.ok()) return client.status();
  for (const std::string& message : messages) {
    if (absl::Status sent = (*client)->SendText(message); !sent.ok()) return sent;
    const absl::StatusOr<weft::Message> answer = (*client)->Receive(absl::GetFlag(FLAGS_timeout));
    if (!answer.ok()) return answer.status();
    // A terminal executes control sequences, while a program in a pipe only reads them.
    const std::string text = isatty(STDOUT_FILENO) == 1 ? weft::Escape(answer->payload, "\n\t")
                                                        : std::string(answer->payload);
    fmt::print("{}\n", text);
  }
  return (*client)->Close();
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> words = examples::ParseCommandLine(argc, argv, kUsage);
  if (words.size() < 2) {
    fmt::print(stderr, "{}\n", kUsage);
    return 2;
  }
  const absl::Status status = Echo(words[0], {words.begin() + 1, words.end()});
  if (status.ok()) return 0;
  std::fflush(stdout);
  fmt::print(stderr, "{}\n", status.ToString());
  return 1;
}
