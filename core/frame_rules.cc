#include "weft/core/frame_rules.h"

namespace weft {
namespace {

constexpr Violation kReservedBit = {CloseCode::kProtocolError, "5.2",
                                    "a reserved bit is set and no extension was agreed on"};
constexpr Violation kReservedOpcode = {CloseCode::kProtocolError, "5.2", "the opcode is reserved"};
constexpr Violation kUnmasked = {CloseCode::kProtocolError, "5.1",
                                 "a client must mask every frame"};
constexpr Violation kMasked = {CloseCode::kProtocolError, "5.1", "a server must not mask a frame"};
constexpr Violation kLengthTooLarge = {CloseCode::kProtocolError, "5.2",
                                       "the highest bit of a 64-bit length must be 0"};
constexpr Violation kLengthNotMinimal = {CloseCode::kProtocolError, "5.2",
                                         "the length must be in its shortest form"};
constexpr Violation kControlTooLong = {CloseCode::kProtocolError, "5.5",
                                       "a control frame carries at most 125 bytes"};
constexpr Violation kControlFragmented = {CloseCode::kProtocolError, "5.5",
                                          "a control frame must not be fragmented"};
constexpr Violation kNothingToContinue = {CloseCode::kProtocolError, "5.4",
                                          "a continuation frame without a message to continue"};
constexpr Violation kMessageInterrupted = {CloseCode::kProtocolError, "5.4",
                                           "a new message inside a fragmented one"};
constexpr Violation kMessageTooBig = {CloseCode::kMessageTooBig, "10.4",
                                      "the message is larger than this end accepts"};
constexpr Violation kTooManyFragments = {CloseCode::kPolicyViolation, "10.4",
                                         "the message has more fragments than this end accepts"};

}  // namespace

const Violation* CheckFrame(const FrameHeader& header, const ReceiveState& state) {
  if (header.rsv1 || header.rsv2 || header.rsv3) return &kReservedBit;
  if (!IsDefined(header.opcode)) return &kReservedOpcode;
  if (state.role == Role::kServer && !header.masked) return &kUnmasked;
  if (state.role == Role::kClient && header.masked) return &kMasked;
  if (header.payload_length > INT64_MAX) return &kLengthTooLarge;
  if (!header.minimal_length) return &kLengthNotMinimal;

  if (IsControl(header.opcode)) {
    if (header.payload_length > kMaxControlPayload) return &kControlTooLong;
    if (!header.fin) return &kControlFragmented;
    return nullptr;
  }

  const bool continues = header.opcode == Opcode::kContinuation;
  if (continues && !state.in_message) return &kNothingToContinue;
  if (!continues && state.in_message) return &kMessageInterrupted;
  // By subtraction from what is left: a sum could wrap.
  if (header.payload_length > state.max_message_bytes - state.message_bytes) return &kMessageTooBig;
  if (state.fragments >= state.max_fragments) return &kTooManyFragments;
  return nullptr;
}

}  // namespace weft
