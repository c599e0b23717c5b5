#include "weft/client/async/loop_client.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "weft/core/handshake/accept_key.h"
#include "weft/core/log.h"
#include "weft/transport/io.h"

namespace weft {
namespace {

// With the pools of the loop, and with a hook through which no exception passes.
ClientOptions ForLoop(ClientOptions options, ClientContext& context) {
  options.connection.pool = &context.pools().buffers();
  options.connection.codecs = &context.pools().codecs();
  if (options.hooks.on_head) {
    options.hooks.on_head = [&guard = context.guard(), on_head = std::move(options.hooks.on_head)](
                                HttpHead which, absl::string_view head) {
      guard.Run("hooks.on_head", [&] { on_head(which, head); });
    };
  }
  return options;
}

}  // namespace

LoopClient::LoopClient(ClientContext& context, absl::string_view url, ClientOptions options,
                       std::unique_ptr<ClientHandler> handler,
                       std::shared_ptr<ClientRef::Shared> shared)
    : context_(context),
      options_(ForLoop(std::move(options), context)),
      url_(url),
      handler_(std::move(handler)),
      shared_(std::move(shared)),
      outbox_(context.sending(), options_.connection, Role::kClient),
      keepalive_(options_.timeouts.ping_interval, options_.timeouts.pong, now()) {
  shared_->session = this;
  connection().set_answers_close_later(true);
  outbox_.set_shared(shared_);
}

LoopClient::~LoopClient() = default;

template <typename Call>
void LoopClient::CallHandler(const char* what, Call call) {
  if (!context_.guard().Run(what, call)) FailHandler();
}

// ---- Connecting ----

void LoopClient::Start() {
  connector_ = std::make_unique<LoopConnector>(
      loop(), context_.lookup(), url_, options_,
      [this](absl::StatusOr<Connector::Result> result) { OnConnected(std::move(result)); });
  connector_->Start();
}

void LoopClient::OnConnected(absl::StatusOr<Connector::Result> result) {
  context_.owner().ReleaseLater(std::move(connector_));  // it calls this
  if (!result.ok()) return Fail(result.status());
  const int fd = result->stream.fd();
  if (!loop().Watch(fd, Poller::kRead, this)) {
    return Fail(absl::ErrnoToStatus(errno, absl::StrCat(url_, ": cannot watch the socket")));
  }
  stream_ = std::move(result->stream);
  local_ = LocalAddress(fd);
  peer_ = PeerAddress(fd);
  subprotocol_ = std::move(result->upgraded.subprotocol);
  if (result->upgraded.deflate.has_value()) {
    connection().UseDeflate(*result->upgraded.deflate, options_.connection);
  }
  opened_ = true;
  shared_->connected = true;
  keepalive_.Heard(now());
  Log(options_.hooks.log, LogLevel::kInfo,
      absl::StrCat("connected to ", url_, " at ", peer_.ToString()));
  ArmTimer();

  in_callback_ = true;
  CallHandler("OnOpen", [this] { handler_->OnOpen(*this); });
  in_callback_ = false;
  Receive(result->upgraded.early);
  // TLS may hold bytes that came with the response.
  if (stream_.is_tls()) OnReadable();
}

void LoopClient::Fail(const absl::Status& error) {
  if (std::exchange(gone_, true)) return;
  outbox_.Stop();
  shared_->SetClosed();
  Log(options_.hooks.log, LogLevel::kInfo, error.message());
  context_.guard().Run("OnFailed", [&] { handler_->OnFailed(error); });
  context_.owner().DestroyLater(this);
}

// The bytes that came with the response.
void LoopClient::Receive(absl::string_view bytes) {
  if (holds_stream() && !bytes.empty()) {
    const absl::Span<char> into = connection().ReadBuffer(context_.pools().scratch());
    std::memcpy(into.data(), bytes.data(), bytes.size());  // at most kMaxEarlyBytes
    connection().DidRead(bytes.size());
    Deliver();
  }
  Flush();
}

// ---- Reading ----

void LoopClient::OnReadable() {
  do {
    if (!holds_stream()) return;
    close_notified_ ? Discard() : ReadOnce();
  } while (has_more_ && !paused_);
}

void LoopClient::ReadOnce() {
  const absl::Span<char> into = connection().ReadBuffer(context_.pools().scratch());
  const IoResult result = stream_.Read(into);
  has_more_ = result.more;
  read_needs_write_ = result.status == IoStatus::kWouldBlock && result.wanted != Interest::kRead;
  if (result.ok()) keepalive_.Heard(now());
  if (!result.ok() && result.status != IoStatus::kWouldBlock) input_ended_ = true;
  connection().DidRead(result.bytes);
  if (input_ended_) connection().DidReadEof();
  Deliver();
}

// After the end only the end of the stream matters: the server closes first (RFC 6455, section
// 7.1.1).
void LoopClient::Discard() {
  const IoResult result = stream_.Read(context_.pools().scratch());
  has_more_ = result.more;
  if (result.ok() || result.status == IoStatus::kWouldBlock) return;
  input_ended_ = true;
  Settle();
}

void LoopClient::Deliver() {
  in_callback_ = true;
  while (const std::optional<Event> event = connection().NextEvent()) {
    if (event->type == Event::Type::kMessage) {
      CallHandler("OnMessage", [&] { handler_->OnMessage(*this, *event); });
    } else if (event->type == Event::Type::kClose) {
      TakeEnd(event->close_code, event->payload);
    } else if (event->type == Event::Type::kPong) {
      if (round_trip_.Ponged(event->payload, now()) && options_.hooks.on_round_trip) {
        context_.guard().Run("hooks.on_round_trip",
                             [this] { options_.hooks.on_round_trip(*round_trip_.last()); });
      }
    }
    if (!holds_stream()) break;
  }
  in_callback_ = false;
  Flush();
}

// After an exception only OnClose is called.
void LoopClient::FailHandler() {
  if (!holds_stream() || close_notified_) return;
  Blame(ClosedBy::kApplication);
  connection().Refuse(CloseCode::kInternalError, "the handler failed");
  outbox_.AnswerClose(/*send_waiting=*/false);
  NotifyClosed(CloseCode::kInternalError, "the handler failed");
}

// The server has sent Close, broken a rule, or closed its stream.
void LoopClient::TakeEnd(CloseCode code, absl::string_view reason) {
  BlameConnection(code);
  outbox_.AnswerClose(/*send_waiting=*/connection().status().ok());
  NotifyClosed(code, reason);
}

// ---- Sends ----

absl::Status LoopClient::DidSend(absl::Status status) {
  if (outbox_.borrows()) {
    if (outbox_.write_blocked() || !holds_stream()) {
      outbox_.CopyBorrowed();
    } else {
      Write();
    }
  }
  const size_t queued = queued_bytes();
  shared_->SetQueuedBytes(queued);
  outbox_.MarkIfHigh(queued);
  if (!in_callback_) {
    FlushLater();
  } else if (connection().queued_bytes() >= Outbox::kWriteFrom && !outbox_.write_blocked()) {
    Write();
  }
  return status;
}

absl::Status LoopClient::Submit(WaitingMessage message, const SendOptions& options) {
  return DidSend(outbox_.Send(std::move(message), options));
}

void LoopClient::SendReserved(WaitingMessage message, const SendOptions& options) {
  DidSend(outbox_.SendReserved(std::move(message), options)).IgnoreError();
}

absl::Status LoopClient::SendFragment(Opcode opcode, absl::string_view payload, bool fin,
                                      Compress compress) {
  return DidSend(outbox_.SendFragment(opcode, payload, fin, compress));
}

absl::Status LoopClient::QueuePing(absl::string_view payload) {
  absl::Status status = outbox_.SendPing(payload);
  if (status.ok()) round_trip_.Pinged(payload, now());
  return status;
}

absl::Status LoopClient::SendPing(absl::string_view payload) {
  return DidSend(payload.empty() ? QueuePing(RandomKey()) : QueuePing(payload));
}

void LoopClient::Disconnect() {
  outbox_.Disconnect();
  DidSend(absl::OkStatus()).IgnoreError();
}

void LoopClient::RunPosted(absl::AnyInvocable<void(AsyncClient&)> callback) {
  if (!holds_stream() || close_notified_) return;
  in_callback_ = true;
  CallHandler("a posted callback", [&] { callback(*this); });
  in_callback_ = false;
  Flush();
}

// ---- Writing ----

void LoopClient::OnWritable() {
  if (!holds_stream()) return;
  if (read_needs_write_ && queued_bytes() == 0) OnReadable();
  if (!holds_stream()) return;
  outbox_.DidBecomeWritable();
  // The socket takes more because the server has read some, so the server is alive.
  if (Write()) keepalive_.Heard(now());
  if (outbox_.IsWritableAgain()) TellWritable();
  Settle();
}

void LoopClient::FlushLater() {
  if (gone_ || std::exchange(flush_queued_, true)) return;
  context_.owner().FlushLater(this);
}

void LoopClient::OnEndOfTurn() {
  flush_queued_ = false;
  Flush();
  if (has_more_ && !paused_) OnReadable();
}

void LoopClient::Flush() {
  if (!holds_stream()) return;
  outbox_.MarkIfHigh(connection().queued_bytes());
  if (!outbox_.write_blocked()) Write();
  Settle();
}

bool LoopClient::Write() {
  if (!holds_stream() || !outbox_.has_output()) return false;
  const IoResult result = outbox_.Write(stream_);
  if (result.status == IoStatus::kError) {
    const std::string why(stream_.Error(result).message());
    Blame(ClosedBy::kLost);
    Drop(why);
  }
  return result.bytes > 0;
}

// At most once a turn, so that a handler that always sends more cannot starve others.
void LoopClient::TellWritable() {
  outbox_.ForgetMark();
  if (!holds_stream() || !connection().open()) return;
  in_callback_ = true;
  CallHandler("OnWritable", [this] { handler_->OnWritable(*this); });
  in_callback_ = false;
  Flush();
}

// ---- After each step ----

void LoopClient::Settle() {
  if (!holds_stream()) return;
  const size_t queued = queued_bytes();
  shared_->SetQueuedBytes(queued);
  if (connection().done() && input_ended_) return Drop("");
  // Each side ends TLS separately. Otherwise the server ends the stream (RFC 6455, section 7.1.1),
  // unless it broke a rule.
  if (connection().done() && (stream_.is_tls() || !connection().status().ok()) &&
      !std::exchange(shut_down_, true)) {
    stream_.ShutdownWrite();
  }
  if (connection().closing() && !std::exchange(closing_, true)) {
    close_deadline_ms_ = EventLoop::DeadlineAfter(options_.timeouts.close, loop().now_ms());
    ArmTimer();
  }
  const size_t mark = context_.options().sending.pause_reading_bytes;
  const bool was_paused = paused_;
  paused_ = !close_notified_ && queued > (paused_ ? mark / 2 : mark);
  if (was_paused && !paused_ && has_more_) FlushLater();
  const bool writes = outbox_.write_blocked() || read_needs_write_ || outbox_.IsWritableAgain();
  SetInterest((paused_ || input_ended_ ? Poller::kNone : Poller::kRead) |
              (writes ? Poller::kWrite : Poller::kNone));
}

void LoopClient::SetInterest(Poller::Interest interest) {
  if (interest == interest_) return;
  interest_ = interest;
  loop().Modify(stream_.fd(), interest);
}

void LoopClient::ArmTimer() {
  if (closing_) return loop().ArmTimer(this, close_deadline_ms_);
  const absl::Duration due = keepalive_.due();
  loop().ArmTimer(this, due == absl::InfiniteDuration()
                            ? EventLoop::kNever
                            : absl::ToInt64Milliseconds(absl::Ceil(due, absl::Milliseconds(1))));
}

// The timer is not moved for each read: when it fires, this looks at the last one.
void LoopClient::OnTimer() {
  if (!holds_stream()) return;
  if (closing_) {
    if (loop().now_ms() < close_deadline_ms_) return ArmTimer();
    Blame(ClosedBy::kTimeout, "timeouts.close");
    return Drop("the closing handshake took too long");
  }
  connection().ReleaseIdle();
  switch (keepalive_.Check(now())) {
    case Keepalive::Verdict::kWait:
      break;
    case Keepalive::Verdict::kPing:
      QueuePing(RandomKey()).IgnoreError();
      FlushLater();
      break;
    case Keepalive::Verdict::kGone:
      Blame(ClosedBy::kTimeout, "timeouts.pong");
      return Drop("the server did not answer a ping");
  }
  ArmTimer();
}

// ---- The end ----

absl::Status LoopClient::Close(CloseCode code, absl::string_view reason) {
  const bool was_open = holds_stream() && connection().open();
  absl::Status status = DidSend(outbox_.Close(code, reason));
  if (status.ok() && was_open) Blame(ClosedBy::kApplication);
  return status;
}

void LoopClient::CloseOrCancel(CloseCode code, absl::string_view reason) {
  if (connector_ != nullptr) {
    return connector_->Stop(absl::CancelledError("the connection was closed"));
  }
  Close(code, reason).IgnoreError();
}

void LoopClient::Terminate() {
  if (connector_ != nullptr) {
    return connector_->Stop(absl::CancelledError("the connection was terminated"));
  }
  Blame(ClosedBy::kApplication);
  Drop("terminated by the application");
}

void LoopClient::GoAway(const absl::Status& why) {
  if (connector_ != nullptr) return connector_->Stop(why);
  if (!holds_stream() || !connection().open()) return;
  if (Close(CloseCode::kGoingAway, why.message()).ok()) info_.by = ClosedBy::kShutdown;
}

void LoopClient::Abort(const absl::Status& why) {
  if (connector_ != nullptr) return connector_->Stop(why);
  Blame(ClosedBy::kShutdown);
  Drop(why.message());
}

absl::Status LoopClient::status() const {
  return close_notified_ ? ToStatus(info_, "the server") : absl::OkStatus();
}

void LoopClient::Blame(ClosedBy by, absl::string_view option) {
  if (std::exchange(blamed_, true)) return;
  info_.by = by;
  info_.option = option;
}

// The connection has ended with `code`: unless this side ended it, its status says why.
void LoopClient::BlameConnection(CloseCode code) {
  const auto [by, option] = outbox_.CauseOfEnd(code);
  Blame(by, option);
}

// Closes the socket at once. OnClose follows at the end of the turn.
void LoopClient::Drop(absl::string_view why) {
  if (!holds_stream()) return;
  loop().Unwatch(stream_.fd());
  loop().DisarmTimer(this);
  stream_.Close();
  outbox_.Stop();
  shared_->SetClosed();
  if (!close_notified_) reason_ = std::string(why);
  gone_ = true;
  context_.owner().DestroyLater(this);
}

void LoopClient::End() {
  if (opened_) NotifyClosed(CloseCode::kAbnormal, std::exchange(reason_, ""));
  shared_->session = nullptr;
}

void LoopClient::NotifyClosed(CloseCode code, absl::string_view reason) {
  if (std::exchange(close_notified_, true)) return;
  if (outbox_.disconnected()) Blame(ClosedBy::kLimit, "sending.max_queue_bytes");
  Blame(ClosedBy::kLost);
  outbox_.DropWaiting(DropReason::kClosed);
  shared_->SetClosed();
  reason_ = std::string(reason);
  info_.code = code;
  info_.reason = reason_;
  Log(options_.hooks.log, LogLevel::kInfo,
      absl::StrCat(url_, " at ", peer_.ToString(), ": ", Describe(info_, "the server")));
  context_.guard().Run("OnClose", [this] { handler_->OnClose(*this, info_); });
}

}  // namespace weft
