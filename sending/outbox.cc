#include "weft/sending/outbox.h"

#include <algorithm>
#include <cassert>
#include <limits>
#include <string>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "weft/core/frame/check_message.h"
#include "weft/core/frame/close_payload.h"

namespace weft {
namespace {

// The maximum number of writes in one turn of the loop for a TLS stream, which takes only 64 KiB at
// once, and for waiting messages, which reach the connection in steps of kWriteFrom.
constexpr int kWritesPerTurn = 16;

constexpr size_t kAll = std::numeric_limits<size_t>::max();

}  // namespace

// ---- The gate ----

// Published messages are delivered first: they were sent before this one, so they come before it,
// and take their room before it.
absl::Status Outbox::Admit(const Request& request) {
  if (context_.has_published) context_.deliver_published();
  if (stopped_) return absl::FailedPreconditionError("the session is closed");
  if (!connection_.open()) return absl::FailedPreconditionError("the session is closing");
  if (request.reserved || FindRoom(request)) return absl::OkStatus();
  return absl::ResourceExhaustedError(absl::StrCat(
      "the send queue is full: ", queued_bytes() + posted_bytes(), " of ", LimitOf(request.options),
      " bytes wait, and ", request.payload_size, " more do not fit"));
}

size_t Outbox::LimitOf(const SendOptions* options) const {
  const size_t limit = context_.limits.max_queue_bytes;
  return options != nullptr ? std::min(limit, options->max_queue_bytes) : limit;
}

// Whether there is room. Drops droppable messages to make some.
bool Outbox::FindRoom(const Request& request) {
  const absl::string_view key = request.message != nullptr ? request.options->key : "";
  const bool waits = request.message != nullptr && Waits(*request.message, key);
  const bool droppable = request.message != nullptr && request.message->droppable;
  const size_t limit = LimitOf(request.options);
  while (true) {
    const size_t replaced = waits && waiting_ != nullptr ? waiting_->BytesOf(key) : 0;
    const size_t queued = queued_bytes() + posted_bytes() - replaced;
    const size_t needed =
        waits ? SendQueue::CostOf(request.payload_size, key) : request.payload_size;
    if (queued < limit && needed <= limit - queued) return true;
    if (!droppable || waiting_ == nullptr || needed > limit) return false;
    const size_t dropped = waiting_->DropOldest(std::max<size_t>(queued + needed - limit, 1));
    if (dropped == 0) return false;
    context_.CountDrop(DropReason::kOldest, dropped);
  }
}

// Applies `policy` to a message for which there is no room; `full` is the error of Admit().
absl::Status Outbox::Overflow(absl::Status full, WhenFull policy) {
  switch (policy) {
    case WhenFull::kFail:
      break;
    case WhenFull::kDropNewest:
    case WhenFull::kDropOldest:
      context_.CountDrop(DropReason::kNewest);
      return absl::OkStatus();
    case WhenFull::kDisconnect:
      Disconnect();
      return absl::ResourceExhaustedError(
          "the send queue is full: the session is closed with 1013");
  }
  context_.CountDrop(DropReason::kQueueFull);
  // OnWritable follows when the queue is back at its low mark. It is there already if the message
  // was too large for a nearly empty queue.
  if (queued_bytes() > context_.limits.low_mark_bytes) was_full_ = true;
  return full;
}

// ---- Sends ----

absl::Status Outbox::Send(WaitingMessage message, const SendOptions& options) {
  const WhenFull policy = options.when_full.value_or(context_.limits.when_full);
  message.compress = options.compress;
  message.droppable = policy == WhenFull::kDropOldest;
  absl::Status status =
      Admit({.payload_size = message.size(), .message = &message, .options = &options});
  if (absl::IsResourceExhausted(status)) return Overflow(std::move(status), policy);
  return status.ok() ? Queue(std::move(message), options.key) : status;
}

absl::Status Outbox::Send(const EncodedMessage& message, const SendOptions& options) {
  if (!GoesStraight(message.frame(), options)) return Send({.payload = message}, options);
  absl::Status status = connection_.SendEncoded(message);
  if (status.ok()) context_.metrics.messages_sent += 1;
  return status;
}

absl::Status Outbox::SendReserved(WaitingMessage message, const SendOptions& options) {
  const WhenFull policy = options.when_full.value_or(context_.limits.when_full);
  if (policy == WhenFull::kDropOldest) return Send(std::move(message), options);
  absl::Status status = Admit({.reserved = true});
  message.compress = options.compress;
  return status.ok() ? Queue(std::move(message), options.key) : status;
}

absl::Status Outbox::SendFrames(absl::string_view frames, size_t count) {
  absl::Status status = connection_.SendBorrowedFrames(frames);
  if (!status.ok()) return status;
  borrows_ = true;
  context_.metrics.messages_sent += count;
  return status;
}

IoResult Outbox::WriteFrames(absl::string_view frames, size_t count, Stream& stream) {
  const IoResult result = stream.Write(frames);
  if (result.status == IoStatus::kError) return result;
  context_.metrics.messages_sent += count;
  context_.metrics.bytes_sent += result.bytes;
  if (result.bytes == frames.size()) return result;
  const absl::Status queued = connection_.SendBorrowedFrames(frames.substr(result.bytes));
  assert(queued.ok());  // otherwise a part of a frame would be missing
  queued.IgnoreError();
  CopyBorrowed();
  write_blocked_ = indirect_ = true;
  return result;
}

absl::Status Outbox::SendFragment(Opcode opcode, absl::string_view payload, bool fin,
                                  Compress compress) {
  absl::Status status = Admit({.payload_size = payload.size()});
  if (absl::IsResourceExhausted(status)) return Overflow(std::move(status), WhenFull::kFail);
  return status.ok() ? QueueFragment(opcode, payload, fin, compress) : status;
}

absl::Status Outbox::SendReservedFragment(Opcode opcode, absl::string_view payload, bool fin,
                                          Compress compress) {
  absl::Status status = Admit({.reserved = true});
  return status.ok() ? QueueFragment(opcode, payload, fin, compress) : status;
}

// A ping overtakes the messages that wait: it asks whether the client is alive, not whether it has
// read them.
absl::Status Outbox::SendPing(absl::string_view payload, bool reserved) {
  absl::Status status = Admit({.payload_size = payload.size(), .reserved = reserved});
  if (absl::IsResourceExhausted(status)) return Overflow(std::move(status), WhenFull::kFail);
  return status.ok() ? connection_.SendPing(payload) : status;
}

absl::Status Outbox::Close(CloseCode code, absl::string_view reason) {
  if (stopped_) return absl::FailedPreconditionError("the session is closed");
  if (absl::Status status = CheckClose(code, reason); !status.ok()) return status;
  if (context_.has_published) context_.deliver_published();
  MoveWaiting(kAll);
  absl::Status status = connection_.SendClose(code, reason);
  if (status.ok()) DropWaiting(DropReason::kClosed);  // after a fragmented message that ends here
  return status;
}

void Outbox::Disconnect() {
  if (!Admit({.reserved = true}).ok()) return;
  disconnected_ = true;
  context_.CountDrop(DropReason::kDisconnected);
  DropWaiting(DropReason::kDisconnected);
  const bool is_server = connection_.role() == Role::kServer;
  connection_
      .SendClose(CloseCode::kTryAgainLater,
                 is_server ? "the client reads too slowly" : "the server reads too slowly")
      .IgnoreError();
}

Outbox::Cause Outbox::CauseOfEnd(CloseCode code) const {
  if (disconnected_) return {ClosedBy::kLimit, "sending.max_queue_bytes"};
  switch (connection_.status().code()) {
    case absl::StatusCode::kOk:
      return {ClosedBy::kPeer};
    case absl::StatusCode::kUnavailable:
      return {ClosedBy::kLost};
    case absl::StatusCode::kResourceExhausted:
      return {ClosedBy::kLimit, code == CloseCode::kMessageTooBig ? "connection.max_message_bytes"
                                                                  : "connection.max_fragments"};
    default:
      return {ClosedBy::kRule};
  }
}

void Outbox::AnswerClose(bool send_waiting) {
  if (context_.has_published) context_.deliver_published();
  if (connection_.open() && send_waiting) MoveWaiting(kAll);
  connection_.AnswerClose();
}

// ---- To the connection ----

bool Outbox::Waits(const WaitingMessage& message, absl::string_view key) const {
  if (waiting_ != nullptr || connection_.in_fragmented_message()) return true;
  if (!write_blocked_) return false;
  const bool copied = std::holds_alternative<absl::string_view>(message.payload);
  return message.droppable || !key.empty() || (!copied && message.size() >= kBorrowFrom);
}

// Queues a message that was admitted.
absl::Status Outbox::Queue(WaitingMessage message, absl::string_view key) {
  absl::Status status;
  if (!Waits(message, key)) {
    const auto* view = std::get_if<absl::string_view>(&message.payload);
    status = view != nullptr ? QueueView(message.opcode, *view, message.compress)
                             : ToConnection(std::move(message));
  } else {
    if (!std::holds_alternative<EncodedMessage>(message.payload)) {
      status = CheckMessage(message.opcode, message.view());
      if (!status.ok()) return status;
    }
    if (waiting_ == nullptr) waiting_ = std::make_unique<SendQueue>();
    message.hold = KeepPayload(message);
    if (waiting_->Push(std::move(message), key)) context_.CountDrop(DropReason::kReplaced);
    UpdateIndirect();
  }
  if (status.ok()) context_.metrics.messages_sent += 1;
  return status;
}

// The caller owns the payload: borrows it if it is large, and copies it otherwise.
absl::Status Outbox::QueueView(Opcode opcode, absl::string_view payload, Compress compress) {
  if (payload.size() < kBorrowFrom) return connection_.SendMessage(opcode, payload, compress);
  absl::Status status = connection_.SendBorrowed(opcode, payload, compress);
  borrows_ = status.ok();
  return status;
}

// Queues a fragment that was admitted.
absl::Status Outbox::QueueFragment(Opcode opcode, absl::string_view payload, bool fin,
                                   Compress compress) {
  // Messages that wait were sent before the first fragment. Those that wait while the fragmented
  // message is open follow after its last fragment.
  if (!connection_.in_fragmented_message()) MoveWaiting(kAll);
  absl::Status status = connection_.SendFragment(opcode, payload, fin, compress);
  UpdateIndirect();
  if (status.ok() && fin) context_.metrics.messages_sent += 1;
  return status;
}

// Keeps a large payload instead of copying it, and counts it. Null for a payload that is small, or
// that the caller owns.
std::shared_ptr<const void> Outbox::KeepPayload(WaitingMessage& message) {
  if (message.hold != nullptr || message.size() < kBorrowFrom) return std::move(message.hold);
  if (auto* own = std::get_if<std::string>(&message.payload)) {
    message.payload = std::make_shared<const std::string>(std::move(*own));
  }
  if (const auto* shared = std::get_if<WaitingMessage::Shared>(&message.payload)) {
    return context_.held.Keep(*shared, (*shared)->size());
  }
  if (const auto* encoded = std::get_if<EncodedMessage>(&message.payload)) {
    return context_.held.Keep(encoded->owner(), encoded->frame().size());
  }
  return nullptr;
}

// Does not copy a large payload unless the caller owns it.
absl::Status Outbox::ToConnection(WaitingMessage message) {
  std::shared_ptr<const void> hold = KeepPayload(message);
  if (const auto* encoded = std::get_if<EncodedMessage>(&message.payload)) {
    return connection_.SendEncoded(*encoded, std::move(hold));
  }
  if (hold == nullptr) {
    return connection_.SendMessage(message.opcode, message.view(), message.compress);
  }
  return connection_.SendKept(message.opcode, message.view(), std::move(hold), message.compress);
}

// Moves messages that wait to the connection, until `until` bytes are queued there.
void Outbox::MoveWaiting(size_t until) {
  while (waiting_ != nullptr && connection_.queued_bytes() < until &&
         !connection_.in_fragmented_message()) {
    WaitingMessage message = waiting_->Pop();
    if (waiting_->empty()) waiting_.reset();
    ToConnection(std::move(message)).IgnoreError();
  }
  UpdateIndirect();
}

void Outbox::DropWaiting(DropReason why) {
  if (waiting_ == nullptr) return;
  context_.CountDrop(why, waiting_->size());
  waiting_.reset();
  UpdateIndirect();
}

// ---- Writing ----

// Apart from WriteOnce, because it takes the address of `parts`: there they stay in registers.
IoResult Outbox::Writev(Stream& stream, std::array<absl::string_view, 2> parts) {
  return stream.Writev(parts);
}

IoResult Outbox::WriteOften(Stream& stream) {
  IoResult result;
  size_t bytes = 0;
  int writes = kWritesPerTurn;
  do {
    if (waiting_ != nullptr) MoveWaiting(kWriteFrom);
    if (connection_.queued_bytes() == 0) break;
    result = WriteOnce(stream);
    bytes += result.bytes;
  } while (--writes > 0 && result.ok() && (connection_.queued_bytes() > 0 || waiting_ != nullptr));
  SettleWrite(result);
  result.bytes = bytes;
  return result;
}

void Outbox::SettleWrite(const IoResult& result) {
  if (result.status == IoStatus::kError) return;
  // Messages that wait for the end of a fragmented message do not wait for the socket.
  write_blocked_ = connection_.queued_bytes() > 0 ||
                   (waiting_ != nullptr && !connection_.in_fragmented_message());
  UpdateIndirect();
}

void Outbox::CopyBorrowed() {
  borrows_ = false;
  connection_.DidWrite(0);
}

}  // namespace weft
