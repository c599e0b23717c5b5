// An open WebSocket without its socket: bytes in, events out; messages in, bytes out.

#ifndef WEFT_CORE_CONNECTION_H_
#define WEFT_CORE_CONNECTION_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "weft/core/connection_group.h"
#include "weft/core/connection_options.h"
#include "weft/core/deflate/codec_slot.h"
#include "weft/core/deflate/compression.h"
#include "weft/core/encoded_message.h"
#include "weft/core/event.h"
#include "weft/core/frame/close_code.h"
#include "weft/core/frame/closing_handshake.h"
#include "weft/core/frame/frame.h"
#include "weft/core/frame/opcode.h"
#include "weft/core/memory/buffer.h"

namespace weft {

struct DeflateAgreement;

// The state machine of one open WebSocket (RFC 6455, sections 5 to 8). It does no I/O and has no
// clock: the owner reads, writes and sets timeouts. Not thread-safe.
//
//   Connection connection(Role::kServer, {});
//   absl::Span<char> into = connection.ReadBuffer(scratch);
//   connection.DidRead(read(fd, into.data(), into.size()));
//   while (std::optional<Event> event = connection.NextEvent()) {
//     if (event->type == Event::Type::kMessage) connection.SendText(event->payload).IgnoreError();
//   }
//   absl::string_view out = connection.WriteBuffer();
//   connection.DidWrite(write(fd, out.data(), out.size()));
//   if (connection.done()) close(fd);
//
// Its states are those of ClosingState (core/frame/closing_handshake.h). When the peer breaks a
// rule, the connection fails (section 7.1.7): it queues a Close frame with the matching code,
// status() names the rule and what was seen, and the last event is a kClose. A mistake of the
// caller returns FailedPrecondition or InvalidArgument and changes nothing.
class Connection {
 public:
  Connection(Role role, const ConnectionOptions& options);
  explicit Connection(ConnectionGroup& group);  // it must outlive the connection: see Rest
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Compresses outgoing messages from now on, where it is worth it, and accepts compressed messages
  // (RFC 7692), as both ends agreed in the handshake (core/deflate/permessage_deflate.h). `options`
  // are those of the constructor. Call it before the first frame in either direction.
  void UseDeflate(const DeflateAgreement& agreement, const ConnectionOptions& options);

  // ---- Network in ----

  // Where to read into: `scratch`, which an event loop shares among all its connections, or space
  // that the connection owns after a large unfinished message. Never empty, unless `scratch` is.
  // `scratch` must not change until NextEvent has returned nullopt, or KeepInput was called.
  absl::Span<char> ReadBuffer(absl::Span<char> scratch) {
    return Use().receiver.ReadBuffer(scratch, activity_->out.pool());
  }

  // `size` bytes, or 0, were read; or the stream has ended. Then call NextEvent until nullopt.
  void DidRead(size_t size) { activity_->receiver.DidRead(size); }
  void DidReadEof() { Use().receiver.DidReadEof(); }

  // ---- To the application ----

  // The next event, or nullopt when more input is needed or no more is accepted. Pongs and the echo
  // of a Close frame are already in the write buffer.
  std::optional<Event> NextEvent();

  // For an owner that wants no events for a while: copies the input that is not yet processed, so
  // that `scratch` is free. The last event's payload becomes invalid. NextEvent continues there.
  void KeepInput();

  // For an owner that calls NextEvent while another component still uses the last event's message:
  // returns the memory that holds the message, which stays valid as long as the caller keeps it.
  // Returns an empty result when the message lies in `scratch`: that must then stay unchanged, and
  // reading must continue with another scratch buffer. Otherwise like KeepInput.
  Buffer TakePayload();

  // ---- From the application: FailedPrecondition unless open() ----

  // A whole message in one frame. InvalidArgument for text that is not UTF-8. FailedPrecondition
  // between the fragments of another message.
  absl::Status SendText(absl::string_view text, Compress compress = Compress::kYes) {
    return SendMessage(Opcode::kText, text, compress);
  }
  absl::Status SendBinary(absl::string_view data, Compress compress = Compress::kYes) {
    return SendMessage(Opcode::kBinary, data, compress);
  }
  absl::Status SendMessage(Opcode opcode, absl::string_view payload,
                           Compress compress = Compress::kYes);

  // One fragment of a message (section 5.4): `opcode` is kText or kBinary and the same for each;
  // the one with `fin` is the last. Control frames may be sent in between. `compress` of the first
  // fragment applies to all of them.
  absl::Status SendFragment(Opcode opcode, absl::string_view payload, bool fin,
                            Compress compress = Compress::kYes);

  // At most 125 bytes, else InvalidArgument.
  absl::Status SendPing(absl::string_view payload = "");
  absl::Status SendPong(absl::string_view payload = "");

  // Starts the closing handshake (section 7.1.2). InvalidArgument as in CheckClose
  // (core/frame/close_payload.h). Messages that the peer sent before its answer still arrive.
  absl::Status SendClose(CloseCode code, absl::string_view reason = "");

  // Fails the connection because it broke a rule of the owner's, as if it had broken a rule of the
  // RFC, but without a kClose event: no more messages are delivered. `reason` is literal text that
  // fits in a Close frame. Does nothing if the connection has failed or the peer has closed it.
  void Refuse(CloseCode code, const char* reason);

  // Like SendMessage, but avoid copying the payload to the write buffer where possible. It must
  // stay unchanged until the next DidWrite, which must follow, with WriteBuffers, before any other
  // call; or as long as `owner` lives, which is released when the payload is written.
  absl::Status SendBorrowed(Opcode opcode, absl::string_view payload,
                            Compress compress = Compress::kYes);
  absl::Status SendKept(Opcode opcode, absl::string_view payload, std::shared_ptr<const void> owner,
                        Compress compress = Compress::kYes);

  // A message that was encoded once for many connections. For a server only: a client, which masks
  // each frame with a new key, returns FailedPrecondition. The frame is copied, unless an `owner`
  // keeps it unchanged until it is written: EncodedMessage::owner() does.
  absl::Status SendEncoded(const EncodedMessage& message,
                           std::shared_ptr<const void> owner = nullptr);

  // The EncodedMessage::frame() of several, concatenated, borrowed as by SendBorrowed. For a server
  // that does not compress: FailedPrecondition for others.
  absl::Status SendBorrowedFrames(absl::string_view frames);

  // With `later`, the Close frame that answers the peer's, or reports a broken rule, is not queued
  // before the kClose event or by Refuse, but by AnswerClose; until then messages can be sent. For
  // an owner whose queued messages, or pending answers, precede the peer's Close frame.
  void set_answers_close_later(bool later) { answers_close_later_ = later; }
  void AnswerClose();

  // Queues the opening handshake, so that it leaves with the first frames. Call it before all else.
  void QueueHandshake(absl::string_view bytes);

  // ---- Network out ----

  // The bytes to write, in order, valid until the next call: all, or up to the end of the first
  // payload that is kept. The second part is empty but after SendBorrowed and with a kept payload.
  absl::string_view WriteBuffer() const { return WriteBuffers()[0]; }
  std::array<absl::string_view, 2> WriteBuffers() const { return activity_->out.parts(); }

  // `size` of these bytes were written. Includes Rest.
  void DidWrite(size_t size) {
    const bool is_plain = activity_->out.RemoveAll(size) && activity_->held_payload == nullptr;
    if (!is_plain || !Rest()) AfterWrite();
  }

  size_t queued_bytes() const { return activity_->out.size(); }  // that wait to be written

  // Whether a frame or message has arrived in part, and the number of its bytes held until the rest
  // arrives: inflated, if the message is compressed. Between events.
  bool has_unfinished_input() const { return activity_->receiver.has_unfinished_input(); }
  size_t unfinished_bytes() const { return activity_->receiver.unfinished_bytes(); }

  // Bytes of memory held for unfinished input and unsent output, between events; and the maximum
  // that compression holds while the connection lives.
  size_t buffered_bytes() const;
  size_t compression_bytes() const;

  // Call it every few seconds: frees codecs that were not used since the last call.
  void ReleaseIdle();

  // For a connection of a group: if it is idle (open, between messages in both directions, and
  // holds no bytes, as between most reads), gives its ConnectionActivity back. Returns whether it
  // is idle; false without a group. Call it after each step, between events.
  bool Rest() {
    if (activity_.is_none()) return true;
    if (!activity_->is_over() || (!rests_plainly_ && !MayRest())) return false;
    activity_.Return();
    return true;
  }

  // Frees all memory for input, output and compression: unfinished input and unsent output are
  // lost. Afterwards only the functions under "State" and the destructor may be called.
  void ReleaseMemory();

  // ---- State ----

  Role role() const { return activity_->receiver.role(); }
  ConnectionGroup& group() const { return *activity_.group(); }  // perhaps of its own
  bool compressed() const { return codec_.has_codec(); }         // by permessage-deflate

  // Whether messages can still be sent, and whether SendFragment has begun one and not ended it.
  bool open() const { return MaySend(closing_); }
  bool in_fragmented_message() const { return activity_->outgoing.open(); }

  // Whether the connection is ending: a Close frame was sent or received, the stream ended, or the
  // peer broke a rule. The owner should limit the time until done().
  bool closing() const { return closing_ != ClosingState::kOpen || activity_->receiver.eof(); }

  // Whether the owner should close the stream: everything has been read and written. After a
  // closing handshake a client may wait a little for the server to close first (section 7.1.1).
  bool done() const { return closing_ == ClosingState::kClosed && queued_bytes() == 0; }

  // OK, or the peer's error: InvalidArgument for a broken rule, ResourceExhausted for a limit,
  // Unavailable when the stream ended without a Close frame.
  const absl::Status& status() const { return activity_->status; }

 private:
  ConnectionActivity& Use() {
    return !activity_.is_none() ? *activity_ : compressed() ? UseCodec() : activity_.Take();
  }
  [[gnu::noinline]] ConnectionActivity& UseCodec();
  [[gnu::noinline]] bool MayRest();
  [[gnu::noinline]] void NoMessage(std::optional<Event>& event);
  void EndEvent();
  [[gnu::noinline]] void AfterWrite();
  void SettleBorrowed();
  void EndWith(CloseCode code, absl::string_view reason);
  void EndOfStream(std::optional<Event>& event);
  void End(ClosingState state);
  void Enter(ClosingState state);
  absl::Status SendOtherwise(Opcode opcode, absl::string_view payload, Compress compress);
  bool CanSend(Opcode opcode, absl::string_view payload) const;
  bool IsMessage(Opcode opcode, absl::string_view payload) const;
  [[gnu::cold, gnu::noinline]] absl::Status WhyNot(Opcode opcode, absl::string_view payload) const;
  absl::Status SendControl(Opcode opcode, absl::string_view payload);
  FrameHeader NewHeader(Opcode opcode, bool fin, uint64_t payload_length) const;
  void QueueFrame(Opcode opcode, bool fin, absl::string_view copied, uint64_t not_copied = 0);
  bool ShouldCompress(size_t payload_size, Compress compress);
  [[gnu::noinline]] void QueueCompressed(Opcode opcode, bool fin, absl::string_view payload);
  void QueuePong(absl::string_view payload);

  ActivitySlot activity_;  // none: this is idle
  CodecSlot codec_;        // parked while this is idle
  ClosingState closing_ : 2 = ClosingState::kOpen;
  bool owns_group_ : 1 = false;
  bool answers_close_later_ : 1 = false;
  bool sends_plainly_ : 1 = true;  // open, not inside a fragmented message, nothing to compress
  bool rests_plainly_ : 1 = true;  // the same, and of a group
};

}  // namespace weft

#endif  // WEFT_CORE_CONNECTION_H_
