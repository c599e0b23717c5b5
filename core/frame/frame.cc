#include "weft/core/frame/frame.h"

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

namespace weft {

std::string DebugString(const FrameHeader& header) {
  std::string text = absl::StrCat(header.fin ? "fin " : "", (header.rsv & kRsv1) ? "rsv1 " : "",
                                  (header.rsv & kRsv2) ? "rsv2 " : "",
                                  (header.rsv & kRsv3) ? "rsv3 " : "", OpcodeName(header.opcode));
  if (!IsDefined(header.opcode)) absl::StrAppend(&text, " ", static_cast<int>(header.opcode));
  absl::StrAppend(&text, header.masked ? " masked" : "", " length=", header.payload_length,
                  header.minimal_length ? "" : " (not in its shortest form)");
  if (header.masked) {
    const char* key = reinterpret_cast<const char*>(header.masking_key.data());
    absl::StrAppend(&text, " key=", absl::BytesToHexString(absl::string_view(key, 4)));
  }
  return text;
}

}  // namespace weft
