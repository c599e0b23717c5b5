// Runs the cases of a conformance server such as the Autobahn test suite's fuzzing server: echoes
// the messages of each case until the case ends.

#include "weft/client/client.h"

#include <cstdint>
#include <future>
#include <iostream>
#include <memory>
#include <string>
#include <utility>

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
#include "weft/async_client.h"

ABSL_FLAG(std::string, url, "ws://127.0.0.1:9001", "the conformance server");
ABSL_FLAG(std::string, agent, "weft", "the name of this client in the server's reports");
ABSL_FLAG(bool, async, false, "test the asynchronous client instead of the blocking one");
ABSL_FLAG(uint64_t, max_message_bytes, 16 << 20, "the maximum size of a received message");

namespace {

// A connection that has ended: the beginning of the first message that it received, if any, and the
// reason for its end.
struct Outcome {
  std::string first;
  absl::Status end;
};

std::string UrlOf(absl::string_view resource) {
  return absl::StrCat(absl::StripSuffix(absl::GetFlag(FLAGS_url), "/"), resource);
}

weft::ClientOptions Options() {
  weft::ClientOptions options;
  options.timeouts.ping_interval = absl::InfiniteDuration();  // the cases decide who sends what
  options.connection.max_message_bytes = absl::GetFlag(FLAGS_max_message_bytes);
  options.connection.compression = examples::CompressionFromFlag();
  options.connection.compression.send_window_bits = 15;  // the cases decide the windows
  options.connection.compression.receive_window_bits = 15;
  return options;
}

// A client under test.
class Runner {
 public:
  virtual ~Runner() = default;

  // Connects, and echoes every message, or closes after the first one. Returns when the connection
  // has ended; an error if it was not opened.
  virtual absl::StatusOr<Outcome> Run(absl::string_view resource, bool echo) = 0;
};

class BlockingRunner : public Runner {
 public:
  absl::StatusOr<Outcome> Run(absl::string_view resource, bool echo) override {
    absl::StatusOr<std::unique_ptr<weft::Client>> client =
        weft::Client::Connect(UrlOf(resource), Options());
    if (!client.ok()) return client.status();
    Outcome outcome;
    while (true) {
      const absl::StatusOr<weft::Message> message = (*client)->Receive();
      if (!message.ok()) {
        outcome.end = message.status();
        return outcome;
      }
      if (outcome.first.empty()) outcome.first = std::string(message->payload.substr(0, 100));
      // Receive() returns the end and its reason.
      const absl::Status sent = !echo                ? (*client)->Close()
                                : message->is_text() ? (*client)->SendText(message->payload)
                                                     : (*client)->SendBinary(message->payload);
      if (absl::IsDeadlineExceeded(sent)) {
        outcome.end = sent;
        return outcome;
      }
    }
  }
};

class AsyncRunner : public Runner {
 public:
  static absl::StatusOr<std::unique_ptr<Runner>> Make() {
    weft::ClientLoopOptions options;
    options.sending.max_queue_bytes = absl::GetFlag(FLAGS_max_message_bytes) + (1 << 20);
    absl::StatusOr<std::unique_ptr<weft::ClientLoop>> loop =
        weft::ClientLoop::Create(std::move(options));
    if (!loop.ok()) return loop.status();
    return std::make_unique<AsyncRunner>(*std::move(loop));
  }

  explicit AsyncRunner(std::unique_ptr<weft::ClientLoop> loop) : loop_(std::move(loop)) {}

  absl::StatusOr<Outcome> Run(absl::string_view resource, bool echo) override {
    auto handler = std::make_unique<Case>(echo);
    std::future<absl::StatusOr<Outcome>> end = handler->end();
    loop_->Connect(UrlOf(resource), Options(), std::move(handler));
    return end.get();
  }

 private:
  class Case : public weft::ClientHandler {
   public:
    explicit Case(bool echo) : echo_(echo) {}

    std::future<absl::StatusOr<Outcome>> end() { return end_.get_future(); }

    void OnMessage(weft::AsyncClient& client, const weft::Message& message) override {
      if (outcome_.first.empty()) outcome_.first = std::string(message.payload.substr(0, 100));
      const absl::Status sent = echo_ ? client.Send(message) : client.Close();
      if (absl::IsResourceExhausted(sent)) client.Terminate();  // this echo is missing
    }

    void OnClose(weft::AsyncClient& client, const weft::CloseInfo& /*info*/) override {
      outcome_.end = client.status();
      end_.set_value(std::move(outcome_));
    }

    void OnFailed(const absl::Status& error) override { end_.set_value(error); }

   private:
    const bool echo_;
    Outcome outcome_;
    std::promise<absl::StatusOr<Outcome>> end_;
  };

  const std::unique_ptr<weft::ClientLoop> loop_;
};

absl::StatusOr<std::unique_ptr<Runner>> MakeRunner() {
  if (absl::GetFlag(FLAGS_async)) return AsyncRunner::Make();
  return std::make_unique<BlockingRunner>();
}

absl::StatusOr<int> CaseCount(Runner& runner) {
  const absl::StatusOr<Outcome> outcome = runner.Run("/getCaseCount", /*echo=*/false);
  if (!outcome.ok()) return outcome.status();
  int count = 0;
  if (absl::SimpleAtoi(outcome->first, &count)) return count;
  return absl::InternalError(absl::StrCat("the number of cases is not a number: \"",
                                          absl::CEscape(outcome->first),
                                          "\"; the connection's end: ", outcome->end.message()));
}

absl::Status RunAll(Runner& runner, const std::string& agent) {
  const absl::StatusOr<int> count = CaseCount(runner);
  if (!count.ok()) return count.status();
  int refused = 0;  // closed by us or by the server, if the case is about that
  for (int number = 1; number <= *count; ++number) {
    const absl::StatusOr<Outcome> outcome =
        runner.Run(absl::StrCat("/runCase?case=", number, "&agent=", agent), /*echo=*/true);
    if (!outcome.ok()) ++refused;
    std::cout << absl::StrCat("case ", number, " of ", *count, ": ",
                              outcome.ok() ? std::string(outcome->end.message())
                                           : outcome.status().ToString())
              << std::endl;
  }
  // The server closes when it is done.
  const absl::Status reported =
      runner.Run(absl::StrCat("/updateReports?agent=", agent), /*echo=*/false).status();
  if (!reported.ok()) return reported;
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
  const absl::StatusOr<std::unique_ptr<Runner>> runner = MakeRunner();
  const absl::Status status =
      runner.ok() ? RunAll(**runner, absl::GetFlag(FLAGS_agent)) : runner.status();
  if (status.ok()) return 0;
  std::cerr << status.ToString() << "\n";
  return 1;
}
