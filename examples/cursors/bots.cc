// Simulated cursors, and statistics of the messages that each receives.
//
//   bazel run -c opt //examples/cursors:bots -- ws://127.0.0.1:8080 --bots=200

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <variant>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "examples/client_flags.h"
#include "examples/command_line.h"
#include "examples/cursors/messages.h"
#include "examples/cursors/paths.h"
#include "fmt/core.h"
#include "weft/client/client.h"

ABSL_FLAG(int, bots, 200, "the number of bots");
ABSL_FLAG(int, rate, 30, "moves per second of each");
ABSL_FLAG(int, threads, 1, "threads that move them");
ABSL_FLAG(int, seconds, 0, "end after this time; 0: run until the server ends");

namespace {

using Clock = std::chrono::steady_clock;
using weft::cursors::Changes;
using weft::cursors::ServerMessage;
using weft::cursors::Welcome;

constexpr auto kReportEvery = std::chrono::seconds(5);

// The bots of a thread do not all move at the same moment: they take turns.
constexpr int kTurns = 8;

// Statistics of all bots, from the threads to the reporting one.
struct Tally {
  std::atomic<uint64_t> sent{0};
  std::atomic<uint64_t> received{0};  // messages
  std::atomic<uint64_t> bytes{0};     // of these
  std::atomic<uint64_t> moves{0};     // in these
};

class Bot {
 public:
  Bot(std::unique_ptr<weft::Client> client, int number)
      : client_(std::move(client)), number_(number) {}

  // Processes the received messages, and moves.
  absl::Status Turn(double seconds, Tally& tally) {
    if (absl::Status heard = Listen(tally); !heard.ok()) return heard;
    ++tally.sent;
    const weft::cursors::Move move = {
        .heard = heard_,
        .place = weft::cursors::PlaceOfBot(number_, absl::GetFlag(FLAGS_bots), seconds)};
    return client_->SendBinary(Encode(move), {.compress = weft::Compress::kNo});
  }

  absl::Status Leave() { return client_->Close(); }

 private:
  absl::Status Listen(Tally& tally) {
    while (true) {
      const absl::StatusOr<weft::Message> message = client_->Receive(absl::ZeroDuration());
      if (absl::IsDeadlineExceeded(message.status())) return client_->status();
      if (!message.ok()) return message.status();
      ++tally.received;
      tally.bytes += message->payload.size();
      const absl::StatusOr<ServerMessage> decoded =
          weft::cursors::DecodeServerMessage(message->payload);
      if (!decoded.ok()) return decoded.status();
      if (const auto* changes = std::get_if<Changes>(&*decoded)) {
        ++heard_;
        tally.moves += changes->changes.size();
      } else if (const auto* welcome = std::get_if<Welcome>(&*decoded)) {
        if (absl::Status greeted = Greet(*welcome); !greeted.ok()) return greeted;
      }
    }
  }

  // Says in its name what it is.
  absl::Status Greet(const Welcome& welcome) {
    if (welcome.version != weft::cursors::kProtocolVersion) {
      return absl::FailedPreconditionError(absl::StrCat("the server speaks version ",
                                                        int{welcome.version}, ", not ",
                                                        int{weft::cursors::kProtocolVersion}));
    }
    return client_->SendBinary(Encode(weft::cursors::Rename{absl::StrCat("Bot ", number_ + 1)}),
                               {.compress = weft::Compress::kNo});
  }

  std::unique_ptr<weft::Client> client_;
  int number_;
  uint8_t heard_ = 0;
};

absl::Status Fly(std::vector<Bot> bots, Clock::time_point begin, Tally& tally,
                 const std::atomic<bool>& stop) {
  const auto turn = std::chrono::duration_cast<Clock::duration>(std::chrono::seconds(1)) /
                    (absl::GetFlag(FLAGS_rate) * kTurns);
  Clock::time_point next = Clock::now();
  for (size_t first = 0; !stop; first = (first + 1) % kTurns) {
    std::this_thread::sleep_until(next);
    next = std::max(next + turn, Clock::now());
    const double seconds = std::chrono::duration<double>(Clock::now() - begin).count();
    for (size_t i = first; i < bots.size(); i += kTurns) {
      if (absl::Status moved = bots[i].Turn(seconds, tally); !moved.ok()) return moved;
    }
  }
  for (Bot& bot : bots) {
    if (absl::Status left = bot.Leave(); !left.ok()) return left;
  }
  return absl::OkStatus();
}

// The statistics since the last call.
class Reporter {
 public:
  explicit Reporter(const Tally& tally) : tally_(tally) {}

  void Print() {
    const Figures figures{tally_.sent, tally_.received, tally_.bytes, tally_.moves};
    const Clock::time_point now = Clock::now();
    const double seconds = std::chrono::duration<double>(now - since_).count();
    const double each = absl::GetFlag(FLAGS_bots) * seconds;
    fmt::print(
        "each of {} bots: {:.1f} moves/s out; {:.1f} messages/s in, {:.1f} KiB/s, {:.0f} moves/s\n",
        absl::GetFlag(FLAGS_bots), (figures.sent - before_.sent) / each,
        (figures.received - before_.received) / each, (figures.bytes - before_.bytes) / each / 1024,
        (figures.moves - before_.moves) / each);
    std::fflush(stdout);
    before_ = figures;
    since_ = now;
  }

 private:
  struct Figures {
    uint64_t sent = 0, received = 0, bytes = 0, moves = 0;
  };

  const Tally& tally_;
  Figures before_;
  Clock::time_point since_ = Clock::now();
};

// The connected bots of each thread.
absl::StatusOr<std::vector<std::vector<Bot>>> Connect(const std::string& url, int count,
                                                      int threads) {
  const absl::StatusOr<weft::ClientOptions> options = examples::ClientOptionsFromFlags(url);
  if (!options.ok()) return options.status();
  std::vector<std::vector<Bot>> bots(threads);
  for (int i = 0; i < count; ++i) {
    absl::StatusOr<std::unique_ptr<weft::Client>> client = weft::Client::Connect(url, *options);
    if (!client.ok()) return client.status();
    bots[i % threads].emplace_back(*std::move(client), i);
  }
  return bots;
}

int Fail(absl::string_view what, int code) {
  fmt::print(stderr, "Error: {}\n", std::string(what));
  return code;
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> words =
      examples::ParseCommandLine(argc, argv, "Simulated cursors. bots [FLAG...] [URL]");
  if (words.size() > 1) {
    fmt::print(stderr, "unexpected argument: {} (try --help)\n", words[1]);
    return 2;
  }
  const int count = absl::GetFlag(FLAGS_bots);
  const int threads = absl::GetFlag(FLAGS_threads);
  if (count < 1 || threads < 1 || absl::GetFlag(FLAGS_rate) < 1) {
    return Fail("--bots, --rate and --threads must be at least 1", 2);
  }
  absl::StatusOr<std::vector<std::vector<Bot>>> bots =
      Connect(words.empty() ? "ws://127.0.0.1:8080" : words.front(), count, threads);
  if (!bots.ok()) return Fail(bots.status().message(), 1);

  Tally tally;
  std::atomic<bool> stop{false};
  std::atomic<int> flying{threads};
  std::vector<absl::Status> ends(threads);
  std::vector<std::thread> all;
  const Clock::time_point begin = Clock::now();
  for (int i = 0; i < threads; ++i) {
    all.emplace_back([&, i] {
      ends[i] = Fly(std::move((*bots)[i]), begin, tally, stop);
      --flying;
    });
  }

  const auto limit = std::chrono::seconds(absl::GetFlag(FLAGS_seconds));
  Clock::time_point report = begin + kReportEvery;
  Reporter reporter(tally);
  while (flying == threads && (limit.count() == 0 || Clock::now() - begin < limit)) {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    if (Clock::now() < report) continue;
    report += kReportEvery;
    reporter.Print();
  }
  stop = true;
  for (std::thread& thread : all) thread.join();
  for (const absl::Status& end : ends) {
    if (!end.ok()) return Fail(end.message(), 1);
  }
  return 0;
}
