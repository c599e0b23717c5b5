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

Connection::Connection(Role role, const ConnectionOptions& options)
    : receiver_(role, options), new_masking_key_(options.masking_key), out_(options.pool) {}

Connection::~Connection() { receiver_.window().Drop(out_.pool()); }

void Connection::UseDeflate(const DeflateAgreement& agreement, const ConnectionOptions& options) {
  receiver_.UseDeflate(agreement, options, out_.pool());
  UpdateSendsPlainly();
}

// ---- To the application ----

std::optional<Event> Connection::NextEvent() {
  EndEvent();
  std::optional<Event> event;
  if (receiver_.ShortMessage(event) || receiver_.DropIfDrained()) return event;
  receiver_.Next(event, status_);
  if (!event.has_value() || event->type != Event::Type::kMessage) NoMessage(event);
  return event;
}

void Connection::NoMessage(std::optional<Event>& event) {
  if (event.has_value()) {
    if (event->type == Event::Type::kPing) QueuePong(event->payload);
    if (event->type == Event::Type::kClose) EndWith(event->close_code, event->payload);
  } else if (receiver_.eof() && MayReceive(closing_)) {
    EndOfStream(event);
  } else {
    receiver_.KeepInput(out_.pool());
  }
}

void Connection::KeepInput() {
  EndEvent();
  receiver_.KeepInput(out_.pool());
}

Buffer Connection::TakePayload() {
  Buffer taken = receiver_.GivePayload();
  EndEvent();
  receiver_.KeepInput(out_.pool());  // copies the bytes after the message when its memory is taken
  return taken;
}

// The last event's payload is no longer valid.
void Connection::EndEvent() {
  if (!out_.borrowed().empty()) SettleBorrowed();
  receiver_.EndEvent();
}

// Borrowed input that is still unsent must move elsewhere. If a large message is sent back from the
// buffer in which it arrived, the queue takes over that buffer.
void Connection::SettleBorrowed() {
  InputWindow& input = receiver_.window();
  if (input.IsFilledBy(out_.borrowed())) {
    out_.AdoptBorrowed(input.GiveMemory());
    input.Drop(out_.pool());
  } else {
    out_.CopyBorrowed();
  }
}

// ---- The end ----

// Ends the connection with a Close frame, unless one was sent: now, or in AnswerClose. The answer
// to the peer's Close frame carries the same code, as section 5.5.1 requires, and the same reason.
void Connection::EndWith(CloseCode code, absl::string_view reason) {
  char bytes[kMaxControlPayload];
  const absl::string_view payload(bytes, EncodeClosePayload(code, reason, bytes));
  const bool unsent = closing_ == ClosingState::kOpen;
  const bool later = unsent && answers_close_later_;
  if (unsent && !later) QueueFrame(Opcode::kClose, true, payload);
  End(later ? ClosingState::kCloseOwed : ClosingState::kClosed);
  if (later) held_payload_ = std::make_unique<std::string>(payload);
}

void Connection::AnswerClose() {
  if (closing_ != ClosingState::kCloseOwed) return;
  const std::unique_ptr<std::string> payload = std::move(held_payload_);
  QueueFrame(Opcode::kClose, true, *payload);
  Enter(ClosingState::kClosed);
}

void Connection::Refuse(CloseCode code, const char* reason) {
  if (!MayReceive(closing_)) return;
  status_ = ToStatus({code, "10.4", reason}, "");
  EndWith(code, reason);
}

void Connection::EndOfStream(std::optional<Event>& event) {
  status_ = absl::UnavailableError(closing_ == ClosingState::kCloseSent
                                       ? "the stream ended before the peer answered the Close frame"
                                       : "the stream ended without a Close frame");
  out_.Clear();  // no peer is left to read it
  End(ClosingState::kClosed);
  event.emplace();
  event->type = Event::Type::kClose;
  event->close_code = CloseCode::kAbnormal;
}

// No more input is accepted.
void Connection::End(ClosingState state) {
  Enter(state);
  held_payload_.reset();
  receiver_.End();
}

void Connection::Enter(ClosingState state) {
  closing_ = state;
  UpdateSendsPlainly();
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
    MessageCodec& codec = *receiver_.codec();
    frame = message.CompressedFrame(codec.settings(), codec.codecs());
    if (frame.data() != message.frame().data()) codec.OtherWasSent();
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
  Enter(MayReceive(closing_) ? ClosingState::kCloseSent : ClosingState::kClosed);
  held_payload_.reset();
  return absl::OkStatus();
}

absl::Status Connection::CheckOpen() const {
  if (open()) return absl::OkStatus();
  return absl::FailedPreconditionError(closing_ == ClosingState::kCloseSent
                                           ? "a Close frame has already been sent"
                                           : "the connection is closed");
}

// Whether a whole message may be sent now. WhyNot returns the reason.
bool Connection::CanSend(Opcode opcode, absl::string_view payload) const {
  return open() && !outgoing_.open() && IsMessage(opcode, payload);
}

bool Connection::IsMessage(Opcode opcode, absl::string_view payload) const {
  if (opcode == Opcode::kText) return receiver_.IsCurrentText(payload) || IsValidUtf8(payload);
  return opcode == Opcode::kBinary;
}

void Connection::UpdateSendsPlainly() {
  sends_plainly_ = open() && !outgoing_.open() && !compressed();
}

absl::Status Connection::WhyNot(Opcode opcode, absl::string_view payload) const {
  if (!open()) return CheckOpen();
  if (outgoing_.open()) {
    return absl::FailedPreconditionError("a fragmented message is in progress");
  }
  return CheckMessage(opcode, payload);
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
  return compressed() && compress == Compress::kYes && receiver_.codec()->IsWorthIt(payload_size);
}

// Queues a frame of a compressed message. The length of its header is known only after its payload.
void Connection::QueueCompressed(Opcode opcode, bool fin, absl::string_view payload) {
  MessageCodec& codec = *receiver_.codec();
  char* const frame = out_.Reserve(kMaxFrameHeaderSize + codec.Bound(payload.size()));
  char* const deflated = frame + kMaxFrameHeaderSize;
  const size_t size = codec.Deflate(payload, fin, deflated);
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
  if (!open()) return;
  if (held_payload_ != nullptr) {
    held_payload_->assign(payload.data(), payload.size());
  } else if (pongs_.Admit(out_.removed(), out_.appended())) {
    QueueFrame(Opcode::kPong, true, payload);
  } else {
    held_payload_ = std::make_unique<std::string>(payload);
  }
}

// ---- Network out ----

void Connection::AfterWrite() {
  const absl::string_view borrowed = out_.borrowed();
  // Bytes in the input stay valid until the next NextEvent, which moves them if needed.
  if (!borrowed.empty() && !receiver_.window().Contains(borrowed)) out_.CopyBorrowed();
  if (held_payload_ != nullptr && closing_ == ClosingState::kOpen &&
      pongs_.HasRoom(out_.removed())) {
    const std::unique_ptr<std::string> pong = std::move(held_payload_);
    QueuePong(*pong);
  }
}

// ---- State ----

size_t Connection::compression_bytes() const {
  return compressed() ? receiver_.codec()->reserved_bytes() : 0;
}

void Connection::ReleaseIdle() {
  if (compressed()) receiver_.codec()->ReleaseIdle();
}

void Connection::ReleaseMemory() {
  receiver_.ReleaseMemory();
  out_.Clear();
}

}  // namespace weft
