#include "weft/server/session.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "weft/core/log.h"
#include "weft/server/limits/rate_limiter.h"
#include "weft/server/pooled_handler.h"
#include "weft/server/server_options.h"
#include "weft/server/upgrade.h"
#include "weft/server/worker.h"
#include "weft/transport/io.h"

namespace weft {

Session::Session(Worker& worker, Client client)
    : ServedStream(worker, std::move(client)),
      heard_(worker.loop().now_ms()),
      connection_(Role::kServer, worker.options().connection) {
  since_ = heard_;
  connection_.set_answers_close_later(true);
  const RateLimiter::Limits limits = {.events = worker.options().message_rate,
                                      .bytes = worker.options().byte_rate};
  if (limits.any()) {
    rates_ = std::make_unique<RateLimiter>(limits, worker.loop().now_ms());
  }
}

Session::~Session() = default;

void Session::Open(AcceptedUpgrade upgrade, absl::string_view bytes, bool more) {
  if (upgrade.deflate.has_value()) {
    connection_.UseDeflate(*upgrade.deflate, worker_.options().connection);
    worker_.ReserveCompression(connection_.compression_bytes());
  }
  handler_ = std::move(upgrade.handler);
  if (worker_.group().handler_pool() != nullptr) UsePool();
  connection_.QueueHandshake(upgrade.response);
  more_ = more;
  worker_.metrics().sessions_opened += 1;
  ArmTimer();

  in_callback_ = true;
  if (!worker_.guard().Run("OnOpen", [this] { handler_->OnOpen(*this); })) HandlerFailed();
  in_callback_ = false;
  Receive(bytes);
  if (more_ && !paused_) OnReadable();
}

// ---- What the loop says ----

void Session::OnReadable() {
  if (held_) return Drop("the client is gone");  // nothing else is told of it now
  do {
    if (!holds_stream()) return;
    ReadOnce();
  } while (more_ && !paused_);
}

void Session::ReadOnce() {
  absl::Span<char> into = connection_.ReadBuffer(worker_.pools().scratch());
  if (rates_ != nullptr) into = into.first(rates_->ReadLimit(into.size(), worker_.loop().now_ms()));
  const IoResult result = stream_.Read(into);
  if (result.ok()) HeardFromPeer();
  worker_.metrics().bytes_received += result.bytes;
  more_ = result.more;
  read_writes_ = result.status == IoStatus::kWouldBlock && result.wanted != Interest::kRead;
  ended_ = !result.ok() && result.status != IoStatus::kWouldBlock;
  if (result.status == IoStatus::kError && !connection_.closing()) {
    Log(worker_.options().log, LogLevel::kInfo,
        absl::StrCat("lost ", peer_.ToString(), ": ", stream_.Error(result).message()));
  }
  if (rates_ != nullptr) CountBytes(result.bytes);
  connection_.DidRead(result.bytes);
  if (ended_) connection_.DidReadEof();
  Deliver();
}

void Session::OnWritable() {
  if (!holds_stream()) return;
  // With something to write, the write takes along what a read of TLS has to say.
  if (read_writes_ && queued_bytes() == 0) OnReadable();
  if (!holds_stream()) return;
  write_blocked_ = false;
  // The socket takes more because the client took some: it is there, however late its pong is,
  // which stands behind all this and may not be read now.
  if (Write()) HeardFromPeer();
  if (TellsWritable()) TellWritable();
  Settle();
}

void Session::HeardFromPeer() { heard_ = Moment(worker_.loop().now_ms()); }

void Session::OnPong(absl::string_view payload) {
  if (!payload.empty() || !ping_.is_set()) return;  // it answers another, or nothing
  const int64_t round_trip_ms = std::exchange(ping_, Moment()).MsAgo(worker_.loop().now_ms());
  worker_.metrics().round_trip.Add(round_trip_ms);
  round_trip_ms_.store(static_cast<int32_t>(std::min<int64_t>(round_trip_ms, INT32_MAX)),
                       std::memory_order_relaxed);
}

void Session::OnTimer() {
  connection_.ReleaseIdle();
  if (pooled_ != nullptr) ExcuseForHandler();
  if (over_rate_) {
    // It has said more than enough, and what else it says is not read.
    HeardFromPeer();
    if (message_.is_set()) message_ = heard_;
    Settle();
    if (!holds_stream()) return;
  }
  if (!closing_) {
    if (IsTooSlow()) {
      Refuse(CloseCode::kPolicyViolation, "a message came too slowly");
      Flush();
      if (!holds_stream()) return;
    } else {
      CheckSilence();
    }
  } else if (since_.MsAgo(worker_.loop().now_ms()) >=
             EventLoop::Milliseconds(worker_.options().close_timeout)) {
    if (!held_ || !connection_.open()) return Drop("the closing handshake took too long");
    // A client that broke a rule is told so now, without the answers, and gets time to read it.
    since_ = Moment(worker_.loop().now_ms());
    Resume();
  }
  if (holds_stream()) ArmTimer();
}

// ---- Reading ----

// Most messages are read whole, and cost two comparisons here.
void Session::WatchUnfinished(bool is_new) {
  if (!connection_.has_unfinished_input()) {
    unfinished_ = Moment();
  } else if (is_new || !unfinished_.is_set()) {
    StartStretch();
  }
}

void Session::StartStretch() {
  const ServerOptions& options = worker_.options();
  if (options.min_message_bytes_per_second == 0 || options.connection.stream_messages) return;
  // The timer is not moved for every message: it looks, when it fires, at the one that is there.
  const bool arm = !unfinished_.is_set();
  unfinished_ = Moment(worker_.loop().now_ms());
  unfinished_bytes_ = connection_.unfinished_bytes();
  if (arm) ArmTimer();
}

// Whether too little came in the stretch that is over. Begins the next one.
bool Session::IsTooSlow() {
  const int64_t now = worker_.loop().now_ms();
  if (!unfinished_.is_set()) return false;
  const int64_t ms = unfinished_.MsAgo(now);
  if (paused_ || ms < EventLoop::Milliseconds(worker_.options().message_grace)) {
    if (paused_) StartStretch();  // the client could not go on
    return false;
  }
  const size_t bytes = connection_.unfinished_bytes();
  const size_t came = bytes - std::min(bytes, unfinished_bytes_);
  const size_t rate = worker_.options().min_message_bytes_per_second;
  StartStretch();
  return came / rate < static_cast<size_t>(ms) / 1000;
}

// What came behind the handshake, in the same read.
void Session::Receive(absl::string_view bytes) {
  if (rates_ != nullptr) CountBytes(bytes.size());
  while (!bytes.empty() && holds_stream()) {
    const absl::Span<char> into = connection_.ReadBuffer(worker_.pools().scratch());
    const size_t size = std::min(bytes.size(), into.size());
    std::memmove(into.data(), bytes.data(), size);  // they may lie in the scratch themselves
    bytes.remove_prefix(size);
    connection_.DidRead(size);
    Deliver();
  }
  if (holds_stream()) Flush();
}

void Session::Deliver() {
  in_callback_ = true;
  uint64_t messages = 0;
  while (const std::optional<Event> event = connection_.NextEvent()) {
    if (rates_ != nullptr && !CountEvent(*event)) break;
    if (event->type == Event::Type::kMessage) {
      ++messages;
      const auto call = [&] { handler_->OnMessage(*this, *event); };
      if (!worker_.guard().Run("OnMessage", call)) HandlerFailed();
    } else if (event->type == Event::Type::kClose) {
      TakeEnd(event->close_code, event->payload);
    } else if (event->type == Event::Type::kPong) {
      OnPong(event->payload);
    }
    if (!holds_stream() || held_) break;
  }
  if (held_) connection_.KeepInput();
  WatchUnfinished(messages > 0);
  if (messages > 0) {
    message_ = Moment(worker_.loop().now_ms());
    worker_.metrics().messages_received += messages;
  }
  in_callback_ = false;
  Flush();
}

// It hears of nothing but the end any more, and the client, which has done nothing wrong, is told
// that it was not its fault.
void Session::HandlerFailed() {
  if (!holds_stream() || close_notified_) return;
  connection_.Refuse(CloseCode::kInternalError, "the handler failed");
  EndNow(CloseCode::kInternalError, "the handler failed");
}

// The client has said Close, broke a rule, or is gone.
void Session::TakeEnd(CloseCode code, absl::string_view reason) {
  if (pooled_ == nullptr || !connection_.open()) return EndNow(code, reason);
  // It gets the answers to what it asked before.
  pooled_->KeepClose(code, reason);
  Hold();
}

void Session::EndNow(CloseCode code, absl::string_view reason) {
  SendBeforeTheEnd();
  NotifyClosed(code, reason);
}

void Session::CountBytes(size_t bytes) {
  const bool in_time = rates_->TakeBytes(bytes, worker_.loop().now_ms());
  if (!in_time && worker_.options().over_rate == OverRate::kClose)
    Refuse(CloseCode::kPolicyViolation, "more bytes a second than this server accepts");
}

bool Session::CountEvent(const Event& event) {
  if (event.type == Event::Type::kClose || !event.first) return true;
  const bool in_time = rates_->TakeEvent(worker_.loop().now_ms());
  if (in_time || worker_.options().over_rate == OverRate::kDelay) return true;
  Refuse(CloseCode::kPolicyViolation, "more messages a second than this server accepts");
  return false;
}

void Session::Refuse(CloseCode code, const char* why) {
  connection_.Refuse(code, why);
  TakeEnd(code, why);
}

bool Session::IsOverRate() {
  return worker_.options().over_rate == OverRate::kDelay &&
         rates_->WaitMs(worker_.loop().now_ms()) > 0;
}

// ---- What follows ----

void Session::Account() {
  const uint32_t now = std::min<size_t>(connection_.buffered_bytes() + stream_.buffered_bytes() +
                                            subscriptions_.bytes() +
                                            (waiting_ != nullptr ? waiting_->memory_bytes() : 0),
                                        UINT32_MAX);
  if (now != buffered_bytes_) Account(now);
}

// By what the client sent and does not take, not by the buffers: it did not choose their size.
size_t Session::held_bytes() const {
  return connection_.unfinished_bytes() + queued_bytes() + PostedBytes() + subscriptions_.bytes() +
         (pooled_ != nullptr ? pooled_->waiting_bytes() : 0);
}

// Not a closing handshake, during which the peer could go on: the memory is needed now.
void Session::OutOfMemory() {
  if (!holds_stream()) return;
  if (pooled_ != nullptr) pooled_->Discard();
  DropWaiting(DropReason::kClosed);
  connection_.SendClose(CloseCode::kTryAgainLater, "the server is out of memory").IgnoreError();
  Write();
  ServedStream::OutOfMemory();
}

void Session::Settle() {
  if (!holds_stream()) return;
  Account();
  if (!holds_stream()) return;
  const size_t queued = queued_bytes();
  if (shared_ != nullptr) shared_->SetQueuedBytes(queued);
  if (connection_.done()) {
    // A peer that broke a rule has more on its way: closing now would take the Close frame, which
    // says what was wrong, away from it (a reset overtakes it).
    if (!ended_ && !connection_.status().ok()) return Linger();
    if (stream_.is_tls()) stream_.ShutdownWrite();  // for the close_notify
    return Drop("");
  }
  // The time for it begins when the handler has had all that came before; for a client that broke a
  // rule, at once.
  const bool owes_answers = held_ && connection_.open() && connection_.status().ok();
  if (connection_.closing() && !closing_ && !owes_answers) {
    closing_ = true;
    since_ = Moment(worker_.loop().now_ms());
    ArmTimer();
  }
  const size_t mark = worker_.options().pause_reading_bytes;
  const bool was_paused = paused_;
  paused_ = queued > (paused_ ? mark / 2 : mark);
  paused_ = paused_ || held_;
  if (rates_ != nullptr) {
    const bool was_over_rate = std::exchange(over_rate_, IsOverRate());
    paused_ = paused_ || over_rate_;
    if (over_rate_ && !was_over_rate) ArmTimer();
  }
  // What the socket does not announce is read at the end of this turn.
  if (was_paused && !paused_ && more_) FlushLater();
  if (was_paused && !paused_ && unfinished_.is_set()) StartStretch();
  const Poller::Interest interest =
      (paused_ || ended_ ? Poller::kNone : Poller::kRead) |
      (write_blocked_ || read_writes_ || TellsWritable() ? Poller::kWrite : Poller::kNone);
  SetInterest(interest);
}

void Session::ArmTimer() {
  const ServerOptions& options = worker_.options();
  const int64_t now = worker_.loop().now_ms();
  const auto after = [now](Moment moment, absl::Duration time) {
    return now - moment.MsAgo(now) + EventLoop::Milliseconds(time);
  };
  int64_t deadline;
  if (closing_) {
    deadline = after(since_, options.close_timeout);
  } else {
    deadline =
        WaitsForPong() ? after(ping_, options.pong_timeout) : after(heard_, options.ping_interval);
    const bool silent = !message_.is_set();
    deadline = std::min(deadline, after(silent ? since_ : message_, options.idle_timeout));
    if (silent) deadline = std::min(deadline, after(since_, options.first_message_timeout));
    if (unfinished_.is_set()) {
      deadline = std::min(deadline, after(unfinished_, options.message_grace));
    }
  }
  if (over_rate_) deadline = std::min(deadline, now + rates_->WaitMs(now));
  worker_.loop().ArmTimer(this, deadline);
}

// Asks a silent peer whether it is there, gives up one that did not say, closes an idle one. The
// timer is not moved for each byte that comes: it looks, when it fires, at what came since.
void Session::CheckSilence() {
  const ServerOptions& options = worker_.options();
  const int64_t now = worker_.loop().now_ms();
  if (WaitsForPong() && ping_.MsAgo(now) >= EventLoop::Milliseconds(options.pong_timeout)) {
    return Drop("the client did not answer a ping");
  }
  const bool silent = !message_.is_set();
  const int64_t idle_ms = (silent ? since_ : message_).MsAgo(now);
  if (silent && idle_ms >= EventLoop::Milliseconds(options.first_message_timeout)) {
    Close(CloseCode::kPolicyViolation, "no message came in time").IgnoreError();
  } else if (idle_ms >= EventLoop::Milliseconds(options.idle_timeout)) {
    Close(CloseCode::kNormal, "idle").IgnoreError();
  } else if (!WaitsForPong() &&
             heard_.MsAgo(now) >= EventLoop::Milliseconds(options.ping_interval)) {
    ping_ = Moment(now);
    connection_.SendPing().IgnoreError();
    AfterSend();
  }
}

// ---- Ending ----

void Session::GoAway(CloseCode code, absl::string_view reason) {
  Close(code, reason).IgnoreError();
}

void Session::OnGone() {
  more_ = false;
  if (shared_ != nullptr) shared_->SetClosed();
}

bool Session::End() {
  if (pooled_ != nullptr && pooled_->kept_close().has_value()) {
    NotifyClosed(pooled_->kept_close()->code, pooled_->kept_close()->reason);
  }
  NotifyClosed(CloseCode::kAbnormal, drop_reason_);
  if (shared_ != nullptr) shared_->session = nullptr;
  if (flush_queued_) worker_.ForgetFlush(this);  // OnClose may have queued it again
  worker_.ReturnCompression(connection_.compression_bytes());
  if (std::exchange(held_, false)) worker_.metrics().held_sessions -= 1;
  if (pooled_ == nullptr || handler_done_) return true;
  connection_.ReleaseMemory();  // the handler may take its time, and the account has the bytes back
  return false;
}

void Session::Terminate() {
  if (OffLoop()) return pooled_->Terminate();
  if (pooled_ != nullptr) pooled_->Discard();
  Drop("terminated by the application");
}

void Session::NotifyClosed(CloseCode code, absl::string_view reason) {
  if (close_notified_) return;
  close_notified_ = true;
  DropWaiting(DropReason::kClosed);
  worker_.metrics().closes[CloseSlotOf(code)] += 1;
  worker_.topics().UnsubscribeAll(&subscriptions_);
  worker_.guard().Run("OnClose", [&] { handler_->OnClose(*this, code, reason); });
}

// ---- Topics and references ----

absl::Status Session::Subscribe(absl::string_view topic) {
  if (absl::Status status = CheckTopic(topic, worker_.options().max_topic_bytes); !status.ok()) {
    return status;
  }
  if (OffLoop()) return ref().Subscribe(topic);
  worker_.DeliverPublished();
  if (!holds_stream() || close_notified_) {
    return absl::FailedPreconditionError("the session is closed");
  }
  const size_t limit = worker_.options().max_topics_per_session;
  if (!worker_.topics().Subscribe(topic, this, &subscriptions_, limit)) {
    return absl::ResourceExhaustedError(absl::StrCat("the session is subscribed to ", limit,
                                                     " topics: see max_topics_per_session"));
  }
  if (!in_callback_) FlushLater();  // which accounts for the memory
  return absl::OkStatus();
}

void Session::Unsubscribe(absl::string_view topic) {
  if (OffLoop()) return ref().Unsubscribe(topic).IgnoreError();
  worker_.DeliverPublished();
  worker_.topics().Unsubscribe(topic, &subscriptions_);
  if (!in_callback_) FlushLater();
}

absl::Status Session::Publish(absl::string_view topic, Opcode opcode, absl::string_view payload,
                              const SendOptions& options) {
  absl::StatusOr<EncodedMessage> message = EncodedMessage::Make(opcode, payload, options.compress);
  if (!message.ok()) return message.status();
  return Publish(topic, *message, options);
}

absl::Status Session::Publish(absl::string_view topic, const EncodedMessage& message,
                              const SendOptions& options) {
  if (OffLoop()) return worker_.group().PublishToOthers(nullptr, topic, message, options);
  return worker_.Publish(topic, message, options);
}

size_t Session::subscribers(absl::string_view topic) const {
  return worker_.group().topics().Subscribers(topic);
}

SessionRef Session::ref() {
  if (shared_ == nullptr) {
    shared_ = std::make_shared<SessionRef::Shared>();
    shared_->id = id_;
    shared_->mailbox = worker_.mailbox();
    shared_->max_queue_bytes = worker_.options().max_send_queue_bytes;
    shared_->when_full = worker_.options().when_full;
    shared_->max_topic_bytes = worker_.options().max_topic_bytes;
    shared_->session = this;
    shared_->open = holds_stream();
    shared_->queued_bytes = queued_bytes();
  }
  return SessionRef(shared_);
}

}  // namespace weft
