#include "tools/weft/check/report.h"

#include <algorithm>
#include <iterator>

#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "tools/weft/write_all.h"
#include "weft/core/http/http.h"
#include "weft/core/http/quote.h"

namespace weft::cli {
namespace {

// Headers that servers, proxies, caches and networks for delivery add.
constexpr absl::string_view kTraces[] = {
    "server",       "via",          "x-cache",
    "x-served-by",  "x-varnish",    "cf-ray",
    "x-amz-cf-id",  "x-azure-ref",  "x-envoy-upstream-service-time",
    "x-powered-by", "forwarded-by", "proxy-status"};

}  // namespace

void Report::Line(Mark mark, absl::string_view step, absl::string_view text,
                  std::optional<absl::Duration> time) {
  std::string word = mark == Mark::kOk ? "ok  " : mark == Mark::kNote ? "note" : "FAIL";
  if (mark == Mark::kFail) word = style_.Error(word);
  std::string line = absl::StrCat(word, "  ", absl::StrFormat("%-12s", step), " ", Escape(text));
  if (time.has_value()) {
    absl::StrAppend(&line, style_.Dim(absl::StrCat("  (", DescribeRoundTrip(*time), ")")));
  }
  Write(line);
}

void Report::Advice(absl::string_view text) { Write(absl::StrCat("      -> ", Escape(text))); }

void Report::Write(absl::string_view line) {
  if (status_.ok()) status_ = WriteAll(out_, line, "\n");
}

std::vector<std::string> TracesOf(absl::string_view head) {
  std::vector<std::string> traces;
  const absl::StatusOr<HttpResponse> response = ParseHttpResponse(head);
  if (!response.ok()) return traces;
  for (const HttpHeader& header : response->headers) {
    const std::string name = absl::AsciiStrToLower(header.name);
    if (std::find(std::begin(kTraces), std::end(kTraces), name) == std::end(kTraces)) continue;
    traces.push_back(absl::StrCat(header.name, ": ", header.value));
  }
  return traces;
}

}  // namespace weft::cli
