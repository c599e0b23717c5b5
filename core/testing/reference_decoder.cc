#include "weft/core/testing/reference_decoder.h"

#include <cstddef>
#include <cstdint>

#include "absl/strings/str_cat.h"
#include "weft/core/testing/reference_inflater.h"

namespace weft::testing {
namespace {

// Numbered as in RFC 6455, section 5.2.
constexpr int kContinuation = 0, kText = 1, kClose = 8, kPing = 9;

std::string Control(int opcode, absl::string_view payload) {
  if (opcode != kClose) return absl::StrCat(opcode == kPing ? "ping " : "pong ", payload);
  if (payload.size() < 2) return "close 1005";
  const int code = static_cast<uint8_t>(payload[0]) * 256 + static_cast<uint8_t>(payload[1]);
  return absl::StrCat("close ", code, payload.size() > 2 ? " " : "", payload.substr(2));
}

}  // namespace

std::vector<std::string> ReferenceEvents(absl::string_view bytes,
                                         const std::optional<ReferenceDeflate>& deflate) {
  std::vector<std::string> events;
  std::optional<ReferenceInflater> inflater;
  if (deflate.has_value()) inflater.emplace(deflate->window_bits, deflate->takeover);
  std::string message;
  int message_opcode = 0;
  bool compressed = false;

  size_t at = 0;
  const auto next = [&] {
    return at < bytes.size() ? static_cast<uint8_t>(bytes[at++]) : (++at, 0);
  };
  while (at < bytes.size()) {
    const int first = next(), second = next();
    const int opcode = first & 15;
    uint64_t length = second & 127;
    if (length >= 126) {
      const int size = length == 126 ? 2 : 8;
      length = 0;
      for (int i = 0; i < size; ++i) length = length * 256 + next();
    }
    int key[4] = {0, 0, 0, 0};
    if ((second & 128) != 0) {
      for (int& byte : key) byte = next();
    }
    std::string payload;
    for (uint64_t i = 0; i < length && at <= bytes.size(); ++i) {
      payload.push_back(static_cast<char>(next() ^ key[i % 4]));
    }
    if (at > bytes.size()) return events.push_back("invalid"), events;

    if (opcode >= kClose) {
      events.push_back(Control(opcode, payload));
      if (opcode == kClose) return events;
      continue;
    }
    if (opcode != kContinuation) {
      message.clear();
      message_opcode = opcode;
      compressed = (first & 64) != 0;
    }
    message += payload;
    if ((first & 128) == 0) continue;
    std::optional<std::string> text = message;
    if (compressed) text = inflater.has_value() ? inflater->Inflate(message) : std::nullopt;
    if (!text.has_value()) return events.push_back("invalid"), events;
    events.push_back(absl::StrCat(message_opcode == kText ? "text " : "binary ", *text));
  }
  return events;
}

}  // namespace weft::testing
