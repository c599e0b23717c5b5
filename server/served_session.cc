#include "weft/server/served_session.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "weft/server/server_options.h"
#include "weft/transport/io.h"

namespace weft {

ServedSession::ServedSession(LoopContext& context, Client client)
    : ServedStream(context, std::move(client)),
      heard_(context.loop().now_ms()),
      extras_(context.meters_sessions() ? ExtrasWithMeter(context) : nullptr),
      outbox_(SendingOf(context, extras_.get()), context.connections()),
      is_metered_(extras_ != nullptr) {
  active_ = heard_;
  connection().set_answers_close_later(true);
}

std::unique_ptr<ServedSession::Extras> ServedSession::ExtrasWithMeter(LoopContext& context) {
  const RateLimiter::Limits limits = {.events = context.options().rates.messages,
                                      .bytes = context.options().rates.bytes};
  const int64_t now_ms = context.loop().now_ms();
  std::unique_ptr<SessionAccess> access;
  if (context.access_log() != nullptr) {
    access = std::make_unique<SessionAccess>(context.sending(), now_ms);
  }
  auto extras = std::make_unique<Extras>();
  extras->meter.reset(new Meter{RateLimiter(limits, now_ms), std::move(access)});
  return extras;
}

OutboxContext& ServedSession::SendingOf(LoopContext& context, const Extras* extras) {
  const bool has_own = extras != nullptr && extras->meter->access != nullptr;
  return has_own ? extras->meter->access->sending() : context.sending();
}

ServedSession::~ServedSession() = default;

void ServedSession::Open(AcceptedUpgrade upgrade, absl::string_view target, absl::string_view bytes,
                         bool more) {
  if (access() != nullptr) access()->Open(target, upgrade.response.size());
  if (upgrade.deflate.has_value()) {
    connection().UseDeflate(*upgrade.deflate, context_.options().connection);
    context_.ReserveCompression(connection().compression_bytes());
  }
  if (upgrade.opening != nullptr) extras().opening = std::move(upgrade.opening);
  handler_ = std::move(upgrade.handler);
  if (LoopHandler* const handler = handler_->AsLoopHandler()) {
    handler->Attach(*this);
  } else if (context_.group().handler_pool() != nullptr) {
    auto pooled = std::make_unique<PooledSession>(context_, *this, std::move(handler_));
    handled_by_ = HandledBy::kPool;
    extras();  // the handler's thread reads the pointer: it must not change any more
    handler_ = std::move(pooled);
  }
  connection().QueueHandshake(upgrade.response);
  if (more) input_ = StreamInput::kMore;
  context_.metrics().sessions_opened += 1;
  ArmTimer();

  in_callback_ = true;
  CallHandler("OnOpen", [this] { handler_->OnOpen(*this); });
  in_callback_ = false;
  Receive(bytes);
  if (HasMore()) OnReadable();
}

// ---- Events of the loop ----

// Flattened, because every read takes this path: it saves 88 instructions for each. Functions that
// are seldom called are declared noinline.
[[gnu::flatten]] void ServedSession::OnReadable() {
  if (held_) return Lose("the client is gone");  // only an error is reported while nothing is read
  do {
    if (!holds_stream()) return;
    ReadOnce();
  } while (HasMore());
}

void ServedSession::ReadOnce() {
  absl::Span<char> into = connection().ReadBuffer(context_.pools().scratch());
  if (is_metered_) into = into.first(rates().ReadLimit(into.size(), now_ms()));
  const IoResult result = stream_.Read(into);
  context_.metrics().bytes_received += result.bytes;
  if (result.ok()) HeardFromPeer();
  input_ = InputAfterRead(result);
  if (result.status == IoStatus::kError) BlameRead(result);
  if (is_metered_) CountBytes(result.bytes);
  connection().DidRead(result.bytes);
  if (input_ == StreamInput::kEnded) connection().DidReadEof();
  Deliver();
}

void ServedSession::BlameRead(const IoResult& failed) {
  if (!connection().closing()) Blame(ClosedBy::kLost, "", stream_.Error(failed).message());
}

void ServedSession::OnWritable() {
  if (!holds_stream()) return;
  // A read of TLS may have to write. If output is queued, the write below does that as well.
  if (input_ == StreamInput::kNeedsWrite && queued_bytes() == 0) OnReadable();
  if (!holds_stream()) return;
  outbox_.DidBecomeWritable();
  // The socket takes more because the client has read some, so the client is alive. Its pong may be
  // late: the ping is queued after all this output, and reading may be paused.
  if (Write()) HeardFromPeer();
  if (outbox_.IsWritableAgain()) TellWritable();
  Settle();
}

void ServedSession::OnPong(absl::string_view payload) {
  if (!payload.empty() || !ping_.is_set()) return;  // of another ping, or unsolicited
  const int64_t round_trip_ms = std::exchange(ping_, Moment()).MsAgo(now_ms());
  context_.metrics().round_trip.Add(round_trip_ms);
  round_trip_ms_.store(static_cast<int32_t>(std::min<int64_t>(round_trip_ms, INT32_MAX)),
                       std::memory_order_relaxed);
  if (LoopHandler* const handler = handler_->AsLoopHandler()) {
    CallHandler("OnRoundTrip", [handler] { handler->OnRoundTrip(); });
  }
}

void ServedSession::OnTimer() {
  // Otherwise the timer fires more often than the pings.
  if (!over_rate_ && !paces()) connection().ReleaseIdle();
  if (held_ || pooled() != nullptr) ExcuseForHandler();
  if (over_rate_) {
    // The client was too fast, and is not read now: it is not silent.
    HeardFromPeer();
    if (!silent_ && !closing_) active_ = heard_;
    Settle();
    if (!holds_stream()) return;
  }
  if (!closing_) {
    if (IsTooSlow()) {
      Refuse(CloseCode::kPolicyViolation, "a message came too slowly", ClosedBy::kTimeout,
             "rates.min_message_bytes_per_second");
      Flush();
      if (!holds_stream()) return;
    } else {
      CheckSilence();
    }
  } else if (active_.MsAgo(now_ms()) >=
             EventLoop::Milliseconds(context_.options().timeouts.close)) {
    if (!held_ || !connection().open()) {
      Blame(ClosedBy::kTimeout, "timeouts.close");
      return Drop("the closing handshake took too long");
    }
    // The client broke a rule, and its handler takes too long to answer the messages before that:
    // sends the Close frame now, without these answers, and restarts the time for the client.
    active_ = Moment(now_ms());
    ResumeReading();
  }
  if (holds_stream()) ArmTimer();
}

// ---- Reading ----

// Cheap for the usual case, in which all messages of a read are complete.
void ServedSession::WatchUnfinished(bool is_new) {
  if (connection().has_unfinished_input()) {
    // A callback may have dropped the stream, which then needs no timer.
    if (holds_stream() && (is_new || !paces())) StartStretch();
  } else if (extras_ != nullptr) {
    StopPace();
  }
}

// Frees the extras if nothing else is in them.
void ServedSession::StopPace() {
  Extras& extras = *extras_;
  if (!extras.pace.started()) return;
  extras.pace.Stop();
  if (!extras.used() && handled_by_ == HandledBy::kLoop) extras_.reset();
}

void ServedSession::StartStretch() {
  const ServerOptions& options = context_.options();
  if (options.rates.min_message_bytes_per_second == 0 || options.connection.stream_messages) return;
  // The timer is not moved for every message: when it fires, it checks the present one.
  const bool arm = !paces();
  extras().pace.StartStretch(now_ms(), connection().unfinished_bytes());
  if (arm) ArmTimer();
}

// Whether too few bytes were read in the stretch that is over. Starts the next stretch.
bool ServedSession::IsTooSlow() {
  const ServerRates& rates = context_.options().rates;
  if (!paces()) return false;
  const MessagePace& pace = extras_->pace;
  if (!paused_ && !pace.HasLasted(now_ms(), EventLoop::Milliseconds(rates.message_grace))) {
    return false;
  }
  // While nothing was read the client was not slow.
  const bool too_slow = !paused_ && pace.IsBelow(now_ms(), connection().unfinished_bytes(),
                                                 rates.min_message_bytes_per_second);
  StartStretch();
  return too_slow;
}

// Processes bytes that were read together with the handshake.
void ServedSession::Receive(absl::string_view bytes) {
  if (is_metered_) CountBytes(bytes.size());
  while (!bytes.empty() && holds_stream()) {
    const absl::Span<char> into = connection().ReadBuffer(context_.pools().scratch());
    const size_t size = std::min(bytes.size(), into.size());
    std::memmove(into.data(), bytes.data(), size);  // both may be in the scratch buffer
    bytes.remove_prefix(size);
    connection().DidRead(size);
    Deliver();
  }
  if (holds_stream()) Flush();
}

void ServedSession::Deliver() {
  in_callback_ = true;
  uint64_t messages = 0;
  while (const std::optional<Event> event = connection().NextEvent()) {
    if (is_metered_ && !CountEvent(*event)) break;
    if (event->type == Event::Type::kMessage) {
      ++messages;
      CallHandler("OnMessage", [&] { handler_->OnMessage(*this, *event); });
    } else if (event->type == Event::Type::kClose) {
      TakeEnd(event->close_code, event->payload);
    } else if (event->type == Event::Type::kPong) {
      OnPong(event->payload);
    }
    if (!holds_stream() || held_) break;
  }
  if (held_) connection().KeepInput();
  WatchUnfinished(messages > 0);
  if (messages > 0) {
    if (!closing_) active_ = Moment(now_ms());
    silent_ = false;
    context_.metrics().messages_received += messages;
  }
  in_callback_ = false;
  Flush();
}

// After an exception only OnClose is called. 1011 tells the client that the fault is the server's.
void ServedSession::FailHandler() {
  if (!holds_stream() || close_notified_) return;
  Blame(ClosedBy::kApplication);
  connection().Refuse(CloseCode::kInternalError, "the handler failed");
  EndNow(CloseCode::kInternalError, "the handler failed");
}

// The client has sent Close, broken a rule, or closed its stream.
void ServedSession::TakeEnd(CloseCode code, absl::string_view reason) {
  BlameConnection(code);
  LogEnd(code, reason);
  if (pooled() == nullptr || !connection().open()) return EndNow(code, reason);
  // The handler first answers the messages before the end.
  pooled()->KeepClose();
  HoldReading();
}

void ServedSession::EndNow(CloseCode code, absl::string_view reason) {
  // Messages that the handler sent before it knew of the end are still sent. Those that wait for a
  // client that broke a rule are dropped, because they wait for a slow reader. Not so with handler
  // threads, where messages may wait for other reasons.
  outbox_.AnswerClose(/*send_waiting=*/pooled() != nullptr || connection().status().ok());
  NotifyClosed(code, reason);
}

void ServedSession::CountBytes(size_t bytes) {
  if (access() != nullptr) access()->CountRead(bytes);
  const bool in_time = rates().TakeBytes(bytes, now_ms());
  if (!in_time && context_.options().rates.over_rate == OverRate::kClose)
    Refuse(CloseCode::kPolicyViolation, "more bytes a second than this server accepts",
           ClosedBy::kLimit, "rates.bytes");
}

bool ServedSession::CountEvent(const Event& event) {
  if (access() != nullptr && event.type == Event::Type::kMessage && event.last) {
    access()->CountMessage();
  }
  if (event.type == Event::Type::kClose || !event.first) return true;
  const bool in_time = rates().TakeEvent(now_ms());
  if (in_time || context_.options().rates.over_rate == OverRate::kDelay) return true;
  Refuse(CloseCode::kPolicyViolation, "more messages a second than this server accepts",
         ClosedBy::kLimit, "rates.messages");
  return false;
}

void ServedSession::Refuse(CloseCode code, const char* why, ClosedBy by, const char* option) {
  Blame(by, option);
  connection().Refuse(code, why);
  TakeEnd(code, why);
}

bool ServedSession::IsOverRate() {
  return context_.options().rates.over_rate == OverRate::kDelay && rates().WaitMs(now_ms()) > 0;
}

// ---- After each step ----

void ServedSession::Account() {
  const uint32_t now = std::min<size_t>(connection().buffered_bytes() + stream_.buffered_bytes() +
                                            outbox_.memory_bytes() + extra_bytes(),
                                        UINT32_MAX);
  if (now != buffered_bytes_) Account(now);
}

// Counts the bytes that the client sent, or does not read, rather than the buffers, whose size it
// did not choose.
size_t ServedSession::held_bytes() const {
  return connection().unfinished_bytes() + queued_bytes() + outbox_.posted_bytes() + extra_bytes() +
         (pooled() != nullptr ? BytesForHandlerThread() : 0);
}

// Sends a Close frame without waiting for the peer's: the memory is needed now.
void ServedSession::OutOfMemory() {
  if (!holds_stream()) return;
  Blame(ClosedBy::kLimit, "limits.max_buffered_bytes");
  if (pooled() != nullptr) pooled()->Discard();
  if (extras_ != nullptr && extras_->held_topics != nullptr) extras_->held_topics->Clear();
  outbox_.DropWaiting(DropReason::kClosed);
  connection().SendClose(CloseCode::kTryAgainLater, "the server is out of memory").IgnoreError();
  Write();
  ServedStream::OutOfMemory();
}

void ServedSession::Settle() {
  if (!holds_stream()) return;
  Account();
  if (!holds_stream()) return;
  const size_t queued = queued_bytes();
  if (outbox_.shared() != nullptr) outbox_.shared()->SetQueuedBytes(queued);
  if (connection().done()) {
    // A peer that broke a rule may have sent more: closing the socket would then send a reset,
    // which overtakes the Close frame that tells the peer the reason.
    if (input_ != StreamInput::kEnded && !connection().status().ok()) return Linger();
    if (stream_.is_tls()) stream_.ShutdownWrite();  // for the close_notify
    return Drop("");
  }
  // timeouts.close starts when the handler has processed all earlier messages; for a client that
  // broke a rule, at once.
  const bool owes_answers = held_ && connection().open() && connection().status().ok();
  if (connection().closing() && !closing_ && !owes_answers) {
    closing_ = true;
    active_ = Moment(now_ms());
    ArmTimer();
  }
  SettleReading(queued);
}

// Decides whether to read, and tells the loop what to wait for.
void ServedSession::SettleReading(size_t queued) {
  const size_t mark = context_.options().sending.pause_reading_bytes;
  const bool was_paused = paused_;
  paused_ = held_ || queued > (paused_ ? mark / 2 : mark);
  if (is_metered_) {
    if (access() != nullptr) access()->Settle();
    const bool was_over_rate = over_rate_;
    over_rate_ = IsOverRate();
    paused_ = paused_ || over_rate_;
    if (over_rate_ && !was_over_rate) ArmTimer();
  }
  // TLS holds bytes that the socket does not announce: they are read at the end of this turn.
  if (was_paused && HasMore()) FlushLater();
  if (was_paused && !paused_ && paces()) StartStretch();
  const bool writes =
      outbox_.write_blocked() || input_ == StreamInput::kNeedsWrite || outbox_.IsWritableAgain();
  SetInterest((paused_ || input_ == StreamInput::kEnded ? Poller::kNone : Poller::kRead) |
              (writes ? Poller::kWrite : Poller::kNone));
  const bool idle = connection().Rest();
  settled_ = idle && handled_by_ == HandledBy::kLoop && !is_metered_ && !stream_.is_tls() &&
             interest_ == Poller::kRead && !connection().compressed();
}

void ServedSession::ArmTimer() {
  const ServerOptions& options = context_.options();
  const int64_t now = now_ms();
  const auto after = [now](Moment moment, absl::Duration time) {
    return now - moment.MsAgo(now) + EventLoop::Milliseconds(time);
  };
  int64_t deadline;
  if (closing_) {
    deadline = after(active_, options.timeouts.close);
  } else {
    // A pong does not move the timer, and the next ping may be due before timeouts.pong.
    const int64_t interval_ms = EventLoop::Milliseconds(options.timeouts.ping_interval);
    deadline = WaitsForPong() ? std::min(after(ping_, options.timeouts.pong), now + interval_ms)
                              : after(heard_, options.timeouts.ping_interval);
    deadline = std::min(deadline, after(active_, options.timeouts.idle));
    if (silent_) deadline = std::min(deadline, after(active_, options.timeouts.first_message));
    if (paces()) {
      deadline = std::min(deadline, after(extras_->pace.since(), options.rates.message_grace));
    }
  }
  if (over_rate_) deadline = std::min(deadline, now + rates().WaitMs(now));
  context_.loop().ArmTimer(this, deadline);
}

// Pings a silent peer, drops one that did not answer, and closes an idle session. The timer is not
// moved for each read: when it fires, this compares the times of the last events.
void ServedSession::CheckSilence() {
  const ServerOptions& options = context_.options();
  const int64_t now = now_ms();
  if (WaitsForPong() && ping_.MsAgo(now) >= EventLoop::Milliseconds(options.timeouts.pong)) {
    Blame(ClosedBy::kTimeout, "timeouts.pong");
    return Drop("the client did not answer a ping");
  }
  const int64_t idle_ms = active_.MsAgo(now);
  if (silent_ && idle_ms >= EventLoop::Milliseconds(options.timeouts.first_message)) {
    CloseFor(ClosedBy::kTimeout, "timeouts.first_message", CloseCode::kPolicyViolation,
             "no message was received in time")
        .IgnoreError();
  } else if (idle_ms >= EventLoop::Milliseconds(options.timeouts.idle)) {
    CloseFor(ClosedBy::kTimeout, "timeouts.idle", CloseCode::kNormal, "idle").IgnoreError();
  } else if (!WaitsForPong() &&
             heard_.MsAgo(now) >= EventLoop::Milliseconds(options.timeouts.ping_interval)) {
    ping_ = Moment(now);
    connection().SendPing().IgnoreError();
    AfterSend();
  }
}

// ---- Writing ----

// After a send outside a callback, or when much is queued in one, or when other threads need to
// know the size of the queue.
void ServedSession::WriteSoon() {
  const size_t queued = queued_bytes();
  if (outbox_.shared() != nullptr) {
    outbox_.shared()->SetQueuedBytes(queued);
    settled_ = false;
  }
  outbox_.MarkIfHigh(queued);
  if (in_callback_) {
    if (connection().queued_bytes() >= Outbox::kWriteFrom && !outbox_.write_blocked()) Write();
  } else {
    FlushLater();
  }
}

void ServedSession::FlushLater() {
  settled_ = false;
  if (flush_queued_) return;
  flush_queued_ = true;
  context_.FlushLater(this);
}

void ServedSession::OnEndOfTurn() {
  flush_queued_ = false;
  Flush();
  if (HasMore()) OnReadable();
}

void ServedSession::Flush() {
  if (!holds_stream()) return;
  outbox_.MarkIfHigh(connection().queued_bytes());
  if (!outbox_.write_blocked()) Write();
  if (!connection().Rest() || !IsSettled()) Settle();
}

bool ServedSession::Write() {
  if (!holds_stream() || !outbox_.has_output()) return false;
  const IoResult result = outbox_.Write(stream_);
  if (result.status == IoStatus::kError) LoseBy(result);
  return result.bytes > 0;
}

void ServedSession::LoseBy(const IoResult& failed) { Lose(stream_.Error(failed).message()); }

// Called at most once a turn, so that a handler that always sends more cannot starve other
// sessions.
void ServedSession::TellWritable() {
  outbox_.ForgetMark();
  if (!holds_stream() || !connection().open()) return;
  in_callback_ = true;
  CallHandler("OnWritable", [this] { handler_->OnWritable(*this); });
  in_callback_ = false;
  if (extras_ != nullptr) TellMissed();
  Flush();
}

}  // namespace weft
