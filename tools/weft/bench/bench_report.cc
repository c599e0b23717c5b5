#include "tools/weft/bench/bench_report.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "tools/weft/bench/figures.h"
#include "tools/weft/json_line.h"
#include "weft/core/http/quote.h"

namespace weft::cli {
namespace {

using bench::LoadProgress;
using bench::LoadResult;

struct Percentile {
  const char* name;
  double share;
};
constexpr Percentile kPercentiles[] = {
    {"p50", 0.5}, {"p90", 0.9}, {"p99", 0.99}, {"p99.9", 0.999}, {"max", 1}};

template <int kIndex>
double PercentileOf(const LoadResult& result) {
  return static_cast<double>(result.round_trips.Percentile(kPercentiles[kIndex].share));
}

std::string Count(uint64_t count, absl::string_view one, absl::string_view many) {
  return absl::StrCat(Grouped(count), " ", count == 1 ? one : many);
}

std::string Seconds(absl::Duration time) {
  return absl::StrFormat("%.2f s", absl::ToDoubleSeconds(time));
}

// 100 connections, 20 bytes of text, 1 in flight on each, as fast as possible
std::string DescribeLoad(const BenchOptions& options) {
  return absl::StrCat(Count(options.connections, "connection", "connections"), ", messages of ",
                      Count(options.payload, "byte", "bytes"), options.binary ? "" : " of text",
                      options.compress ? ", compressed" : "", ", ",
                      options.rate > 0
                          ? absl::StrFormat("%.15g per second, at most %d in flight on each",
                                            options.rate, options.depth)
                          : absl::StrCat(options.depth, " in flight on each, as fast as possible"));
}

std::string ErrorLines(const LoadResult& total) {
  std::string text;
  for (const auto& [name, kind] : total.failures.kinds()) {
    absl::StrAppendFormat(&text, "  %15s  %s; first: %s\n", Grouped(kind.count), name,
                          Escape(kind.example));
  }
  return text;
}

// Remarks on what limits the figures.
std::string Notes(const BenchOptions& options, const LoadResult& total) {
  std::string notes;
  const double seconds = absl::ToDoubleSeconds(total.time);
  const double rate = RateOf(total);
  if (options.rate > 0) {
    absl::StrAppend(&notes,
                    "  A round trip begins when its message is due, whenever it was sent.\n");
    if (rate < 0.99 * options.rate && seconds > 0) {
      absl::StrAppend(&notes,
                      absl::StrFormat("  Only %.1f %% of the rate was reached: the server, or this "
                                      "program, is not fast enough.\n",
                                      100 * rate / options.rate));
    }
  }
  if (total.unanswered > 0) {
    absl::StrAppend(&notes, "  ", Count(total.unanswered, "message", "messages"),
                    " had no echo, long after the end or when a connection failed; the time "
                    "until then counts as a round trip.\n");
  }
  // Its other work takes little; a process that waits for the processor does not look busy.
  if (seconds > 0 && total.load_cpu_seconds > 0.9 * seconds * options.threads) {
    absl::StrAppend(&notes,
                    "  This program was busy all the time, and may limit the rate: see "
                    "--threads.\n");
  }
  if (total.open_connections < options.connections) {
    absl::StrAppend(&notes, "  ", Grouped(total.open_connections), " of ",
                    Count(options.connections, "connection", "connections"),
                    total.open_connections == 1 ? " was" : " were", " open at the end.\n");
  }
  return notes;
}

std::string OneServer(const BenchOptions& options, const BenchSide& side) {
  const LoadResult total = side.Total();
  std::string text = absl::StrCat(Escape(side.url), "\n", DescribeLoad(options), "\n\n");
  absl::StrAppendFormat(&text, "  messages %16s  in %s\n", Grouped(total.messages),
                        Seconds(total.time));
  absl::StrAppendFormat(&text, "  rate     %16s  per second, %.2f MB/s each way\n",
                        Grouped(std::llround(RateOf(total))),
                        RateOf(total) * static_cast<double>(options.payload) / 1e6);
  if (total.server_cpu_seconds.has_value()) {
    const double cpu = *total.server_cpu_seconds;
    absl::StrAppendFormat(&text, "  CPU time %15.2fs  of the server: %s\n", cpu,
                          cpu <= 0 ? "no figure"
                                   : absl::StrCat(Grouped(std::llround(total.messages / cpu)),
                                                  " messages for each second of it"));
  }
  absl::StrAppendFormat(&text, "  errors   %16s\n", Grouped(total.failures.total()));
  absl::StrAppend(&text, ErrorLines(total), "\n");
  if (total.round_trips.total() == 0) {
    absl::StrAppend(&text, "  No round trip was measured.\n");
  } else {
    absl::StrAppendFormat(&text, "  round trip\n    mean   %9s\n",
                          DescribeTime(total.round_trips.Mean()));
    for (const auto& [name, share] : kPercentiles) {
      absl::StrAppendFormat(&text, "    %-6s %9s\n", name,
                            DescribeTime(total.round_trips.Percentile(share)));
    }
    absl::StrAppend(&text, "\n", Bars(total.round_trips));
  }
  const std::string notes = Notes(options, total);
  if (!notes.empty()) absl::StrAppend(&text, "\n", notes);
  return text;
}

std::string RatioCell(const std::optional<Ratio>& ratio) {
  if (!ratio.has_value()) return "none: B has no figure";
  return absl::StrFormat("%.3f (%.3f to %.3f)", ratio->median, ratio->smallest, ratio->largest);
}

std::string TwoServers(const BenchOptions& options, const BenchSide& a, const BenchSide& b) {
  const LoadResult total_a = a.Total(), total_b = b.Total();
  const size_t rounds = std::min(a.rounds.size(), b.rounds.size());
  std::string text =
      absl::StrCat("A  ", Escape(a.url), "\nB  ", Escape(b.url), "\n", DescribeLoad(options), "\n",
                   rounds, rounds == 1 ? " round" : " rounds", " of ",
                   Seconds(a.rounds.front().time), " each, alternating\n\n");
  const auto row = [&text](absl::string_view name, absl::string_view in_a, absl::string_view in_b,
                           absl::string_view ratio) {
    absl::StrAppendFormat(&text, "  %-10s %12s %12s%s%s\n", name, in_a, in_b,
                          ratio.empty() ? "" : "   ", ratio);
  };
  row("", "A", "B", "A/B: median of the rounds (range)");
  row("messages", Grouped(total_a.messages), Grouped(total_b.messages), "");
  row("per second", Grouped(std::llround(RateOf(total_a))), Grouped(std::llround(RateOf(total_b))),
      RatioCell(RatioOf(a, b, RateOf)));
  using Figure = double (*)(const LoadResult&);
  constexpr Figure kFigures[] = {PercentileOf<0>, PercentileOf<1>, PercentileOf<2>, PercentileOf<3>,
                                 PercentileOf<4>};
  for (size_t i = 0; i < std::size(kFigures); ++i) {
    row(kPercentiles[i].name, DescribeTime(kFigures[i](total_a)),
        DescribeTime(kFigures[i](total_b)), RatioCell(RatioOf(a, b, kFigures[i])));
  }
  row("errors", Grouped(total_a.failures.total()), Grouped(total_b.failures.total()), "");
  for (const auto& [name, total] : {std::pair("A", &total_a), std::pair("B", &total_b)}) {
    const std::string more = absl::StrCat(ErrorLines(*total), Notes(options, *total));
    if (!more.empty()) absl::StrAppend(&text, "\n", name, "\n", more);
  }
  return text;
}

std::string JsonMembers(const BenchOptions& options, const LoadResult& result) {
  const double seconds = absl::ToDoubleSeconds(result.time);
  std::string text =
      absl::StrFormat("\"seconds\":%.6f,\"messages\":%d,\"messages_per_second\":%.3f,", seconds,
                      result.messages, RateOf(result));
  if (options.rate > 0) absl::StrAppendFormat(&text, "\"messages_due\":%d,", result.due);
  absl::StrAppendFormat(&text, "\"messages_unanswered\":%d,", result.unanswered);
  absl::StrAppendFormat(&text, "\"mean_us\":%.3f", result.round_trips.Mean() / 1e3);
  for (const auto& [name, share] : kPercentiles) {
    absl::StrAppendFormat(&text, ",\"%s_us\":%.3f", name,
                          static_cast<double>(result.round_trips.Percentile(share)) / 1e3);
  }
  absl::StrAppendFormat(&text, ",\"load_cpu_seconds\":%.3f", result.load_cpu_seconds);
  if (result.server_cpu_seconds.has_value()) {
    absl::StrAppendFormat(&text, ",\"server_cpu_seconds\":%.3f", *result.server_cpu_seconds);
    if (*result.server_cpu_seconds > 0) {
      absl::StrAppendFormat(&text, ",\"messages_per_server_cpu_second\":%.3f",
                            result.messages / *result.server_cpu_seconds);
    }
  }
  return text;
}

std::string JsonSide(const BenchOptions& options, const BenchSide& side) {
  const LoadResult total = side.Total();
  std::string text = absl::StrCat("\"url\":", JsonText(side.url), ",", JsonMembers(options, total),
                                  ",\"open_connections\":", total.open_connections,
                                  ",\"errors\":", total.failures.total(), ",\"failures\":{");
  const char* separator = "";
  for (const auto& [name, kind] : total.failures.kinds()) {
    absl::StrAppend(&text, std::exchange(separator, ","), JsonText(name),
                    ":{\"count\":", kind.count, ",\"first\":", JsonText(kind.example), "}");
  }
  absl::StrAppend(&text, "}");
  if (options.compare.empty()) return text;
  absl::StrAppend(&text, ",\"rounds\":[",
                  absl::StrJoin(side.rounds, ",",
                                [&options](std::string* out, const LoadResult& round) {
                                  absl::StrAppend(out, "{", JsonMembers(options, round), "}");
                                }),
                  "]");
  return text;
}

}  // namespace

LoadResult BenchSide::Total() const {
  LoadResult total;
  for (const LoadResult& round : rounds) {
    total.time += round.time;
    total.messages += round.messages;
    total.due += round.due;
    total.unanswered += round.unanswered;
    total.round_trips.Add(round.round_trips);
    total.load_cpu_seconds += round.load_cpu_seconds;
    if (round.server_cpu_seconds.has_value()) {
      total.server_cpu_seconds = total.server_cpu_seconds.value_or(0) + *round.server_cpu_seconds;
    }
  }
  total.open_connections = rounds.back().open_connections;
  total.failures = rounds.back().failures;  // since the connections were opened
  return total;
}

double RateOf(const LoadResult& result) {
  const double seconds = absl::ToDoubleSeconds(result.time);
  return seconds > 0 ? result.messages / seconds : 0;
}

std::optional<Ratio> RatioOf(const BenchSide& first, const BenchSide& other,
                             double (*figure)(const LoadResult&)) {
  std::vector<double> ratios;
  for (size_t i = 0; i < std::min(first.rounds.size(), other.rounds.size()); ++i) {
    const double below = figure(other.rounds[i]);
    if (below > 0) ratios.push_back(figure(first.rounds[i]) / below);
  }
  if (ratios.empty()) return std::nullopt;
  std::sort(ratios.begin(), ratios.end());
  const size_t middle = ratios.size() / 2;
  const double median =
      ratios.size() % 2 == 1 ? ratios[middle] : (ratios[middle - 1] + ratios[middle]) / 2;
  return Ratio{.median = median, .smallest = ratios.front(), .largest = ratios.back()};
}

BenchFigures FiguresOf(const std::vector<BenchSide>& sides) {
  const LoadResult total = sides[0].Total();
  BenchFigures figures = {
      .rate = RateOf(total), .errors = total.failures.total(), .round_trips = total.round_trips};
  if (sides.size() == 2) {
    figures.errors += sides[1].Total().failures.total();
    const std::optional<Ratio> ratio = RatioOf(sides[0], sides[1], RateOf);
    if (ratio.has_value()) figures.ratio = ratio->median;
  }
  return figures;
}

std::string BenchText(const BenchOptions& options, const std::vector<BenchSide>& sides) {
  return sides.size() == 2 ? TwoServers(options, sides[0], sides[1]) : OneServer(options, sides[0]);
}

std::string BenchJson(const BenchOptions& options, const std::vector<BenchSide>& sides,
                      const std::vector<std::string>& holding, bool interrupted) {
  std::string text =
      absl::StrCat("{", JsonSide(options, sides[0]), ",\"connections\":", options.connections,
                   ",\"threads\":", options.threads, ",\"payload\":", options.payload,
                   ",\"depth\":", options.depth);
  if (options.rate > 0) absl::StrAppendFormat(&text, ",\"rate\":%.15g", options.rate);
  if (sides.size() == 2) {
    const std::optional<Ratio> ratio = RatioOf(sides[0], sides[1], RateOf);
    const auto number = [&ratio](double Ratio::*member) {
      return ratio.has_value() ? absl::StrFormat("%.4f", *ratio.*member) : "null";
    };
    absl::StrAppend(&text, ",\"compared_with\":{", JsonSide(options, sides[1]),
                    "},\"ratio\":", number(&Ratio::median),
                    ",\"ratio_smallest\":", number(&Ratio::smallest),
                    ",\"ratio_largest\":", number(&Ratio::largest));
  }
  absl::StrAppend(&text, ",\"failed_conditions\":[",
                  absl::StrJoin(holding, ",",
                                [](std::string* out, const std::string& condition) {
                                  absl::StrAppend(out, JsonText(condition));
                                }),
                  "],\"interrupted\":", interrupted ? "true" : "false", "}\n");
  return text;
}

std::string ProgressText(const LoadProgress& progress, absl::Duration duration,
                         size_t connections) {
  const LoadResult& result = progress.result;
  const std::string errors = absl::StrCat(", ", Count(result.failures.total(), "error", "errors"));
  switch (progress.phase) {
    case LoadProgress::Phase::kOpening:
      return absl::StrCat("opening: ", Grouped(result.open_connections), " of ",
                          Count(connections, "connection", "connections"), errors);
    case LoadProgress::Phase::kWarmUp:
      return absl::StrCat("warming up: ", Count(result.messages, "message", "messages"), errors);
    case LoadProgress::Phase::kFinishing:
      return absl::StrCat("waiting for the last echoes", errors);
    case LoadProgress::Phase::kMeasuring:
      break;
  }
  const double seconds = absl::ToDoubleSeconds(progress.elapsed);
  return absl::StrCat(absl::StrFormat("%.0f s", seconds),
                      duration == absl::InfiniteDuration()
                          ? ""
                          : absl::StrFormat(" of %.0f s", absl::ToDoubleSeconds(duration)),
                      ": ", seconds > 0 ? Grouped(std::llround(result.messages / seconds)) : "0",
                      " messages per second, p50 ",
                      DescribeTime(result.round_trips.Percentile(0.5)), ", p99 ",
                      DescribeTime(result.round_trips.Percentile(0.99)), errors);
}

}  // namespace weft::cli
