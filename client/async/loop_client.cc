#include "weft/client/async/loop_client.h"

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "openssl/siphash.h"
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

// The payload of the ping that asks whether the server is alive. It is made again, not kept, to
// recognize its pong: a keyed hash of the client and the moment at which it was sent, by which the
// server learns neither the clock nor which connections share a loop.
struct PingPayload {
  PingPayload(const ClientContext& context, const LoopClient* client, int64_t sent_ms) {
    const uint64_t parts[] = {reinterpret_cast<uintptr_t>(client), static_cast<uint64_t>(sent_ms)};
    const uint64_t hash =
        SIPHASH_24(context.ping_key(), reinterpret_cast<const uint8_t*>(parts), sizeof(parts));
    std::memcpy(bytes, &hash, sizeof(bytes));
  }
  absl::string_view view() const { return {bytes, sizeof(bytes)}; }

  char bytes[sizeof(uint64_t)];
};

}  // namespace

LoopClient::LoopClient(ClientContext& context, absl::string_view url, ClientOptions options,
                       std::unique_ptr<ClientHandler> handler,
                       std::shared_ptr<ClientRef::Shared> shared)
    : context_(context),
      handler_(std::move(handler)),
      extras_(std::make_unique<Extras>(std::make_unique<LoopConnector>(
          context.loop(), context.lookup(), url, ForLoop(std::move(options), context),
          [this](absl::StatusOr<Connector::Result> result) { OnConnected(std::move(result)); }))),
      outbox_(context.sending(), context.groups().Join(connector()->options().connection,
                                                       connector()->options().timeouts)) {
  extras_->shared = std::move(shared);
  const ClientHooks& hooks = connector()->options().hooks;
  if (hooks.log || hooks.on_round_trip) {
    extras_->hooks = std::make_unique<const Hooks>(Hooks{.hooks = hooks, .url = std::string(url)});
  }
  extras_->shared->session = this;
  connection().set_answers_close_later(true);
  outbox_.set_shared(extras_->shared.get());
  if (LoopClientHandler* const handler = handler_->AsLoopHandler()) handler->Attach(*this);
}

LoopClient::~LoopClient() { --group().members; }

std::shared_ptr<ClientRef::Shared> LoopClient::MakeShared(ClientContext& context) {
  const ClientSending& sending = context.options().sending;
  return std::make_shared<ClientRef::Shared>(context.mailbox(), sending.max_queue_bytes,
                                             sending.when_full);
}

// ---- Connecting ----

void LoopClient::Start() { connector()->Start(); }

void LoopClient::OnConnected(absl::StatusOr<Connector::Result> result) {
  const LoopConnector& connector = *extras_->connector;
  context_.owner().ReleaseLater(std::move(extras_->connector));  // it calls this
  if (!result.ok()) return Fail(result.status());
  if (result->upgraded.deflate.has_value()) {
    connection().UseDeflate(*result->upgraded.deflate, connector.options().connection);
    if (absl::Status status = ReserveCompression(connector.url()); !status.ok()) {
      return Fail(status);
    }
  }
  const int fd = result->stream.fd();
  if (!loop().Watch(fd, Poller::kRead, this)) {
    return Fail(
        absl::ErrnoToStatus(errno, absl::StrCat(connector.url(), ": cannot watch the socket")));
  }
  stream_ = std::move(result->stream);
  local_ = LocalAddress(fd);
  peer_ = PeerAddress(fd);
  extras_->subprotocol = std::move(result->upgraded.subprotocol);
  opened_ = true;
  context_.metrics().sessions_opened += 1;
  extras_->shared->connected = true;
  HeardFromPeer();
  if (hooks() != nullptr) {
    LogInfo(absl::StrCat("connected to ", hooks()->url, " at ", peer_.ToString()));
  }
  ArmTimer();

  in_callback_ = true;
  CallHandler("OnOpen", [this] { handler_->OnOpen(*this); });
  in_callback_ = false;
  Receive(result->upgraded.early);
  // TLS may hold bytes that came with the response. A handler that holds reading gets them later.
  if (stream_.is_tls()) input_ = StreamInput::kMore;
  if (HasMore()) OnReadable();
  ReleaseUnused();
}

// A reference that nobody has keeps nothing: no task is on its way either, because it would have
// one. ref() makes another.
void LoopClient::ReleaseUnused() {
  if (extras_ == nullptr) return;
  if (extras_->shared != nullptr && extras_->shared.use_count() == 1) {
    outbox_.set_shared(nullptr);
    extras_->shared.reset();
  }
  if (extras_->pings != nullptr && extras_->pings->empty()) extras_->pings.reset();
  if (!extras_->used()) extras_.reset();
}

// All compressors at once, because they are kept while the connection is open.
absl::Status LoopClient::ReserveCompression(const std::string& url) {
  compression_bytes_ = static_cast<uint32_t>(connection().compression_bytes());
  if (!context_.mailbox()->budget().HasRoom(compression_bytes_)) {
    return absl::ResourceExhaustedError(
        absl::StrCat(url, ": the ", compression_bytes_,
                     " bytes of its compressors would exceed limits.max_buffered_bytes, of which "
                     "each thread has ",
                     context_.options().bytes_per_thread()));
  }
  context_.account().Change(0, compression_bytes_);
  accounted_bytes_ = compression_bytes_;
  return absl::OkStatus();
}

void LoopClient::Fail(const absl::Status& error) {
  if (gone_) return;
  gone_ = true;
  outbox_.Stop();
  extras_->shared->SetClosed();
  context_.account().Change(std::exchange(accounted_bytes_, 0), 0);
  context_.metrics().sessions_failed += 1;
  LogInfo(error.message());
  context_.guard().Run("OnFailed", [&] { handler_->OnFailed(error); });
  context_.owner().DestroyLater(this);
}

// The bytes that came with the response.
void LoopClient::Receive(absl::string_view bytes) {
  if (holds_stream() && !bytes.empty()) {
    const absl::Span<char> into = connection().ReadBuffer(context_.pools().scratch());
    std::memcpy(into.data(), bytes.data(), bytes.size());  // at most kMaxEarlyBytes
    context_.metrics().bytes_received += bytes.size();
    connection().DidRead(bytes.size());
    Deliver();
  }
  Flush();
}

// ---- Reading ----

// Flattened, because every read takes this path, as that of a ServedSession. Functions that are
// seldom called are declared noinline.
[[gnu::flatten]] void LoopClient::OnReadable() {
  do {
    if (!holds_stream()) return;
    if (holds_reading()) return LoseHeld();  // only an error is reported while nothing is read
    close_notified_ ? Discard() : ReadOnce();
  } while (HasMore());
}

void LoopClient::LoseHeld() {
  Blame(ClosedBy::kLost);
  Drop("the server is gone");
}

void LoopClient::ReadOnce() {
  const absl::Span<char> into = connection().ReadBuffer(context_.pools().scratch());
  const IoResult result = stream_.Read(into);
  context_.metrics().bytes_received += result.bytes;
  TakeInput(result);
  connection().DidRead(result.bytes);
  if (input_ == StreamInput::kEnded) connection().DidReadEof();
  Deliver();
}

inline void LoopClient::TakeInput(const IoResult& result) {
  if (result.ok()) HeardFromPeer();
  input_ = InputAfterRead(result);
}

// After the end only the end of the stream matters: the server closes first (RFC 6455, section
// 7.1.1).
void LoopClient::Discard() {
  const IoResult result = stream_.Read(context_.pools().scratch());
  context_.metrics().bytes_received += result.bytes;
  TakeInput(result);
  Settle();
}

void LoopClient::Deliver() {
  in_callback_ = true;
  while (!held_) {
    const std::optional<Event> event = connection().NextEvent();
    if (!event.has_value()) break;
    if (event->type == Event::Type::kMessage) {
      context_.metrics().messages_received += 1;
      CallHandler("OnMessage", [&] { handler_->OnMessage(*this, *event); });
    } else if (event->type == Event::Type::kClose) {
      TakeEnd(event->close_code, event->payload);
    } else if (event->type == Event::Type::kPong) {
      OnPong(event->payload);
    }
    if (!holds_stream()) break;
  }
  if (held_ && holds_stream()) connection().KeepInput();
  in_callback_ = false;
  Flush();
}

void LoopClient::OnPong(absl::string_view payload) {
  const int64_t now = now_ms();
  int64_t last_ms;
  if (ping_.is_set() && payload == PingPayload(context_, this, now - ping_.MsAgo(now)).view()) {
    last_ms = std::exchange(ping_, Moment()).MsAgo(now);
    if (extras_ != nullptr && extras_->pings != nullptr) {
      extras_->pings->ForgetBefore(absl::Milliseconds(now - last_ms));
    }
  } else if (extras_ != nullptr && extras_->pings != nullptr &&
             extras_->pings->Ponged(payload, absl::Milliseconds(now))) {
    last_ms = absl::ToInt64Milliseconds(*extras_->pings->last());
  } else {
    return;
  }
  context_.metrics().round_trip.Add(last_ms);
  round_trip_ms_ = static_cast<int32_t>(std::min<int64_t>(last_ms, INT32_MAX));
  if (hooks() != nullptr && hooks()->hooks.on_round_trip) {
    context_.guard().Run("hooks.on_round_trip",
                         [&] { hooks()->hooks.on_round_trip(absl::Milliseconds(last_ms)); });
  }
  if (LoopClientHandler* const handler = handler_->AsLoopHandler()) {
    CallHandler("OnRoundTrip", [handler] { handler->OnRoundTrip(); });
  }
}

void LoopClient::HoldReading() {
  held_ = true;
  settled_ = false;
  FlushLater();
}

void LoopClient::ResumeReading() {
  if (!held_) return;
  held_ = false;
  HeardFromPeer();  // it was not silent: the bytes that it sent meanwhile are read next
  resumed_ = true;
  settled_ = false;
  FlushLater();
}

// After an exception only OnClose is called.
void LoopClient::FailHandler() {
  if (!serves()) return;
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

// ---- Writing ----

void LoopClient::OnWritable() {
  if (!holds_stream()) return;
  if (input_ == StreamInput::kNeedsWrite && queued_bytes() == 0 && !holds_reading()) OnReadable();
  if (!holds_stream()) return;
  outbox_.DidBecomeWritable();
  // The socket takes more because the server has read some, so the server is alive.
  if (Write()) HeardFromPeer();
  if (outbox_.IsWritableAgain()) TellWritable();
  Settle();
}

void LoopClient::FlushLater() {
  if (gone_ || flush_queued_) return;
  flush_queued_ = true;
  context_.owner().FlushLater(this);
}

void LoopClient::OnEndOfTurn() {
  flush_queued_ = false;
  Flush();
  const bool resumed = resumed_;
  resumed_ = false;
  if (resumed && holds_stream() && !close_notified_) Deliver();
  if (HasMore()) OnReadable();
}

void LoopClient::Flush() {
  if (!holds_stream()) return;
  outbox_.MarkIfHigh(connection().queued_bytes());
  if (!outbox_.write_blocked()) Write();
  if (!connection().Rest() || !IsSettled()) Settle();
}

bool LoopClient::Write() {
  if (!holds_stream() || !outbox_.has_output()) return false;
  const IoResult result = outbox_.Write(stream_);
  if (result.status == IoStatus::kError) LoseBy(result);
  return result.bytes > 0;
}

void LoopClient::LoseBy(const IoResult& failed) {
  const std::string why(stream_.Error(failed).message());
  Blame(ClosedBy::kLost);
  Drop(why);
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

void LoopClient::Account() {
  const uint32_t now = std::min<size_t>(connection().buffered_bytes() + stream_.buffered_bytes() +
                                            outbox_.memory_bytes() + compression_bytes_,
                                        UINT32_MAX);
  if (now == accounted_bytes_) return;
  if (context_.account().Change(std::exchange(accounted_bytes_, now), now)) return;
  context_.owner().DropLargest(this);
}

size_t LoopClient::held_bytes() const {
  return connection().unfinished_bytes() + queued_bytes() + outbox_.posted_bytes();
}

void LoopClient::Settle() {
  if (!holds_stream()) return;
  Account();
  if (!holds_stream()) return;
  const size_t queued = queued_bytes();
  if (outbox_.shared() != nullptr) outbox_.shared()->SetQueuedBytes(queued);
  if (connection().done() && input_ == StreamInput::kEnded) return Drop("");
  // Each side ends TLS separately. Otherwise the server ends the stream (RFC 6455, section 7.1.1),
  // unless it broke a rule.
  if (connection().done() && (stream_.is_tls() || !connection().status().ok()) && !shut_down_) {
    shut_down_ = true;
    stream_.ShutdownWrite();
  }
  if (connection().closing() && !closing_) {
    closing_ = true;
    extras().close_deadline_ms = now_ms() + group().close_ms;
    ArmTimer();
  }
  const size_t mark = context_.options().sending.pause_reading_bytes;
  const bool was_paused = paused_;
  paused_ = !close_notified_ && (held_ || queued > (paused_ ? mark / 2 : mark));
  if (was_paused && HasMore()) FlushLater();
  const bool writes = outbox_.write_blocked() || (input_ == StreamInput::kNeedsWrite && !paused_) ||
                      outbox_.IsWritableAgain();
  SetInterest((paused_ || input_ == StreamInput::kEnded ? Poller::kNone : Poller::kRead) |
              (writes ? Poller::kWrite : Poller::kNone));
  const bool idle = connection().Rest();
  settled_ = idle && !stream_.is_tls() && interest_ == Poller::kRead && !connection().compressed();
}

void LoopClient::SetInterest(Poller::Interest interest) {
  if (interest == interest_) return;
  interest_ = interest;
  loop().Modify(stream_.fd(), interest);
}

void LoopClient::ArmTimer() {
  if (closing_) return loop().ArmTimer(this, extras_->close_deadline_ms);
  const int64_t now = now_ms();
  const int64_t interval_ms = group().ping_interval_ms;
  // A read that ends the wait for the pong does not move the timer either, so the timer fires while
  // that wait lasts.
  loop().ArmTimer(this, WaitsForPong()
                            ? now + std::min(group().pong_ms - ping_.MsAgo(now), interval_ms)
                            : now - heard_.MsAgo(now) + interval_ms);
}

// The timer is not moved for each read: when it fires, this looks at the last one.
void LoopClient::OnTimer() {
  if (!holds_stream()) return;
  if (closing_) {
    if (now_ms() < extras_->close_deadline_ms) return ArmTimer();
    Blame(ClosedBy::kTimeout, "timeouts.close");
    return Drop("the closing handshake took too long");
  }
  connection().ReleaseIdle();
  Account();
  if (!holds_stream()) return;
  ReleaseUnused();
  // Its pongs are not read. If it does not read either, it may be dead: that counts.
  if (held_ && !outbox_.write_blocked()) HeardFromPeer();
  CheckSilence();
  if (holds_stream()) ArmTimer();
}

// Pings a silent server, and drops one that did not answer.
void LoopClient::CheckSilence() {
  const int64_t now = now_ms();
  if (WaitsForPong()) {
    if (ping_.MsAgo(now) < group().pong_ms) return;
    Blame(ClosedBy::kTimeout, "timeouts.pong");
    Drop("the server did not answer a ping");
  } else if (heard_.MsAgo(now) >= group().ping_interval_ms) {
    ping_ = Moment(now);
    outbox_.SendPing(PingPayload(context_, this, now).view()).IgnoreError();
    FlushLater();
  }
}

}  // namespace weft
