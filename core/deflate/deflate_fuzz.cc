// Arbitrary bytes as compressed messages, which must give the same result however they are cut; and
// arbitrary bytes as text, which must survive a round trip.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "weft/core/deflate/deflate.h"
#include "weft/core/testing/require.h"

namespace weft {
namespace {

using testing::Require;

// The maximum inflated size, so that a fuzzer does not spend its time on zeros.
constexpr size_t kLimit = 1 << 20;

// Cuts `data` into messages: each begins with a byte that is its length.
std::vector<std::string> Messages(absl::string_view data) {
  std::vector<std::string> messages;
  while (!data.empty()) {
    const size_t size = std::min<size_t>(static_cast<uint8_t>(data[0]), data.size() - 1);
    messages.emplace_back(data.substr(1, size));
    data.remove_prefix(1 + size);
  }
  return messages;
}

// All texts, joined, up to the first corrupt message.
std::string Inflate(const std::vector<std::string>& messages, int window_bits, size_t part,
                    size_t room, bool* corrupt) {
  Inflater inflater(window_bits);
  std::string text;
  std::vector<char> out(room);
  *corrupt = false;
  for (absl::string_view message : messages) {
    Inflater::Result result = Inflater::Result::kDone;
    do {
      absl::string_view in = message.substr(0, part);
      message.remove_prefix(in.size());
      do {
        absl::Span<char> left = absl::MakeSpan(out);
        result = inflater.Inflate(&in, &left, message.empty());
        if (result == Inflater::Result::kCorrupt) {
          Require(*inflater.error() != '\0', "an error has a message");
          *corrupt = true;
          return text;
        }
        text.append(out.data(), room - left.size());
        if (text.size() > kLimit) return text.substr(0, kLimit);
      } while (result == Inflater::Result::kOutputFull);
      Require(in.empty(), "all input of a finished message was consumed");
    } while (!message.empty());
  }
  return text;
}

void CheckInflate(const std::vector<std::string>& messages, int window_bits) {
  bool corrupt, corrupt_in_parts;
  const std::string whole = Inflate(messages, window_bits, SIZE_MAX, 1 << 16, &corrupt);
  const std::string parts = Inflate(messages, window_bits, 3, 17, &corrupt_in_parts);
  Require(corrupt <= corrupt_in_parts, "whole messages are corrupt no earlier than cut ones");
  // Bytes beyond a smaller window can still be available.
  Require(corrupt == corrupt_in_parts || window_bits < 15, "... and no later");
  // For a corrupt message, the amount written before the error may differ.
  Require(corrupt_in_parts || whole == parts, "whole and cut messages give the same text");
}

// Compresses into exactly the space that Bound promises.
std::string Deflate(Deflater& deflater, absl::string_view text, bool last) {
  std::vector<char> out(deflater.Bound(text.size()));
  return std::string(out.data(), deflater.Deflate(text, last, out.data()));
}

void CheckRoundTrip(const std::vector<std::string>& texts, const DeflateSettings& settings) {
  Deflater deflater(settings);
  Inflater inflater(settings.window_bits);
  for (const std::string& text : texts) {
    if (text.size() % 7 == 6) deflater.Reset();
    const absl::string_view view = text;
    const size_t cut = text.size() / 3;
    std::string message = Deflate(deflater, view.substr(0, cut), /*last=*/false);
    message += Deflate(deflater, view.substr(cut), /*last=*/true);
    std::vector<char> out(text.size() + 1);
    absl::string_view in = message;
    absl::Span<char> left = absl::MakeSpan(out);
    Require(inflater.Inflate(&in, &left, true) == Inflater::Result::kDone,
            "compressed text inflates");
    Require(absl::string_view(out.data(), out.size() - left.size()) == text,
            "... to the same text");
  }
}

}  // namespace
}  // namespace weft

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  const uint8_t windows = data[0], levels = data[1];
  const auto messages = weft::Messages({reinterpret_cast<const char*>(data) + 2, size - 2});
  weft::CheckInflate(messages, 8 + windows % 8);
  weft::CheckRoundTrip(messages, {.window_bits = 8 + windows % 8,
                                  .memory_level = 1 + levels % 9,
                                  .level = 1 + levels / 9 % 9});
  return 0;
}
