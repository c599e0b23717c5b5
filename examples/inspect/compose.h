// Composes the bytes that one end of a WebSocket sends for messages.

#ifndef WEFT_EXAMPLES_INSPECT_COMPOSE_H_
#define WEFT_EXAMPLES_INSPECT_COMPOSE_H_

#include <cstddef>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "weft/core/deflate/permessage_deflate.h"
#include "weft/core/frame/close_code.h"
#include "weft/core/frame/frame.h"
#include "weft/core/frame/frame_rules.h"
#include "weft/core/frame/opcode.h"

namespace examples {

struct Composition {
  // not kContinuation: `fragment_bytes` creates continuation frames
  weft::Opcode opcode = weft::Opcode::kText;
  std::string payload{};  // the reason of a Close frame
  weft::CloseCode close_code = weft::CloseCode::kNormal;
  weft::Role sender = weft::Role::kClient;
  std::optional<weft::MaskingKey> masking_key{};  // for every frame of a client; none: random keys
  // the maximum bytes per frame of a message; 0: one frame
  size_t fragment_bytes = 0;
  bool compress = false;
  bool takeover = true;  // whether the compressor remembers earlier messages
  int times = 1;         // sends the same message this number of times
};

// Limits: bytes of a payload, number of messages, number of frames of all messages.
inline constexpr size_t kMaxComposedBytes = 64 << 10;
inline constexpr int kMaxTimes = 8;
inline constexpr size_t kMaxComposedFrames = 64;

// The sender's bytes on the wire. InvalidArgument, with core's message, for input that must not be
// sent; and for input beyond the limits.
absl::StatusOr<std::string> Compose(const Composition& composition);

// The agreement of both ends for it, as the receiver has it.
weft::DeflateAgreement AgreementFor(const Composition& composition);

}  // namespace examples

#endif  // WEFT_EXAMPLES_INSPECT_COMPOSE_H_
