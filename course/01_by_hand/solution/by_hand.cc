#include "course/01_by_hand/by_hand.h"

#include <cstdint>

#include "absl/strings/str_cat.h"

namespace course {
namespace {

// The value of a hex digit, -1 for any other character.
int Digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// A char may be negative: 0x81 is -127. All arithmetic is done with this value of 0 to 255.
uint8_t Byte(absl::string_view bytes, size_t at) { return static_cast<uint8_t>(bytes[at]); }

std::string Quoted(absl::string_view text) { return absl::StrCat("\"", text, "\""); }

std::string DescribePayload(uint8_t opcode, absl::string_view payload) {
  switch (opcode) {
    case 0x0:
      return absl::StrCat("continuation ", Quoted(payload));
    case 0x1:
      return absl::StrCat("text ", Quoted(payload));
    case 0x2:
      return absl::StrCat("binary, ", payload.size(), " bytes");
    case 0x8: {
      if (payload.size() < 2) return "close without a code";
      const int code = Byte(payload, 0) * 256 + Byte(payload, 1);
      return absl::StrCat("close ", code, " ", Quoted(payload.substr(2)));
    }
    case 0x9:
      return absl::StrCat("ping ", Quoted(payload));
    case 0xA:
      return absl::StrCat("pong ", Quoted(payload));
    default:
      return absl::StrCat("reserved opcode ", opcode);
  }
}

}  // namespace

std::string BytesFromDump(absl::string_view dump) {
  std::string bytes;
  int high = -1;  // the first digit of a byte whose second one has not been read
  for (const char c : dump) {
    const int digit = Digit(c);
    if (digit < 0) continue;
    if (high < 0) {
      high = digit;
    } else {
      bytes.push_back(static_cast<char>(high * 16 + digit));
      high = -1;
    }
  }
  return bytes;
}

size_t FrameSize(absl::string_view bytes) {
  if (bytes.size() < 2) return 0;
  const size_t size = 2 + (Byte(bytes, 1) & 0x7F);
  return bytes.size() < size ? 0 : size;
}

std::string DescribeFrame(absl::string_view frame) {
  const bool fin = (Byte(frame, 0) & 0x80) != 0;
  const uint8_t opcode = Byte(frame, 0) & 0x0F;
  return absl::StrCat(DescribePayload(opcode, frame.substr(2)),
                      fin ? "" : ", not the last frame of its message");
}

std::vector<std::string> DescribeFrames(absl::string_view bytes) {
  std::vector<std::string> frames;
  while (const size_t size = FrameSize(bytes)) {
    frames.push_back(DescribeFrame(bytes.substr(0, size)));
    bytes.remove_prefix(size);
  }
  return frames;
}

}  // namespace course
