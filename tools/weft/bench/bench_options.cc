#include "tools/weft/bench/bench_options.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "tools/weft/command_line.h"
#include "tools/weft/flag_values.h"
#include "weft/core/frame/utf8.h"
#include "weft/core/http/url.h"

namespace weft::cli {
namespace {

constexpr size_t kMaxPayload = 64 << 20;
constexpr size_t kMaxConnections = 100000000;
constexpr uint64_t kOtherDescriptors = 64;  // of this process, besides those of the load
constexpr size_t kMaxConcurrency = 1000;    // each is a thread
constexpr size_t kMaxThreads = 256;
constexpr size_t kMaxDepth = 100000;
constexpr size_t kMaxBytesInFlight = size_t{1} << 30;
constexpr double kMinRate = 1e-3;
constexpr double kMaxRate = 1e7;  // one thread starts fewer
constexpr absl::Duration kMaxRound = absl::Seconds(10);

constexpr absl::string_view kDescription =
    R"(Loads the echo server at URL (ws://, wss:// or ws+unix://) and measures it: the server
must send each message back as it is, as weft listen does; every byte is checked. Opens
all connections, sends for a time, and prints messages per second, round trips and
errors. Ctrl-C ends it early with the figures so far.

By default a connection sends its next message when the echo of one arrives: the server
sets the pace, and while it stalls, nothing is sent and little is measured. With --rate
messages are sent at times that do not depend on the server, and a round trip begins
when its message is due: a stall counts for every message that waits for its end.
)";

constexpr absl::string_view kMore =
    R"(
CONDITION is FIGURE < VALUE, with <, <=, > or >=. FIGURE is
    rate, mean, max, p99.9  of URL: messages per second, and times of round trips; p and
                            a number is a percentile
    errors                  connections that failed, to URL and to --compare together
    ratio                   the rate of URL divided by that of --compare
such as --fail-if='p99>20ms' --fail-if='errors>0'. A time or a ratio that could not be
measured fails too.

Exit codes:
    0  it was measured
    1  wrong usage
    2  could not connect
    3  the server refused, with an HTTP status other than 101
    4  a server does not echo, or connections failed; if there is a --fail-if with
       errors, it alone judges connections that fail during the measurement
    5  a CONDITION of --fail-if holds
  128+ ended by this signal, after the figures: 130 is Ctrl-C
)";

// The bytes, or @FILE.
absl::Status SetPayload(absl::string_view text, BenchOptions* options) {
  if (!absl::ConsumePrefix(&text, "@")) {
    if (absl::SimpleAtoi(text, &options->payload) && options->payload <= kMaxPayload) {
      options->content.reset();
      return absl::OkStatus();
    }
    return absl::InvalidArgumentError(
        absl::StrCat("\"", text, "\" is not a number from 0 to ", kMaxPayload, ", or @FILE"));
  }
  const std::string path(text);
  const std::unique_ptr<FILE, int (*)(FILE*)> file(std::fopen(path.c_str(), "re"), std::fclose);
  if (file == nullptr) return absl::ErrnoToStatus(errno, absl::StrCat("cannot read ", path));
  std::string content(kMaxPayload + 1, '\0');
  content.resize(std::fread(content.data(), 1, content.size(), file.get()));
  if (std::ferror(file.get()) != 0) {
    return absl::ErrnoToStatus(errno, absl::StrCat("cannot read ", path));
  }
  if (content.size() > kMaxPayload) {
    return absl::InvalidArgumentError(absl::StrCat(path, " has more than ", kMaxPayload, " bytes"));
  }
  content.shrink_to_fit();
  options->payload = content.size();
  options->content = std::move(content);
  return absl::OkStatus();
}

Setter SetUpTo(size_t max, size_t* field) {
  return [max, field](absl::string_view value) {
    if (absl::SimpleAtoi(value, field) && *field > 0 && *field <= max) return absl::OkStatus();
    return absl::InvalidArgumentError(
        absl::StrCat("\"", value, "\" is not a number from 1 to ", max));
  };
}

std::vector<Flag> LoadFlags(BenchOptions* options) {
  return {
      {.help = "The load:"},
      {.name = "connections",
       .letter = 'c',
       .value = "NUMBER",
       .help = "default 100",
       .set = SetUpTo(kMaxConnections, &options->connections)},
      {.name = "payload",
       .letter = 'p',
       .value = "BYTES|@FILE",
       .help = "of a message: random text, default 20 bytes, or a file",
       .set = [options](absl::string_view value) { return SetPayload(value, options); }},
      {.name = "binary",
       .letter = 'b',
       .help = "send binary messages: random bytes, or the file",
       .set = SetTrue(&options->binary)},
      {.name = "rate",
       .letter = 'r',
       .value = "NUMBER",
       .help = "messages per second on all connections together, instead\n"
               "of as fast as possible",
       .set =
           [options](absl::string_view value) {
             if (absl::SimpleAtod(value, &options->rate) && options->rate >= kMinRate &&
                 options->rate <= kMaxRate) {
               return absl::OkStatus();
             }
             return absl::InvalidArgumentError(
                 absl::StrCat("\"", value, "\" is not a number from 0.001 to 10 million"));
           }},
      {.name = "depth",
       .value = "NUMBER",
       .help = "messages in flight on each connection, default 1; with\n"
               "--rate at most this many, default 16",
       .set = SetUpTo(kMaxDepth, &options->depth)},
      {.name = "compress",
       .letter = 'z',
       .help = "require compression (permessage-deflate); use a file:\n"
               "random text compresses badly",
       .set = SetTrue(&options->compress)},
      {.name = "threads",
       .value = "NUMBER",
       .help = "of this program, default 1",
       .set = SetUpTo(kMaxThreads, &options->threads)},
      {.name = "concurrency",
       .value = "NUMBER",
       .help = "connections that are opened at the same time, default 64",
       .set = SetUpTo(kMaxConcurrency, &options->concurrency)},
      {.help = "Its times:"},
      {.name = "duration",
       .letter = 'd',
       .value = "DURATION",
       .help = "of the measurement, default 10s; inf: until Ctrl-C",
       .set = SetPositiveDuration(&options->duration)},
      {.name = "warm-up",
       .value = "DURATION",
       .help = "the load before it, default 1s, not measured",
       .set = SetDuration(&options->warm_up)},
      {.name = "ramp-up",
       .value = "DURATION",
       .help = "before that, let the load grow evenly: one connection\n"
               "after the other starts, or the rate grows; default 0s",
       .set = SetDuration(&options->ramp_up)},
  };
}

std::vector<Flag> OutputFlags(BenchOptions* options) {
  return {
      {.help = "Comparing and judging:"},
      {.name = "compare",
       .value = "URL",
       .help = "load this server too, in rounds that alternate, and show\n"
               "the ratios; --duration is that of each server",
       .set = SetText(&options->compare)},
      {.name = "rounds",
       .value = "NUMBER",
       .help = "of --compare, default 5, or more if they last over 10s",
       .set = SetNumber(&options->rounds)},
      {.name = "fail-if",
       .value = "CONDITION",
       .help = "end with exit code 5 if it holds at the end; may be\n"
               "repeated; see below",
       .set =
           [options](absl::string_view value) {
             absl::StatusOr<Condition> condition = Condition::Parse(value);
             if (condition.ok()) options->fail_if.push_back(*std::move(condition));
             return condition.status();
           }},
      {.name = "pid",
       .value = "NUMBER",
       .help = "the server's process on this machine: measure its CPU\n"
               "time; not with --compare",
       .set = SetNumber(&options->pid)},
      {.help = "Output:"},
      {.name = "json",
       .letter = 'j',
       .help = "print a JSON object",
       .set = SetTrue(&options->json)},
      {.name = "quiet",
       .letter = 'q',
       .help = "do not show progress, which only a terminal gets",
       .set = SetTrue(&options->quiet)},
      {.name = "help", .letter = 'h', .help = "show this", .set = SetTrue(&options->help)},
  };
}

std::vector<Flag> Flags(BenchOptions* options) {
  std::vector<Flag> flags = LoadFlags(options);
  for (const auto& more : {OutputFlags(options), FlagsOfClients(options)}) {
    flags.insert(flags.end(), more.begin(), more.end());
  }
  return flags;
}

absl::Status CheckLoad(const BenchOptions& options) {
  if (options.content.has_value() && !options.binary && !IsValidUtf8(*options.content)) {
    return absl::InvalidArgumentError(
        "--payload: the file is not UTF-8, so it cannot be sent as text; --binary sends it");
  }
  if (options.payload > 0 && options.depth > kMaxBytesInFlight / options.payload) {
    return absl::InvalidArgumentError(absl::StrCat("--payload and --depth: more than ",
                                                   kMaxBytesInFlight >> 20,
                                                   " MiB would be in flight on a connection"));
  }
  if (options.warm_up == absl::InfiniteDuration() || options.ramp_up == absl::InfiniteDuration()) {
    return absl::InvalidArgumentError("--warm-up and --ramp-up must end");
  }
  return absl::OkStatus();
}

absl::Status CheckComparison(const BenchOptions& options) {
  if (!options.compare.empty()) {
    if (absl::Status url = ParseUrl(options.compare).status(); !url.ok()) {
      return absl::InvalidArgumentError(absl::StrCat("--compare: ", url.message()));
    }
    if (options.pid != 0)
      return absl::InvalidArgumentError("--pid and --compare exclude each other");
    if (options.duration == absl::InfiniteDuration()) {
      return absl::InvalidArgumentError("--compare requires a --duration that ends");
    }
    return absl::OkStatus();
  }
  if (options.rounds != 0) return absl::InvalidArgumentError("--rounds requires --compare");
  for (const Condition& condition : options.fail_if) {
    if (condition.figure() == Condition::Figure::kRatio) {
      return absl::InvalidArgumentError(
          absl::StrCat("--fail-if=", condition.text(), " requires --compare"));
    }
  }
  return absl::OkStatus();
}

void SetDefaults(BenchOptions* options) {
  if (options->depth == 0) options->depth = options->rate > 0 ? 16 : 1;
  absl::Duration measured = options->duration;
  if (!options->compare.empty()) {
    if (options->rounds == 0) {
      options->rounds = std::max<int>(
          5, static_cast<int>(absl::FDivDuration(options->duration, kMaxRound) + 0.999));
    }
    measured /= options->rounds;
  }
  if (options->warm_up < absl::ZeroDuration()) {
    options->warm_up =
        options->compare.empty() ? absl::Seconds(1) : std::min(absl::Seconds(1), measured / 5);
  }
}

}  // namespace

absl::StatusOr<BenchOptions> ParseBenchOptions(absl::Span<const absl::string_view> words) {
  BenchOptions options;
  absl::StatusOr<std::vector<std::string>> others = ParseFlags(words, Flags(&options));
  if (!others.ok()) return others.status();
  if (options.help) return options;
  if (others->empty()) return absl::InvalidArgumentError("a URL is missing");
  if (others->size() > 1) {
    return absl::InvalidArgumentError(
        absl::StrCat("unexpected argument ", others->at(1), "; a second URL needs --compare"));
  }
  if (absl::Status url = ParseUrl(others->front()).status(); !url.ok()) return url;
  options.url = std::move(others->front());
  if (absl::Status status = FinishClientFlags(&options); !status.ok()) return status;
  if (absl::Status status = CheckComparison(options); !status.ok()) return status;
  SetDefaults(&options);
  if (absl::Status status = CheckLoad(options); !status.ok()) return status;
  return options;
}

uint64_t DescriptorsNeeded(const BenchOptions& options) {
  const uint64_t each = options.connections + 2 * std::min(options.threads, options.connections);
  const uint64_t opening = std::min(options.concurrency, options.connections);
  return each * (options.compare.empty() ? 1 : 2) + opening + kOtherDescriptors;
}

CommandHelp BenchCommandHelp() {
  BenchOptions options;
  return {.name = "bench",
          .arguments = "URL",
          .summary = "load an echo server, and measure messages per second and round trips",
          .description = kDescription,
          .flags = Flags(&options),
          .more = kMore};
}

}  // namespace weft::cli
