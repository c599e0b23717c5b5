// The methods of Session and LoopSession: the calls of the handler, of SessionRefs and of the pool;
// and the end of a session. The path of a message is in served_session.cc.

#include <utility>

#include "absl/strings/str_cat.h"
#include "weft/core/http/quote.h"
#include "weft/core/log.h"
#include "weft/server/served_session.h"
#include "weft/server/server_options.h"

namespace weft {

// ---- Sends ----

// Flattened, because every echo takes this path; slower paths are separate functions.
[[gnu::flatten]] absl::Status ServedSession::Send(const Message& message) {
  if (!message.first || !message.last) return SendPiece(message, Compress::kYes);
  return SendMessage(message.opcode, message.payload);
}

[[gnu::flatten]] absl::Status ServedSession::SendIfRoom(const Message& message) {
  if (context_.sending().limits.when_full == WhenFull::kFail) return Send(message);
  return Session::Send(message, {.when_full = WhenFull::kFail});
}

absl::Status ServedSession::SendMessage(Opcode opcode, absl::string_view payload) {
  if (payload.size() >= Outbox::kBorrowFrom || !outbox_.GoesStraight(payload.size())) {
    return SendSlowly(opcode, payload);
  }
  absl::Status status = outbox_.SendStraight(opcode, payload);
  if (status.ok()) AfterSend();
  return status;
}

absl::Status ServedSession::SendSlowly(Opcode opcode, absl::string_view payload) {
  return Submit({.opcode = opcode, .payload = payload}, {});
}

// After a send that returned `status`: writes or copies a payload that is still the caller's, and
// schedules the write of the rest. A send that fails may have closed the session:
// WhenFull::kDisconnect.
absl::Status ServedSession::DidSend(absl::Status status) {
  if (outbox_.borrows()) {
    if (outbox_.write_blocked()) {
      outbox_.CopyBorrowed();
    } else {
      Write();
    }
  }
  if (status.ok() || connection().closing()) WriteSoon();
  return status;
}

absl::Status ServedSession::Submit(WaitingMessage message, const SendOptions& options) {
  return DidSend(outbox_.Send(std::move(message), options));
}

absl::Status ServedSession::Send(const EncodedMessage& message, const SendOptions& options) {
  return DidSend(outbox_.Send(message, options));
}

absl::Status ServedSession::SendFragment(Opcode opcode, absl::string_view payload, bool fin,
                                         Compress compress) {
  return DidSend(outbox_.SendFragment(opcode, payload, fin, compress));
}

absl::Status ServedSession::SendPing(absl::string_view payload) {
  absl::Status status = outbox_.SendPing(payload);
  if (status.ok() && payload.empty()) ping_ = Moment(now_ms());
  return DidSend(std::move(status));
}

void ServedSession::SendReserved(WaitingMessage message, const SendOptions& options) {
  DidSend(outbox_.SendReserved(std::move(message), options)).IgnoreError();
}

void ServedSession::SendReservedFragment(Opcode opcode, absl::string_view payload, bool fin,
                                         Compress compress) {
  DidSend(outbox_.SendReservedFragment(opcode, payload, fin, compress)).IgnoreError();
}

// ---- The end ----

absl::Status ServedSession::Close(CloseCode code, absl::string_view reason) {
  return CloseFor(ClosedBy::kApplication, "", code, reason);
}

void ServedSession::Disconnect() {
  outbox_.Disconnect();
  WriteSoon();
}

void ServedSession::Terminate() {
  if (pooled() != nullptr) pooled()->Discard();
  Blame(ClosedBy::kApplication);
  Drop("terminated by the application");
}

void ServedSession::GoAway(CloseCode code, absl::string_view reason) {
  CloseFor(ClosedBy::kShutdown, "", code, reason).IgnoreError();
}

absl::Status ServedSession::CloseFor(ClosedBy by, absl::string_view option, CloseCode code,
                                     absl::string_view reason) {
  const bool was_open = holds_stream() && connection().open();
  absl::Status status = DidSend(outbox_.Close(code, reason));
  if (status.ok() && was_open) Blame(by, option);
  return status;
}

// The socket failed.
void ServedSession::Lose(absl::string_view why) {
  Blame(ClosedBy::kLost, "", why);
  Drop("the client is gone");
}

void ServedSession::Blame(ClosedBy by, absl::string_view option, absl::string_view detail) {
  if (ending() != nullptr) return;
  extras().ending = std::make_unique<Ending>();
  ending()->info.by = by;
  ending()->info.option = option;
  ending()->detail = std::string(detail);
}

// The connection has ended with `code`: unless this side ended it, its status says why.
void ServedSession::BlameConnection(CloseCode code) {
  const auto [by, option] = outbox_.CauseOfEnd(code);
  Blame(by, option);
}

void ServedSession::OnGone(const char* why) {
  input_ = StreamInput::kAwaited;
  outbox_.Stop();
  if (outbox_.shared() != nullptr) outbox_.shared()->SetClosed();
  if (context_.stopping()) Blame(ClosedBy::kShutdown);
  if (outbox_.disconnected()) Blame(ClosedBy::kLimit, "sending.max_queue_bytes");
  Blame(ClosedBy::kLost);
  if (!ending()->logged) ending()->reason = why;
}

bool ServedSession::End() {
  const bool kept = pooled() != nullptr && pooled()->keeps_close();
  NotifyClosed(kept ? ending()->info.code : CloseCode::kAbnormal, ending()->reason);
  if (is_metered_) LogAccess();
  if (shared() != nullptr) shared()->session = nullptr;
  if (flush_queued_) context_.ForgetFlush(this);  // OnClose may have queued it again
  context_.ReturnCompression(connection().compression_bytes());
  if (held_) context_.metrics().held_sessions -= 1;
  held_ = false;
  if (handled_by_ != HandledBy::kPool) return true;
  // The handler may take long to return, and the account no longer counts these bytes.
  connection().ReleaseMemory();
  return false;
}

void ServedSession::NotifyClosed(CloseCode code, absl::string_view reason) {
  if (close_notified_) return;
  close_notified_ = true;
  outbox_.DropWaiting(DropReason::kClosed);
  LogEnd(code, reason);
  const CloseInfo& info = ending()->info;
  context_.metrics().closes[static_cast<size_t>(info.by)][CloseSlotOf(code)] += 1;
  context_.topics().UnsubscribeAll(&extras_->subscriptions);
  extras_->held_topics = nullptr;
  DropCallbacks();
  context_.guard().Run("OnClose", [&] { handler_->OnClose(*this, info); });
}

// Logs once, when the end is known: OnClose on another thread may be called later.
void ServedSession::LogEnd(CloseCode code, absl::string_view reason) {
  Ending& end = *ending();
  if (std::exchange(end.logged, true)) return;
  end.reason = std::string(reason);
  end.info.code = code;
  end.info.reason = end.reason;
  // The operator can change a limit.
  const bool is_limit = end.info.by == ClosedBy::kLimit;
  const LogLevel level = is_limit ? LogLevel::kWarning : LogLevel::kInfo;
  if (!context_.Logs(level)) return;
  Log(context_.options().hooks.log, level,
      absl::StrCat("session ", id_, " of ", peer_.ToString(), ": ",
                   Describe(end.info, "the client"), end.detail.empty() ? "" : ": ",
                   Escape(end.detail)));
}

// At the end of the last turn: all is written that will be.
void ServedSession::LogAccess() {
  if (access() == nullptr) return;
  access()->Settle();
  context_.access_log()->Write(
      [this] { return access()->Line(id_, peer_, subprotocol(), ending()->info, now_ms()); },
      now_ms());
}

// ---- State ----

absl::Status ServedSession::status() const {
  return close_notified_ ? ToStatus(ending()->info, "the client") : absl::OkStatus();
}

std::optional<absl::Duration> ServedSession::round_trip_time() const {
  const int32_t ms = round_trip_ms_.load(std::memory_order_relaxed);
  if (ms < 0) return std::nullopt;
  return absl::Milliseconds(ms);
}

SessionRef ServedSession::ref() {
  if (outbox_.shared() == nullptr) {
    const ServerOptions& options = context_.options();
    auto shared = std::make_shared<SessionRef::Shared>(
        context_.mailbox(), options.sending.max_queue_bytes, options.sending.when_full);
    shared->id = id_;
    shared->max_topic_bytes = options.limits.max_topic_bytes;
    shared->session = this;
    shared->SetQueuedBytes(queued_bytes());
    if (!holds_stream()) shared->SetClosed();
    if (close_notified_) shared->callbacks.Close();
    outbox_.set_shared(shared.get());
    extras().shared = std::move(shared);
    settled_ = false;  // the queue may be written before this callback returns
  }
  return SessionRef(extras_->shared);
}

// ---- Callbacks ----

absl::Status ServedSession::Post(SessionCallback callback) {
  if (close_notified_) return absl::FailedPreconditionError("the session has ended");
  return ref().Post(std::move(callback));
}

absl::StatusOr<TimerId> ServedSession::RunAfter(absl::Duration delay, SessionCallback callback) {
  if (!holds_stream() || close_notified_) {
    return absl::FailedPreconditionError("the session has ended");
  }
  absl::StatusOr<SessionRef::HeldCallback> held =
      HoldCallback<Session>(*context_.mailbox(), std::move(callback));
  if (!held.ok()) return held.status();
  return MakeCallbacks().Add(delay, *std::move(held));
}

absl::StatusOr<TimerId> ServedSession::RunUnbudgeted(absl::Duration delay,
                                                     SessionCallback callback) {
  if (!holds_stream() || close_notified_) {
    return absl::FailedPreconditionError("the session has ended");
  }
  return MakeCallbacks().Add(
      delay, {std::move(callback), Reservation(&context_.mailbox()->budget(), /*bytes=*/0)});
}

CallbackTimers<Session>& ServedSession::MakeCallbacks() {
  std::unique_ptr<CallbackTimers<Session>>& callbacks = extras().callbacks;
  if (callbacks == nullptr) {
    callbacks =
        std::make_unique<CallbackTimers<Session>>(context_.loop(), [this] { OnCallbacksDue(); });
  }
  return *callbacks;
}

bool ServedSession::CancelTimer(TimerId timer) {
  return callbacks() != nullptr && callbacks()->Cancel(timer);
}

void ServedSession::ArmCallbackTimer() {
  if (!holds_stream() || close_notified_) return;
  if (pooled() == nullptr) return MakeCallbacks().Arm();
  MakeCallbacks().ArmAt(pooled()->first_timer_ms());
}

void ServedSession::OnCallbacksDue() {
  if (pooled() != nullptr) {
    pooled()->TakeDueTimers(now_ms());
  } else if (holds_stream() && !close_notified_) {
    callbacks()->RunDue([this](SessionCallback call) {
      RunCallback("a timer", std::move(call));
      return holds_stream() && !close_notified_;
    });
    Flush();
  }
  ArmCallbackTimer();
}

void ServedSession::RunPosted() {
  if (!holds_stream() || close_notified_) return;  // destroyed in DropCallbacks()
  std::optional<SessionRef::HeldCallback> posted = shared()->callbacks.TakeFirst();
  if (!posted.has_value()) return;
  if (pooled() != nullptr) return pooled()->TakePosted(*std::move(posted));
  RunCallback("a posted callback", std::move(posted->call));
  Flush();
}

void ServedSession::RunCallback(const char* what, SessionCallback call) {
  in_callback_ = true;
  if (!context_.guard().Run(what, [&] { call(*this); })) FailHandler();
  in_callback_ = false;
}

void ServedSession::DropCallbacks() {
  if (shared() != nullptr) shared()->callbacks.Close();
  if (callbacks() == nullptr) return;
  callbacks()->DropAll();
}

// ---- A handler on another thread ----

std::optional<Reservation> ServedSession::ReserveForHandler(size_t bytes) {
  Budget& budget = context_.mailbox()->budget();
  if (!budget.Take(bytes)) {
    context_.owner().DropLargest(this, bytes);
    if (!budget.Take(bytes)) {
      OutOfMemory();
      return std::nullopt;
    }
  }
  return Reservation(&budget, bytes);
}

void ServedSession::HoldReading() {
  if (held_) return;
  held_ = true;
  context_.metrics().held_sessions += 1;
  settled_ = false;
  if (!in_callback_) FlushLater();
}

void ServedSession::ResumeReading() {
  if (!holds_stream() || !held_) return;
  held_ = false;
  context_.metrics().held_sessions -= 1;
  HeardFromPeer();  // it was not silent: the bytes that it sent meanwhile are read next
  if (pooled() != nullptr && pooled()->keeps_close()) {
    EndNow(ending()->info.code, ending()->reason);
    return Flush();
  }
  Deliver();
}

void ServedSession::AskForWritable() {
  outbox_.AskForWritable();
  FlushLater();
}

void ServedSession::HandlerFailed() {
  FailHandler();
  Flush();
}

void ServedSession::HandlerIsDone() {
  handled_by_ = HandledBy::kPoolIsDone;
  context_.owner().Destroy(this);
}

// Silence and idleness that are not the client's fault, because its handler is busy.
void ServedSession::ExcuseForHandler() {
  // Its pongs are not read. If it does not read its output either, it may be dead: that counts.
  if (held_ && !outbox_.write_blocked()) HeardFromPeer();
  // The client waits for its handler, so it is not idle.
  const Moment served = pooled() != nullptr ? pooled()->LastServed(now_ms()) : Moment(now_ms());
  if (!closing_ && served.IsAfter(active_)) active_ = served;
}

}  // namespace weft
