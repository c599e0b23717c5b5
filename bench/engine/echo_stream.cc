#include "weft/bench/engine/echo_stream.h"

#include <algorithm>
#include <cstring>
#include <iterator>
#include <random>

#include "absl/strings/str_format.h"
#include "weft/core/frame/frame.h"
#include "weft/core/frame/mask.h"
#include "weft/core/frame/opcode.h"

namespace weft::bench {
namespace {

// Small enough for a core's own cache, large enough that an echo sent to the wrong connection or in
// the wrong order is detected. All messages over this size are the same one: reading several would
// load the memory, at the server's expense.
constexpr size_t kCycleBytes = 256 * 1024;
constexpr size_t kMinCycle = 1;
constexpr size_t kMaxCycle = 64;

struct Script {
  char32_t first;
  char32_t last;
};

constexpr Script kScripts[] = {
    {U'a', U'z'},    // Latin
    {U'à', U'ö'},    // Latin with accents
    {U'α', U'ρ'},    // Greek
    {U'а', U'я'},    // Cyrillic
    {U'अ', U'ह'},    // Devanagari
    {U'ぁ', U'ゖ'},  // Hiragana
    {U'一', U'龥'},  // Han
    {U'가', U'힣'},  // Hangul
    {U'😀', U'🙏'},    // emoji
};

// Appends the UTF-8 of `c`, or nothing if it takes more than `room` bytes.
bool AppendUtf8(char32_t c, size_t room, std::string* out) {
  const size_t size = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
  if (size > room) return false;
  if (size == 1) {
    *out += static_cast<char>(c);
    return true;
  }
  constexpr int kLead[] = {0xC0, 0xE0, 0xF0};
  *out += static_cast<char>(kLead[size - 2] | c >> 6 * (size - 1));
  for (size_t i = size - 1; i > 0; --i) *out += static_cast<char>(0x80 | (c >> 6 * (i - 1) & 0x3F));
  return true;
}

std::string MixedText(size_t size, std::mt19937& random) {
  std::string text;
  text.reserve(size);
  while (text.size() < size) {
    const Script& script = kScripts[random() % std::size(kScripts)];
    for (size_t left = 3 + random() % 6; left > 0; --left) {
      const char32_t c = script.first + random() % (script.last - script.first + 1);
      if (!AppendUtf8(c, size - text.size(), &text)) break;
    }
    if (text.size() < size) text += ' ';
  }
  return text;
}

}  // namespace

std::string MakePayload(PayloadKind kind, size_t size, uint32_t seed) {
  std::mt19937 random(seed);
  if (kind == PayloadKind::kMixedText) return MixedText(size, random);
  std::string payload(size, '\0');
  for (char& c : payload) {
    c = static_cast<char>(kind == PayloadKind::kText ? ' ' + random() % 95 : random());
  }
  return payload;
}

size_t EchoStream::CycleOf(size_t payload) {
  return std::clamp(kCycleBytes / (payload + 1), kMinCycle, kMaxCycle);
}

EchoStream::EchoStream(const EchoStreamOptions& options)
    : payload_(options.content.has_value() ? options.content->size() : options.payload),
      raw_(options.raw),
      opcode_(options.kind == PayloadKind::kBinary ? Opcode::kBinary : Opcode::kText),
      cycle_(CycleOf(payload_)) {
  std::mt19937 random(6455);
  FrameHeader header;
  header.opcode = opcode_;
  header.payload_length = payload_;
  char bytes[kMaxFrameHeaderSize];
  for (size_t i = 0; i < cycle_; ++i) {
    std::string payload = options.content.has_value()
                              ? *options.content
                              : MakePayload(options.kind, payload_, random());
    header.masked = false;
    if (!options.raw) echo_.append(bytes, EncodeFrameHeader(header, bytes)).append(payload);
    header.masked = true;
    for (uint8_t& byte : header.masking_key) byte = static_cast<uint8_t>(random());
    sent_.append(bytes, EncodeFrameHeader(header, bytes));
    Mask(absl::MakeSpan(payload), header.masking_key);
    sent_ += payload;
  }
  if (options.raw) echo_ = sent_;
  sent_size_ = sent_.size() / cycle_;
  echo_size_ = echo_.size() / cycle_;
  sent_.reserve(sent_.size() + (options.depth - 1) * sent_size_);
  for (size_t i = 0; i + 1 < options.depth; ++i) sent_.append(sent_, i * sent_size_, sent_size_);
}

absl::string_view EchoStream::Sent(uint64_t offset, size_t size) const {
  return absl::string_view(sent_).substr(offset % (cycle_ * sent_size_), size);
}

size_t EchoStream::Mismatch(uint64_t offset, absl::string_view received) const {
  size_t at = offset % echo_.size();
  for (size_t done = 0; done < received.size(); at = 0) {
    const size_t size = std::min(received.size() - done, echo_.size() - at);
    const char* got = received.data() + done;
    const char* want = echo_.data() + at;
    if (std::memcmp(got, want, size) != 0) {
      return done + (std::mismatch(got, got + size, want).first - got);
    }
    done += size;
  }
  return absl::string_view::npos;
}

std::string EchoStream::Describe(uint64_t offset, absl::string_view received, size_t index) const {
  const uint64_t at = offset + index;
  return absl::StrFormat("byte %d of an echo of %d bytes is 0x%02x and must be 0x%02x",
                         at % echo_size_, echo_size_, static_cast<uint8_t>(received[index]),
                         static_cast<uint8_t>(echo_[at % echo_.size()]));
}

}  // namespace weft::bench
