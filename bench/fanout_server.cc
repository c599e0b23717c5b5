// A WebSocket server that publishes each client's messages to all clients: Weft's side of the
// fan-out measurement.

#include <cstdint>
#include <cstdio>
#include <memory>
#include <utility>

#include "absl/flags/flag.h"
#include "absl/flags/parse.h"
#include "absl/status/status.h"
#include "weft/server.h"

ABSL_FLAG(uint16_t, port, 8080, "the port to listen on; 0 for a free one");
ABSL_FLAG(int, threads, 1, "event loops");

namespace {

class Subscriber : public weft::Handler {
  void OnOpen(weft::Session& session) override { session.Subscribe("all").IgnoreError(); }

  void OnMessage(weft::Session& session, const weft::Message& message) override {
    session.Publish("all", message.opcode, message.payload).IgnoreError();
  }
};

int Fail(const absl::Status& status) {
  std::fprintf(stderr, "%s\n", status.ToString().c_str());
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  absl::ParseCommandLine(argc, argv);
  auto signals = weft::SignalWaiter::Create({SIGINT, SIGTERM});
  if (!signals.ok()) return Fail(signals.status());
  auto server = weft::Server::Start(
      {.port = absl::GetFlag(FLAGS_port), .threads = absl::GetFlag(FLAGS_threads)},
      [](auto&, auto&) { return std::make_unique<Subscriber>(); });
  if (!server.ok()) return Fail(server.status());
  std::printf("Server Listening on %s\n", (*server)->address().ToString().c_str());
  std::fflush(stdout);
  signals->Wait();
}
