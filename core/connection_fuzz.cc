// Any bytes at all, into both roles: whole and cut they must mean the same, and what the connection
// sends must be frames that its peer accepts.

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "weft/core/connection.h"
#include "weft/core/frame.h"
#include "weft/core/testing/feed.h"
#include "weft/core/testing/require.h"

namespace weft {
namespace {

using testing::Require;

MaskingKey FixedKey() { return {1, 2, 3, 4}; }

// What is decoded is encoded to the same bytes, where the length was in its shortest form.
void CheckHeader(absl::string_view input) {
  FrameHeader header;
  const size_t size = DecodeFrameHeader(input, &header);
  if (size == 0 || !header.minimal_length) return;
  char bytes[kMaxFrameHeaderSize];
  const size_t encoded = EncodeFrameHeader(header, bytes);
  Require(input.substr(0, size) == absl::string_view(bytes, encoded), DebugString(header).c_str());
}

// What a connection answers breaks no rule.
void CheckAnswers(Role role, const ConnectionOptions& options, absl::string_view input) {
  Connection connection(role, options),
      peer(role == Role::kServer ? Role::kClient : Role::kServer, {});
  testing::Feed(connection, input, testing::Cuts::Random(1));
  testing::Feed(peer, connection.WriteBuffer(), testing::Cuts::Whole());
  Require(peer.status().ok(), peer.status().ToString().c_str());
}

}  // namespace
}  // namespace weft

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using weft::Role;
  if (size == 0) return 0;
  const uint8_t choice = data[0];
  const absl::string_view input(reinterpret_cast<const char*>(data) + 1, size - 1);
  const Role role = (choice & 1) != 0 ? Role::kClient : Role::kServer;
  weft::ConnectionOptions options = {.masking_key = weft::FixedKey};
  if (choice & 2) options.max_message_bytes = 1000;
  if (choice & 4) options.max_fragments = 3;
  options.stream_messages = (choice & 8) != 0;

  weft::CheckHeader(input);
  weft::CheckAnswers(role, options, input);
  // Pieces of messages differ with the cuts, so only whole messages can be compared.
  if (!options.stream_messages) {
    weft::testing::FeedInEveryWay(
        role, options, input,
        [](const std::string& text) { weft::testing::Require(false, text.c_str()); },
        (choice & 16) != 0);
  }
  return 0;
}
