// The methods of AsyncClient and RemoteClient, and the end of a connection. The path of a message
// is in loop_client.cc.

#include <utility>

#include "absl/strings/str_cat.h"
#include "weft/client/async/loop_client.h"
#include "weft/core/handshake/accept_key.h"
#include "weft/core/log.h"

namespace weft {

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
  if (outbox_.shared() != nullptr) outbox_.shared()->SetQueuedBytes(queued);
  settled_ = false;
  outbox_.MarkIfHigh(queued);
  if (!in_callback_) {
    FlushLater();
  } else if (connection().queued_bytes() >= Outbox::kWriteFrom && !outbox_.write_blocked()) {
    Write();
  }
  return status;
}

// The usual message of a callback is not reported to other threads: it leaves when the callback
// returns, before any message that they send meanwhile arrives.
absl::Status LoopClient::SendMessage(Opcode opcode, absl::string_view payload,
                                     const SendOptions& options) {
  if (!in_callback_ || !outbox_.GoesStraight(payload, options)) {
    return Submit({.opcode = opcode, .payload = payload}, options);
  }
  absl::Status status = outbox_.SendStraight(opcode, payload, options.compress);
  if (connection().queued_bytes() < Outbox::kWriteFrom) return status;
  return DidSend(std::move(status));
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

void LoopClient::SendReservedFragment(Opcode opcode, absl::string_view payload, bool fin,
                                      Compress compress) {
  DidSend(outbox_.SendReservedFragment(opcode, payload, fin, compress)).IgnoreError();
}

void LoopClient::AskForWritable() {
  outbox_.AskForWritable();
  settled_ = false;
  FlushLater();
}

absl::Status LoopClient::QueuePing(absl::string_view payload, bool reserved) {
  absl::Status status = outbox_.SendPing(payload, reserved);
  if (!status.ok()) return status;
  if (extras().pings == nullptr) extras_->pings = std::make_unique<RoundTrip>();
  extras_->pings->Pinged(payload, absl::Milliseconds(now_ms()));
  return status;
}

absl::Status LoopClient::SendPing(absl::string_view payload) {
  return DidSend(payload.empty() ? QueuePing(RandomKey()) : QueuePing(payload));
}

void LoopClient::SendReservedPing() {
  DidSend(QueuePing(RandomKey(), /*reserved=*/true)).IgnoreError();
}

void LoopClient::Disconnect() {
  outbox_.Disconnect();
  DidSend(absl::OkStatus()).IgnoreError();
}

// ---- Callbacks ----

void LoopClient::RunPosted(ClientCallback callback) {
  if (!serves()) return;
  RunCallback("a posted callback", std::move(callback));
  Flush();
}

void LoopClient::RunCallback(const char* what, ClientCallback callback) {
  in_callback_ = true;
  CallHandler(what, [&] { callback(*this); });
  in_callback_ = false;
}

absl::StatusOr<TimerId> LoopClient::RunAfter(absl::Duration delay, ClientCallback callback) {
  if (!serves()) return absl::FailedPreconditionError("the connection has ended");
  absl::StatusOr<HeldCallback<AsyncClient>> held =
      HoldCallback<AsyncClient>(*context_.mailbox(), std::move(callback));
  if (!held.ok()) return held.status();
  if (timers() == nullptr) {
    extras().timers =
        std::make_unique<CallbackTimers<AsyncClient>>(loop(), [this] { OnCallbacksDue(); });
  }
  return timers()->Add(delay, *std::move(held));
}

bool LoopClient::CancelTimer(TimerId timer) {
  return timers() != nullptr && timers()->Cancel(timer);
}

void LoopClient::OnCallbacksDue() {
  if (!serves()) return;
  timers()->RunDue([this](ClientCallback callback) {
    RunCallback("a timer", std::move(callback));
    return serves();
  });
  Flush();
  if (serves()) timers()->Arm();
}

// ---- The end ----

absl::Status LoopClient::Close(CloseCode code, absl::string_view reason) {
  const bool was_open = holds_stream() && connection().open();
  absl::Status status = DidSend(outbox_.Close(code, reason));
  if (status.ok() && was_open) Blame(ClosedBy::kApplication);
  return status;
}

void LoopClient::CloseOrCancel(CloseCode code, absl::string_view reason) {
  if (connector() != nullptr) {
    return connector()->Stop(absl::CancelledError("the connection was closed"));
  }
  Close(code, reason).IgnoreError();
}

void LoopClient::Terminate() {
  if (connector() != nullptr) {
    return connector()->Stop(absl::CancelledError("the connection was terminated"));
  }
  Blame(ClosedBy::kApplication);
  Drop("terminated by the application");
}

void LoopClient::GoAway(const absl::Status& why) {
  if (connector() != nullptr) return connector()->Stop(why);
  if (!holds_stream() || !connection().open()) return;
  if (Close(CloseCode::kGoingAway, why.message()).ok()) ending()->info.by = ClosedBy::kShutdown;
}

void LoopClient::Abort(const absl::Status& why) {
  if (connector() != nullptr) return connector()->Stop(why);
  Blame(ClosedBy::kShutdown);
  Drop(why.message());
}

absl::Status LoopClient::status() const {
  return close_notified_ ? ToStatus(ending()->info, "the server") : absl::OkStatus();
}

ClientRef LoopClient::ref() {
  if (extras().shared == nullptr) {
    extras_->shared = MakeShared(context_);
    extras_->shared->session = this;
    extras_->shared->connected = true;
    extras_->shared->SetQueuedBytes(queued_bytes());
    if (!serves()) extras_->shared->SetClosed();
    outbox_.set_shared(extras_->shared.get());
    settled_ = false;  // the queue may be written before this callback returns
  }
  return ClientRef(extras_->shared);
}

void LoopClient::LogInfo(absl::string_view text) {
  if (hooks() != nullptr) Log(hooks()->hooks.log, LogLevel::kInfo, text);
}

void LoopClient::Blame(ClosedBy by, absl::string_view option) {
  if (ending() != nullptr) return;
  extras().ending = std::make_unique<Ending>();
  ending()->info.by = by;
  ending()->info.option = option;
}

// The connection has ended with `code`: unless this side ended it, its status says why.
void LoopClient::BlameConnection(CloseCode code) {
  const auto [by, option] = outbox_.CauseOfEnd(code);
  Blame(by, option);
}

// Nothing else has ended the connection.
void LoopClient::BlameRest() {
  if (outbox_.disconnected()) Blame(ClosedBy::kLimit, "sending.max_queue_bytes");
  Blame(ClosedBy::kLost);
}

// Closes the socket at once. OnClose follows at the end of the turn.
void LoopClient::Drop(absl::string_view why) {
  if (!holds_stream()) return;
  loop().Unwatch(stream_.fd());
  loop().DisarmTimer(this);
  stream_.Close();
  context_.account().Change(std::exchange(accounted_bytes_, 0), 0);
  outbox_.Stop();
  if (outbox_.shared() != nullptr) outbox_.shared()->SetClosed();
  BlameRest();
  if (!close_notified_) ending()->reason = std::string(why);
  gone_ = true;
  context_.owner().DestroyLater(this);
}

// Sends a Close frame without waiting for the server's: the memory is needed now.
void LoopClient::OutOfMemory() {
  if (!holds_stream()) return;
  Blame(ClosedBy::kLimit, "limits.max_buffered_bytes");
  outbox_.DropWaiting(DropReason::kClosed);
  connection().SendClose(CloseCode::kTryAgainLater, "the client is out of memory").IgnoreError();
  Write();
  Drop("all connections together hold more than limits.max_buffered_bytes");
}

void LoopClient::End() {
  if (opened_) NotifyClosed(CloseCode::kAbnormal, std::exchange(ending()->reason, ""));
  if (extras_->shared != nullptr) extras_->shared->session = nullptr;
}

void LoopClient::NotifyClosed(CloseCode code, absl::string_view reason) {
  if (close_notified_) return;
  close_notified_ = true;
  BlameRest();
  outbox_.DropWaiting(DropReason::kClosed);
  if (outbox_.shared() != nullptr) outbox_.shared()->SetClosed();
  ending()->reason = std::string(reason);
  ending()->info.code = code;
  ending()->info.reason = ending()->reason;
  const CloseInfo& info = ending()->info;
  context_.metrics().CountClose(info);
  if (hooks() != nullptr) {
    LogInfo(
        absl::StrCat(hooks()->url, " at ", peer_.ToString(), ": ", Describe(info, "the server")));
  }
  if (timers() != nullptr) timers()->DropAll();
  context_.guard().Run("OnClose", [&] { handler_->OnClose(*this, info); });
}

}  // namespace weft
