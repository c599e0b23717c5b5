// Asks three servers the same question, and prints the first answer.
//
//   bazel run //examples/coro_client:client -- URL URL URL QUESTION

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
#include "examples/coro_client/ask.h"
#include "fmt/core.h"
#include "weft/core/http/quote.h"

ABSL_FLAG(absl::Duration, timeout, absl::Seconds(10), "the time limit for the first answer");

namespace {

constexpr char kUsage[] =
    "Asks three WebSocket servers the same question, and prints the first answer.\n\n"
    "  client ws://127.0.0.1:8080/ ws://127.0.0.1:8081/ ws://127.0.0.1:8082/ QUESTION";

absl::StatusOr<std::string> Ask(const std::vector<std::string>& words) {
  absl::StatusOr<weft::ClientOptions> options = examples::ClientOptionsFromFlags(words[0]);
  if (!options.ok()) return options.status();
  absl::StatusOr<std::unique_ptr<weft::ClientLoop>> loop = weft::ClientLoop::Create();
  if (!loop.ok()) return loop.status();
  const examples::Question question = {
      .urls = {words[0], words[1], words[2]},
      .options = *std::move(options),
      .text = words[3],
      .report = [](const std::string& line) { fmt::print(stderr, "{}\n", weft::Escape(line)); },
  };
  const auto ask = [](weft::ClientLoop& on,
                      const examples::Question& what) -> weft::Task<absl::StatusOr<std::string>> {
    co_return co_await weft::coro::WithTimeout(absl::GetFlag(FLAGS_timeout),
                                               examples::AskThree(on, what));
  };
  return weft::coro::Run(**loop, ask(**loop, question));
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> words = examples::ParseCommandLine(argc, argv, kUsage);
  if (words.size() != 4) {
    fmt::print(stderr, "{}\n", kUsage);
    return 2;
  }
  const absl::StatusOr<std::string> answer = Ask(words);
  if (answer.ok()) {
    fmt::print("{}\n", weft::Escape(*answer, "\n\t"));
    return 0;
  }
  fmt::print(stderr, "{}\n", answer.status().ToString());
  return 1;
}
