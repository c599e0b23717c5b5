// Messages -> the bytes that one end of a WebSocket sends for them.

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
  weft::Opcode opcode = weft::Opcode::kText;  // not kContinuation: `fragment_bytes` makes those
  std::string payload{};                      // of a Close frame the reason
  weft::CloseCode close_code = weft::CloseCode::kNormal;
  weft::Role sender = weft::Role::kClient;
  std::optional<weft::MaskingKey> masking_key{};  // of every frame of a client; none: random ones
  size_t fragment_bytes = 0;                      // a message in frames of so many; 0: in one
  bool compress = false;
  bool takeover = true;  // of the compressor's memory, from one message to the next
  int times = 1;         // the same message so often
};

// Bounds of what is composed: bytes of a payload, messages, frames of all of them.
inline constexpr size_t kMaxComposedBytes = 64 << 10;
inline constexpr int kMaxTimes = 8;
inline constexpr size_t kMaxComposedFrames = 64;

// What the sender puts on the wire. InvalidArgument, as core says it, for what must not be sent;
// and for what is over the bounds.
absl::StatusOr<std::string> Compose(const Composition& composition);

// What both ends would have agreed on for it, as the receiver has it.
weft::DeflateAgreement AgreementFor(const Composition& composition);

}  // namespace examples

#endif  // WEFT_EXAMPLES_INSPECT_COMPOSE_H_
