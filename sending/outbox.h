// The output of one session: its connection and its queue.

#ifndef WEFT_SENDING_OUTBOX_H_
#define WEFT_SENDING_OUTBOX_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "weft/core/connection.h"
#include "weft/core/deflate/compression.h"
#include "weft/core/encoded_message.h"
#include "weft/core/frame/close_code.h"
#include "weft/core/frame/close_info.h"
#include "weft/core/frame/opcode.h"
#include "weft/sending/outbox_context.h"
#include "weft/sending/send_counters.h"
#include "weft/sending/send_options.h"
#include "weft/sending/send_queue.h"
#include "weft/sending/shared_queue.h"
#include "weft/sending/waiting_message.h"
#include "weft/transport/io.h"
#include "weft/transport/stream.h"

namespace weft {

// The connection of a session, and the messages that wait for it. Most messages go straight to the
// connection. A message waits
//   - while others wait, or a fragmented message is open;
//   - while the socket takes no more, if the message may be dropped or replaced later, or if it is
//     large and need not be copied.
//
// Every send passes one gate, Admit(): it delivers the published messages, then checks that the
// session is open, then that there is room. For the loop's thread.
class Outbox {
 public:
  // From this size on, a payload is written from the caller's memory instead of being copied to the
  // queue.
  static constexpr size_t kBorrowFrom = 16 << 10;

  // A write starts when this number of bytes is in the connection: during a callback, and when
  // waiting messages are moved there.
  static constexpr size_t kWriteFrom = 64 << 10;

  // The context must outlive the outbox, and so must the group of a connection that has one.
  Outbox(OutboxContext& context, const ConnectionOptions& options, Role role)
      : context_(context), connection_(role, options) {}
  Outbox(OutboxContext& context, ConnectionGroup& group) : context_(context), connection_(group) {}

  Connection& connection() { return connection_; }
  const Connection& connection() const { return connection_; }

  // The bytes that other threads send, which take room as well. Null: no other thread sends. It
  // must outlive the outbox.
  void set_shared(SharedQueue* shared) { shared_ = shared; }
  SharedQueue* shared() const { return shared_; }
  size_t posted_bytes() const { return shared_ != nullptr ? shared_->posted_bytes() : 0; }

  // Bytes that wait to be sent, and the overhead of the messages in the queue.
  size_t queued_bytes() const {
    return connection_.queued_bytes() + (waiting_ != nullptr ? waiting_->bytes() : 0);
  }

  // The memory of the messages that wait, without payloads that HeldPayloads counts.
  size_t memory_bytes() const { return waiting_ != nullptr ? waiting_->memory_bytes() : 0; }

  // ---- Sends ----
  //
  // FailedPrecondition once the session is closing, ResourceExhausted without room, InvalidArgument
  // for text that is not UTF-8. After each, the payload may still be borrowed: see borrows().

  // Whether a message of this size passes the gate and does not wait, as nearly all messages do.
  bool GoesStraight(size_t payload_size) const {
    if (indirect_ || context_.has_published) return false;
    const size_t queued = connection_.queued_bytes() + posted_bytes();
    const size_t limit = context_.limits.max_queue_bytes;
    return queued < limit && payload_size <= limit - queued;
  }

  // The same with the limit of `options`, for a payload or encoded frames of fewer than kBorrowFrom
  // bytes, since those that wait are copied.
  bool GoesStraight(absl::string_view bytes, const SendOptions& options) const {
    return bytes.size() < kBorrowFrom && GoesStraight(bytes.size()) &&
           bytes.size() <= options.max_queue_bytes &&
           connection_.queued_bytes() <= options.max_queue_bytes - bytes.size();
  }

  // Sends a message of less than kBorrowFrom bytes that goes straight.
  absl::Status SendStraight(Opcode opcode, absl::string_view payload,
                            Compress compress = Compress::kYes) {
    absl::Status status = connection_.SendMessage(opcode, payload, compress);
    if (status.ok()) context_.metrics.messages_sent += 1;
    return status;
  }

  // Sends `count` messages whose frames go straight, and borrows them.
  absl::Status SendFrames(absl::string_view frames, size_t count);

  // The same while nothing is queued: writes them at once. The queue gets what the socket does not
  // take, and nothing of them is borrowed. For a stream without TLS.
  IoResult WriteFrames(absl::string_view frames, size_t count, Stream& stream);

  absl::Status Send(WaitingMessage message, const SendOptions& options);
  absl::Status Send(const EncodedMessage& message, const SendOptions& options);
  absl::Status SendFragment(Opcode opcode, absl::string_view payload, bool fin, Compress compress);
  absl::Status SendPing(absl::string_view payload, bool reserved = false);

  // The same for messages of other threads, which took their room when they were posted. With
  // WhenFull::kDropOldest the posting thread cannot drop messages to make room, so the room is
  // looked for here.
  absl::Status SendReserved(WaitingMessage message, const SendOptions& options);
  absl::Status SendReservedFragment(Opcode opcode, absl::string_view payload, bool fin,
                                    Compress compress);

  // Sends the messages that wait, and then the Close frame.
  absl::Status Close(CloseCode code, absl::string_view reason);

  // The peer reads too slowly: drops the messages that wait, and closes with 1013.
  void Disconnect();
  bool disconnected() const { return disconnected_; }

  // The cause of the connection's end with `code`, unless its owner has ended it: by this queue, or
  // as the connection's status says. `option` is the name of the limit, if it was one.
  struct Cause {
    ClosedBy by;
    absl::string_view option{};
  };
  Cause CauseOfEnd(CloseCode code) const;

  // The peer has sent a Close frame, or the connection has failed: sends the messages that wait, if
  // `send_waiting`, and then the answer to the Close frame.
  void AnswerClose(bool send_waiting);

  void DropWaiting(DropReason why);

  // A later message with this key does not replace one that waits now.
  void ForgetKey(absl::string_view key) {
    if (waiting_ != nullptr) waiting_->ForgetKey(key);
  }

  // The stream is closed: every send fails from now on.
  void Stop() { stopped_ = indirect_ = true; }

  // ---- Marks ----

  // OnWritable is due when the queue is down to its low mark, after it was at the high mark, a send
  // was refused because there was no room, or the handler asked for it.
  void MarkIfHigh(size_t queued) { was_full_ |= queued >= context_.limits.high_mark_bytes; }
  void AskForWritable() { was_full_ = true; }
  bool IsWritableAgain() const {
    return was_full_ && queued_bytes() <= context_.limits.low_mark_bytes;
  }
  // OnWritable is called now.
  void ForgetMark() {
    was_full_ = false;
    // Another thread that OnWritable wakes must see the room that the write has made.
    if (shared_ != nullptr) shared_->SetQueuedBytes(queued_bytes());
  }

  // ---- Writing ----

  // Writes queued bytes: one system call, or at most kWritesPerTurn. Returns the result of the last
  // one, with the number of bytes that all of them wrote.
  IoResult Write(Stream& stream) {
    borrows_ = false;  // Connection::DidWrite copies what the socket does not take
    if (indirect_ || stream.is_tls()) return WriteOften(stream);
    const IoResult result = WriteOnce(stream);
    if (connection_.queued_bytes() > 0) SettleWrite(result);
    return result;
  }

  // Whether the queue still refers to the caller's payload: if so, call Write() or CopyBorrowed()
  // before the send returns.
  bool borrows() const { return borrows_; }
  void CopyBorrowed();

  // Whether the socket took less than it was given, and has not become writable since.
  bool write_blocked() const { return write_blocked_; }
  void DidBecomeWritable() { write_blocked_ = false; }

  // Whether messages go straight, and no OnWritable is due, as is usual.
  bool is_plain() const { return !indirect_ && !was_full_; }

  // Whether Write() may have something to do.
  bool has_output() const { return connection_.queued_bytes() > 0 || indirect_; }

 private:
  // The arguments of Admit().
  struct Request {
    size_t payload_size = 0;
    const WaitingMessage* message = nullptr;  // null: a fragment or a ping, which cannot wait
    const SendOptions* options = nullptr;     // of the message
    bool reserved = false;                    // needs no room, or took it before
  };

  size_t LimitOf(const SendOptions* options) const;
  absl::Status Admit(const Request& request);
  bool FindRoom(const Request& request);
  absl::Status Overflow(absl::Status full, WhenFull policy);

  bool Waits(const WaitingMessage& message, absl::string_view key) const;
  absl::Status Queue(WaitingMessage message, absl::string_view key);
  absl::Status QueueFragment(Opcode opcode, absl::string_view payload, bool fin, Compress compress);
  absl::Status QueueView(Opcode opcode, absl::string_view payload, Compress compress);
  absl::Status ToConnection(WaitingMessage message);
  std::shared_ptr<const void> KeepPayload(WaitingMessage& message);
  void MoveWaiting(size_t until);
  IoResult WriteOnce(Stream& stream) {
    const std::array<absl::string_view, 2> parts = connection_.WriteBuffers();
    const IoResult result = parts[1].empty() ? stream.Write(parts[0]) : Writev(stream, parts);
    connection_.DidWrite(result.bytes);
    context_.metrics.bytes_sent += result.bytes;
    return result;
  }
  static IoResult Writev(Stream& stream, std::array<absl::string_view, 2> parts);
  [[gnu::noinline]] IoResult WriteOften(Stream& stream);
  [[gnu::noinline]] void SettleWrite(const IoResult& result);
  void UpdateIndirect() {
    indirect_ =
        stopped_ || write_blocked_ || waiting_ != nullptr || connection_.in_fragmented_message();
  }

  OutboxContext& context_;
  SharedQueue* shared_ = nullptr;
  std::unique_ptr<SendQueue> waiting_;  // null when empty, which is usual
  // The flags below, and those of a class that has an outbox in this way, lie in the bytes after
  // those of the connection.
  [[no_unique_address]] Connection connection_;
  bool write_blocked_ : 1 = false;
  bool indirect_ : 1 = false;  // nothing goes straight: see UpdateIndirect
  bool was_full_ : 1 = false;
  bool borrows_ : 1 = false;
  bool stopped_ : 1 = false;
  bool disconnected_ : 1 = false;
};

}  // namespace weft

#endif  // WEFT_SENDING_OUTBOX_H_
