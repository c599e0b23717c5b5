#include "weft/core/message_receiver.h"

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>

#include "weft/core/deflate/message_codec.h"
#include "weft/core/frame/close_payload.h"

namespace weft {

MessageReceiver::MessageReceiver(Role role, const ConnectionOptions& options)
    : state_{.role = role,
             .max_fragments = options.max_fragments,
             .max_message_bytes = options.max_message_bytes},
      stream_messages_(options.stream_messages) {}

// ---- Input

absl::Span<char> MessageReceiver::NextReadBuffer(absl::Span<char> scratch, BufferPool* pool) {
  if (!window_.owns_memory()) KeepUnfinishedInput(pool);  // not empty if Next was not called
  const bool in_last_frame = phase_ == Phase::kPayload && frame_.fin && !IsControl(frame_.opcode);
  return window_.ReadBuffer(scratch, in_last_frame ? frame_.remaining : 0, pool);
}

void MessageReceiver::KeepInput(BufferPool* pool) {
  EndEvent();
  if (event_is_inflated_) DropInflated();
  KeepUnfinishedInput(pool);
  is_new_ = phase_ == Phase::kHeader && !state_.in_message && !eof_;
}

Buffer MessageReceiver::GivePayload() {
  if (event_is_message_) return window_.owns_memory() ? window_.GiveMemory() : Buffer();
  return std::exchange(event_is_inflated_, false) ? codec_->TakePayload() : Buffer();
}

void MessageReceiver::KeepUnfinishedInput(BufferPool* pool) {
  if (phase_ == Phase::kOver) return window_.Drop(pool);
  window_.Keep(phase_ == Phase::kPayload ? frame_.remaining : 0, pool);
}

void MessageReceiver::End() {
  phase_ = Phase::kOver;
  is_new_ = false;
  if (codec_ != nullptr) DropInflated();
}

// ---- Events

void MessageReceiver::Next(std::optional<Event>& event, absl::Status& error) {
  if (phase_ > Phase::kPayload) {
    if (phase_ == Phase::kNotUtf8) Fail(rules::kTextNotUtf8, "", event, error);
    return;
  }
  do {
    if (phase_ == Phase::kHeader && !NextHeader(event, error)) return;
    if (IsControl(frame_.opcode)) {
      ControlFrame(event, error);
    } else {
      DataFrame(event, error);
    }
  } while (phase_ == Phase::kHeader && !event.has_value());
}

// Reads a header and checks it against the rules. Returns whether the frame's payload is next: not
// when the header is incomplete or breaks a rule, or when the frame is a whole message.
inline bool MessageReceiver::NextHeader(std::optional<Event>& event, absl::Status& error) {
  FrameHeader header;
  const size_t size = DecodeFrameHeader({window_.unparsed(), window_.unparsed_bytes()}, &header);
  if (size == 0) return false;
  const bool control = IsControl(header.opcode);
  const bool begins = !control && header.opcode != Opcode::kContinuation;
  if (const Violation* violation = CheckFrame(header, state_)) {
    RefuseHeader(*violation, event, error);
    return false;
  }

  window_.Skip(size);
  if (begins && header.fin && header.payload_length <= window_.unparsed_bytes() &&
      header.rsv == 0) {
    const bool valid = WholeMessage(header.opcode, header.masked, header.masking_key,
                                    header.payload_length, event);
    if (!valid) Fail(rules::kTextNotUtf8, "", event, error);
    return false;
  }
  phase_ = Phase::kPayload;
  is_new_ = false;
  frame_ = {
      .remaining = header.payload_length,
      .masking_key = header.masking_key,
      .masked = header.masked,
      .fin = header.fin,
      .opcode = header.opcode,
  };
  if (control) return true;
  if (begins) {
    incoming_ = {.compressed = header.rsv != 0, .opcode = header.opcode};
    window_.StartMessage();
  }
  // Only the rest of the message counts against the limit for the next frame.
  const bool compressed = incoming_.compressed;
  const uint64_t counted = header.payload_length / (compressed ? kMaxDeflateExpansion : 1);
  state_.in_message = !header.fin;
  state_.in_compressed = !header.fin && compressed;
  state_.message_bytes = header.fin ? 0 : state_.message_bytes + counted;
  state_.fragments = header.fin ? 0 : state_.fragments + 1;
  return true;
}

// Decodes the header again to describe it: a header whose address is never taken can stay in
// registers.
void MessageReceiver::RefuseHeader(const Violation& violation, std::optional<Event>& event,
                                   absl::Status& error) {
  FrameHeader header;
  DecodeFrameHeader({window_.unparsed(), window_.unparsed_bytes()}, &header);
  Fail(violation, DebugString(header), event, error);
}

// Takes the available part of a data frame's payload: unmasks it in place or, after earlier
// fragments, while moving it to the end of those.
inline void MessageReceiver::DataFrame(std::optional<Event>& event, absl::Status& error) {
  if (window_.message().empty()) window_.StartMessage();
  const size_t size = std::min<uint64_t>(frame_.remaining, window_.unparsed_bytes());
  char* const from = window_.unparsed();
  char* const to = window_.message_end();
  if (frame_.masked) {
    MaskCopy({from, size}, frame_.masking_key, frame_.mask_offset, to);
  } else if (to != from) {
    std::memmove(to, from, size);
  }
  window_.ExtendMessage(size);
  frame_.remaining -= size;
  frame_.mask_offset = (frame_.mask_offset + size) % 4;
  if (frame_.remaining == 0) phase_ = Phase::kHeader;
  if (incoming_.compressed) return InflatePayload(event, error);
  const bool last = frame_.fin && phase_ == Phase::kHeader;

  if (incoming_.opcode == Opcode::kText) {
    const bool valid = incoming_.utf8.Append({to, size}) && (!last || incoming_.utf8.AtBoundary());
    if (!valid) return Fail(rules::kTextNotUtf8, "", event, error);
  }
  if (!last && (!stream_messages_ || size == 0)) return;
  event_is_message_ = true;
  DeliverPayload(window_.message(), last, event);
}

// Inflates the available part of the payload. Text is checked piece by piece.
void MessageReceiver::InflatePayload(std::optional<Event>& event, absl::Status& error) {
  if (event_is_inflated_) DropInflated();
  const bool last = frame_.fin && phase_ == Phase::kHeader;
  MessageCodec::Result result;
  do {
    absl::string_view in = window_.message();
    result = codec_->Inflate(&in, last);
    window_.TrimMessage(window_.message().size() - in.size());
    if (result == MessageCodec::Result::kTooBig) {
      return Fail(rules::kMessageTooBig, "inflated", event, error);
    }
    const bool ends = last && result == MessageCodec::Result::kDone;
    if (incoming_.opcode == Opcode::kText) {
      const bool valid =
          incoming_.utf8.Append(codec_->piece()) && (!ends || incoming_.utf8.AtBoundary());
      if (!valid) return Fail(rules::kTextNotUtf8, "", event, error);
    }
    if (result == MessageCodec::Result::kCorrupt) {
      return Fail(rules::kNotDeflate, codec_->error(), event, error);
    }
  } while (result == MessageCodec::Result::kMore && !stream_messages_);

  const bool more = result == MessageCodec::Result::kMore;
  if (more) phase_ = Phase::kPayload;  // the inflater has more output, even if no input is left
  const bool ends = last && !more;
  if (!ends && (!stream_messages_ || codec_->payload().empty())) return;
  event_is_inflated_ = true;
  DeliverPayload(codec_->payload(), ends, event);
}

void MessageReceiver::DeliverPayload(absl::string_view payload, bool last,
                                     std::optional<Event>& event) {
  Event& message = event.emplace();
  message.type = Event::Type::kMessage;
  message.opcode = incoming_.opcode;
  message.first = std::exchange(incoming_.first, false);
  message.last = last;
  message.payload = payload;
}

void MessageReceiver::ControlFrame(std::optional<Event>& event, absl::Status& error) {
  if (window_.unparsed_bytes() < frame_.remaining) return;  // at most 125: wait for all of them
  const absl::Span<char> payload = absl::MakeSpan(window_.unparsed(), frame_.remaining);
  if (frame_.masked) Mask(payload, frame_.masking_key);
  window_.Skip(payload.size());
  phase_ = Phase::kHeader;
  const absl::string_view view(payload.data(), payload.size());

  if (frame_.opcode == Opcode::kClose) return CloseFrame(view, event, error);
  event.emplace();
  event->type = frame_.opcode == Opcode::kPing ? Event::Type::kPing : Event::Type::kPong;
  event->payload = view;
}

void MessageReceiver::CloseFrame(absl::string_view payload, std::optional<Event>& event,
                                 absl::Status& error) {
  std::string seen;
  if (const Violation* violation = CheckClosePayload(payload, &seen)) {
    return Fail(*violation, seen, event, error);
  }
  const auto [code, reason] = DecodeClosePayload(payload);
  End();
  event.emplace();
  event->type = Event::Type::kClose;
  event->close_code = code;
  event->payload = reason;
}

void MessageReceiver::Fail(const Violation& violation, absl::string_view seen,
                           std::optional<Event>& event, absl::Status& error) {
  error = ToStatus(violation, seen);  // `seen` may be the codec's
  End();
  event.emplace();
  event->type = Event::Type::kClose;
  event->close_code = violation.code;
  event->payload = violation.rule;
}

// An inflated payload of an event is dropped before the next inflated one, or when there are no
// more events: dropping it sooner would cost a check at each event.
void MessageReceiver::DropInflated() {
  event_is_inflated_ = false;
  codec_->DropPayload();
}

bool MessageReceiver::IsInflated(absl::string_view payload) const {
  return event_is_inflated_ && payload.data() == codec_->payload().data() &&
         payload.size() == codec_->payload().size();
}

// ---- Memory

size_t MessageReceiver::InflatedBytes() const { return codec_->payload().size(); }

}  // namespace weft
