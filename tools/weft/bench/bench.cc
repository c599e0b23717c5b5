#include "tools/weft/bench/bench.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/time.h"
#include "tools/weft/bench/bench_options.h"
#include "tools/weft/bench/bench_report.h"
#include "tools/weft/bench/condition.h"
#include "tools/weft/command_help.h"
#include "tools/weft/console.h"
#include "tools/weft/exit_code.h"
#include "tools/weft/hints.h"
#include "tools/weft/write_all.h"
#include "weft/bench/engine/load_run.h"
#include "weft/core/deflate/compression.h"
#include "weft/core/http/http_refusal.h"
#include "weft/core/http/quote.h"
#include "weft/loop/signals.h"
#include "weft/server.h"
#include "weft/transport/notification.h"

namespace weft::cli {
namespace {

// Ends the work at the first signal, and the process at the second one.
class Interruption {
 public:
  static absl::StatusOr<std::unique_ptr<Interruption>> Create() {
    std::vector<int> handled;
    for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
      if (!SignalWaiter::IsIgnored(signal)) handled.push_back(signal);
    }
    absl::StatusOr<SignalWaiter> signals = SignalWaiter::Create(handled);
    if (!signals.ok()) return signals.status();
    absl::StatusOr<Notification> cancel = Notification::Create();
    if (!cancel.ok()) return cancel.status();
    return std::unique_ptr<Interruption>(new Interruption(*std::move(signals), *std::move(cancel)));
  }

  ~Interruption() {
    signals_.Cancel();
    thread_.join();
  }

  const std::shared_ptr<const Notification>& cancel() const { return cancel_; }
  int signal() const { return signal_; }  // 0: none

 private:
  Interruption(SignalWaiter signals, Notification cancel)
      : signals_(std::move(signals)),
        cancel_(std::make_shared<const Notification>(std::move(cancel))),
        thread_([this] {
          while (const std::optional<int> signal = signals_.Wait()) {
            if (signal_ != 0) _exit(kSignal + *signal);
            signal_ = *signal;
            cancel_->Notify();
          }
        }) {}

  SignalWaiter signals_;
  const std::shared_ptr<const Notification> cancel_;
  std::atomic<int> signal_{0};
  std::thread thread_;  // last member: it uses the others
};

// A line on standard error that is replaced, if that is a terminal.
class ProgressLine {
 public:
  explicit ProgressLine(bool shown) : shown_(shown) {}
  ~ProgressLine() { Clear(); }
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  void Show(absl::string_view text) {
    if (!shown_) return;
    // A line that wraps could not be replaced.
    std::fprintf(stderr, "\r%s\033[K", Escape(text).substr(0, 78).c_str());
    drawn_ = true;
  }

  void Clear() {
    if (std::exchange(drawn_, false)) std::fputs("\r\033[K", stderr);
  }

 private:
  const bool shown_;
  bool drawn_ = false;
};

// One call of `weft bench`.
class BenchCommand {
 public:
  BenchCommand(const BenchOptions& options, const ConsoleOptions& console,
               const Interruption& interruption)
      : options_(options),
        console_(console, nullptr),
        interruption_(interruption),
        line_(console.err_is_terminal && !options.quiet) {}

  int Run() {
    const absl::StatusOr<ClientOptions> client = MakeClientOptions();
    if (!client.ok()) return Complain(client.status().message(), kWrongUsage);
    sides_.push_back({.url = options_.url});
    if (!options_.compare.empty()) sides_.push_back({.url = options_.compare});
    if (absl::Status status = CheckDescriptors(); !status.ok()) {
      return Complain(status.message(), kWrongUsage);
    }
    for (const BenchSide& side : sides_) {
      line_.Show(absl::StrCat("connecting to ", side.url));
      absl::StatusOr<std::unique_ptr<bench::LoadRun>> load = bench::LoadRun::Open(
          LoadOf(side.url, *client),
          [this](const auto& progress) { OnProgress(progress, loads_.size(), ""); });
      if (!load.ok()) return CannotStart(side.url, load.status());
      loads_.push_back(*std::move(load));
    }
    Measure();
    line_.Clear();
    return Report();
  }

 private:
  absl::StatusOr<ClientOptions> MakeClientOptions() const {
    absl::StatusOr<ClientOptions> client = ToClientOptions(options_);
    if (!client.ok()) return client;
    client->cancel = interruption_.cancel();
    if (options_.compress) client->connection.compression.use = CompressionOptions::Use::kRequired;
    return client;
  }

  absl::Status CheckDescriptors() const {
    const absl::StatusOr<uint64_t> limit = RaiseDescriptorLimit();
    const uint64_t needed = DescriptorsNeeded(options_);
    if (!limit.ok() || *limit >= needed) return absl::OkStatus();
    return absl::InvalidArgumentError(
        absl::StrCat("--connections=", options_.connections, " and --threads=", options_.threads,
                     options_.compare.empty() ? "" : " with --compare", " need ", needed,
                     " file descriptors, and this process may have ", *limit, ": see ulimit -Hn"));
  }

  bench::LoadOptions LoadOf(const std::string& url, const ClientOptions& client) const {
    bench::LoadOptions load = {.url = url,
                               .client = client,
                               .connections = options_.connections,
                               .concurrency = options_.concurrency,
                               .threads = options_.threads,
                               .rate = options_.rate,
                               .patience = std::min(absl::Seconds(10), options_.timeout),
                               .pid = options_.pid};
    load.messages = {
        .kind = options_.binary ? bench::PayloadKind::kBinary : bench::PayloadKind::kText,
        .payload = options_.payload,
        .depth = options_.depth,
        .content = options_.content};
    return load;
  }

  // Each side once, or by rounds: A B, B A, A B, ..., because the machine may get slower.
  void Measure() {
    const int rounds = std::max(1, options_.rounds);
    for (int round = 0; round < rounds; ++round) {
      if (interruption_.signal() != 0 && round > 0) return;
      bench::LoadTimes times = {.warm_up = options_.warm_up,
                                .duration = options_.duration / rounds};
      if (round == 0) times.ramp_up = options_.ramp_up;
      std::vector<bench::LoadResult> results(sides_.size());
      for (size_t i = 0; i < sides_.size(); ++i) {
        const size_t side = round % 2 == 0 ? i : sides_.size() - 1 - i;
        const std::string prefix = sides_.size() == 1
                                       ? ""
                                       : absl::StrCat("round ", round + 1, " of ", rounds, ", ",
                                                      side == 0 ? "A" : "B", ", ");
        results[side] = loads_[side]->Run(times, [&](const bench::LoadProgress& progress) {
          OnProgress(progress, side, prefix);
        });
      }
      // An interrupted round is not comparable, unless it is the only one.
      if (interruption_.signal() != 0 && round > 0) return;
      for (size_t side = 0; side < sides_.size(); ++side) {
        sides_[side].rounds.push_back(std::move(results[side]));
      }
    }
  }

  // Of this side; the other one waits, and its server must not drop the connections.
  void OnProgress(const bench::LoadProgress& progress, size_t side, absl::string_view prefix) {
    for (size_t i = 0; i < loads_.size(); ++i) {
      if (i != side) loads_[i]->Attend();
    }
    const absl::Duration duration = options_.duration / std::max(1, options_.rounds);
    line_.Show(absl::StrCat(prefix, ProgressText(progress, duration, options_.connections)));
  }

  int CannotStart(const std::string& url, const absl::Status& error) {
    line_.Clear();
    if (const int signal = interruption_.signal(); signal != 0) {
      return Complain("interrupted before the measurement", kSignal + signal);
    }
    if (absl::IsDataLoss(error)) {
      return Complain(absl::StrCat(url, " does not echo: ", error.message(),
                                   ". The server must send each message back as it is, as "
                                   "weft listen does"),
                      kClosedOtherwise);
    }
    const bool refused = RefusalOf(error).has_value();
    Complain(error.message(), kCannotConnect);
    for (const std::string& hint : Hints(url, options_.origin, error)) console_.Tell(hint);
    return refused ? kRefused : kCannotConnect;
  }

  int Report() {
    std::vector<std::string> holding, sentences;
    const BenchFigures figures = FiguresOf(sides_);
    bool judges_errors = false;
    for (const Condition& condition : options_.fail_if) {
      judges_errors |= condition.figure() == Condition::Figure::kErrors;
      if (std::optional<std::string> sentence = condition.Holds(figures); sentence.has_value()) {
        holding.push_back(condition.text());
        sentences.push_back(*std::move(sentence));
      }
    }
    const int signal = interruption_.signal();
    const std::string text = options_.json ? BenchJson(options_, sides_, holding, signal != 0)
                                           : BenchText(options_, sides_);
    if (const absl::Status written = WriteAll(stdout, text); !written.ok()) {
      return Complain(written.message(), kWrongUsage);
    }
    if (signal != 0) {
      console_.Note("interrupted: these are the figures so far");
      return kSignal + signal;
    }
    for (const std::string& sentence : sentences) {
      console_.Complain(absl::StrCat("--fail-if=", sentence));
    }
    if (!sentences.empty()) return kConditionHolds;
    return figures.errors > 0 && !judges_errors ? kClosedOtherwise : kOrderly;
  }

  int Complain(absl::string_view text, int code) {
    line_.Clear();
    console_.Complain(text);
    return code;
  }

  const BenchOptions& options_;
  Console console_;
  const Interruption& interruption_;
  ProgressLine line_;
  std::vector<BenchSide> sides_;
  std::vector<std::unique_ptr<bench::LoadRun>> loads_;
};

}  // namespace

int Bench(absl::Span<const absl::string_view> words) {
  const ConsoleOptions console_options = ConsoleOptions::Detect();
  Console console(console_options, nullptr);
  const absl::StatusOr<BenchOptions> options = ParseBenchOptions(words);
  if (!options.ok()) {
    console.Complain(absl::StrCat(options.status().message(), "; see weft bench --help"));
    return kWrongUsage;
  }
  if (options->help) return Print(HelpText(BenchCommandHelp()));
  std::signal(SIGPIPE, SIG_IGN);
  const absl::StatusOr<std::unique_ptr<Interruption>> interruption = Interruption::Create();
  if (!interruption.ok()) {
    console.Complain(interruption.status().message());
    return kCannotConnect;
  }
  return BenchCommand(*options, console_options, **interruption).Run();
}

}  // namespace weft::cli
