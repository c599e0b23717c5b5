// Arbitrary bytes as input of both roles: whole and cut input must give the same events, and the
// connection must send only frames that its peer accepts.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "weft/core/connection.h"
#include "weft/core/deflate/permessage_deflate.h"
#include "weft/core/frame/frame.h"
#include "weft/core/testing/feed.h"
#include "weft/core/testing/require.h"

namespace weft {
namespace {

using testing::Require;

MaskingKey FixedKey() { return {1, 2, 3, 4}; }

// A decoded header encodes to the same bytes, if its length was in the shortest form.
void CheckHeader(absl::string_view input) {
  FrameHeader header;
  const size_t size = DecodeFrameHeader(input, &header);
  if (size == 0 || !header.minimal_length) return;
  char bytes[kMaxFrameHeaderSize];
  const size_t encoded = EncodeFrameHeader(header, bytes);
  Require(input.substr(0, size) == absl::string_view(bytes, encoded), DebugString(header).c_str());
}

// The connection's answers, and the messages it echoes, break no rule.
void CheckAnswers(Role role, const ConnectionOptions& options,
                  const std::optional<DeflateAgreement>& deflate, absl::string_view input) {
  Connection connection(role, options),
      peer(role == Role::kServer ? Role::kClient : Role::kServer, {});
  if (deflate.has_value()) {
    connection.UseDeflate(*deflate, options);
    peer.UseDeflate({.receive_takeover = deflate->send_takeover}, {});
  }
  for (const std::string& event : testing::Feed(connection, input, testing::Cuts::Random(1))) {
    if (event.size() > 5 && event.compare(0, 5, "text ") == 0 && connection.open()) {
      connection.SendText(absl::string_view(event).substr(5)).IgnoreError();
    }
  }
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
  options.compression.min_bytes = 0;
  std::optional<weft::DeflateAgreement> deflate;
  if (choice & 32) {
    deflate = {.send_takeover = (choice & 64) != 0, .receive_takeover = (choice & 64) != 0};
  }

  weft::CheckHeader(input);
  weft::CheckAnswers(role, options, deflate, input);
  // Pieces of messages depend on the cuts, so only whole messages can be compared.
  if (!options.stream_messages) {
    weft::testing::FeedInEveryWay(
        role, options, input,
        [](const std::string& text) { weft::testing::Require(false, text.c_str()); },
        (choice & 16) != 0, deflate);
  }
  return 0;
}
