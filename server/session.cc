#include "weft/server/session.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "weft/core/handshake.h"
#include "weft/core/http_status.h"
#include "weft/core/log.h"
#include "weft/server/server_options.h"
#include "weft/server/upgrade.h"
#include "weft/server/worker.h"
#include "weft/transport/io.h"

namespace weft {
namespace {

// From here on a payload is written from where it lies instead of being copied to the queue.
constexpr size_t kBorrowFrom = 16 << 10;

// A TLS stream takes so little at once (64 KiB) that a turn of the loop is worth several writes.
constexpr int kTlsWritesPerTurn = 16;

// How long to read what a peer still sends after it was told why it is refused.
constexpr int64_t kLingerMs = 2000;

// Long enough for ever, and no sum with it overflows.
constexpr int64_t kNever = int64_t{1} << 60;

// Whether a request begins with a TLS record of the kind "handshake" (RFC 8446, section 5.1).
bool LooksLikeTls(absl::string_view bytes) {
  return bytes.size() >= 2 && bytes[0] == 0x16 && bytes[1] == 0x03;
}

int64_t Milliseconds(absl::Duration duration) {
  return duration >= absl::Hours(24 * 365) ? kNever : absl::ToInt64Milliseconds(duration);
}

}  // namespace

Session::Session(Worker& worker, Stream stream, const SocketAddress& peer, uint64_t id, bool refuse)
    : worker_(worker),
      stream_(std::move(stream)),
      refuse_(refuse),
      id_(id),
      peer_(peer),
      since_ms_(worker.loop().now_ms()),
      connection_(Role::kServer, worker.options().connection) {
  ArmTimer();
}

Session::~Session() = default;

// ---- What the loop says ----

void Session::OnReadable() {
  if (state_ == State::kDropped) return;
  do {
    ReadOnce();
  } while (more_ && !paused_);
}

void Session::ReadOnce() {
  const absl::Span<char> into = state_ == State::kOpen
                                    ? connection_.ReadBuffer(worker_.loop().scratch())
                                    : worker_.loop().scratch();
  const IoResult result = stream_.Read(into);
  if (result.ok()) HeardFromPeer();
  more_ = result.more;
  read_writes_ = result.status == IoStatus::kWouldBlock && result.wanted != Interest::kRead;
  ended_ = !result.ok() && result.status != IoStatus::kWouldBlock;
  const absl::Status error =
      result.status == IoStatus::kError ? stream_.Error(result) : absl::OkStatus();
  switch (state_) {
    case State::kOpen:
      if (!error.ok() && !connection_.closing()) {
        Log(worker_.options().log, LogLevel::kInfo,
            absl::StrCat("lost ", peer_.ToString(), ": ", error.message()));
      }
      connection_.DidRead(result.bytes);
      if (ended_) connection_.DidReadEof();
      Deliver();
      break;
    case State::kHandshake:
      if (stream_.peer_speaks_http()) {
        ended_ = false;
        stream_.StopTls();
        Refuse(HttpError(400, "this port speaks HTTP over TLS only: use wss://, not ws://"));
      } else if (!error.ok()) {
        Drop("the handshake failed", error.message());
      } else if (ended_) {
        Drop("the client left during the handshake");
      } else if (result.ok()) {
        OnHandshakeBytes({into.data(), result.bytes});
      } else {
        Settle();
      }
      break;
    case State::kRefusing:
    case State::kLingering:
      if (ended_) Drop("");
      break;
    case State::kDropped:
      break;
  }
}

void Session::OnWritable() {
  if (state_ == State::kDropped) return;
  const size_t queued = connection_.queued_bytes();
  // With something to write, the write takes along what a read of TLS has to say.
  if (read_writes_ && queued == 0) return OnReadable();
  write_blocked_ = false;
  Write();
  // The socket takes more because the client took some: it is there, however late its pong is,
  // which stands behind all this and may not be read now.
  if (connection_.queued_bytes() < queued) HeardFromPeer();
  Settle();
}

void Session::HeardFromPeer() {
  heard_ms_ = worker_.loop().now_ms();
  ping_sent_ms_ = 0;
}

void Session::OnTimer() {
  const int64_t now = worker_.loop().now_ms();
  switch (state_) {
    case State::kHandshake:
      if (now - since_ms_ >= Milliseconds(worker_.options().handshake_timeout)) {
        return Drop("the handshake took too long");
      }
      break;
    case State::kRefusing:
    case State::kLingering:
      if (now - since_ms_ >= kLingerMs) return Drop("");
      break;
    case State::kOpen:
      connection_.ReleaseIdle();
      if (!closing_) {
        CheckSilence();
      } else if (now - since_ms_ >= Milliseconds(worker_.options().close_timeout)) {
        return Drop("the closing handshake took too long");
      }
      break;
    case State::kDropped:
      return;
  }
  if (state_ != State::kDropped) ArmTimer();
}

// ---- Opening ----

void Session::OnHandshakeBytes(absl::string_view bytes) {
  if (upgrade_ == nullptr) {
    if (LooksLikeTls(bytes)) {
      return Refuse(HttpError(400, "this port speaks HTTP without TLS: use ws://, not wss://"));
    }
    upgrade_ = std::make_unique<UpgradeReader>(worker_.options().http_limits);
  }
  const absl::StatusOr<UpgradeReader::Head> head = upgrade_->Read(bytes);
  if (!head.ok()) return Refuse(head.status());
  if (head->head.empty()) return;  // more has to come
  const std::unique_ptr<UpgradeReader> keeps_the_head_alive = std::move(upgrade_);
  Upgrade(head->head, head->rest);
}

void Session::Upgrade(absl::string_view head, absl::string_view rest) {
  if (refuse_) return Refuse(HttpError(503, "the server has as many connections as it can take"));
  absl::StatusOr<AcceptedUpgrade> accepted =
      AcceptUpgrade(head, stream_, peer_, worker_.options(), worker_.acceptor(),
                    worker_.compression_bytes_left());
  if (!accepted.ok()) return Refuse(accepted.status());
  if (accepted->deflate.has_value()) {
    connection_.UseDeflate(*accepted->deflate, worker_.options().connection);
    worker_.ReserveCompression(connection_.compression_bytes());
  }
  state_ = State::kOpen;
  handler_ = std::move(accepted->handler);
  connection_.QueueHandshake(accepted->response);
  heard_ms_ = message_ms_ = worker_.loop().now_ms();
  ArmTimer();

  in_callback_ = true;
  open_notified_ = true;
  handler_->OnOpen(*this);
  in_callback_ = false;
  if (state_ == State::kDropped) return;
  Receive(rest);
}

// Answers with an HTTP error, and waits a little for the client to read it.
void Session::Refuse(const absl::Status& why) {
  Log(worker_.options().log, LogLevel::kInfo,
      absl::StrCat("refused ", peer_.ToString(), ": HTTP ", HttpStatusOf(why), ", ",
                   why.message()));
  state_ = State::kRefusing;
  since_ms_ = worker_.loop().now_ms();
  upgrade_.reset();
  connection_.QueueHandshake(RejectResponse(why));
  Write();
  Settle();
  if (state_ != State::kDropped) ArmTimer();
}

// ---- Reading ----

// What came behind the handshake, in the same read.
void Session::Receive(absl::string_view bytes) {
  while (!bytes.empty() && state_ == State::kOpen) {
    const absl::Span<char> into = connection_.ReadBuffer(worker_.loop().scratch());
    const size_t size = std::min(bytes.size(), into.size());
    std::memmove(into.data(), bytes.data(), size);  // they may lie in the scratch themselves
    bytes.remove_prefix(size);
    connection_.DidRead(size);
    Deliver();
  }
  if (state_ == State::kOpen) Flush();
}

void Session::Deliver() {
  in_callback_ = true;
  while (const std::optional<Event> event = connection_.NextEvent()) {
    if (event->type == Event::Type::kMessage) {
      message_ms_ = worker_.loop().now_ms();
      handler_->OnMessage(*this, *event);
    } else if (event->type == Event::Type::kClose) {
      NotifyClosed(event->close_code, event->payload);
    }
    if (state_ == State::kDropped) break;
  }
  in_callback_ = false;
  Flush();
}

// ---- Writing ----

// Flattened, as all of it is paid for by every echo.
[[gnu::flatten]] absl::Status Session::Send(const Message& message, Compress compress) {
  if (message.first && message.last) {
    return SendMessage(message.opcode, message.payload, compress);
  }
  // A piece whose message was refused at its begin must not become the begin of another.
  if (message.first == connection_.in_fragmented_message()) {
    return absl::FailedPreconditionError("the piece does not continue what was sent before it");
  }
  return SendFragment(message.opcode, message.payload, message.last, compress);
}

inline bool Session::HasRoom(size_t payload_size) const {
  const size_t waiting = WaitingBytes(), limit = worker_.options().max_send_queue_bytes;
  return state_ == State::kOpen && waiting < limit && payload_size <= limit - waiting;
}

absl::Status Session::WhyNoRoom(size_t payload_size) const {
  if (state_ != State::kOpen) return absl::FailedPreconditionError("the session is closed");
  return absl::ResourceExhaustedError(absl::StrCat(
      "the send queue is full: ", WaitingBytes(), " of ", worker_.options().max_send_queue_bytes,
      " bytes wait, and ", payload_size, " more do not fit"));
}

absl::Status Session::SendMessage(Opcode opcode, absl::string_view payload, Compress compress) {
  if (!HasRoom(payload.size())) return WhyNoRoom(payload.size());
  return QueueWhole(opcode, payload, compress);
}

// The room was checked when it was posted.
void Session::SendPosted(Opcode opcode, absl::string_view payload, Compress compress) {
  if (state_ == State::kOpen) QueueWhole(opcode, payload, compress).IgnoreError();
}

absl::Status Session::QueueWhole(Opcode opcode, absl::string_view payload, Compress compress) {
  if (payload.size() >= kBorrowFrom) return QueueLarge(opcode, payload, compress);
  absl::Status status = connection_.SendMessage(opcode, payload, compress);
  if (status.ok()) AfterSend();
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
  AfterSend();
  return absl::OkStatus();
}

absl::Status Session::SendFragment(Opcode opcode, absl::string_view payload, bool fin,
                                   Compress compress) {
  if (!HasRoom(payload.size())) return WhyNoRoom(payload.size());
  absl::Status status = connection_.SendFragment(opcode, payload, fin, compress);
  if (status.ok()) AfterSend();
  return status;
}

absl::Status Session::SendPing(absl::string_view payload) {
  if (!HasRoom(payload.size())) return WhyNoRoom(payload.size());
  absl::Status status = connection_.SendPing(payload);
  if (status.ok()) AfterSend();
  return status;
}

absl::Status Session::SendEncoded(const EncodedMessage& message) {
  if (!HasRoom(message.frame().size())) return WhyNoRoom(message.frame().size());
  absl::Status status = connection_.SendEncoded(message);
  if (status.ok()) AfterSend();
  return status;
}

absl::Status Session::Close(CloseCode code, absl::string_view reason) {
  if (state_ != State::kOpen) return absl::FailedPreconditionError("the session is closed");
  absl::Status status = connection_.SendClose(code, reason);
  if (status.ok()) AfterSend();
  return status;
}

// Something was queued that others should know of, outside a callback, or much in one.
void Session::WriteSoon() {
  const size_t queued = connection_.queued_bytes();
  if (shared_ != nullptr) shared_->queued_bytes = queued;
  if (in_callback_) {
    if (queued >= kWriteFrom && !write_blocked_) Write();
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
  if (state_ == State::kDropped) return;
  if (!write_blocked_ && connection_.queued_bytes() > 0) Write();
  Settle();
}

// One system call, or a few; what the socket does not take waits until it is writable again.
void Session::Write() {
  if (state_ == State::kDropped || connection_.queued_bytes() == 0) return;
  IoResult result;
  int writes = stream_.is_tls() ? kTlsWritesPerTurn : 1;
  do {
    const std::array<absl::string_view, 2> parts = connection_.WriteBuffers();
    result = parts[1].empty() ? stream_.Write(parts[0]) : stream_.Writev(parts);
    connection_.DidWrite(result.bytes);
  } while (--writes > 0 && result.ok() && connection_.queued_bytes() > 0);
  if (result.status == IoStatus::kError) {
    return Drop("the client is gone", stream_.Error(result).message());
  }
  write_blocked_ = connection_.queued_bytes() > 0;
}

// ---- What follows ----

void Session::Account() {
  const size_t now = connection_.buffered_bytes();
  if (now == buffered_bytes_) return;
  const bool in_budget = worker_.Account(buffered_bytes_, now);
  buffered_bytes_ = now;
  if (in_budget || state_ != State::kOpen) return;
  // Not a closing handshake, during which the peer could go on: the memory is needed now.
  connection_.SendClose(CloseCode::kTryAgainLater, "the server is out of memory").IgnoreError();
  Write();
  Drop("all sessions together hold more than max_buffered_bytes");
}

void Session::Settle() {
  if (state_ == State::kDropped) return;
  Account();
  if (state_ == State::kDropped) return;
  const size_t queued = connection_.queued_bytes();
  if (shared_ != nullptr) shared_->queued_bytes = queued;
  if (state_ == State::kRefusing && queued == 0) {
    StartLingering();
  } else if (state_ == State::kOpen && connection_.done()) {
    // A peer that broke a rule has more on its way: closing now would take the Close frame, which
    // says what was wrong, away from it (a reset overtakes it).
    if (!ended_ && !connection_.status().ok()) {
      StartLingering();
    } else {
      if (stream_.is_tls()) stream_.ShutdownWrite();  // for the close_notify
      return Drop("");
    }
  } else if (state_ == State::kOpen && connection_.closing() && !closing_) {
    closing_ = true;
    since_ms_ = worker_.loop().now_ms();
    ArmTimer();
  }
  const size_t mark = worker_.options().pause_reading_bytes;
  const bool was_paused = paused_;
  paused_ = queued > (paused_ ? mark / 2 : mark);
  // What the socket does not announce is read at the end of this turn.
  if (was_paused && !paused_ && more_) FlushLater();
  const Poller::Interest interest =
      (paused_ || ended_ ? Poller::kNone : Poller::kRead) |
      (write_blocked_ || read_writes_ ? Poller::kWrite : Poller::kNone);
  if (interest != interest_) {
    interest_ = interest;
    worker_.loop().Modify(stream_.fd(), interest, this);
  }
}

void Session::ArmTimer() {
  const ServerOptions& options = worker_.options();
  int64_t deadline = kNever;
  if (state_ == State::kHandshake) {
    deadline = since_ms_ + Milliseconds(options.handshake_timeout);
  } else if (state_ != State::kOpen) {
    deadline = since_ms_ + kLingerMs;
  } else if (closing_) {
    deadline = since_ms_ + Milliseconds(options.close_timeout);
  } else {
    deadline = message_ms_ + Milliseconds(options.idle_timeout);
    deadline =
        std::min(deadline, ping_sent_ms_ != 0 ? ping_sent_ms_ + Milliseconds(options.pong_timeout)
                                              : heard_ms_ + Milliseconds(options.ping_interval));
  }
  if (deadline < kNever) worker_.loop().ArmTimer(this, deadline);
}

// Asks a silent peer whether it is there, gives up one that did not say, closes an idle one. The
// timer is not moved for each byte that comes: it looks, when it fires, at what came since.
void Session::CheckSilence() {
  const ServerOptions& options = worker_.options();
  const int64_t now = worker_.loop().now_ms();
  if (ping_sent_ms_ != 0 && now - ping_sent_ms_ >= Milliseconds(options.pong_timeout)) {
    return Drop("the client did not answer a ping");
  }
  if (now - message_ms_ >= Milliseconds(options.idle_timeout)) {
    Close(CloseCode::kNormal, "idle").IgnoreError();
  } else if (ping_sent_ms_ == 0 && now - heard_ms_ >= Milliseconds(options.ping_interval)) {
    ping_sent_ms_ = now;
    connection_.SendPing().IgnoreError();
    AfterSend();
  }
}

// ---- Ending ----

void Session::GoAway() {
  if (state_ == State::kHandshake) return Drop("the server is going away");
  if (state_ == State::kOpen)
    Close(CloseCode::kGoingAway, "the server is going away").IgnoreError();
}

void Session::StartLingering() {
  state_ = State::kLingering;
  since_ms_ = worker_.loop().now_ms();
  stream_.ShutdownWrite();
  ArmTimer();
}

void Session::Drop(const char* why, absl::string_view detail) {
  if (state_ == State::kDropped) return;
  if (*why != '\0') {
    Log(worker_.options().log, LogLevel::kInfo,
        absl::StrCat("dropped ", peer_.ToString(), ": ", why, detail.empty() ? "" : ": ", detail));
  }
  more_ = false;
  state_ = State::kDropped;
  drop_reason_ = why;
  worker_.loop().Unwatch(stream_.fd());
  worker_.loop().DisarmTimer(this);
  stream_.Close();
  if (shared_ != nullptr) shared_->open = false;
  worker_.DestroyLater(this);
}

void Session::End() {
  NotifyClosed(CloseCode::kAbnormal, drop_reason_);
  worker_.topics().UnsubscribeAll(&subscriptions_);
  if (shared_ != nullptr) shared_->session = nullptr;
}

void Session::NotifyClosed(CloseCode code, absl::string_view reason) {
  if (!open_notified_ || close_notified_) return;
  close_notified_ = true;
  worker_.topics().UnsubscribeAll(&subscriptions_);
  handler_->OnClose(*this, code, reason);
}

// ---- Topics and references ----

void Session::Subscribe(absl::string_view topic) {
  if (state_ == State::kOpen && !close_notified_) {
    worker_.topics().Subscribe(topic, this, &subscriptions_);
  }
}

void Session::Unsubscribe(absl::string_view topic) {
  worker_.topics().Unsubscribe(topic, &subscriptions_);
}

absl::Status Session::Publish(absl::string_view topic, Opcode opcode, absl::string_view payload,
                              Compress compress) {
  absl::StatusOr<EncodedMessage> message = EncodedMessage::Make(opcode, payload, compress);
  if (!message.ok()) return message.status();
  worker_.Publish(topic, *message);
  return absl::OkStatus();
}

SessionRef Session::ref() {
  if (shared_ == nullptr) {
    shared_ = std::make_shared<SessionRef::Shared>();
    shared_->id = id_;
    shared_->mailbox = worker_.mailbox();
    shared_->max_queue_bytes = worker_.options().max_send_queue_bytes;
    shared_->session = this;
    shared_->open = state_ == State::kOpen;
    shared_->queued_bytes = connection_.queued_bytes();
  }
  return SessionRef(shared_);
}

}  // namespace weft
