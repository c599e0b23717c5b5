// The rules for the frames and payloads that a peer may send, and the check of a header against
// them.

#ifndef WEFT_CORE_FRAME_FRAME_RULES_H_
#define WEFT_CORE_FRAME_FRAME_RULES_H_

#include <cstdint>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "weft/core/frame/close_code.h"
#include "weft/core/frame/frame.h"
#include "weft/core/frame/opcode.h"

namespace weft {

// Which end of the connection this is: a client masks its frames, a server does not.
enum class Role : uint8_t { kClient, kServer };

// A broken rule: the close code and text for the peer, and the section that states the rule.
struct Violation {
  CloseCode code;
  const char* section;
  const char* rule;  // fits in a Close frame
  const char* rfc = "6455";
};

// The error for this end's log: ResourceExhausted for a limit, InvalidArgument for a rule of the
// RFC. `seen`, which may be empty, is what broke it.
absl::Status ToStatus(const Violation& violation, absl::string_view seen);

// For CheckFrame: the maximum ratio of a message's compressed size to its inflated size (flushing
// after each byte takes 7). The decompressor limits the inflated size.
inline constexpr uint64_t kMaxDeflateExpansion = 8;

// The connection's state when a header arrives.
struct ReceiveState {
  Role role;                   // of the receiver
  bool in_message = false;     // a message has begun and its last fragment has not arrived
  bool in_compressed = false;  // ... and the message is compressed
  bool deflate = false;        // permessage-deflate was agreed on
  uint32_t fragments = 0;      // of that message so far
  uint32_t max_fragments;
  // Payload bytes of that message so far, never more than max_message_bytes; if it is compressed,
  // divided by kMaxDeflateExpansion.
  uint64_t message_bytes = 0;
  uint64_t max_message_bytes;
};

namespace rules {

inline constexpr Violation kReservedBit = {CloseCode::kProtocolError, "5.2",
                                           "a reserved bit is set that no extension uses"};
inline constexpr Violation kMisplacedRsv1 = {
    CloseCode::kProtocolError, "6", "RSV1 marks the first frame of a compressed message only",
    "7692"};
inline constexpr Violation kReservedOpcode = {CloseCode::kProtocolError, "5.2",
                                              "the opcode is reserved"};
inline constexpr Violation kUnmasked = {CloseCode::kProtocolError, "5.1",
                                        "a client must mask every frame"};
inline constexpr Violation kMasked = {CloseCode::kProtocolError, "5.1",
                                      "a server must not mask a frame"};
inline constexpr Violation kLengthTooLarge = {CloseCode::kProtocolError, "5.2",
                                              "the highest bit of a 64-bit length must be 0"};
inline constexpr Violation kLengthNotMinimal = {CloseCode::kProtocolError, "5.2",
                                                "the length must be in its shortest form"};
inline constexpr Violation kControlTooLong = {CloseCode::kProtocolError, "5.5",
                                              "a control frame carries at most 125 bytes"};
inline constexpr Violation kControlFragmented = {CloseCode::kProtocolError, "5.5",
                                                 "a control frame must not be fragmented"};
inline constexpr Violation kNothingToContinue = {
    CloseCode::kProtocolError, "5.4", "a continuation frame without a message in progress"};
inline constexpr Violation kMessageInterrupted = {CloseCode::kProtocolError, "5.4",
                                                  "a new message inside a fragmented one"};
inline constexpr Violation kMessageTooBig = {CloseCode::kMessageTooBig, "10.4",
                                             "the message is larger than this end accepts"};
inline constexpr Violation kTooManyFragments = {
    CloseCode::kPolicyViolation, "10.4", "the message has more fragments than this end accepts"};

// Rules for payloads, for the code that checks them.
inline constexpr Violation kTextNotUtf8 = {CloseCode::kInvalidPayload, "8.1",
                                           "the text is not UTF-8"};
inline constexpr Violation kNotDeflate = {CloseCode::kInvalidPayload, "7.2.2",
                                          "the compressed message cannot be inflated", "7692"};
inline constexpr Violation kCloseTooShort = {
    CloseCode::kProtocolError, "5.5.1",
    "a close payload must be empty or begin with a 2-byte code"};
inline constexpr Violation kCloseCodeNotAllowed = {CloseCode::kProtocolError, "7.4",
                                                   "the close code is not allowed on the wire"};
inline constexpr Violation kReasonNotUtf8 = {CloseCode::kInvalidPayload, "5.5.1",
                                             "the close reason is not UTF-8"};

}  // namespace rules

// For a header with a reserved bit. permessage-deflate uses one, at the start of a message (RFC
// 7692, section 6).
inline const Violation* CheckReservedBits(const FrameHeader& header, const ReceiveState& state) {
  if (!state.deflate || header.rsv != kRsv1) return &rules::kReservedBit;
  const bool begins = !IsControl(header.opcode) && header.opcode != Opcode::kContinuation;
  return begins ? nullptr : &rules::kMisplacedRsv1;
}

// The first rule that `header` breaks, or null. Inline because every frame pays for it.
inline const Violation* CheckFrame(const FrameHeader& header, const ReceiveState& state) {
  if (header.rsv != 0) {
    if (const Violation* violation = CheckReservedBits(header, state)) return violation;
  }
  if (!IsDefined(header.opcode)) return &rules::kReservedOpcode;
  if (header.masked != (state.role == Role::kServer)) {
    return header.masked ? &rules::kMasked : &rules::kUnmasked;
  }
  if (header.payload_length > INT64_MAX) return &rules::kLengthTooLarge;
  if (!header.minimal_length) return &rules::kLengthNotMinimal;

  if (IsControl(header.opcode)) {
    if (header.payload_length > kMaxControlPayload) return &rules::kControlTooLong;
    if (!header.fin) return &rules::kControlFragmented;
    return nullptr;
  }

  const bool continues = header.opcode == Opcode::kContinuation;
  if (continues && !state.in_message) return &rules::kNothingToContinue;
  if (!continues && state.in_message) return &rules::kMessageInterrupted;
  // Subtracts from the limit, because a sum could overflow.
  const uint64_t left = state.max_message_bytes - state.message_bytes;
  if (header.payload_length > left) {
    const bool compressed = header.rsv != 0 || state.in_compressed;
    if (!compressed || header.payload_length / kMaxDeflateExpansion > left) {
      return &rules::kMessageTooBig;
    }
  }
  if (state.fragments >= state.max_fragments) return &rules::kTooManyFragments;
  return nullptr;
}

// Whether the first two bytes of a frame are those of the most common kind: a whole message of at
// most 125 bytes that CheckFrame accepts. The payload's size is then `second` without its highest
// bit. A few instructions that replace the rule-by-rule check of CheckFrame.
inline bool IsShortMessage(uint8_t first, uint8_t second, const ReceiveState& state) {
  constexpr uint8_t kFinText = internal::kFin | static_cast<uint8_t>(Opcode::kText);
  constexpr uint8_t kFinBinary = internal::kFin | static_cast<uint8_t>(Opcode::kBinary);
  const uint8_t mask = state.role == Role::kServer ? internal::kMask : 0;
  const uint8_t size = second ^ mask;  // over 127 if the mask bit is set and must not be
  return (first == kFinText || first == kFinBinary) && size < internal::kLength16 &&
         size <= state.max_message_bytes && !state.in_message && state.max_fragments > 0;
}

}  // namespace weft

#endif  // WEFT_CORE_FRAME_FRAME_RULES_H_
