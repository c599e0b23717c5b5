#include "weft/core/testing/frames.h"

#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "weft/core/frame/mask.h"

namespace weft::testing {
namespace {

std::string DescribeClose(absl::string_view payload) {
  if (payload.size() < 2) return absl::StrCat("(", payload.size(), " bytes)");
  const int code = static_cast<uint8_t>(payload[0]) << 8 | static_cast<uint8_t>(payload[1]);
  return absl::StrCat(code, payload.size() > 2 ? " " : "", payload.substr(2));
}

}  // namespace

std::string Frame(FrameHeader header, absl::string_view payload) {
  header.payload_length = payload.size();
  char bytes[kMaxFrameHeaderSize];
  std::string frame(bytes, EncodeFrameHeader(header, bytes));
  const size_t begin = frame.size();
  frame.append(payload.data(), payload.size());
  if (header.masked) Mask(absl::MakeSpan(frame).subspan(begin), header.masking_key);
  return frame;
}

std::string ClientFrame(Opcode opcode, absl::string_view payload, bool fin) {
  return Frame({.fin = fin, .opcode = opcode, .masked = true, .masking_key = kTestKey}, payload);
}

std::string ServerFrame(Opcode opcode, absl::string_view payload, bool fin) {
  return Frame({.fin = fin, .opcode = opcode}, payload);
}

std::string ClosePayload(CloseCode code, absl::string_view reason) {
  const int value = static_cast<int>(code);
  return absl::StrCat(std::string{static_cast<char>(value >> 8), static_cast<char>(value & 0xFF)},
                      reason);
}

std::vector<std::string> DescribeFrames(absl::string_view bytes) {
  std::vector<std::string> frames;
  FrameHeader header;
  while (const size_t size = DecodeFrameHeader(bytes, &header)) {
    bytes.remove_prefix(size);
    if (header.payload_length > bytes.size()) return frames.push_back("incomplete"), frames;
    std::string payload(bytes.substr(0, header.payload_length));
    if (header.masked) Mask(absl::MakeSpan(payload), header.masking_key);
    bytes.remove_prefix(payload.size());
    frames.push_back(
        absl::StrCat(header.fin ? "fin " : "", header.masked ? "masked " : "",
                     header.rsv == kRsv1 ? "compressed " : "", OpcodeName(header.opcode), " ",
                     header.opcode == Opcode::kClose ? DescribeClose(payload) : payload));
  }
  if (!bytes.empty()) frames.push_back("incomplete");
  return frames;
}

}  // namespace weft::testing
