#include "examples/inspect/answers.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "examples/inspect/compose.h"
#include "examples/inspect/frame_reader.h"
#include "examples/inspect/handshake.h"
#include "examples/inspect/json.h"
#include "nlohmann/json.hpp"
#include "weft/core/deflate/permessage_deflate.h"
#include "weft/core/frame/close_code.h"
#include "weft/core/frame/frame.h"
#include "weft/core/frame/frame_rules.h"
#include "weft/core/frame/opcode.h"
#include "weft/core/http/quote.h"

namespace examples {
namespace {

using nlohmann::json;
using weft::Opcode;
using weft::Role;

// Members of a question. A missing member, or one of another type, has the default.
std::string String(const json& question, const char* name) {
  const auto found = question.find(name);
  return found != question.end() && found->is_string() ? found->get<std::string>() : "";
}

int64_t Number(const json& question, const char* name, int64_t otherwise) {
  const auto found = question.find(name);
  return found != question.end() && found->is_number_integer() ? found->get<int64_t>() : otherwise;
}

bool Flag(const json& question, const char* name, bool otherwise) {
  const auto found = question.find(name);
  return found != question.end() && found->is_boolean() ? found->get<bool>() : otherwise;
}

Role Sender(const json& question) {
  return String(question, "sender") == "server" ? Role::kServer : Role::kClient;
}

Role Other(Role role) { return role == Role::kClient ? Role::kServer : Role::kClient; }

absl::StatusOr<Opcode> OpcodeNamed(absl::string_view name) {
  for (const Opcode opcode :
       {Opcode::kText, Opcode::kBinary, Opcode::kPing, Opcode::kPong, Opcode::kClose}) {
    if (weft::OpcodeName(opcode) == name) return opcode;
  }
  return absl::InvalidArgumentError(
      absl::StrCat("cannot compose ", weft::Quote(name), ": unknown opcode"));
}

absl::StatusOr<weft::MaskingKey> KeyFrom(absl::string_view hex) {
  const absl::StatusOr<std::string> bytes = ParseHex(hex);
  if (!bytes.ok()) return bytes.status();
  weft::MaskingKey key;
  if (bytes->size() != key.size()) {
    return absl::InvalidArgumentError(
        absl::StrCat("a masking key has 4 bytes, not ", bytes->size()));
  }
  std::copy(bytes->begin(), bytes->end(), key.begin());
  return key;
}

// Bytes as their receiver sees them.
json Decoded(absl::string_view bytes, Role sender,
             const std::optional<weft::DeflateAgreement>& agreement) {
  FrameReader reader(Other(sender));
  if (agreement.has_value()) reader.UseDeflate(*agreement);
  json frames = json::array();
  size_t more = 0;
  const auto add = [&](const SeenFrame& frame) {
    if (frames.size() == kMaxFrames) {
      ++more;
      return;
    }
    frames.push_back(FrameJson(frame, agreement.has_value()));
  };
  reader.Read(bytes, add);
  if (const std::optional<SeenFrame> unfinished = reader.Unfinished()) add(*unfinished);
  return {{"sender", RoleName(sender)},  {"deflate", agreement.has_value()},
          {"bytes", bytes.size()},       {"hex", absl::BytesToHexString(bytes)},
          {"frames", std::move(frames)}, {"moreFrames", more}};
}

absl::StatusOr<json> AnswerCompose(const json& question) {
  Composition composition = {
      .payload = String(question, "text"),
      .close_code = static_cast<weft::CloseCode>(
          std::clamp<int64_t>(Number(question, "code", 1000), 0, 65535)),
      .sender = Sender(question),
      .fragment_bytes = static_cast<size_t>(std::max<int64_t>(0, Number(question, "fragment", 0))),
      .compress = Flag(question, "compress", false),
      .takeover = Flag(question, "takeover", true),
      .times = static_cast<int>(std::clamp<int64_t>(Number(question, "times", 1), 0, INT32_MAX)),
  };
  const absl::StatusOr<Opcode> opcode = OpcodeNamed(String(question, "opcode"));
  if (!opcode.ok()) return opcode.status();
  composition.opcode = *opcode;
  if (const std::string hex = String(question, "key"); !hex.empty()) {
    const absl::StatusOr<weft::MaskingKey> key = KeyFrom(hex);
    if (!key.ok()) return key.status();
    composition.masking_key = *key;
  }
  const absl::StatusOr<std::string> bytes = Compose(composition);
  if (!bytes.ok()) return bytes.status();
  std::optional<weft::DeflateAgreement> agreement;
  if (composition.compress) agreement = AgreementFor(composition);
  return Decoded(*bytes, composition.sender, agreement);
}

absl::StatusOr<json> AnswerDecode(const json& question) {
  const absl::StatusOr<std::string> bytes = ParseHex(String(question, "hex"));
  if (!bytes.ok()) return bytes.status();
  std::optional<weft::DeflateAgreement> agreement;
  if (Flag(question, "deflate", false)) agreement.emplace();
  return Decoded(*bytes, Sender(question), agreement);
}

absl::StatusOr<json> AnswerEntry(const json& question, const TapLog* tap) {
  if (tap == nullptr) return absl::FailedPreconditionError("there is no tap");
  const std::optional<TapEntry> entry = tap->Find(Number(question, "id", 0));
  if (entry.has_value()) return DetailJson(*entry);
  return absl::NotFoundError(
      absl::StrCat("the entry was removed: only the last ", TapLog::kKept, " are kept"));
}

absl::StatusOr<json> Answer(const json& question, const std::string& type,
                            const weft::CompressionOptions& compression, const TapLog* tap) {
  if (type == "compose") return AnswerCompose(question);
  if (type == "decode") return AnswerDecode(question);
  if (type == "entry") return AnswerEntry(question, tap);
  if (type == "handshake") {
    return HandshakeJson(ReadHandshake(String(question, "request"), compression));
  }
  return absl::InvalidArgumentError(absl::StrCat("unknown question ", weft::Quote(type), ""));
}

}  // namespace

std::string AnswerTo(absl::string_view question, const weft::CompressionOptions& compression,
                     const TapLog* tap) {
  const json parsed = json::parse(question.begin(), question.end(), nullptr, false);
  const std::string type = parsed.is_object() ? String(parsed, "type") : "";
  absl::StatusOr<json> answer =
      parsed.is_object() ? Answer(parsed, type, compression, tap)
                         : absl::InvalidArgumentError("the question is not a JSON object");
  if (answer.ok()) {
    (*answer)["type"] = answer->contains("frames") ? "frames" : type;
    return TextOf(*answer);
  }
  return TextOf({{"type", "error"}, {"about", type}, {"text", answer.status().message()}});
}

}  // namespace examples
