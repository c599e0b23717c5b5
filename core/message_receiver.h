// The receiving half of a connection: bytes in, events out (RFC 6455, sections 5.4 to 5.6 and 8.1).

#ifndef WEFT_CORE_MESSAGE_RECEIVER_H_
#define WEFT_CORE_MESSAGE_RECEIVER_H_

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "weft/core/connection_options.h"
#include "weft/core/event.h"
#include "weft/core/frame/frame.h"
#include "weft/core/frame/frame_rules.h"
#include "weft/core/frame/mask.h"
#include "weft/core/frame/opcode.h"
#include "weft/core/frame/utf8.h"
#include "weft/core/memory/buffer.h"
#include "weft/core/memory/input_window.h"

namespace weft {

class MessageCodec;

// Turns frames into messages: checks their headers, unmasks, inflates, joins fragments and checks
// text. It sends nothing: a Connection answers what it returns. Not thread-safe.
//
//   phase      next in the input                    ended by
//   header     a frame's header                     a header, a broken rule, End
//   payload    its payload                          its last byte, a broken rule, End
//   not UTF-8  nothing: ShortMessage has found      Next, which reports it
//              text that is not UTF-8
//   over       nothing: no input is accepted        -
//
// A `pool` may be null, and must be the same in every call. It is not a member, because the
// connection's write queue has it.
class MessageReceiver {
 public:
  MessageReceiver(Role role, const ConnectionOptions& options);
  MessageReceiver(const MessageReceiver&) = delete;
  MessageReceiver& operator=(const MessageReceiver&) = delete;

  // From now on compressed messages are accepted, and inflated by `codec`; not if it is null. Call
  // it between messages.
  void UseCodec(MessageCodec* codec) {
    codec_ = codec;
    state_.deflate = codec != nullptr;
  }

  Role role() const { return state_.role; }

  // ---- Input: as in Connection

  absl::Span<char> ReadBuffer(absl::Span<char> scratch, BufferPool* pool) {
    return window_.has_memory() ? NextReadBuffer(scratch, pool) : window_.Borrow(scratch);
  }
  void DidRead(size_t size) { window_.DidRead(size); }
  void DidReadEof() {
    eof_ = true;
    is_new_ = false;
  }
  bool eof() const { return eof_; }
  void KeepInput(BufferPool* pool);

  // Gives away the memory that holds the last event's message, or nothing if that is the scratch
  // buffer. Call KeepInput after it.
  Buffer GivePayload();

  // Accepts no more input.
  void End();

  // ---- Events

  // Makes the last event's payload invalid. Call it before the next event.
  void EndEvent() {
    if (!event_is_message_) return;
    event_is_message_ = false;
    window_.StartMessage();
  }

  // Takes the next event, if it is a short message that has arrived whole: the common case, which
  // keeps no state. Otherwise returns false, and Next is to be called.
  [[gnu::always_inline]] bool ShortMessage(std::optional<Event>& event);

  // If nothing is held of the input, as after most reads: forgets it, in place of KeepInput, and
  // returns true: no event is left in the input.
  [[gnu::always_inline]] bool DropIfDrained() {
    if (!is_new_ || window_.held_bytes() > 0 || window_.capacity() > 0) return false;
    window_.Drop(nullptr);
    return true;
  }

  // Takes any next event, unless more input is needed. kClose is the last one, for which the caller
  // sends the Close frame: it has the peer's code and reason or, with `error`, those of the rule
  // that the peer broke. An event is written directly to the caller's object: copying it right
  // after it was written costs more than the rest of the step.
  void Next(std::optional<Event>& event, absl::Status& error);

  // Whether `payload` is exactly the text of the last event, which was checked on arrival.
  bool IsCurrentText(absl::string_view payload) const {
    if (incoming_.opcode != Opcode::kText || stream_messages_) return false;
    if (!event_is_message_) return IsInflated(payload);
    const absl::string_view message = window_.message();
    return payload.data() == message.data() && payload.size() == message.size();
  }

  // Whether this is as at the start, but for its codec: nothing is held of the input, and the next
  // frame begins a message.
  bool is_between_messages() const { return is_new_ && !window_.has_memory(); }

  // ---- Memory

  InputWindow& window() { return window_; }

  // Of the window's own memory.
  size_t window_bytes() const { return window_.capacity(); }

  // As in Connection.
  bool has_unfinished_input() const {
    if (is_between_messages()) return false;  // the usual case
    return state_.in_message || phase_ == Phase::kPayload || window_.held_bytes() > 0;
  }
  size_t unfinished_bytes() const {
    return window_.held_bytes() + (codec_ != nullptr ? InflatedBytes() : 0);
  }

 private:
  enum class Phase : uint8_t { kHeader, kPayload, kNotUtf8, kOver };

  // The frame whose header was read and whose payload is incomplete.
  struct Frame {
    uint64_t remaining = 0;  // payload bytes still to arrive
    MaskingKey masking_key{};
    uint8_t mask_offset = 0;  // payload bytes received, modulo 4
    bool masked = false;
    bool fin = false;
    Opcode opcode = Opcode::kContinuation;
  };

  // The message being received. Its payload so far is window_.message(); of a compressed one, that
  // is the part not inflated yet.
  struct Incoming {
    bool first = true;  // no piece of it was delivered yet
    bool compressed = false;
    Opcode opcode = Opcode::kText;
    Utf8Validator utf8{};
  };

  // Each is called at one or two places, for every frame.
  [[gnu::always_inline]] bool WholeMessage(Opcode opcode, bool masked, MaskingKey key, size_t size,
                                           std::optional<Event>& event);
  [[gnu::always_inline]] bool NextHeader(std::optional<Event>& event, absl::Status& error);
  [[gnu::always_inline]] void DataFrame(std::optional<Event>& event, absl::Status& error);
  [[gnu::noinline]] void InflatePayload(std::optional<Event>& event, absl::Status& error);
  void DeliverPayload(absl::string_view payload, bool last, std::optional<Event>& event);
  void ControlFrame(std::optional<Event>& event, absl::Status& error);
  void CloseFrame(absl::string_view payload, std::optional<Event>& event, absl::Status& error);
  void RefuseHeader(const Violation& violation, std::optional<Event>& event, absl::Status& error);
  void Fail(const Violation& violation, absl::string_view seen, std::optional<Event>& event,
            absl::Status& error);
  absl::Span<char> NextReadBuffer(absl::Span<char> scratch, BufferPool* pool);
  void KeepUnfinishedInput(BufferPool* pool);
  void DropInflated();
  bool IsInflated(absl::string_view payload) const;
  size_t InflatedBytes() const;

  ReceiveState state_;
  Frame frame_;  // in phase kPayload
  Incoming incoming_;
  const bool stream_messages_;
  Phase phase_ = Phase::kHeader;
  bool event_is_message_ = false;   // window_.message() is an event's payload
  bool event_is_inflated_ = false;  // codec_->payload() is that of this or an earlier event
  bool eof_ = false;                // the stream ended
  // All but the window and the last event is as at the start, so that one question replaces many.
  // Set when the input is done with: see KeepInput.
  bool is_new_ = true;
  InputWindow window_;
  MessageCodec* codec_ = nullptr;  // null: no compression
};

// The next `size` bytes are a whole message. Returns false, without an event, if it is text that is
// not UTF-8.
inline bool MessageReceiver::WholeMessage(Opcode opcode, bool masked, MaskingKey key, size_t size,
                                          std::optional<Event>& event) {
  char* const payload = window_.TakeMessage(size);
  if (masked) MaskCopy({payload, size}, key, 0, payload);
  if (opcode == Opcode::kText && !IsValidUtf8({payload, size})) return false;
  incoming_.opcode = opcode;
  event_is_message_ = true;
  event.emplace();
  event->opcode = opcode;
  event->payload = {payload, size};
  return true;
}

inline bool MessageReceiver::ShortMessage(std::optional<Event>& event) {
  if (phase_ != Phase::kHeader || window_.unparsed_bytes() < 2) return false;
  const char* const frame = window_.unparsed();
  const uint8_t first = frame[0], second = frame[1];
  if (!IsShortMessage(first, second, state_)) return false;
  const bool masked = role() == Role::kServer;
  const size_t header = masked ? 6 : 2, size = second & internal::kLengthBits;
  if (window_.unparsed_bytes() < header + size) return false;
  MaskingKey key{};
  if (masked) std::memcpy(&key, frame + 2, sizeof(key));
  window_.Skip(header);
  if (WholeMessage(static_cast<Opcode>(first & internal::kOpcodeBits), masked, key, size, event)) {
    return true;
  }
  phase_ = Phase::kNotUtf8;
  is_new_ = false;
  return false;
}

}  // namespace weft

#endif  // WEFT_CORE_MESSAGE_RECEIVER_H_
