#include "examples/inspect/json.h"

#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "examples/inspect/fields.h"
#include "weft/core/frame/close_code.h"
#include "weft/core/frame/frame.h"
#include "weft/core/frame/opcode.h"
#include "weft/core/http/hex.h"
#include "weft/core/http/quote.h"

namespace examples {
namespace {

using nlohmann::json;
using weft::Opcode;

std::string Hex(absl::string_view bytes) { return absl::BytesToHexString(bytes); }

json FieldsJson(const SeenFrame& frame, bool deflate) {
  json fields = json::array();
  for (const Field& field : FieldsOf(frame, deflate)) {
    fields.push_back({{"name", field.name},
                      {"firstBit", field.first_bit},
                      {"bits", field.bits},
                      {"value", field.value},
                      {"meaning", field.meaning},
                      {"rfc", field.rfc},
                      {"section", field.section}});
  }
  return fields;
}

json ViolationJson(const weft::Violation& violation, const std::string& seen) {
  return {{"rfc", violation.rfc},
          {"section", violation.section},
          {"rule", violation.rule},
          {"seen", seen},
          {"code", static_cast<int>(violation.code)},
          {"codeName", std::string(weft::CloseCodeName(violation.code))}};
}

// A readable form of it, or null.
json ReadableText(const SeenFrame& frame) {
  if (frame.header.opcode == Opcode::kClose)
    return frame.content.substr(frame.content.size() < 2 ? 0 : 2);
  if (frame.message == Opcode::kText) return frame.content;
  return nullptr;
}

}  // namespace

json FrameJson(const SeenFrame& frame, bool deflate) {
  const weft::FrameHeader& header = frame.header;
  json object = {{"position", frame.position},   {"head", Hex(frame.head)},
                 {"wire", Hex(frame.wire)},      {"payloadBytes", frame.payload_bytes},
                 {"complete", frame.complete()}, {"fields", FieldsJson(frame, deflate)},
                 {"violation", nullptr}};
  if (!frame.head_complete) return object;
  object.update({{"name", std::string(weft::OpcodeName(header.opcode))},
                 {"fin", header.fin},
                 {"missingBytes", absl::StrCat(header.payload_length - frame.payload_bytes)},
                 {"masked", header.masked},
                 {"plain", Hex(frame.plain)},
                 {"compressed", frame.compressed},
                 {"content", Hex(frame.content)},
                 {"contentBytes", frame.content_bytes},
                 {"text", ReadableText(frame)}});
  if (header.masked) {
    const char* key = reinterpret_cast<const char*>(header.masking_key.data());
    object["key"] = Hex({key, header.masking_key.size()});
  }
  if (frame.violation.has_value()) {
    object["violation"] = ViolationJson(*frame.violation, frame.seen);
  }
  return object;
}

json LinesJson(const std::vector<HeadLine>& lines) {
  json array = json::array();
  for (const HeadLine& line : lines) {
    array.push_back({{"text", line.text}, {"meaning", line.meaning}, {"section", line.section}});
  }
  return array;
}

json StepsJson(const AcceptSteps& steps) {
  if (steps.key.empty()) return nullptr;
  return {{"key", steps.key},
          {"joined", steps.joined},
          {"digest", steps.digest},
          {"accept", steps.accept}};
}

json HandshakeJson(const HandshakeLines& handshake) {
  return {{"request", LinesJson(handshake.request)},
          {"response", LinesJson(handshake.response)},
          {"error", handshake.error},
          {"steps", StepsJson(handshake.steps)}};
}

const char* RoleName(weft::Role role) { return role == weft::Role::kClient ? "client" : "server"; }

std::string TextOf(const json& object) {
  return object.dump(-1, ' ', false, json::error_handler_t::replace);
}

absl::StatusOr<std::string> ParseHex(absl::string_view text) {
  std::string digits;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '0' && i + 1 < text.size() && (text[i + 1] | 0x20) == 'x') {
      ++i;
    } else if (absl::ascii_isxdigit(c)) {
      digits.push_back(c);
    } else if (!absl::ascii_isspace(c) && c != ',' && c != ':') {
      return absl::InvalidArgumentError(absl::StrCat(
          "character ", i + 1, ", ", weft::Quote(text.substr(i, 1)), ", is not a hex digit"));
    }
  }
  std::optional<std::string> bytes = weft::HexToBytes(digits);
  if (!bytes) {
    return absl::InvalidArgumentError("a byte has two hex digits, but the last one has only one");
  }
  return *std::move(bytes);
}

}  // namespace examples
