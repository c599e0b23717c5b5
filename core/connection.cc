#include "weft/core/connection.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "weft/core/deflate/message_codec.h"
#include "weft/core/deflate/permessage_deflate.h"
#include "weft/core/frame/check_message.h"
#include "weft/core/frame/close_payload.h"

namespace weft {
namespace {

// While fewer unsent pongs than this are queued, each ping gets its own pong, in order. The queue
// can hold twice this number: see pong_mark_.
constexpr int kMaxUnsentPongs = 64;

}  // namespace

Connection::Connection(Role role, const ConnectionOptions& options)
    : stream_messages_(options.stream_messages),
      receiving_{.role = role,
                 .max_fragments = options.max_fragments,
                 .max_message_bytes = options.max_message_bytes},
      new_masking_key_(options.masking_key),
      out_(options.pool) {}

Connection::~Connection() { input_.Drop(out_.pool()); }

void Connection::UseDeflate(const DeflateAgreement& agreement, const ConnectionOptions& options) {
  receiving_.deflate = true;
  codec_ = std::make_unique<MessageCodec>(
      agreement, options.compression, receiving_.max_message_bytes, out_.pool(), options.codecs);
  UpdateSendsPlainly();
}

// ---- Network in ----

absl::Span<char> Connection::ReadBuffer(absl::Span<char> scratch) {
  if (!input_.owns_memory()) KeepUnfinishedInput();  // not empty if NextEvent was not called
  const bool in_last_frame = in_payload_ && frame_.fin && !IsControl(frame_.opcode);
  return input_.ReadBuffer(scratch, in_last_frame ? frame_.remaining : 0, out_.pool());
}

void Connection::DidRead(size_t size) { input_.DidRead(size); }

void Connection::DidReadEof() { eof_ = true; }

void Connection::KeepUnfinishedInput() {
  if (input_over_) return input_.Drop(out_.pool());
  input_.Keep(in_payload_ ? frame_.remaining : 0, out_.pool());
}

// ---- To the application ----

// A message in one complete frame, which is the common case: no state has to be kept.
inline void Connection::WholeMessage(Opcode opcode, bool masked, MaskingKey key, size_t size,
                                     std::optional<Event>& event) {
  char* const payload = input_.TakeMessage(size);
  if (masked) MaskCopy({payload, size}, key, 0, payload);
  if (opcode == Opcode::kText && !IsValidUtf8({payload, size})) {
    return Fail(rules::kTextNotUtf8, "", event);
  }
  incoming_.opcode = opcode;
  event_is_message_ = true;
  event.emplace();
  event->opcode = opcode;
  event->payload = {payload, size};
}

// Takes the fast path for the next message, where there is one.
inline bool Connection::ShortMessage(std::optional<Event>& event) {
  if (in_payload_ || input_over_ || input_.unparsed_bytes() < 2) return false;
  const char* const frame = input_.unparsed();
  const uint8_t first = frame[0], second = frame[1];
  if (!IsShortMessage(first, second, receiving_)) return false;
  const bool masked = role() == Role::kServer;
  const size_t header = masked ? 6 : 2, size = second & internal::kLengthBits;
  if (input_.unparsed_bytes() < header + size) return false;
  MaskingKey key{};
  if (masked) std::memcpy(&key, frame + 2, sizeof(key));
  input_.Skip(header);
  WholeMessage(static_cast<Opcode>(first & internal::kOpcodeBits), masked, key, size, event);
  return true;
}

// Reads a header and checks it against the rules. Returns false when the header is incomplete, or,
// with a kClose event, when it breaks a rule.
inline bool Connection::NextHeader(std::optional<Event>& event) {
  FrameHeader header;
  const size_t size = DecodeFrameHeader({input_.unparsed(), input_.unparsed_bytes()}, &header);
  if (size == 0) return false;
  const bool control = IsControl(header.opcode);
  const bool begins = !control && header.opcode != Opcode::kContinuation;
  if (const Violation* violation = CheckFrame(header, receiving_)) {
    RefuseHeader(*violation, event);
    return false;
  }

  input_.Skip(size);
  if (begins && header.fin && header.payload_length <= input_.unparsed_bytes() && header.rsv == 0) {
    WholeMessage(header.opcode, header.masked, header.masking_key, header.payload_length, event);
    return true;
  }
  in_payload_ = true;
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
    input_.StartMessage();
  }
  // Only the rest of the message counts against the limit for the next frame.
  const bool compressed = incoming_.compressed;
  const uint64_t counted = header.payload_length / (compressed ? kMaxDeflateExpansion : 1);
  receiving_.in_message = !header.fin;
  receiving_.in_compressed = !header.fin && compressed;
  receiving_.message_bytes = header.fin ? 0 : receiving_.message_bytes + counted;
  receiving_.fragments = header.fin ? 0 : receiving_.fragments + 1;
  return true;
}

// Decodes the header again to describe it: a header whose address is never taken can stay in
// registers.
void Connection::RefuseHeader(const Violation& violation, std::optional<Event>& event) {
  FrameHeader header;
  DecodeFrameHeader({input_.unparsed(), input_.unparsed_bytes()}, &header);
  Fail(violation, DebugString(header), event);
}

// Takes the available part of a data frame's payload: unmasks it in place or, after earlier
// fragments, while moving it to the end of those.
inline void Connection::DataFrame(std::optional<Event>& event) {
  if (input_.message().empty()) input_.StartMessage();
  const size_t size = std::min<uint64_t>(frame_.remaining, input_.unparsed_bytes());
  char* const from = input_.unparsed();
  char* const to = input_.message_end();
  if (frame_.masked) {
    MaskCopy({from, size}, frame_.masking_key, frame_.mask_offset, to);
  } else if (to != from) {
    std::memmove(to, from, size);
  }
  input_.ExtendMessage(size);
  frame_.remaining -= size;
  frame_.mask_offset = (frame_.mask_offset + size) % 4;
  in_payload_ = frame_.remaining > 0;
  if (incoming_.compressed) return InflatePayload(event);
  const bool last = frame_.fin && !in_payload_;

  if (incoming_.opcode == Opcode::kText) {
    const bool valid = incoming_.utf8.Append({to, size}) && (!last || incoming_.utf8.AtBoundary());
    if (!valid) return Fail(rules::kTextNotUtf8, "", event);
  }
  if (!last && (!stream_messages_ || size == 0)) return;
  event_is_message_ = true;
  DeliverPayload(input_.message(), last, event);
}

// Inflates the available part of the payload: the message in `input_` is the part not inflated yet.
// Text is checked piece by piece.
void Connection::InflatePayload(std::optional<Event>& event) {
  if (event_is_inflated_) DropInflated();
  const bool last = frame_.fin && !in_payload_;
  MessageCodec::Result result;
  do {
    absl::string_view in = input_.message();
    result = codec_->Inflate(&in, last);
    input_.TrimMessage(input_.message().size() - in.size());
    if (result == MessageCodec::Result::kTooBig) {
      return Fail(rules::kMessageTooBig, "inflated", event);
    }
    const bool ends = last && result == MessageCodec::Result::kDone;
    if (incoming_.opcode == Opcode::kText) {
      const bool valid =
          incoming_.utf8.Append(codec_->piece()) && (!ends || incoming_.utf8.AtBoundary());
      if (!valid) return Fail(rules::kTextNotUtf8, "", event);
    }
    if (result == MessageCodec::Result::kCorrupt)
      return Fail(rules::kNotDeflate, codec_->error(), event);
  } while (result == MessageCodec::Result::kMore && !stream_messages_);

  const bool more = result == MessageCodec::Result::kMore;
  if (more) in_payload_ = true;  // all consumed by the inflater
  const bool ends = last && !more;
  if (!ends && (!stream_messages_ || codec_->payload().empty())) return;
  event_is_inflated_ = true;
  DeliverPayload(codec_->payload(), ends, event);
}

// An inflated payload of an event is dropped before the next inflated one, or when there are no
// more events: dropping it sooner would cost a check at each event.
void Connection::DropInflated() {
  event_is_inflated_ = false;
  codec_->DropPayload();
}

void Connection::DeliverPayload(absl::string_view payload, bool last, std::optional<Event>& event) {
  Event& message = event.emplace();
  message.type = Event::Type::kMessage;
  message.opcode = incoming_.opcode;
  message.first = std::exchange(incoming_.first, false);
  message.last = last;
  message.payload = payload;
}

// Every step writes its event, if it has one, directly to the caller's object: copying an Event
// right after it was written costs more than the rest of the step.
std::optional<Event> Connection::NextEvent() {
  EndEvent();
  std::optional<Event> event;
  if (!ShortMessage(event)) OtherEvent(event);
  return event;
}

void Connection::OtherEvent(std::optional<Event>& event) {
  while (!input_over_ && !event.has_value()) {
    if (!in_payload_ && !NextHeader(event)) break;
    if (!in_payload_) break;  // a whole message
    if (IsControl(frame_.opcode)) {
      ControlFrame(event);
    } else {
      DataFrame(event);
    }
    if (in_payload_) break;  // more to come
  }
  if (!event.has_value()) {
    if (eof_ && !input_over_) {
      EndOfStream(event);
    } else {
      if (event_is_inflated_) DropInflated();
      KeepUnfinishedInput();
    }
  }
}

void Connection::KeepInput() {
  EndEvent();
  if (event_is_inflated_) DropInflated();
  KeepUnfinishedInput();
}

Buffer Connection::TakePayload() {
  Buffer taken;
  if (event_is_message_ && input_.owns_memory()) taken = input_.GiveMemory();
  if (std::exchange(event_is_inflated_, false)) taken = codec_->TakePayload();
  EndEvent();
  KeepUnfinishedInput();  // the bytes after the message are copied when the memory is taken
  return taken;
}

void Connection::ControlFrame(std::optional<Event>& event) {
  if (input_.unparsed_bytes() < frame_.remaining) return;  // at most 125: wait for all of them
  const absl::Span<char> payload = absl::MakeSpan(input_.unparsed(), frame_.remaining);
  if (frame_.masked) Mask(payload, frame_.masking_key);
  input_.Skip(payload.size());
  in_payload_ = false;
  const absl::string_view view(payload.data(), payload.size());

  if (frame_.opcode == Opcode::kClose) return CloseFrame(view, event);
  if (frame_.opcode == Opcode::kPing) QueuePong(view);
  event.emplace();
  event->type = frame_.opcode == Opcode::kPing ? Event::Type::kPing : Event::Type::kPong;
  event->payload = view;
}

void Connection::CloseFrame(absl::string_view payload, std::optional<Event>& event) {
  std::string seen;
  if (const Violation* violation = CheckClosePayload(payload, &seen)) {
    return Fail(*violation, seen, event);
  }
  const auto [code, reason] = DecodeClosePayload(payload);
  // The answer carries the same code, as section 5.5.1 requires, and the same reason.
  EndWith(payload, code, reason, event);
}

void Connection::AnswerClose() {
  if (!owes_close_) return;
  const std::unique_ptr<std::string> payload = std::move(held_payload_);
  QueueFrame(Opcode::kClose, true, *payload);
  owes_close_ = false;
  close_sent_ = true;
  UpdateSendsPlainly();
}

// Section 7.1.7, "Fail the WebSocket Connection". `seen` is for this end's log.
void Connection::Fail(const Violation& violation, absl::string_view seen,
                      std::optional<Event>& event) {
  const bool limit =
      violation.code == CloseCode::kMessageTooBig || violation.code == CloseCode::kPolicyViolation;
  const std::string text =
      absl::StrCat(limit ? ""
                         : absl::StrCat("the peer broke RFC ", violation.rfc, " section ",
                                        violation.section, ": "),
                   violation.rule, seen.empty() ? "" : " (", seen, seen.empty() ? "" : ")");
  status_ = limit ? absl::ResourceExhaustedError(text) : absl::InvalidArgumentError(text);
  char payload[kMaxControlPayload];
  const size_t size = EncodeClosePayload(violation.code, violation.rule, payload);
  EndWith({payload, size}, violation.code, violation.rule, event);
}

// Ends the connection with a Close frame of this payload, unless one was sent: now, or in
// AnswerClose.
void Connection::EndWith(absl::string_view payload, CloseCode code, absl::string_view reason,
                         std::optional<Event>& event) {
  owes_close_ = answers_close_later_ && !close_sent_;
  if (!close_sent_ && !owes_close_) QueueFrame(Opcode::kClose, true, payload);
  close_sent_ = !owes_close_;
  End(code, reason, event);
  if (owes_close_) held_payload_ = std::make_unique<std::string>(payload);
}

void Connection::Refuse(CloseCode code, const char* reason) {
  std::optional<Event> not_told;
  if (!input_over_) Fail({code, "10.4", reason}, "", not_told);
}

void Connection::EndOfStream(std::optional<Event>& event) {
  status_ = absl::UnavailableError(close_sent_
                                       ? "the stream ended before the peer answered the Close frame"
                                       : "the stream ended without a Close frame");
  out_.Clear();  // no peer is left to read it
  End(CloseCode::kAbnormal, "", event);
}

void Connection::End(CloseCode code, absl::string_view reason, std::optional<Event>& event) {
  input_over_ = true;
  UpdateSendsPlainly();
  in_payload_ = false;
  held_payload_.reset();
  if (codec_ != nullptr) DropInflated();
  event.emplace();
  event->type = Event::Type::kClose;
  event->close_code = code;
  event->payload = reason;
}

// The last event's payload is no longer valid.
void Connection::EndEvent() {
  if (!out_.borrowed().empty()) SettleBorrowed();
  if (!event_is_message_) return;
  event_is_message_ = false;
  input_.StartMessage();
}

// Borrowed input that is still unsent must move elsewhere. If a large message is sent back from the
// buffer in which it arrived, the queue takes over that buffer.
void Connection::SettleBorrowed() {
  if (input_.IsFilledBy(out_.borrowed())) {
    out_.AdoptBorrowed(input_.GiveMemory());
    input_.Drop(out_.pool());
  } else {
    out_.CopyBorrowed();
  }
}

// ---- From the application ----

// Flattened (every call in it is inlined), because every message pays for this function.
[[gnu::flatten]] absl::Status Connection::SendMessage(Opcode opcode, absl::string_view payload,
                                                      Compress compress) {
  if (!sends_plainly_ || !IsMessage(opcode, payload)) {
    return SendOtherwise(opcode, payload, compress);
  }
  QueueFrame(opcode, true, payload);
  return absl::OkStatus();
}

absl::Status Connection::SendOtherwise(Opcode opcode, absl::string_view payload,
                                       Compress compress) {
  if (!CanSend(opcode, payload)) return WhyNot(opcode, payload);
  if (ShouldCompress(payload.size(), compress)) {
    QueueCompressed(opcode, true, payload);
  } else {
    QueueFrame(opcode, true, payload);
  }
  return absl::OkStatus();
}

absl::Status Connection::SendBorrowed(Opcode opcode, absl::string_view payload, Compress compress) {
  if (ShouldCompress(payload.size(), compress)) return SendOtherwise(opcode, payload, compress);
  if (!CanSend(opcode, payload)) return WhyNot(opcode, payload);
  if (role() == Role::kClient) {  // masking changes the bytes
    QueueFrame(opcode, true, payload);
    return absl::OkStatus();
  }
  QueueFrame(opcode, true, "", payload.size());
  out_.AppendBorrowed(payload);
  return absl::OkStatus();
}

absl::Status Connection::SendKept(Opcode opcode, absl::string_view payload,
                                  std::shared_ptr<const void> owner, Compress compress) {
  if (role() == Role::kClient || ShouldCompress(payload.size(), compress)) {
    return SendOtherwise(opcode, payload, compress);
  }
  if (!CanSend(opcode, payload)) return WhyNot(opcode, payload);
  QueueFrame(opcode, true, "", payload.size());
  out_.AppendKept(payload, std::move(owner));
  return absl::OkStatus();
}

absl::Status Connection::SendEncoded(const EncodedMessage& message,
                                     std::shared_ptr<const void> owner) {
  if (!open() || outgoing_.open()) return WhyNot(Opcode::kBinary, "");
  if (role() == Role::kClient) {
    return absl::FailedPreconditionError(
        "a client masks each frame and cannot send an encoded message");
  }
  absl::string_view frame = message.frame();
  if (ShouldCompress(message.size(), Compress::kYes)) {
    frame = message.CompressedFrame(codec_->settings(), codec_->codecs());
    if (frame.data() != message.frame().data()) codec_->OtherWasSent();
  }
  if (owner != nullptr) {
    out_.AppendKept(frame, std::move(owner));
  } else {
    out_.Append(frame);
  }
  return absl::OkStatus();
}

absl::Status Connection::SendBorrowedFrames(absl::string_view frames) {
  if (!open() || outgoing_.open()) return WhyNot(Opcode::kBinary, "");
  if (role() == Role::kClient || compressed()) {
    return absl::FailedPreconditionError(
        "encoded frames can be sent only by a server without compression");
  }
  out_.AppendBorrowed(frames);
  return absl::OkStatus();
}

void Connection::QueueHandshake(absl::string_view bytes) { out_.Append(bytes); }

absl::Status Connection::SendFragment(Opcode opcode, absl::string_view payload, bool fin,
                                      Compress compress) {
  if (absl::Status status = CheckOpen(); !status.ok()) return status;
  const bool first = !outgoing_.open();
  if (absl::Status status = outgoing_.Add(opcode, payload, fin); !status.ok()) return status;
  const Opcode frame_opcode = first ? opcode : Opcode::kContinuation;
  // The size of the rest is unknown, so the first of several fragments always counts as large
  // enough.
  if (first) outgoing_compressed_ = ShouldCompress(fin ? payload.size() : SIZE_MAX, compress);
  if (outgoing_compressed_) {
    QueueCompressed(frame_opcode, fin, payload);
  } else {
    QueueFrame(frame_opcode, fin, payload);
  }
  UpdateSendsPlainly();
  return absl::OkStatus();
}

absl::Status Connection::SendPing(absl::string_view payload) {
  return SendControl(Opcode::kPing, payload);
}

absl::Status Connection::SendPong(absl::string_view payload) {
  return SendControl(Opcode::kPong, payload);
}

absl::Status Connection::SendControl(Opcode opcode, absl::string_view payload) {
  if (absl::Status status = CheckOpen(); !status.ok()) return status;
  if (payload.size() > kMaxControlPayload) {
    return absl::InvalidArgumentError(
        absl::StrCat("a ", OpcodeName(opcode), " carries at most 125 bytes, not ", payload.size()));
  }
  QueueFrame(opcode, true, payload);
  return absl::OkStatus();
}

absl::Status Connection::SendClose(CloseCode code, absl::string_view reason) {
  if (absl::Status status = CheckOpen(); !status.ok()) return status;
  if (absl::Status status = CheckClose(code, reason); !status.ok()) return status;
  char payload[kMaxControlPayload];
  QueueFrame(Opcode::kClose, true, {payload, EncodeClosePayload(code, reason, payload)});
  owes_close_ = false;
  close_sent_ = true;
  UpdateSendsPlainly();
  held_payload_.reset();
  return absl::OkStatus();
}

absl::Status Connection::CheckOpen() const {
  if (input_over_ && !owes_close_) return absl::FailedPreconditionError("the connection is closed");
  if (close_sent_) return absl::FailedPreconditionError("a Close frame has already been sent");
  return absl::OkStatus();
}

// Whether a whole message may be sent now. WhyNot returns the reason.
bool Connection::CanSend(Opcode opcode, absl::string_view payload) const {
  return open() && !outgoing_.open() && IsMessage(opcode, payload);
}

bool Connection::IsMessage(Opcode opcode, absl::string_view payload) const {
  if (opcode == Opcode::kText) return IsCurrentText(payload) || IsValidUtf8(payload);
  return opcode == Opcode::kBinary;
}

void Connection::UpdateSendsPlainly() {
  sends_plainly_ = open() && !outgoing_.open() && codec_ == nullptr;
}

absl::Status Connection::WhyNot(Opcode opcode, absl::string_view payload) const {
  if (!open()) return CheckOpen();
  if (outgoing_.open()) {
    return absl::FailedPreconditionError("a fragmented message is in progress");
  }
  return CheckMessage(opcode, payload);
}

// Whether `payload` is exactly the text just received, which was checked on arrival.
bool Connection::IsCurrentText(absl::string_view payload) const {
  if (incoming_.opcode != Opcode::kText || stream_messages_) return false;
  if (event_is_message_) {
    return payload.data() == input_.message().data() && payload.size() == input_.message().size();
  }
  return event_is_inflated_ && payload.data() == codec_->payload().data() &&
         payload.size() == codec_->payload().size();
}

// The header of the next frame to send.
inline FrameHeader Connection::NewHeader(Opcode opcode, bool fin, uint64_t payload_length) const {
  FrameHeader header = {.fin = fin, .opcode = opcode, .payload_length = payload_length};
  if (role() == Role::kClient) {
    header.masked = true;
    header.masking_key = new_masking_key_();
  }
  return header;
}

// Queues a frame: its header, and then `copied`. The length in the header also counts `not_copied`
// further bytes.
void Connection::QueueFrame(Opcode opcode, bool fin, absl::string_view copied,
                            uint64_t not_copied) {
  const FrameHeader header = NewHeader(opcode, fin, copied.size() + not_copied);
  char* const frame = out_.Reserve(kMaxFrameHeaderSize + copied.size());
  const size_t size = EncodeFrameHeader(header, frame);
  if (header.masked) {
    MaskCopy(copied, header.masking_key, 0, frame + size);
  } else if (!copied.empty()) {
    std::memcpy(frame + size, copied.data(), copied.size());
  }
  out_.Commit(size + copied.size());
}

bool Connection::ShouldCompress(size_t payload_size, Compress compress) const {
  return codec_ != nullptr && compress == Compress::kYes && codec_->IsWorthIt(payload_size);
}

// Queues a frame of a compressed message. The length of its header is known only after its payload.
void Connection::QueueCompressed(Opcode opcode, bool fin, absl::string_view payload) {
  char* const frame = out_.Reserve(kMaxFrameHeaderSize + codec_->Bound(payload.size()));
  char* const deflated = frame + kMaxFrameHeaderSize;
  const size_t size = codec_->Deflate(payload, fin, deflated);
  FrameHeader header = NewHeader(opcode, fin, size);
  if (opcode != Opcode::kContinuation) header.rsv = kRsv1;
  char* const to = frame + EncodeFrameHeader(header, frame);
  if (header.masked) {
    MaskCopy({deflated, size}, header.masking_key, 0, to);
  } else {
    std::memmove(to, deflated, size);
  }
  out_.Commit(to + size - frame);
}

// Answers a ping (section 5.5.3), unless a Close frame was sent: nothing follows that.
void Connection::QueuePong(absl::string_view payload) {
  if (close_sent_) return;
  if (held_payload_ != nullptr) {
    held_payload_->assign(payload.data(), payload.size());
    return;
  }
  if (pongs_after_mark_ == kMaxUnsentPongs) {
    if (out_.removed() < pong_mark_) {
      held_payload_ = std::make_unique<std::string>(payload);
      return;
    }
    pong_mark_ = out_.appended();
    pongs_after_mark_ = 0;
  }
  QueueFrame(Opcode::kPong, true, payload);
  ++pongs_after_mark_;
}

// ---- Network out ----

absl::string_view Connection::WriteBuffer() const { return out_.parts()[0]; }

std::array<absl::string_view, 2> Connection::WriteBuffers() const { return out_.parts(); }

void Connection::DidWrite(size_t size) {
  out_.Remove(size);
  const absl::string_view borrowed = out_.borrowed();
  // Bytes in the input stay valid until the next NextEvent, which moves them if needed.
  if (!borrowed.empty() && !input_.Contains(borrowed)) out_.CopyBorrowed();
  if (held_payload_ != nullptr && !owes_close_ && out_.removed() >= pong_mark_) {
    const std::unique_ptr<std::string> pong = std::move(held_payload_);
    QueuePong(*pong);
  }
}

// ---- State ----

size_t Connection::CodecBytes() const { return codec_->held_bytes(); }

size_t Connection::InflatedBytes() const { return codec_->payload().size(); }

size_t Connection::compression_bytes() const {
  return codec_ != nullptr ? codec_->reserved_bytes() : 0;
}

void Connection::ReleaseIdle() {
  if (codec_ != nullptr) codec_->ReleaseIdle();
}

void Connection::ReleaseMemory() {
  input_.Drop(nullptr);
  out_.Clear();
  if (codec_ != nullptr) codec_->ReleaseMemory();
}

bool Connection::closing() const { return !open() || input_over_ || eof_; }

bool Connection::done() const { return input_over_ && !owes_close_ && out_.size() == 0; }

}  // namespace weft
