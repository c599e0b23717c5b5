// Arbitrary bytes as a report of subscribers: each that is accepted has exactly these bytes as its
// encoding, and errors are readable.

#include <cstddef>
#include <cstdint>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "weft/cluster/subscriber_report.h"
#include "weft/core/testing/require.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using weft::testing::Require;
  const absl::string_view input(reinterpret_cast<const char*>(data), size);
  const absl::StatusOr<weft::SubscriberReport> report = weft::SubscriberReport::Parse(input);
  if (!report.ok()) {
    weft::testing::RequireReadable(report.status().message());
    return 0;
  }
  Require(report->ToBytes() == input, "a report has one encoding");
  return 0;
}
