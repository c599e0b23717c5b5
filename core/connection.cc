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
    : activity_(new ConnectionGroup(role, options)), owns_group_(true), rests_plainly_(false) {
  Use();  // so that sends and reads on two threads change no pointer
}

Connection::Connection(ConnectionGroup& group) : activity_(&group) {}

Connection::~Connection() {
  activity_.Recycle();
  if (owns_group_) delete activity_.group();
}

void Connection::UseDeflate(const DeflateAgreement& agreement, const ConnectionOptions& options) {
  codec_.Set(std::make_unique<MessageCodec>(agreement, options.compression,
                                            activity_.group()->options().max_message_bytes,
                                            activity_->out.pool(), options.codecs));
  if (!activity_.is_none()) activity_->receiver.UseCodec(codec_.get());
  Enter(closing_);
}

// ---- To the application ----

std::optional<Event> Connection::NextEvent() {
  EndEvent();
  std::optional<Event> event;
  MessageReceiver& receiver = activity_->receiver;
  if (receiver.ShortMessage(event) || receiver.DropIfDrained()) return event;
  receiver.Next(event, activity_->status);
  if (!event.has_value() || event->type != Event::Type::kMessage) NoMessage(event);
  return event;
}

void Connection::NoMessage(std::optional<Event>& event) {
  if (event.has_value()) {
    if (event->type == Event::Type::kPing) QueuePong(event->payload);
    if (event->type == Event::Type::kClose) EndWith(event->close_code, event->payload);
  } else if (activity_->receiver.eof() && MayReceive(closing_)) {
    EndOfStream(event);
  } else {
    WriteQueue& out = activity_->out;
    activity_->receiver.KeepInput(out.pool());
    // The rest of a frame may take long, and the buffer may be left from another connection.
    if (out.empty() && !activity_->receiver.is_between_messages()) out.ReleaseBuffer();
  }
}

void Connection::KeepInput() {
  EndEvent();
  activity_->receiver.KeepInput(activity_->out.pool());
}

Buffer Connection::TakePayload() {
  Buffer taken = activity_->receiver.GivePayload();
  KeepInput();  // copies the bytes after the message when its memory is taken
  return taken;
}

// The last event's payload is no longer valid.
void Connection::EndEvent() {
  if (!activity_->out.borrowed().empty()) SettleBorrowed();
  activity_->receiver.EndEvent();
}

// Borrowed input that is still unsent must move elsewhere. If a large message is sent back from the
// buffer in which it arrived, the queue takes over that buffer.
void Connection::SettleBorrowed() {
  InputWindow& input = activity_->receiver.window();
  WriteQueue& out = activity_->out;
  if (input.IsFilledBy(out.borrowed())) {
    out.AdoptBorrowed(input.GiveMemory());
    input.Drop(out.pool());
  } else {
    out.CopyBorrowed();
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
  if (later) activity_->held_payload = std::make_unique<std::string>(payload);
}

void Connection::AnswerClose() {
  if (closing_ != ClosingState::kCloseOwed) return;
  const std::unique_ptr<std::string> payload = std::move(activity_->held_payload);
  QueueFrame(Opcode::kClose, true, *payload);
  Enter(ClosingState::kClosed);
}

void Connection::Refuse(CloseCode code, const char* reason) {
  if (!MayReceive(closing_)) return;
  Use().status = ToStatus({code, "10.4", reason}, "");
  EndWith(code, reason);
}

void Connection::EndOfStream(std::optional<Event>& event) {
  activity_->status =
      absl::UnavailableError(closing_ == ClosingState::kCloseSent
                                 ? "the stream ended before the peer answered the Close frame"
                                 : "the stream ended without a Close frame");
  activity_->out.Clear();  // no peer is left to read it
  End(ClosingState::kClosed);
  event.emplace();
  event->type = Event::Type::kClose;
  event->close_code = CloseCode::kAbnormal;
}

// No more input is accepted.
void Connection::End(ClosingState state) {
  Enter(state);
  activity_->held_payload.reset();
  activity_->receiver.End();
}

// Also with the present state, after a change of what decides whether messages are sent plainly.
void Connection::Enter(ClosingState state) {
  closing_ = state;
  sends_plainly_ = open() && !in_fragmented_message() && !compressed();
  rests_plainly_ = sends_plainly_ && !owns_group_;
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

[[gnu::noinline]] absl::Status Connection::SendOtherwise(Opcode opcode, absl::string_view payload,
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
  activity_->out.AppendBorrowed(payload);
  return absl::OkStatus();
}

absl::Status Connection::SendKept(Opcode opcode, absl::string_view payload,
                                  std::shared_ptr<const void> owner, Compress compress) {
  if (role() == Role::kClient || ShouldCompress(payload.size(), compress)) {
    return SendOtherwise(opcode, payload, compress);
  }
  if (!CanSend(opcode, payload)) return WhyNot(opcode, payload);
  QueueFrame(opcode, true, "", payload.size());
  activity_->out.AppendKept(payload, std::move(owner));
  return absl::OkStatus();
}

absl::Status Connection::SendEncoded(const EncodedMessage& message,
                                     std::shared_ptr<const void> owner) {
  if (!open() || in_fragmented_message()) return WhyNot(Opcode::kBinary, "");
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
    Use().out.AppendKept(frame, std::move(owner));
  } else {
    Use().out.Append(frame);
  }
  return absl::OkStatus();
}

absl::Status Connection::SendBorrowedFrames(absl::string_view frames) {
  if (!open() || in_fragmented_message()) return WhyNot(Opcode::kBinary, "");
  if (role() == Role::kClient || compressed()) {
    return absl::FailedPreconditionError(
        "encoded frames can be sent only by a server without compression");
  }
  Use().out.AppendBorrowed(frames);
  return absl::OkStatus();
}

void Connection::QueueHandshake(absl::string_view bytes) { Use().out.Append(bytes); }

absl::Status Connection::SendFragment(Opcode opcode, absl::string_view payload, bool fin,
                                      Compress compress) {
  if (!open()) return WhyNot(opcode, payload);
  ConnectionActivity& now = Use();
  const bool first = !now.outgoing.open();
  if (absl::Status status = now.outgoing.Add(opcode, payload, fin); !status.ok()) return status;
  Enter(closing_);  // first: what follows can throw
  const Opcode frame_opcode = first ? opcode : Opcode::kContinuation;
  // The size of the rest is unknown, so the first of several fragments always counts as large
  // enough.
  if (first) now.outgoing_compressed = ShouldCompress(fin ? payload.size() : SIZE_MAX, compress);
  if (now.outgoing_compressed) {
    QueueCompressed(frame_opcode, fin, payload);
  } else {
    QueueFrame(frame_opcode, fin, payload);
  }
  return absl::OkStatus();
}

absl::Status Connection::SendPing(absl::string_view payload) {
  return SendControl(Opcode::kPing, payload);
}

absl::Status Connection::SendPong(absl::string_view payload) {
  return SendControl(Opcode::kPong, payload);
}

absl::Status Connection::SendControl(Opcode opcode, absl::string_view payload) {
  if (!open()) return WhyNot(opcode, payload);
  if (payload.size() > kMaxControlPayload) {
    return absl::InvalidArgumentError(
        absl::StrCat("a ", OpcodeName(opcode), " carries at most 125 bytes, not ", payload.size()));
  }
  QueueFrame(opcode, true, payload);
  return absl::OkStatus();
}

absl::Status Connection::SendClose(CloseCode code, absl::string_view reason) {
  if (!open()) return WhyNot(Opcode::kClose, reason);
  if (absl::Status status = CheckClose(code, reason); !status.ok()) return status;
  char payload[kMaxControlPayload];
  QueueFrame(Opcode::kClose, true, {payload, EncodeClosePayload(code, reason, payload)});
  Enter(MayReceive(closing_) ? ClosingState::kCloseSent : ClosingState::kClosed);
  activity_->held_payload.reset();
  return absl::OkStatus();
}

// Whether a whole message may be sent now. WhyNot returns the reason; for other frames if !open().
bool Connection::CanSend(Opcode opcode, absl::string_view payload) const {
  return open() && !in_fragmented_message() && IsMessage(opcode, payload);
}

bool Connection::IsMessage(Opcode opcode, absl::string_view payload) const {
  if (opcode != Opcode::kText) return opcode == Opcode::kBinary;
  return activity_->receiver.IsCurrentText(payload) || IsValidUtf8(payload);
}

absl::Status Connection::WhyNot(Opcode opcode, absl::string_view payload) const {
  if (!open()) {
    return absl::FailedPreconditionError(closing_ == ClosingState::kCloseSent
                                             ? "a Close frame has already been sent"
                                             : "the connection is closed");
  }
  if (in_fragmented_message()) {
    return absl::FailedPreconditionError("a fragmented message is in progress");
  }
  return CheckMessage(opcode, payload);
}

// The header of the next frame to send.
inline FrameHeader Connection::NewHeader(Opcode opcode, bool fin, uint64_t payload_length) const {
  FrameHeader header = {.fin = fin, .opcode = opcode, .payload_length = payload_length};
  if (role() == Role::kClient) {
    header.masked = true;
    header.masking_key = activity_.group()->options().masking_key();
  }
  return header;
}

// Queues a frame: its header, and then `copied`. The length in the header also counts `not_copied`
// further bytes.
void Connection::QueueFrame(Opcode opcode, bool fin, absl::string_view copied,
                            uint64_t not_copied) {
  WriteQueue& out = Use().out;
  const FrameHeader header = NewHeader(opcode, fin, copied.size() + not_copied);
  char* const frame = out.Reserve(kMaxFrameHeaderSize + copied.size());
  const size_t size = EncodeFrameHeader(header, frame);
  if (header.masked) {
    MaskCopy(copied, header.masking_key, 0, frame + size);
  } else if (!copied.empty()) {
    std::memcpy(frame + size, copied.data(), copied.size());
  }
  out.Commit(size + copied.size());
}

bool Connection::ShouldCompress(size_t payload_size, Compress compress) {
  if (!compressed() || compress == Compress::kNo) return false;
  Use();  // a parked codec is needed
  return codec_->IsWorthIt(payload_size);
}

// Queues a frame of a compressed message. The length of its header is known only after its payload.
void Connection::QueueCompressed(Opcode opcode, bool fin, absl::string_view payload) {
  WriteQueue& out = Use().out;
  char* const frame = out.Reserve(kMaxFrameHeaderSize + codec_->Bound(payload.size()));
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
  out.Commit(to + size - frame);
}

// Answers a ping (section 5.5.3), unless a Close frame was sent: nothing follows that.
void Connection::QueuePong(absl::string_view payload) {
  if (!open()) return;
  ConnectionActivity& now = *activity_;
  if (now.held_payload != nullptr) {
    now.held_payload->assign(payload.data(), payload.size());
  } else if (now.pongs.Admit(now.out.removed(), now.out.appended())) {
    QueueFrame(Opcode::kPong, true, payload);
  } else {
    now.held_payload = std::make_unique<std::string>(payload);
  }
}

// ---- Network out ----

void Connection::AfterWrite() {
  ConnectionActivity& now = *activity_;
  if (now.out.empty()) now.out.ReleaseBuffer();
  const absl::string_view borrowed = now.out.borrowed();
  // Bytes in the input stay valid until the next NextEvent, which moves them if needed.
  if (!borrowed.empty() && !now.receiver.window().Contains(borrowed)) now.out.CopyBorrowed();
  if (now.held_payload != nullptr && closing_ == ClosingState::kOpen &&
      now.pongs.HasRoom(now.out.removed())) {
    const std::unique_ptr<std::string> pong = std::move(now.held_payload);
    QueuePong(*pong);
  }
  // The bytes were not in one small buffer, so DidWrite has not done it. Last: `now` is given back.
  if (!owns_group_ && now.out.empty() && now.held_payload == nullptr) Rest();
}

// ---- State ----

size_t Connection::buffered_bytes() const {
  const size_t held = codec_.get() != nullptr ? codec_->held_bytes() : 0;
  return held + activity_->receiver.window_bytes() + activity_->out.capacity();
}

// A parked codec holds none.
size_t Connection::compression_bytes() const {
  return codec_.get() != nullptr ? codec_->reserved_bytes() : 0;
}

void Connection::ReleaseIdle() {
  if (codec_.get() != nullptr) codec_->ReleaseIdle();
}

// Whether a connection through which nothing is on its way is open: the slower part of Rest.
bool Connection::MayRest() {
  if (owns_group_ || !open() || in_fragmented_message()) return false;
  activity_->receiver.UseCodec(nullptr);
  codec_.Park();
  return true;
}

// Takes an activity and gives it the codec, which is made first: if that throws, this still rests.
ConnectionActivity& Connection::UseCodec() {
  const ConnectionOptions& options = activity_.group()->options();
  codec_.Restore(options.compression, options.max_message_bytes, options.pool, options.codecs);
  ConnectionActivity& now = activity_.Take();
  now.receiver.UseCodec(codec_.get());
  return now;
}

void Connection::ReleaseMemory() {
  if (codec_.get() != nullptr) codec_->ReleaseMemory();
  activity_->receiver.window().Drop(nullptr);
  activity_->out.Clear();
}

}  // namespace weft
