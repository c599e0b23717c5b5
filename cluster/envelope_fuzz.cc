// Arbitrary bytes as an envelope: each that is accepted has exactly these bytes as its encoding,
// and errors are readable.

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "weft/cluster/envelope.h"
#include "weft/core/testing/require.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using weft::testing::Require;
  const absl::string_view input(reinterpret_cast<const char*>(data), size);
  const absl::StatusOr<weft::TopicMessage> message = weft::ParseEnvelope(input);
  if (!message.ok()) {
    weft::testing::RequireReadable(message.status().message());
    const bool is_newer =
        size > 0 && (data[0] != weft::kEnvelopeVersion || (size >= 10 && data[1] > 15));
    Require(absl::IsUnimplemented(message.status()) == is_newer,
            "a newer version is distinguished from bytes that are no envelope");
    return 0;
  }
  std::string bytes;
  Require(weft::AppendEnvelope(*message, &bytes).ok(), "a message that was read can be written");
  Require(bytes == input, "a message has one encoding");
  return 0;
}
