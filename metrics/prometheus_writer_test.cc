#include "weft/metrics/prometheus_writer.h"

#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "weft/metrics/time_histogram.h"

namespace weft {
namespace {

using ::testing::HasSubstr;

// The text of a gauge's value.
std::string Formatted(double value) {
  PrometheusWriter out;
  out.Gauge("g", "G.", value);
  const std::string text = out.text();
  const size_t sample = text.rfind("\ng ");
  return text.substr(sample + 3, text.size() - sample - 4);
}

// Why a metric was refused.
std::string Refused(absl::string_view name, std::vector<PrometheusWriter::Label> labels = {}) {
  PrometheusWriter out;
  out.Gauge(name, "Help.", labels, 1);
  EXPECT_EQ(out.text(), "");
  return std::string(out.status().message());
}

TEST(PrometheusTest, CountersAndGauges) {
  PrometheusWriter out;
  out.Gauge("chat_rooms", "Rooms.", 2);
  out.Counter("chat_lines_total", "Lines, by room.", {{"room", "hall"}, {"kind", "text"}}, 7);
  EXPECT_TRUE(out.status().ok());
  EXPECT_EQ(out.text(),
            "# HELP chat_rooms Rooms.\n"
            "# TYPE chat_rooms gauge\n"
            "chat_rooms 2\n"
            "# HELP chat_lines_total Lines, by room.\n"
            "# TYPE chat_lines_total counter\n"
            "chat_lines_total{kind=\"text\",room=\"hall\"} 7\n");
}

// The format requires that a family stands together.
TEST(PrometheusTest, AFamilyMayComeInPieces) {
  PrometheusWriter out;
  out.Counter("lines_total", "Lines.", {{"room", "a"}}, 1);
  out.Gauge("rooms", "Rooms.", 2);
  out.Counter("lines_total", "Another help.", {{"room", "b"}}, 3);
  EXPECT_TRUE(out.status().ok());
  EXPECT_EQ(out.text(),
            "# HELP lines_total Lines.\n"
            "# TYPE lines_total counter\n"
            "lines_total{room=\"a\"} 1\n"
            "lines_total{room=\"b\"} 3\n"
            "# HELP rooms Rooms.\n"
            "# TYPE rooms gauge\n"
            "rooms 2\n");
}

// Two samples of one series are undefined in the format.
TEST(PrometheusTest, TheLastValueOfASeriesCounts) {
  PrometheusWriter out;
  out.Gauge("rooms", "Rooms.", 1);
  out.Gauge("rooms", "Rooms.", {{"a", "x"}, {"b", "y"}}, 2);
  out.Gauge("rooms", "Rooms.", 3);
  out.Gauge("rooms", "Rooms.", {{"b", "y"}, {"a", "x"}}, 4);
  TimeHistogram<uint64_t> histogram;
  out.Histogram("h", "H.", histogram);
  histogram.Add(1);
  out.Histogram("h", "H.", histogram);
  EXPECT_TRUE(out.status().ok());
  EXPECT_THAT(out.text(), HasSubstr("gauge\nrooms 3\nrooms{a=\"x\",b=\"y\"} 4\n# HELP h "));
  EXPECT_THAT(out.text(), HasSubstr("h_count 1\n"));
  EXPECT_FALSE(absl::StrContains(out.text(), "h_count 0\n"));
}

TEST(PrometheusTest, WhatAnybodyMaySayIsEscaped) {
  PrometheusWriter out;
  out.Gauge("rooms", "a \\ and\na line", {{"name", "say \"hi\" \\ and\nleave"}}, 3);
  EXPECT_EQ(out.text(),
            "# HELP rooms a \\\\ and\\na line\n"
            "# TYPE rooms gauge\n"
            "rooms{name=\"say \\\"hi\\\" \\\\ and\\nleave\"} 3\n");
}

// Prometheus refuses a page that is not UTF-8, with all its metrics.
TEST(PrometheusTest, WhatIsNotUtf8IsReplaced) {
  PrometheusWriter out;
  out.Gauge("rooms", "h\xFFlp", {{"name", "\xC3\xA4\xFF\xE2\x82\xF0\x9F\x98\x80\xED\xA0\x80\xE2"}},
            1);
  EXPECT_EQ(out.text(),
            "# HELP rooms h\uFFFDlp\n"
            "# TYPE rooms gauge\n"
            "rooms{name=\"\u00E4\uFFFD\uFFFD\uFFFD\U0001F600\uFFFD\uFFFD\uFFFD\uFFFD\"} 1\n");
}

TEST(PrometheusTest, Values) {
  EXPECT_EQ(Formatted(0), "0");
  EXPECT_EQ(Formatted(-0.0), "0");
  EXPECT_EQ(Formatted(-17), "-17");
  EXPECT_EQ(Formatted(1e6), "1000000");
  EXPECT_EQ(Formatted(0.1), "0.1");
  EXPECT_EQ(Formatted(-2.5), "-2.5");
  EXPECT_EQ(Formatted(uint64_t{1} << 53), "9007199254740992");
  EXPECT_EQ(Formatted(1e300), "1e+300");
  EXPECT_EQ(Formatted(std::numeric_limits<double>::infinity()), "+Inf");
  EXPECT_EQ(Formatted(-std::numeric_limits<double>::infinity()), "-Inf");
  EXPECT_EQ(Formatted(std::nan("")), "NaN");
  for (const double value : {1.0 / 3, 1e17 + 2, 5e-324, 1.7976931348623157e308}) {
    double read = 0;
    EXPECT_TRUE(absl::SimpleAtod(Formatted(value), &read));
    EXPECT_EQ(read, value);
  }
}

TEST(PrometheusTest, InvalidNamesOfMetricsAreRefused) {
  EXPECT_EQ(Refused("room-count"),
            "a metric has the name \"room-count\", expected letters, digits and '_', and no digit "
            "first");
  for (const absl::string_view name : {"", "2rooms", "a:b", "r\xC3\xA4ume", "a b", "a\n", "a{"}) {
    EXPECT_THAT(Refused(name), HasSubstr("expected letters, digits")) << name;
  }
  EXPECT_EQ(Refused("weft_rooms"),
            "a metric has the name \"weft_rooms\", but names that begin with \"weft_\" are for "
            "those of Weft");
  PrometheusWriter out;
  out.Gauge("weft", "Not reserved.", 1);
  out.Gauge("_Weft_rooms9", "Not reserved.", 1);
  EXPECT_TRUE(out.status().ok()) << out.status();
}

TEST(PrometheusTest, InvalidNamesOfLabelsAreRefused) {
  EXPECT_EQ(Refused("rooms", {{"a", ""}, {"b-c", ""}}),
            "the metric \"rooms\" has a label \"b-c\", expected letters, digits and '_', and "
            "neither a digit nor \"__\" first");
  for (const absl::string_view label : {"", "9", "__name__", "a\"", "a:b"}) {
    EXPECT_THAT(Refused("rooms", {{label, "x"}}), HasSubstr("expected letters, digits")) << label;
  }
  EXPECT_EQ(Refused("rooms", {{"a", "1"}, {"b", "2"}, {"a", "3"}}),
            "the metric \"rooms\" has the label \"a\" twice");
}

TEST(PrometheusTest, ANameHasOneType) {
  PrometheusWriter out;
  out.Counter("rooms", "Rooms.", 1);
  out.Gauge("rooms", "Rooms.", 2);
  EXPECT_EQ(out.status().message(), "the metric \"rooms\" is a counter, and cannot be a gauge");
  out.Gauge("others", "Others.", 3);
  EXPECT_EQ(out.status().message(), "the metric \"rooms\" is a counter, and cannot be a gauge");
  EXPECT_THAT(out.text(), HasSubstr("rooms 1\n# HELP others "));
}

TEST(PrometheusTest, AHistogramHasThreeNamesMore) {
  for (const absl::string_view suffix : {"_bucket", "_sum", "_count"}) {
    const std::string name = absl::StrCat("h", suffix);
    PrometheusWriter before, after;
    before.Gauge(name, "G.", 1);
    before.Histogram("h", "H.", {});
    after.Histogram("h", "H.", {});
    after.Gauge(name, "G.", 1);
    EXPECT_EQ(before.status().message(),
              absl::StrCat("the metric \"h\" and another one share a name that ends in ", suffix));
    EXPECT_EQ(after.status().message(),
              absl::StrCat("the metric \"", name, "\" and another one share a name that ends in ",
                           suffix));
  }
  PrometheusWriter out;
  out.Gauge("rooms", "R.", 1);
  out.Gauge("rooms_count", "R.", 1);
  EXPECT_TRUE(out.status().ok());
}

TEST(PrometheusTest, BucketsCountAllBelowTheirBound) {
  TimeHistogram<uint64_t> histogram;
  for (const int64_t ms : {1, 3, 3, 90000}) histogram.Add(ms);
  PrometheusWriter out;
  out.Histogram("h_seconds", "H.", histogram);
  EXPECT_THAT(out.text(), HasSubstr("# TYPE h_seconds histogram\n"
                                    "h_seconds_bucket{le=\"0.001\"} 1\n"
                                    "h_seconds_bucket{le=\"0.002\"} 1\n"
                                    "h_seconds_bucket{le=\"0.005\"} 3\n"));
  EXPECT_THAT(out.text(), HasSubstr("h_seconds_bucket{le=\"60.000\"} 3\n"
                                    "h_seconds_bucket{le=\"+Inf\"} 4\n"
                                    "h_seconds_sum 90.007\n"
                                    "h_seconds_count 4\n"));
}

TEST(PrometheusTest, NamesOfWeftAreReservedAgainAfterwards) {
  PrometheusWriter out;
  {
    const WeftNames names(&out);
    out.Gauge("weft_own", "Help.", 1);
  }
  EXPECT_TRUE(out.status().ok()) << out.status();
  out.Gauge("weft_mine", "Help.", 1);
  EXPECT_FALSE(out.status().ok());
}

TEST(PrometheusTest, ACounterMayHaveNoSeriesYet) {
  PrometheusWriter out;
  out.DeclareCounter("lines_total", "Lines.");
  EXPECT_EQ(out.text(), "# HELP lines_total Lines.\n# TYPE lines_total counter\n");
}

}  // namespace
}  // namespace weft
