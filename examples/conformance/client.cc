// Runs the cases of a conformance server such as the Autobahn test suite's fuzzing server: echoes
// the messages of each case until the case ends.

#include "weft/client/client.h"

#include <cstdint>
#include <iostream>
#include <memory>
#include <string>

#include "absl/flags/flag.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "absl/time/time.h"
#include "examples/command_line.h"
#include "examples/compression_flag.h"

ABSL_FLAG(std::string, url, "ws://127.0.0.1:9001", "the conformance server");
ABSL_FLAG(std::string, agent, "weft", "the name of this client in the server's reports");
ABSL_FLAG(uint64_t, max_message_bytes, 16 << 20, "the maximum size of a received message");

namespace {

using weft::Client;

absl::StatusOr<std::unique_ptr<Client>> Connect(absl::string_view resource) {
  weft::ClientOptions options;
  options.timeouts.ping_interval = absl::InfiniteDuration();  // the cases decide who sends what
  options.connection.max_message_bytes = absl::GetFlag(FLAGS_max_message_bytes);
  options.connection.compression = examples::CompressionFromFlag();
  options.connection.compression.send_window_bits = 15;  // the cases decide the windows
  options.connection.compression.receive_window_bits = 15;
  const std::string server = absl::GetFlag(FLAGS_url);
  return Client::Connect(absl::StrCat(absl::StripSuffix(server, "/"), resource), options);
}

absl::StatusOr<int> CaseCount() {
  absl::StatusOr<std::unique_ptr<Client>> client = Connect("/getCaseCount");
  if (!client.ok()) return client.status();
  absl::StatusOr<weft::Message> message = (*client)->Receive(absl::Seconds(30));
  if (!message.ok()) return message.status();
  int count = 0;
  if (!absl::SimpleAtoi(message->payload, &count)) {
    return absl::InternalError(absl::StrCat("the number of cases is not a number: \"",
                                            absl::CEscape(message->payload), "\""));
  }
  (*client)->Close().IgnoreError();
  return count;
}

// Echoes until the end, and returns the reason for it; an error if it never began.
absl::StatusOr<std::string> RunCase(int number, const std::string& agent) {
  absl::StatusOr<std::unique_ptr<Client>> client =
      Connect(absl::StrCat("/runCase?case=", number, "&agent=", agent));
  if (!client.ok()) return client.status();
  while (true) {
    const absl::StatusOr<weft::Message> message = (*client)->Receive();
    if (!message.ok()) return std::string(message.status().message());
    const absl::Status sent = message->is_text() ? (*client)->SendText(message->payload)
                                                 : (*client)->SendBinary(message->payload);
    // Receive() returns the end and its reason.
    if (absl::IsDeadlineExceeded(sent)) return std::string(sent.message());
  }
}

absl::Status UpdateReports(const std::string& agent) {
  absl::StatusOr<std::unique_ptr<Client>> client =
      Connect(absl::StrCat("/updateReports?agent=", agent));
  if (!client.ok()) return client.status();
  (*client)->Receive().status().IgnoreError();  // the server closes when it is done
  return absl::OkStatus();
}

absl::Status RunAll(const std::string& agent) {
  const absl::StatusOr<int> count = CaseCount();
  if (!count.ok()) return count.status();
  int refused = 0;  // closed by us or by the server, if the case is about that
  for (int number = 1; number <= *count; ++number) {
    const absl::StatusOr<std::string> end = RunCase(number, agent);
    if (!end.ok()) ++refused;
    std::cout << absl::StrCat("case ", number, " of ", *count, ": ",
                              end.ok() ? *end : end.status().ToString())
              << std::endl;
  }
  if (absl::Status status = UpdateReports(agent); !status.ok()) return status;
  std::cout << *count << " cases run as \"" << agent << "\", " << refused
            << " of them to the opening handshake; the verdicts are in the server's reports\n";
  return absl::OkStatus();
}

}  // namespace

int main(int argc, char** argv) {
  examples::ParseCommandLine(
      argc, argv,
      "Runs every case of a WebSocket conformance server (/getCaseCount, /runCase,\n"
      "/updateReports) as its client.");
  const absl::Status status = RunAll(absl::GetFlag(FLAGS_agent));
  if (status.ok()) return 0;
  std::cerr << status.ToString() << "\n";
  return 1;
}
