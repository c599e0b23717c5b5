#include "examples/inspect/tap_entry.h"

#include <cstddef>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "examples/inspect/fields.h"
#include "examples/inspect/json.h"
#include "weft/core/frame/close_payload.h"
#include "weft/core/frame/opcode.h"

namespace examples {
namespace {

using nlohmann::json;
using weft::Opcode;

// Of a payload, in one line of the list: bytes of text, and bytes in hex.
constexpr size_t kStartOfText = 100;
constexpr size_t kStartOfBytes = 24;

std::string StartOf(const SeenFrame& frame) {
  const absl::string_view content = frame.content;
  if (frame.header.opcode == Opcode::kClose && content.size() >= 2) {
    const auto [code, reason] = weft::DecodeClosePayload(content);
    return absl::StrCat(static_cast<int>(code), " ", reason);
  }
  if (frame.message == Opcode::kText) return std::string(content.substr(0, kStartOfText));
  return SpacedHex(content.substr(0, kStartOfBytes));
}

std::string ProblemOf(const TapEntry& entry) {
  if (!entry.frame.violation.has_value()) return entry.problem;
  const weft::Violation& violation = *entry.frame.violation;
  return absl::StrCat(violation.rule, " (RFC ", violation.rfc, ", section ", violation.section,
                      ")");
}

const char* KindName(TapEntry::Kind kind) {
  switch (kind) {
    case TapEntry::Kind::kNote:
      return "note";
    case TapEntry::Kind::kHead:
      return "head";
    case TapEntry::Kind::kFrame:
      return "frame";
  }
  return "";
}

}  // namespace

json SummaryJson(const TapEntry& entry) {
  json object = {{"id", entry.id},
                 {"connection", entry.connection},
                 {"seconds", absl::ToDoubleSeconds(entry.since_open)},
                 {"sender", RoleName(entry.sender)},
                 {"kind", KindName(entry.kind)},
                 {"text", entry.text},
                 {"problem", ProblemOf(entry)}};
  if (entry.kind == TapEntry::Kind::kHead && !entry.lines.empty()) {
    object["start"] = entry.lines[0].text;
  }
  if (entry.kind != TapEntry::Kind::kFrame) return object;
  const SeenFrame& frame = entry.frame;
  object.update({{"name", std::string(weft::OpcodeName(frame.header.opcode))},
                 {"fin", frame.header.fin},
                 {"compressed", frame.compressed},
                 {"payloadBytes", frame.payload_bytes},
                 {"lengthBytes", frame.header.payload_length},
                 {"start", StartOf(frame)}});
  return object;
}

json DetailJson(const TapEntry& entry) {
  json object = SummaryJson(entry);
  if (entry.kind == TapEntry::Kind::kFrame) object["frame"] = FrameJson(entry.frame, entry.deflate);
  if (entry.kind == TapEntry::Kind::kHead) object["lines"] = LinesJson(entry.lines);
  return object;
}

}  // namespace examples
