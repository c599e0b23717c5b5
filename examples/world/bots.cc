// Simulated players, and the cost of the world for them and the server.
//
//   bazel run -c opt //examples/world:bots -- ws://127.0.0.1:8080 --bots=100

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstdio>
#include <deque>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "examples/client_flags.h"
#include "examples/command_line.h"
#include "examples/world/bot.h"
#include "examples/world/messages.h"
#include "examples/world/rules.h"
#include "fmt/core.h"
#include "weft/client/client.h"

ABSL_FLAG(int, bots, 100, "the number of bots");
ABSL_FLAG(int, seconds, 0, "end after this time; 0: run until the server ends");

namespace {

using weft::world::Bot;
using weft::world::Figures;

constexpr absl::Duration kPatience = absl::Seconds(10);  // without a message
constexpr absl::Duration kReportEvery = absl::Seconds(5);

// The cost of a message on the wire besides its payload: its frame's header, and the headers of TCP
// with timestamps and IP.
constexpr size_t OverheadOf(size_t payload) { return (payload < 126 ? 2 : 4) + 52; }

// Statistics from a bot's thread to the reporting one.
struct Tally {
  std::atomic<uint64_t> bytes{0};
  std::atomic<uint32_t> snapshots{0};
  std::atomic<size_t> in_sight{0};
  std::atomic<uint16_t> tick_median{0}, tick_p99{0}, bodies{0}, awake{0};
  std::atomic<bool> ended{false};
};

absl::Status Play(weft::Client& client, Bot& bot, Tally& tally, const std::atomic<bool>& stop) {
  while (!stop) {
    const absl::StatusOr<weft::Message> message = client.Receive(kPatience);
    if (!message.ok()) return message.status();
    tally.bytes += message->payload.size() + OverheadOf(message->payload.size());
    const absl::StatusOr<std::vector<std::string>> answers = bot.OnMessage(message->payload);
    if (!answers.ok()) return answers.status();
    for (const std::string& answer : *answers) {
      if (absl::Status sent = client.SendBinary(answer, {.compress = weft::Compress::kNo});
          !sent.ok())
        return sent;
    }
    const Figures& figures = bot.figures();
    tally.snapshots = bot.snapshots();
    tally.in_sight = bot.replica().size();
    tally.tick_median = figures.tick_median;
    tally.tick_p99 = figures.tick_p99;
    tally.bodies = figures.bodies;
    tally.awake = figures.awake;
  }
  return client.Close();
}

// Sums up the statistics since the last call.
class Reporter {
 public:
  explicit Reporter(const std::deque<Tally>& tallies) : tallies_(tallies), since_(absl::Now()) {
    for (const Tally& tally : tallies) before_.push_back({tally.bytes, tally.snapshots});
  }

  // Each second, so that no bot's peak is averaged away.
  void Look() {
    const absl::Time now = absl::Now();
    const double seconds = absl::ToDoubleSeconds(now - since_);
    since_ = now;
    for (size_t i = 0; i < tallies_.size(); ++i) {
      const uint64_t bytes = tallies_[i].bytes;
      const double rate = static_cast<double>(bytes - before_[i].bytes) / seconds;
      most_ = std::max(most_, rate);
      sum_ += rate;
      snapshots_ += (tallies_[i].snapshots - before_[i].snapshots) / seconds;
      before_[i] = {bytes, tallies_[i].snapshots};
    }
    ++looks_;
  }

  void Print() {
    const double count = static_cast<double>(tallies_.size()) * looks_;
    const auto bots = static_cast<double>(tallies_.size());
    double in_sight = 0;
    for (const Tally& tally : tallies_) in_sight += static_cast<double>(tally.in_sight);
    const Tally& one = tallies_.front();
    fmt::print(
        "{} bots: {:.1f} snapshots/s; {:.2f} KiB/s each, {:.2f} at most; {:.0f} in sight. "
        "The server: a tick takes {:.2f} ms, {:.2f} at p99; {} of {} bodies awake\n",
        tallies_.size(), snapshots_ / count, sum_ / count / 1024, most_ / 1024, in_sight / bots,
        one.tick_median / 100.0, one.tick_p99 / 100.0, one.awake.load(), one.bodies.load());
    std::fflush(stdout);
    most_ = sum_ = snapshots_ = 0;
    looks_ = 0;
  }

 private:
  struct Before {
    uint64_t bytes;
    uint32_t snapshots;
  };

  const std::deque<Tally>& tallies_;
  std::vector<Before> before_;
  absl::Time since_;
  double most_ = 0, sum_ = 0, snapshots_ = 0;
  int looks_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> words =
      examples::ParseCommandLine(argc, argv, "Simulated players. bots [FLAG...] [URL]");
  if (words.size() > 1) {
    fmt::print(stderr, "unexpected argument: {} (try --help)\n", words[1]);
    return 2;
  }
  const std::string url = words.empty() ? "ws://127.0.0.1:8080" : words.front();
  const int count = absl::GetFlag(FLAGS_bots);
  const absl::StatusOr<weft::ClientOptions> options = examples::ClientOptionsFromFlags(url);
  if (!options.ok() || count < 1) {
    fmt::print(
        stderr, "Error: {}\n",
        options.ok() ? "--bots must be at least 1" : std::string(options.status().message()));
    return 2;
  }

  std::atomic<bool> stop{false};
  std::deque<Tally> tallies(count);
  std::vector<absl::Status> ends(count);
  std::vector<std::thread> threads;
  for (int i = 0; i < count; ++i) {
    absl::StatusOr<std::unique_ptr<weft::Client>> client = weft::Client::Connect(url, *options);
    if (!client.ok()) {
      ends[i] = client.status();
      break;
    }
    // A blocking client needs a thread; one that mostly sleeps costs little.
    threads.emplace_back([&, i, client = *std::move(client)] {
      Bot bot(i + 1);
      ends[i] = Play(*client, bot, tallies[i], stop);
      tallies[i].ended = true;
    });
  }

  const absl::Duration limit = absl::GetFlag(FLAGS_seconds) > 0
                                   ? absl::Seconds(absl::GetFlag(FLAGS_seconds))
                                   : absl::InfiniteDuration();
  const absl::Time begin = absl::Now();
  absl::Time report = begin + kReportEvery;
  Reporter reporter(tallies);
  const auto all_play = [&] {
    return threads.size() == static_cast<size_t>(count) &&
           std::none_of(tallies.begin(), tallies.end(),
                        [](const Tally& t) { return t.ended.load(); });
  };
  while (all_play() && absl::Now() - begin < limit) {
    absl::SleepFor(absl::Seconds(1));
    reporter.Look();
    if (absl::Now() < report) continue;
    report += kReportEvery;
    reporter.Print();
  }
  stop = true;
  for (std::thread& thread : threads) thread.join();
  for (const absl::Status& end : ends) {
    if (end.ok()) continue;
    fmt::print(stderr, "Error: {}\n", std::string(end.message()));
    return 1;
  }
  return 0;
}
