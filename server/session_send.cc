// What a session sends: straight to its connection, or by way of the messages that wait.

#include <algorithm>
#include <array>
#include <limits>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "weft/core/frame/check_message.h"
#include "weft/server/pooled_handler.h"
#include "weft/server/server_options.h"
#include "weft/server/session.h"
#include "weft/server/topics/publish_batch.h"
#include "weft/server/worker.h"
#include "weft/transport/io.h"

namespace weft {
namespace {

// From here on a payload is written from where it lies instead of being copied to the queue.
constexpr size_t kBorrowFrom = 16 << 10;

// A TLS stream takes so little at once (64 KiB) that a turn of the loop is worth several writes; so
// do messages that wait, which are written as they come.
constexpr int kWritesPerTurn = 16;

constexpr size_t kAll = std::numeric_limits<size_t>::max();

}  // namespace

// ---- Straight to the connection ----

// Flattened, as all of it is paid for by every echo; what is not is kept out of it.
[[gnu::flatten]] absl::Status Session::Send(const Message& message, Compress compress) {
  if (!message.first || !message.last) return SendPiece(message, compress);
  return SendMessage(message.opcode, message.payload, compress);
}

absl::Status Session::SendPiece(const Message& message, Compress compress) {
  // A piece whose message was refused at its begin must not become the begin of another.
  const bool in_message =
      OffLoop() ? pooled_->in_fragmented_message() : connection_.in_fragmented_message();
  if (message.first == in_message) {
    return absl::FailedPreconditionError("the piece does not continue what was sent before it");
  }
  return SendFragment(message.opcode, message.payload, message.last, compress);
}

inline bool Session::GoesStraight(size_t payload_size) const {
  if (indirect_ || !holds_stream()) return false;
  const size_t queued = connection_.queued_bytes() + PostedBytes();
  const size_t limit = worker_.options().max_send_queue_bytes;
  return !worker_.has_published() && queued < limit && payload_size <= limit - queued;
}

// What is encoded, unless it is so large that it should not be copied where it has to wait.
inline bool Session::GoesStraight(absl::string_view frames, const SendOptions& options) const {
  return frames.size() < kBorrowFrom && GoesStraight(frames.size()) &&
         frames.size() <= options.max_queue_bytes &&
         connection_.queued_bytes() <= options.max_queue_bytes - frames.size();
}

inline void Session::AfterMessage() {
  worker_.metrics().messages_sent += 1;
  AfterSend();
}

absl::Status Session::SendMessage(Opcode opcode, absl::string_view payload, Compress compress) {
  if (GoesStraight(payload.size())) return QueueWhole(opcode, payload, compress);
  return SendSlowly(opcode, payload, compress);
}

absl::Status Session::SendSlowly(Opcode opcode, absl::string_view payload, Compress compress) {
  return SendWaiting({.opcode = opcode, .payload = payload}, {.compress = compress});
}

absl::Status Session::QueueWhole(Opcode opcode, absl::string_view payload, Compress compress) {
  if (payload.size() >= kBorrowFrom) return QueueLarge(opcode, payload, compress);
  absl::Status status = connection_.SendMessage(opcode, payload, compress);
  if (status.ok()) AfterMessage();
  return status;
}

absl::Status Session::QueueLarge(Opcode opcode, absl::string_view payload, Compress compress) {
  absl::Status status = connection_.SendBorrowed(opcode, payload, compress);
  if (!status.ok()) return status;
  if (write_blocked_) {
    connection_.DidWrite(0);
  } else {
    Write();
  }
  AfterMessage();
  return absl::OkStatus();
}

absl::Status Session::Send(const Message& message, const SendOptions& options) {
  if (!message.first || !message.last) return Send(message, options.compress);
  return SendWaiting({.opcode = message.opcode, .payload = message.payload}, options);
}

absl::Status Session::Send(const EncodedMessage& message, const SendOptions& options) {
  if (!GoesStraight(message.frame(), options)) return SendWaiting({.payload = message}, options);
  absl::Status status = connection_.SendEncoded(message);
  if (status.ok()) AfterMessage();
  return status;
}

absl::Status Session::SendFragment(Opcode opcode, absl::string_view payload, bool fin,
                                   Compress compress) {
  if (OffLoop()) return pooled_->SendFragment(opcode, payload, fin, compress);
  if (absl::Status status = StartSend(payload.size()); !status.ok()) return status;
  return QueueFragment(opcode, payload, fin, compress);
}

// Sends a fragment that has room.
absl::Status Session::QueueFragment(Opcode opcode, absl::string_view payload, bool fin,
                                    Compress compress) {
  if (absl::Status status = StartSend(); !status.ok()) return status;
  // What waits was sent before. The rest of a fragmented message goes before what waits for it.
  if (waiting_ != nullptr && !connection_.in_fragmented_message()) MoveWaiting(kAll);
  absl::Status status = connection_.SendFragment(opcode, payload, fin, compress);
  UpdateIndirect();
  if (status.ok()) fin ? AfterMessage() : AfterSend();
  return status;
}

// A ping overtakes the messages that wait: it asks for the client, not for its reading.
absl::Status Session::SendPing(absl::string_view payload) {
  if (OffLoop()) return pooled_->SendPing(payload);
  if (absl::Status status = StartSend(payload.size()); !status.ok()) return status;
  absl::Status status = connection_.SendPing(payload);
  if (!status.ok()) return status;
  if (payload.empty()) ping_ = Moment(worker_.loop().now_ms());
  AfterSend();
  return absl::OkStatus();
}

absl::Status Session::Close(CloseCode code, absl::string_view reason) {
  if (OffLoop()) return pooled_->Close(code, reason);
  if (!holds_stream()) return absl::FailedPreconditionError("the session is closed");
  if (absl::Status status = CheckClose(code, reason); !status.ok()) return status;
  worker_.DeliverPublished();
  if (waiting_ != nullptr) MoveWaiting(kAll);
  absl::Status status = connection_.SendClose(code, reason);
  if (!status.ok()) return status;
  DropWaiting(DropReason::kClosed);  // behind a fragmented message that ends here
  AfterSend();
  return absl::OkStatus();
}

// ---- Any way ----

absl::Status Session::CheckOpen() const {
  if (!holds_stream()) return absl::FailedPreconditionError("the session is closed");
  if (!connection_.open()) return absl::FailedPreconditionError("the session is closing");
  return absl::OkStatus();
}

// The gate of every send that does not go straight: what was published before goes first, so that
// it has its place, and its room, before the next one is asked for.
absl::Status Session::StartSend() {
  worker_.DeliverPublished();
  return CheckOpen();
}

// The same for what is not a whole message, and so cannot wait or be dropped.
absl::Status Session::StartSend(size_t payload_size) {
  if (absl::Status status = StartSend(); !status.ok()) return status;
  const size_t queued = queued_bytes() + PostedBytes();
  const size_t limit = worker_.options().max_send_queue_bytes;
  if (queued < limit && payload_size <= limit - queued) return absl::OkStatus();
  return NoRoom(payload_size, limit);
}

absl::Status Session::SendWaiting(WaitingMessage message, const SendOptions& options) {
  if (OffLoop()) return pooled_->Send(std::move(message), options);
  if (absl::Status status = StartSend(); !status.ok()) return status;
  const WhenFull when_full = options.when_full.value_or(worker_.options().when_full);
  message.compress = options.compress;
  message.droppable = when_full == WhenFull::kDropOldest;
  const size_t size = message.size();
  if (!FindRoom(message, Waits(message, options.key), options)) {
    return Overflow(size, when_full, LimitOf(options));
  }
  return Queue(std::move(message), options.key);
}

// The room was checked when it was posted, unless it is by what waits that room is made.
void Session::SendPosted(WaitingMessage message, const SendOptions& options) {
  if (options.when_full.value_or(worker_.options().when_full) == WhenFull::kDropOldest) {
    SendWaiting(std::move(message), options).IgnoreError();
  } else if (StartSend().ok()) {
    message.compress = options.compress;
    Queue(std::move(message), options.key).IgnoreError();
  }
}

void Session::SendPublished(const PublishBatch& batch, const SendOptions& options) {
  const absl::string_view frames = batch.frames();
  if (compressed() || !options.key.empty() || !GoesStraight(frames, options)) {
    for (const EncodedMessage& message : batch.messages()) Send(message, options).IgnoreError();
    return;
  }
  const bool idle = connection_.queued_bytes() == 0 && !in_callback_;
  if (!connection_.SendBorrowedFrames(frames).ok()) return;
  worker_.metrics().messages_sent += batch.messages().size();
  // Mostly the socket takes all of it, uncopied, and there is nothing left to do.
  if (idle) Write();
  if (connection_.queued_bytes() == 0) return;
  connection_.DidWrite(0);
  AfterSend();
}

bool Session::Waits(const WaitingMessage& message, absl::string_view key) const {
  if (waiting_ != nullptr || connection_.in_fragmented_message()) return true;
  if (!write_blocked_) return false;
  const bool copied = std::holds_alternative<absl::string_view>(message.payload);
  return message.droppable || !key.empty() || (!copied && message.size() >= kBorrowFrom);
}

// Sends a message that has room.
absl::Status Session::Queue(WaitingMessage message, absl::string_view key) {
  if (!Waits(message, key)) {
    if (const auto* view = std::get_if<absl::string_view>(&message.payload)) {
      return QueueWhole(message.opcode, *view, message.compress);
    }
    absl::Status status = ToConnection(std::move(message));
    if (status.ok()) AfterMessage();
    return status;
  }
  if (!std::holds_alternative<EncodedMessage>(message.payload)) {
    absl::Status status = CheckMessage(message.opcode, message.view());
    if (!status.ok()) return status;
  }
  if (waiting_ == nullptr) waiting_ = std::make_unique<SendQueue>();
  message.hold = Hold(message);
  if (waiting_->Push(std::move(message), key)) worker_.CountDrop(DropReason::kReplaced);
  UpdateIndirect();
  worker_.metrics().messages_sent += 1;
  WriteSoon();
  return absl::OkStatus();
}

// Counts a large payload that is not copied, and keeps it: null for others.
std::shared_ptr<const void> Session::Hold(WaitingMessage& message) {
  if (message.hold != nullptr || message.size() < kBorrowFrom) return std::move(message.hold);
  if (auto* own = std::get_if<std::string>(&message.payload)) {
    message.payload = std::make_shared<const std::string>(std::move(*own));
  }
  if (const auto* shared = std::get_if<WaitingMessage::Shared>(&message.payload)) {
    return worker_.held().Hold(*shared, (*shared)->size());
  }
  if (const auto* encoded = std::get_if<EncodedMessage>(&message.payload)) {
    return worker_.held().Hold(encoded->owner(), encoded->frame().size());
  }
  return nullptr;
}

// To the connection, without a copy if it is large and not the caller's.
absl::Status Session::ToConnection(WaitingMessage message) {
  std::shared_ptr<const void> hold = Hold(message);
  if (const auto* encoded = std::get_if<EncodedMessage>(&message.payload)) {
    return connection_.SendEncoded(*encoded, std::move(hold));
  }
  if (hold == nullptr) {
    return connection_.SendMessage(message.opcode, message.view(), message.compress);
  }
  return connection_.SendKept(message.opcode, message.view(), std::move(hold), message.compress);
}

// ---- Room ----

size_t Session::LimitOf(const SendOptions& options) const {
  return std::min(worker_.options().max_send_queue_bytes, options.max_queue_bytes);
}

// Whether there is room, perhaps by dropping what may be dropped.
bool Session::FindRoom(const WaitingMessage& message, bool waits, const SendOptions& options) {
  const size_t limit = LimitOf(options);
  while (true) {
    const size_t replaced = waiting_ != nullptr ? waiting_->BytesOf(options.key) : 0;
    const size_t queued = queued_bytes() + PostedBytes() - replaced;
    const size_t needed = waits ? SendQueue::CostOf(message.size(), options.key) : message.size();
    if (queued < limit && needed <= limit - queued) return true;
    if (!message.droppable || waiting_ == nullptr || needed > limit) return false;
    const size_t dropped = waiting_->DropOldest(std::max<size_t>(queued + needed - limit, 1));
    if (dropped == 0) return false;
    worker_.CountDrop(DropReason::kOldest, dropped);
  }
}

absl::Status Session::NoRoom(size_t payload_size, size_t limit) {
  worker_.CountDrop(DropReason::kQueueFull);
  MarkFull();
  return absl::ResourceExhaustedError(
      absl::StrCat("the send queue is full: ", queued_bytes() + PostedBytes(), " of ", limit,
                   " bytes wait, and ", payload_size, " more do not fit"));
}

absl::Status Session::Overflow(size_t payload_size, WhenFull when_full, size_t limit) {
  switch (when_full) {
    case WhenFull::kFail:
      break;
    case WhenFull::kDropNewest:
    case WhenFull::kDropOldest:
      worker_.CountDrop(DropReason::kNewest);
      return absl::OkStatus();
    case WhenFull::kDisconnect:
      Disconnect();
      return absl::ResourceExhaustedError(
          "the send queue is full: the session is closed with 1013");
  }
  return NoRoom(payload_size, limit);
}

// For a message that found no room.
void Session::Disconnect() {
  if (!StartSend().ok()) return;
  worker_.CountDrop(DropReason::kDisconnected);
  DropWaiting(DropReason::kDisconnected);
  connection_.SendClose(CloseCode::kTryAgainLater, "the client reads too slowly").IgnoreError();
  AfterSend();
}

// OnWritable follows once there is room again: not where there was room but not enough.
void Session::MarkFull() {
  if (queued_bytes() > worker_.low_mark_bytes()) was_full_ = true;
}

bool Session::TellsWritable() const {
  return was_full_ && queued_bytes() <= worker_.low_mark_bytes();
}

// For a handler on another thread, which has seen the queue full.
void Session::TellWhenWritable() {
  was_full_ = true;
  FlushLater();
}

// Called once a turn at the most, so that a handler that sends without end starves nobody.
void Session::TellWritable() {
  was_full_ = false;
  if (!holds_stream() || !connection_.open()) return;
  in_callback_ = true;
  if (!worker_.guard().Run("OnWritable", [this] { handler_->OnWritable(*this); })) HandlerFailed();
  in_callback_ = false;
  Flush();
}

// ---- What waits ----

// To the connection, until that has so many bytes.
void Session::MoveWaiting(size_t until) {
  while (waiting_ != nullptr && connection_.queued_bytes() < until &&
         !connection_.in_fragmented_message()) {
    WaitingMessage message = waiting_->Pop();
    if (waiting_->empty()) waiting_.reset();
    ToConnection(std::move(message)).IgnoreError();
  }
  UpdateIndirect();
}

// What was sent before the client's end was seen is sent still, and then the Close frame. What
// waits for a client that broke a rule is dropped: it does not take what it is sent. With handler
// threads every answer waits for a moment, so there it says nothing of the client.
void Session::SendBeforeTheEnd() {
  worker_.DeliverPublished();
  const bool broke_rule = !connection_.status().ok();
  if (connection_.open() && (pooled_ != nullptr || !broke_rule)) MoveWaiting(kAll);
  connection_.AnswerClose();
}

void Session::DropWaiting(DropReason why) {
  if (waiting_ == nullptr) return;
  worker_.CountDrop(why, waiting_->size());
  waiting_.reset();
  UpdateIndirect();
}

// ---- Writing ----

// Something was queued that others should know of, outside a callback, or much in one.
void Session::WriteSoon() {
  const size_t queued = queued_bytes();
  if (shared_ != nullptr) shared_->SetQueuedBytes(queued);
  if (queued >= worker_.high_mark_bytes()) was_full_ = true;
  if (in_callback_) {
    if (connection_.queued_bytes() >= kWriteFrom && !write_blocked_) Write();
  } else {
    FlushLater();
  }
}

void Session::FlushLater() {
  if (flush_queued_) return;
  flush_queued_ = true;
  worker_.FlushLater(this);
}

void Session::FlushNow() {
  flush_queued_ = false;
  Flush();
  if (more_ && !paused_) OnReadable();
}

void Session::Flush() {
  if (!holds_stream()) return;
  const size_t queued = connection_.queued_bytes();
  if (queued >= worker_.high_mark_bytes()) was_full_ = true;
  if (!write_blocked_ && (queued > 0 || indirect_)) Write();
  Settle();
}

// One system call, or a few; what the socket does not take waits until it is writable again.
bool Session::Write() {
  if (!holds_stream()) return false;
  bool took = false;
  int writes = stream_.is_tls() || indirect_ ? kWritesPerTurn : 1;
  IoResult result;
  do {
    if (waiting_ != nullptr) MoveWaiting(kWriteFrom);
    if (connection_.queued_bytes() == 0) break;
    const std::array<absl::string_view, 2> parts = connection_.WriteBuffers();
    result = parts[1].empty() ? stream_.Write(parts[0]) : stream_.Writev(parts);
    connection_.DidWrite(result.bytes);
    worker_.metrics().bytes_sent += result.bytes;
    took |= result.bytes > 0;
  } while (--writes > 0 && result.ok() && (connection_.queued_bytes() > 0 || waiting_ != nullptr));
  if (result.status == IoStatus::kError) {
    Drop("the client is gone", stream_.Error(result).message());
    return took;
  }
  // What waits for the end of a fragmented message does not wait for the socket.
  write_blocked_ = connection_.queued_bytes() > 0 ||
                   (waiting_ != nullptr && !connection_.in_fragmented_message());
  UpdateIndirect();
  return took;
}

}  // namespace weft
