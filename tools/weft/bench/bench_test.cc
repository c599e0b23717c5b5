// The command line of `weft bench`, its conditions and its output.

#include <cstdlib>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tools/weft/bench/bench_options.h"
#include "tools/weft/bench/bench_report.h"
#include "tools/weft/bench/condition.h"
#include "tools/weft/bench/figures.h"
#include "tools/weft/command_help.h"
#include "weft/bench/engine/histogram.h"
#include "weft/bench/engine/load_run.h"

namespace weft::cli {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

// ---- Options ----

std::string BenchError(std::vector<absl::string_view> words) {
  return std::string(ParseBenchOptions(words).status().message());
}

std::string WriteFile(absl::string_view name, absl::string_view content) {
  const char* folder = std::getenv("TEST_TMPDIR");
  const std::string path = absl::StrCat(folder != nullptr ? folder : "/tmp", "/", name);
  std::ofstream(path) << content;
  return path;
}

TEST(BenchOptionsTest, Defaults) {
  const absl::StatusOr<BenchOptions> options = ParseBenchOptions({"ws://h/"});
  ASSERT_TRUE(options.ok()) << options.status();
  EXPECT_EQ(options->url, "ws://h/");
  EXPECT_EQ(options->connections, 100u);
  EXPECT_EQ(options->payload, 20u);
  EXPECT_EQ(options->depth, 1u);
  EXPECT_EQ(options->rate, 0);
  EXPECT_EQ(options->duration, absl::Seconds(10));
  EXPECT_EQ(options->warm_up, absl::Seconds(1));
  EXPECT_EQ(options->ramp_up, absl::ZeroDuration());
}

TEST(BenchOptionsTest, Values) {
  const absl::StatusOr<BenchOptions> options = ParseBenchOptions(
      {"wss://h/", "-c5", "-d", "2s", "--rate=2.5", "--payload=0", "-bz", "--threads=2",
       "--warm-up=0", "--ramp-up=3s", "--fail-if=p99>20ms", "--fail-if", "errors>0", "-k"});
  ASSERT_TRUE(options.ok()) << options.status();
  EXPECT_EQ(options->connections, 5u);
  EXPECT_EQ(options->duration, absl::Seconds(2));
  EXPECT_EQ(options->rate, 2.5);
  EXPECT_EQ(options->depth, 16u);
  EXPECT_EQ(options->payload, 0u);
  EXPECT_TRUE(options->binary && options->compress);
  EXPECT_EQ(options->threads, 2u);
  EXPECT_EQ(options->warm_up, absl::ZeroDuration());
  EXPECT_EQ(options->ramp_up, absl::Seconds(3));
  EXPECT_EQ(options->fail_if.size(), 2u);
  EXPECT_TRUE(options->tls.dangerously_accept_any_certificate);
}

TEST(BenchOptionsTest, RoundsOfAComparison) {
  const auto rounds = [](absl::string_view duration) {
    const absl::StatusOr<BenchOptions> options =
        ParseBenchOptions({"ws://a/", "--compare=ws://b/", "-d", duration});
    EXPECT_TRUE(options.ok()) << options.status();
    return std::pair(options->rounds, options->warm_up);
  };
  EXPECT_EQ(rounds("10s"), std::pair(5, absl::Milliseconds(400)));
  EXPECT_EQ(rounds("60s"), std::pair(6, absl::Seconds(1)));
  EXPECT_EQ(rounds("61s"), std::pair(7, absl::Seconds(1)));
}

TEST(BenchOptionsTest, Errors) {
  EXPECT_EQ(BenchError({}), "a URL is missing");
  EXPECT_THAT(BenchError({"http://h/"}), HasSubstr("ws://"));
  EXPECT_EQ(BenchError({"ws://a/", "ws://b/"}),
            "unexpected argument ws://b/; a second URL needs --compare");
  EXPECT_EQ(BenchError({"--connections=0", "ws://h/"}),
            "--connections: \"0\" is not a number from 1 to 100000000");
  EXPECT_THAT(BenchError({"--connections=18446744073709551615", "ws://h/"}),
              HasSubstr("is not a number from 1 to 100000000"));
  EXPECT_EQ(BenchError({"--depth=1k", "ws://h/"}),
            "--depth: \"1k\" is not a number from 1 to 100000");
  for (const absl::string_view rate : {"-1", "0", "0.0009", "1.1e7", "inf", "nan"}) {
    EXPECT_EQ(BenchError({"--rate", rate, "ws://h/"}),
              absl::StrCat("--rate: \"", rate, "\" is not a number from 0.001 to 10 million"));
  }
  EXPECT_EQ(BenchError({"--payload=big", "ws://h/"}),
            "--payload: \"big\" is not a number from 0 to 67108864, or @FILE");
  EXPECT_EQ(BenchError({"--payload=67108864", "--depth=100", "ws://h/"}),
            "--payload and --depth: more than 1024 MiB would be in flight on a connection");
  EXPECT_THAT(BenchError({"--payload=@/no/such/file", "ws://h/"}),
              HasSubstr("cannot read /no/such/file"));
  EXPECT_EQ(BenchError({"--duration=0", "ws://h/"}), "--duration: must be more than 0");
  EXPECT_EQ(BenchError({"--warm-up=inf", "ws://h/"}), "--warm-up and --ramp-up must end");
  EXPECT_EQ(BenchError({"--rounds=3", "ws://h/"}), "--rounds requires --compare");
  EXPECT_THAT(BenchError({"--compare=nonsense", "ws://h/"}), HasSubstr("--compare: "));
  EXPECT_EQ(BenchError({"--compare=ws://b/", "--pid=1", "ws://h/"}),
            "--pid and --compare exclude each other");
  EXPECT_EQ(BenchError({"--compare=ws://b/", "--duration=inf", "ws://h/"}),
            "--compare requires a --duration that ends");
  EXPECT_EQ(BenchError({"--fail-if=ratio<1", "ws://h/"}), "--fail-if=ratio<1 requires --compare");
  EXPECT_EQ(BenchError({"--fail-if=fast", "ws://h/"}),
            "--fail-if: \"fast\" is not a condition such as p99>20ms, rate<5000 or errors>0");
}

TEST(BenchOptionsTest, APayloadFromAFile) {
  const std::string text = absl::StrCat("--payload=@", WriteFile("text", "h\xc3\xa9llo\n"));
  const absl::StatusOr<BenchOptions> options = ParseBenchOptions({text, "ws://h/"});
  ASSERT_TRUE(options.ok()) << options.status();
  EXPECT_EQ(options->content, "h\xc3\xa9llo\n");
  EXPECT_EQ(options->payload, 7u);
  const std::string bytes = absl::StrCat("--payload=@", WriteFile("bytes", "\xff"));
  EXPECT_THAT(BenchError({bytes, "ws://h/"}), HasSubstr("not UTF-8"));
  EXPECT_TRUE(ParseBenchOptions({bytes, "--binary", "ws://h/"}).ok());
}

TEST(BenchOptionsTest, DescriptorsOfConnectionsAndThreads) {
  const auto needed = [](std::vector<absl::string_view> more) {
    std::vector<absl::string_view> words = {"ws://h/", "-c1000", "--concurrency=10"};
    words.insert(words.end(), more.begin(), more.end());
    return DescriptorsNeeded(*ParseBenchOptions(words));
  };
  EXPECT_EQ(needed({}), 1000u + 2 + 10 + 64);
  EXPECT_EQ(needed({"--threads=256"}), 1000u + 512 + 10 + 64);
  EXPECT_EQ(needed({"--threads=256", "--compare=ws://b/"}), 2000u + 1024 + 10 + 64);
  EXPECT_EQ(needed({"-c1", "--threads=256"}), 1u + 2 + 1 + 64);
}

TEST(BenchOptionsTest, TheHelpFitsATerminal) {
  for (const absl::string_view line : absl::StrSplit(HelpText(BenchCommandHelp()), '\n')) {
    EXPECT_LE(line.size(), 88u) << line;
  }
}

// ---- Conditions ----

bench::Histogram Times(std::vector<int> milliseconds) {
  bench::Histogram histogram;
  for (const int ms : milliseconds) histogram.Add(uint64_t{1000000} * ms);
  return histogram;
}

// The sentence, "no", or the error.
std::string Judge(absl::string_view text, const BenchFigures& figures) {
  const absl::StatusOr<Condition> condition = Condition::Parse(text);
  if (!condition.ok()) return std::string(condition.status().message());
  return condition->Holds(figures).value_or("no");
}

TEST(ConditionTest, Figures) {
  const BenchFigures figures = {.rate = 5000,
                                .errors = 2,
                                .round_trips = Times({1, 1, 1, 1, 1, 1, 1, 1, 1, 11}),
                                .ratio = 0.93};
  EXPECT_EQ(Judge("rate<5000", figures), "no");
  EXPECT_EQ(Judge("rate<=5000", figures), "rate<=5000: rate is 5,000");
  EXPECT_EQ(Judge("errors>0", figures), "errors>0: errors is 2");
  EXPECT_EQ(Judge("errors>=3", figures), "no");
  EXPECT_EQ(Judge(" ratio < 0.95 ", figures), " ratio < 0.95 : ratio is 0.930");
  EXPECT_EQ(Judge("p50>2ms", figures), "no");
  EXPECT_THAT(Judge("p90.5>2ms", figures), HasSubstr("p90.5 is 11.0 ms"));
  EXPECT_THAT(Judge("mean>=1.9ms", figures), HasSubstr("mean is 2.00 ms"));
  EXPECT_EQ(Judge("max>0.02s", figures), "no");
}

TEST(ConditionTest, PercentilesAreThoseOfTheReport) {
  BenchFigures figures;
  for (int i = 0; i < 999; ++i) figures.round_trips.Add(1000000);
  figures.round_trips.Add(1000000000);
  EXPECT_EQ(Judge("p99.9>20ms", figures), "no");
  EXPECT_EQ(Judge("p99.91>20ms", figures), "p99.91>20ms: p99.91 is 1.00 s");
  EXPECT_EQ(Judge("max>999.999ms", figures), "max>999.999ms: max is 1.00 s");
}

TEST(ConditionTest, WithoutRoundTripsATimeIsNotGood) {
  EXPECT_EQ(Judge("p99>20ms", {}), "p99>20ms: no round trip was measured");
  EXPECT_EQ(Judge("rate<1", {}), "rate<1: rate is 0");
}

TEST(ConditionTest, ErrorsNameThePart) {
  EXPECT_EQ(Judge("p99=20ms", {}),
            "\"p99=20ms\" is not a condition such as p99>20ms, rate<5000 or errors>0");
  EXPECT_THAT(Judge("p100>1s", {}), HasSubstr("\"p100\" is not rate, errors, ratio, mean, max"));
  EXPECT_THAT(Judge("p0>1s", {}), HasSubstr("\"p0\" is not"));
  EXPECT_THAT(Judge(">1s", {}), HasSubstr("\"\" is not rate"));
  EXPECT_EQ(Judge("p99>20", {}), "\"20\" is not a duration such as 20ms, to compare p99 with");
  EXPECT_EQ(Judge("rate>20ms", {}), "\"20ms\" is not a number, to compare rate with");
  EXPECT_EQ(Judge("errors>", {}), "\"\" is not a number, to compare errors with");
}

// ---- Figures ----

TEST(BenchFiguresTest, Numbers) {
  EXPECT_EQ(Grouped(0), "0");
  EXPECT_EQ(Grouped(999), "999");
  EXPECT_EQ(Grouped(1000), "1,000");
  EXPECT_EQ(Grouped(1234567), "1,234,567");
}

TEST(BenchFiguresTest, TimesHaveThreeDigits) {
  EXPECT_EQ(DescribeTime(0), "0.00 us");
  EXPECT_EQ(DescribeTime(52100), "52.1 us");
  EXPECT_EQ(DescribeTime(999400), "999 us");
  EXPECT_EQ(DescribeTime(999600), "1.00 ms");
  EXPECT_EQ(DescribeTime(24.1e6), "24.1 ms");
  EXPECT_EQ(DescribeTime(99.96e6), "100 ms");
  EXPECT_EQ(DescribeTime(3.05e9), "3.05 s");
}

TEST(BenchFiguresTest, BarsByOneTwoAndFive) {
  bench::Histogram histogram = Times({1, 1, 1, 1});
  histogram.Add(uint64_t{3} * 1000000);
  histogram.Add(uint64_t{17} * 1000000);
  EXPECT_EQ(Bars(histogram),
            "  up to   1 ms               4  ########################################\n"
            "  up to   2 ms               0\n"
            "  up to   5 ms               1  ##########\n"
            "  up to  10 ms               0\n"
            "  up to  20 ms               1  ##########\n");
  EXPECT_EQ(Bars(bench::Histogram()), "");
}

// ---- The report ----

bench::LoadResult Result(uint64_t messages, std::vector<int> milliseconds) {
  bench::LoadResult result;
  result.time = absl::Seconds(2);
  result.messages = messages;
  result.round_trips = Times(milliseconds);
  result.open_connections = 100;
  return result;
}

BenchOptions Parsed(std::vector<absl::string_view> words) { return *ParseBenchOptions(words); }

TEST(BenchReportTest, OneServer) {
  BenchSide side{.url = "ws://h/", .rounds = {Result(200000, {1, 1, 1, 2})}};
  side.rounds[0].failures.AddFailed(absl::AbortedError("Close frame 1013 \033"));
  side.rounds[0].open_connections = 99;
  side.rounds[0].server_cpu_seconds = 0.5;
  const std::string text = BenchText(Parsed({"ws://h/", "--payload=1000"}), {side});
  EXPECT_THAT(text, HasSubstr("ws://h/\n100 connections, messages of 1,000 bytes of text, 1 in "
                              "flight on each, as fast as possible\n"));
  EXPECT_THAT(text, HasSubstr("200,000  in 2.00 s\n"));
  EXPECT_THAT(text, HasSubstr("100,000  per second, 100.00 MB/s each way\n"));
  EXPECT_THAT(text, HasSubstr("400,000 messages for each second of it\n"));
  EXPECT_THAT(text, HasSubstr("1  closed by the server; first: Close frame 1013 \\x1b\n"));
  EXPECT_THAT(text, HasSubstr("\n    p99.9    2.00 ms\n"));
  EXPECT_THAT(text, HasSubstr("99 of 100 connections were open at the end"));
  EXPECT_THAT(text, Not(HasSubstr("due")));
}

TEST(BenchReportTest, AnOpenLoop) {
  BenchSide side{.url = "ws://h/", .rounds = {Result(1000, {1})}};
  side.rounds[0].load_cpu_seconds = 1.9;
  side.rounds[0].unanswered = 1;
  const std::string text = BenchText(Parsed({"ws://h/", "--rate=1000"}), {side});
  EXPECT_THAT(text, HasSubstr("1000 per second, at most 16 in flight on each\n"));
  EXPECT_THAT(text, HasSubstr("A round trip begins when its message is due"));
  EXPECT_THAT(text, HasSubstr("Only 50.0 % of the rate was reached"));
  EXPECT_THAT(text, HasSubstr("This program was busy all the time"));
  EXPECT_THAT(text, HasSubstr("\n  1 message had no echo, long after the end or when"));
}

TEST(BenchReportTest, ARateIsShownInFull) {
  const BenchSide side{.url = "ws://h/", .rounds = {Result(1000, {1})}};
  const BenchOptions options = Parsed({"ws://h/", "--rate=1234567"});
  EXPECT_THAT(BenchText(options, {side}), HasSubstr(" 1234567 per second, at most"));
  EXPECT_THAT(BenchJson(options, {side}, {}, false), HasSubstr(",\"rate\":1234567,"));
}

TEST(BenchReportTest, NothingMeasured) {
  BenchSide side{.url = "ws://h/", .rounds = {{}}};
  EXPECT_THAT(BenchText(Parsed({"ws://h/"}), {side}), HasSubstr("No round trip was measured."));
  EXPECT_THAT(BenchJson(Parsed({"ws://h/"}), {side}, {}, true),
              AllOf(HasSubstr("\"messages_per_second\":0.000"), HasSubstr("\"interrupted\":true")));
}

TEST(BenchReportTest, TwoServersSideBySide) {
  const BenchSide a{.url = "ws://a/",
                    .rounds = {Result(100, {2}), Result(200, {2}), Result(90, {4})}};
  const BenchSide b{.url = "ws://b/",
                    .rounds = {Result(100, {1}), Result(100, {1}), Result(100, {1})}};
  const std::optional<Ratio> ratio = RatioOf(a, b, RateOf);
  ASSERT_TRUE(ratio.has_value());
  EXPECT_DOUBLE_EQ(ratio->median, 1.0);
  EXPECT_DOUBLE_EQ(ratio->smallest, 0.9);
  EXPECT_DOUBLE_EQ(ratio->largest, 2.0);
  EXPECT_DOUBLE_EQ(*FiguresOf({a, b}).ratio, 1.0);
  EXPECT_DOUBLE_EQ(FiguresOf({a, b}).rate, 65);
  const BenchOptions options = Parsed({"ws://a/", "--compare=ws://b/"});
  const std::string text = BenchText(options, {a, b});
  EXPECT_THAT(text, HasSubstr("A  ws://a/\nB  ws://b/\n"));
  EXPECT_THAT(text, HasSubstr("3 rounds of 2.00 s each, alternating\n"));
  EXPECT_THAT(text, HasSubstr("  per second           65           50   1.000 (0.900 to 2.000)\n"));
  EXPECT_THAT(text, HasSubstr("  p50             2.02 ms      1.00 ms   2.000 (2.000 to 4.000)\n"));
  const std::string json = BenchJson(options, {a, b}, {"ratio<2"}, false);
  EXPECT_THAT(json, HasSubstr("\"compared_with\":{\"url\":\"ws://b/\""));
  EXPECT_THAT(json, HasSubstr("\"ratio\":1.0000,"));
  EXPECT_THAT(json, HasSubstr("\"failed_conditions\":[\"ratio<2\"],\"interrupted\":false}\n"));
}

// A comparison with a server that failed is worth nothing.
TEST(BenchReportTest, ConditionsJudgeTheErrorsOfBothServers) {
  const BenchSide good{.url = "ws://a/", .rounds = {Result(100, {1})}};
  BenchSide bad{.url = "ws://b/", .rounds = {Result(100, {1})}};
  bad.rounds[0].failures.AddFailed(absl::AbortedError("Close frame 1013"));
  EXPECT_EQ(Judge("errors>0", FiguresOf({good, good})), "no");
  EXPECT_EQ(Judge("errors>0", FiguresOf({good, bad})), "errors>0: errors is 1");
  EXPECT_EQ(Judge("errors>0", FiguresOf({bad, good})), "errors>0: errors is 1");
  EXPECT_EQ(Judge("errors>1", FiguresOf({bad, bad})), "errors>1: errors is 2");
  EXPECT_EQ(Judge("errors>0", FiguresOf({bad})), "errors>0: errors is 1");
}

TEST(BenchReportTest, RatiosOfAnEvenNumberAndOfNothing) {
  const BenchSide a{.url = "", .rounds = {Result(100, {}), Result(300, {})}};
  const BenchSide b{.url = "", .rounds = {Result(100, {}), Result(100, {})}};
  EXPECT_DOUBLE_EQ(RatioOf(a, b, RateOf)->median, 2);
  const BenchSide none{.url = "", .rounds = {Result(0, {})}};
  EXPECT_FALSE(RatioOf(a, none, RateOf).has_value());
  EXPECT_EQ(RatioOf(none, a, RateOf)->median, 0);
  // No condition on it passes.
  for (const absl::string_view condition : {"ratio<0.9", "ratio>1.1"}) {
    EXPECT_EQ(Judge(condition, FiguresOf({a, none})),
              absl::StrCat(condition, ": no ratio was measured"));
  }
  const BenchOptions options = Parsed({"ws://a/", "--compare=ws://b/"});
  EXPECT_THAT(BenchJson(options, {a, none}, {}, false),
              HasSubstr("\"ratio\":null,\"ratio_smallest\":null,\"ratio_largest\":null,"));
  EXPECT_THAT(BenchText(options, {a, none}), HasSubstr("   none: B has no figure\n"));
}

TEST(BenchReportTest, Progress) {
  bench::LoadProgress progress;
  progress.result.open_connections = 12;
  EXPECT_EQ(ProgressText(progress, absl::Seconds(10), 100),
            "opening: 12 of 100 connections, 0 errors");
  progress.phase = bench::LoadProgress::Phase::kMeasuring;
  progress.elapsed = absl::Seconds(2);
  progress.result = Result(3000, {1});
  EXPECT_EQ(ProgressText(progress, absl::Seconds(10), 100),
            "2 s of 10 s: 1,500 messages per second, p50 1.00 ms, p99 1.00 ms, 0 errors");
  EXPECT_THAT(ProgressText(progress, absl::InfiniteDuration(), 100), HasSubstr("2 s: 1,500 "));
}

}  // namespace
}  // namespace weft::cli
