#include "weft/core/frame/frame_rules.h"

#include <cstdint>
#include <string>

#include "gtest/gtest.h"
#include "weft/core/frame/frame.h"
#include "weft/core/frame/opcode.h"

namespace weft {
namespace {

// The full check that IsShortMessage abbreviates: the whole header decoded and checked.
bool IsShortMessageByTheRules(uint8_t first, uint8_t second, const ReceiveState& state) {
  std::string frame = {static_cast<char>(first), static_cast<char>(second)};
  frame.resize(kMaxFrameHeaderSize);
  FrameHeader header;
  DecodeFrameHeader(frame, &header);
  const bool whole = header.fin && !IsControl(header.opcode) &&
                     header.opcode != Opcode::kContinuation && (second & 0x7F) <= 125;
  return whole && CheckFrame(header, state) == nullptr;
}

// R26: the fast path enforces every rule of the full check.
TEST(FrameRulesTest, IsShortMessageSaysWhatTheRulesSay) {
  for (const Role role : {Role::kClient, Role::kServer}) {
    for (const uint64_t max_message_bytes : {0, 1, 60, 124, 125, 126, 1 << 20}) {
      for (const uint32_t max_fragments : {0, 1, 2}) {
        for (const bool in_message : {false, true}) {
          const ReceiveState state = {.role = role,
                                      .in_message = in_message,
                                      .max_fragments = max_fragments,
                                      .max_message_bytes = max_message_bytes};
          for (int bytes = 0; bytes < 0x10000; ++bytes) {
            const uint8_t first = bytes >> 8, second = bytes & 0xFF;
            ASSERT_EQ(IsShortMessage(first, second, state),
                      IsShortMessageByTheRules(first, second, state))
                << bytes << " " << max_message_bytes << " " << max_fragments << " " << in_message;
          }
        }
      }
    }
  }
}

TEST(FrameRulesTest, Section_5_5_AControlFrameCarriesAtMost125Bytes) {
  const ReceiveState state = {
      .role = Role::kServer, .max_fragments = 1, .max_message_bytes = 1 << 20};
  for (const Opcode opcode : {Opcode::kClose, Opcode::kPing, Opcode::kPong}) {
    FrameHeader header = {.opcode = opcode, .masked = true, .payload_length = 125};
    EXPECT_EQ(CheckFrame(header, state), nullptr);
    header.payload_length = 126;
    EXPECT_EQ(CheckFrame(header, state), &rules::kControlTooLong);
  }
}

}  // namespace
}  // namespace weft
