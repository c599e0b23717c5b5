#include "examples/compression_flag.h"

#include <cstdint>
#include <string>

#include "absl/flags/flag.h"
#include "absl/strings/string_view.h"

enum class Compression { kOn, kOff, kNoTakeover };

bool AbslParseFlag(absl::string_view text, Compression* compression, std::string* error) {
  *error = "expected on, off or no_takeover";
  if (text == "on") *compression = Compression::kOn;
  if (text == "off") *compression = Compression::kOff;
  if (text == "no_takeover") *compression = Compression::kNoTakeover;
  return text == "on" || text == "off" || text == "no_takeover";
}

std::string AbslUnparseFlag(Compression compression) {
  switch (compression) {
    case Compression::kOn:
      return "on";
    case Compression::kOff:
      return "off";
    case Compression::kNoTakeover:
      break;
  }
  return "no_takeover";
}

ABSL_FLAG(
    Compression, compression, Compression::kOn,
    "permessage-deflate: on, if the peer supports it; off; or no_takeover: on, without memory of "
    "earlier messages");
ABSL_FLAG(uint64_t, min_compressed_bytes, weft::CompressionOptions().min_bytes,
          "messages of fewer bytes are sent uncompressed");

namespace examples {

weft::CompressionOptions CompressionFromFlag() {
  const Compression compression = absl::GetFlag(FLAGS_compression);
  const bool takeover = compression != Compression::kNoTakeover;
  return {
      .use = compression == Compression::kOff ? weft::CompressionOptions::Use::kOff
                                              : weft::CompressionOptions::Use::kOn,
      .send_takeover = takeover,
      .receive_takeover = takeover,
      .min_bytes = absl::GetFlag(FLAGS_min_compressed_bytes),
  };
}

}  // namespace examples
