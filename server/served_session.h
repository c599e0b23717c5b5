// A session on its event loop.

#ifndef WEFT_SERVER_SERVED_SESSION_H_
#define WEFT_SERVER_SERVED_SESSION_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "weft/core/connection.h"
#include "weft/core/deflate/compression.h"
#include "weft/core/encoded_message.h"
#include "weft/core/event.h"
#include "weft/core/frame/close_code.h"
#include "weft/core/frame/close_info.h"
#include "weft/core/frame/opcode.h"
#include "weft/core/message.h"
#include "weft/loop/deadline_queue.h"
#include "weft/loop/mailbox.h"
#include "weft/loop/moment.h"
#include "weft/loop/timer_wheel.h"
#include "weft/sending/outbox.h"
#include "weft/sending/send_options.h"
#include "weft/sending/send_queue.h"
#include "weft/sending/waiting_message.h"
#include "weft/server/handler.h"
#include "weft/server/limits/message_pace.h"
#include "weft/server/limits/rate_limiter.h"
#include "weft/server/loop_context.h"
#include "weft/server/loop_session.h"
#include "weft/server/pooled_session.h"
#include "weft/server/served_stream.h"
#include "weft/server/session_ref.h"
#include "weft/server/topics/publish_batch.h"
#include "weft/server/topics/topics.h"
#include "weft/server/upgrade.h"
#include "weft/transport/address.h"
#include "weft/transport/io.h"

namespace weft {

// The stream of a WebSocket: reads it, calls the handler, writes the output of the Outbox, and
// watches the time limits. For the loop's thread, except for id(), peer_address(), subprotocol(),
// request(), compressed() and round_trip_time(), which a handler on another thread calls.
//
//   state    handler is called  sends  left by
//   open     yes                yes    Close(), the peer's Close, a broken rule, a limit, a timeout
//   closing  yes                no     the peer's Close or the end of its stream, timeouts.close
//   ended    OnClose, once      no     its last bytes are written: lingers if a rule was broken
//   gone     OnClose, if not    no     the end of the turn; with a pool, its handler's return
//            before
//
// Drop() leads from every state to "gone". Of these states, the connection knows "open" and
// "closing", close_notified_ is "ended", and holds_stream() is false once it is "gone". A second
// state, which each read sets, says when the next read is:
//
//   Input        the next read is                                         left by
//   kAwaited     when the socket is readable                              a read
//   kMore        at the end of the turn: TLS holds bytes that the socket  a read
//                does not announce
//   kNeedsWrite  when the socket is writable: TLS has to write first      a read
//   kEnded       none: the end of the stream, or an error, was read       -
//
// In each of them nothing is read while paused_ is set.
class ServedSession final : public ServedStream, public LoopSession {
 public:
  ~ServedSession() override;

  // Starts the session: sends the answer to the upgrade, calls OnOpen, and processes `bytes`, which
  // were read after the request. `more`: TLS holds more bytes that the socket does not announce.
  void Open(AcceptedUpgrade upgrade, absl::string_view bytes, bool more);

  // Sends the messages of a batch that was published to a topic of this session.
  void SendPublished(const PublishBatch& batch, const SendOptions& options);

  // ---- Session ----

  absl::Status Send(const Message& message) override;
  absl::Status SendMessage(Opcode opcode, absl::string_view payload) override;
  absl::Status Send(const EncodedMessage& message, const SendOptions& options) override;
  absl::Status SendFragment(Opcode opcode, absl::string_view payload, bool fin,
                            Compress compress) override;
  absl::Status SendPing(absl::string_view payload) override;
  absl::Status Close(CloseCode code, absl::string_view reason) override;
  void Terminate() override;
  absl::Status Subscribe(absl::string_view topic) override;
  void Unsubscribe(absl::string_view topic) override;
  absl::Status Publish(absl::string_view topic, const EncodedMessage& message,
                       const SendOptions& options) override;
  size_t subscribers(absl::string_view topic) const override;
  absl::Status status() const override;
  uint64_t id() const override { return id_; }
  const SocketAddress& peer_address() const override { return peer_; }
  absl::string_view subprotocol() const override {
    return opening_ == nullptr ? "" : absl::string_view(opening_->subprotocol);
  }
  const SessionRequest* request() const override {
    return kept_request() == nullptr ? nullptr : &kept_request()->request;
  }
  bool compressed() const override { return outbox_.connection().compressed(); }
  size_t queued_bytes() const override { return outbox_.queued_bytes(); }
  std::optional<absl::Duration> round_trip_time() const override;
  SessionRef ref() override;
  absl::StatusOr<TimerId> RunAfter(absl::Duration delay, SessionCallback callback) override;
  bool CancelTimer(TimerId timer) override;
  absl::Status Post(SessionCallback callback) override;

  // ---- LoopSession ----

  void DeliverPublished() override { context_.DeliverPublished(); }
  void RunPosted() override;
  void ArmCallbackTimer() override;
  const std::shared_ptr<Mailbox>& mailbox() const override { return context_.mailbox(); }
  size_t high_mark_bytes() const override { return context_.sending().limits.high_mark_bytes; }
  WhenFull when_full() const override { return context_.sending().limits.when_full; }
  void SendReserved(WaitingMessage message, const SendOptions& options) override;
  void Disconnect() override;
  void SendReservedFragment(Opcode opcode, absl::string_view payload, bool fin,
                            Compress compress) override;
  std::optional<Reservation> ReserveForHandler(size_t bytes) override;
  absl::StatusOr<TimerId> RunUnbudgeted(absl::Duration delay, SessionCallback callback) override;
  void HoldReading() override;
  void ResumeReading() override;
  void AskForWritable() override;
  void HandlerFailed() override;
  void HandlerIsDone() override;

 private:
  friend class ServedStream;

  enum class Input : uint8_t { kAwaited, kMore, kNeedsWrite, kEnded };

  // The application's handler is called by the loop, or by a pool; or the pool has made its last
  // call.
  enum class HandledBy : uint8_t { kLoop, kPool, kPoolIsDone };

  ServedSession(LoopContext& context, Client client);

  // ServedStream.
  void OnReadable() override;
  void OnWritable() override;
  void OnTimer() override;
  void OnEndOfTurn() override;
  void OutOfMemory() override;
  size_t held_bytes() const override;
  void GoAway(CloseCode code, absl::string_view reason) override;
  bool LogsDrop() const override { return close_notified_; }  // otherwise LogEnd() logs
  void OnGone(const char* why) override;
  bool End() override;

  Connection& connection() { return outbox_.connection(); }
  const Connection& connection() const { return outbox_.connection(); }
  int64_t now_ms() { return context_.loop().now_ms(); }

  // handler_, if a pool calls the application's handler; otherwise null.
  PooledSession* pooled() const {
    return handled_by_ == HandledBy::kLoop ? nullptr : static_cast<PooledSession*>(handler_.get());
  }

  // Null if the request is not kept.
  const KeptRequest* kept_request() const {
    return opening_ == nullptr ? nullptr : opening_->kept.get();
  }
  size_t kept_bytes() const { return kept_request() == nullptr ? 0 : kept_request()->bytes; }

  // Null until ref() is first called.
  std::shared_ptr<SessionRef::Shared> shared() const {
    return std::static_pointer_cast<SessionRef::Shared>(outbox_.shared());
  }

  // Reading.
  bool HasMore() const { return input_ == Input::kMore && !paused_; }
  void ReadOnce();
  void Receive(absl::string_view bytes);
  void Deliver();
  void HeardFromPeer() { heard_ = Moment(now_ms()); }
  [[gnu::cold, gnu::noinline]] void BlameRead(const IoResult& failed);
  [[gnu::noinline]] void OnPong(absl::string_view payload);
  template <typename Call>
  void CallHandler(const char* what, Call call);
  [[gnu::cold, gnu::noinline]] void FailHandler();
  [[gnu::cold, gnu::noinline]] void TakeEnd(CloseCode code, absl::string_view reason);
  void EndNow(CloseCode code, absl::string_view reason);

  // Rates, if there is a RateLimiter: CountBytes() is called for each read, CountEvent() for each
  // event (false: the event exceeds the rate, and the session has ended), and IsOverRate() to
  // decide whether to wait before the next read.
  [[gnu::noinline]] void CountBytes(size_t bytes);
  [[gnu::noinline]] bool CountEvent(const Event& event);
  bool IsOverRate();
  void Refuse(CloseCode code, const char* why, ClosedBy by, const char* option);

  // The rate of an unfinished message: MessagePace.
  void WatchUnfinished(bool is_new);
  [[gnu::noinline]] void StartStretch();
  bool IsTooSlow();

  // Sending.
  absl::Status Submit(WaitingMessage message, const SendOptions& options) override;
  bool in_fragmented_message() const override { return connection().in_fragmented_message(); }
  [[gnu::cold, gnu::noinline]] absl::Status SendSlowly(Opcode opcode, absl::string_view payload);
  absl::Status DidSend(absl::Status status);

  // Writing. Write returns whether the socket took anything.
  void AfterSend() {
    const bool now = !in_callback_ || connection().queued_bytes() >= Outbox::kWriteFrom;
    if (now || outbox_.shared() != nullptr) WriteSoon();
  }
  [[gnu::noinline]] void WriteSoon();
  void FlushLater();
  void Flush();
  void WritePublished(absl::string_view frames, const PublishBatch& batch);
  bool Write();
  [[gnu::cold, gnu::noinline]] void LoseBy(const IoResult& failed);
  void TellWritable();

  // The callbacks of RunAfter(). With handler threads the PooledSession has them, and this only
  // knows when the first is due.
  struct CallbackTimer final : Timer {
    explicit CallbackTimer(ServedSession& session) : session(session) {}
    void OnTimer() override { session.OnCallbacksDue(); }

    ServedSession& session;
    DeadlineQueue<SessionRef::HeldCallback> queue;
  };
  TimerId AddCallback(absl::Duration delay, SessionRef::HeldCallback callback);
  void OnCallbacksDue();
  void RunCallback(const char* what, SessionCallback call);
  void DropCallbacks();

  // Adapts memory, interest and timer to the connection's state, and ends the stream when it is
  // due.
  using ServedStream::Account;
  void Account();

  // Whether Settle() would change nothing. It depends on the connection, the outbox and input_,
  // which are checked here, and on held_, the subscriptions and the bytes that other threads see as
  // queued: a change of one of these must clear settled_.
  bool IsSettled() const {
    return settled_ && input_ == Input::kAwaited && outbox_.is_plain() && connection().is_idle();
  }
  [[gnu::noinline]] void Settle();
  void SettleReading(size_t queued);
  void ArmTimer();
  void CheckSilence();
  bool WaitsForPong() const { return ping_.IsAfter(heard_); }
  void ExcuseForHandler();

  // The end. Blame() records the cause that ends the session; the first one counts. `option` is a
  // literal.
  struct Ending {
    CloseInfo info;
    std::string reason;  // of `info`
    std::string detail;  // the error of a socket
    bool logged = false;
  };
  void Blame(ClosedBy by, absl::string_view option = "", absl::string_view detail = "");
  void BlameConnection(CloseCode code);
  absl::Status CloseFor(ClosedBy by, absl::string_view option, CloseCode code,
                        absl::string_view reason);
  [[gnu::cold, gnu::noinline]] void Lose(absl::string_view why);
  void LogEnd(CloseCode code, absl::string_view reason);
  void NotifyClosed(CloseCode code, absl::string_view reason);

  Input input_ = Input::kAwaited;
  HandledBy handled_by_ = HandledBy::kLoop;
  bool in_callback_ = false;   // Flush() follows
  bool flush_queued_ = false;  // OnEndOfTurn follows
  bool settled_ = false;       // the last Settle() left an idle session: see IsSettled()
  bool paused_ = false;        // nothing is read: too much is queued, or one of the next two
  bool held_ = false;          // too much waits for the handler, or a close is kept for it
  bool over_rate_ = false;     // the client exceeds a rate
  bool closing_ = false;       // the closing handshake began at since_
  bool close_notified_ = false;
  std::atomic<int32_t> round_trip_ms_ = -1;  // -1: none was measured
  Moment heard_;                             // when the client last sent or took a byte
  Moment message_;                           // when the last message was read, if any
  MessagePace pace_;                         // of an unfinished message
  Moment ping_;                              // when an empty ping without a pong was sent, if any
  std::unique_ptr<Handler> handler_;
  Outbox outbox_;
  std::unique_ptr<RateLimiter> rates_;  // null: no limit
  Topics::Subscriptions subscriptions_;
  std::unique_ptr<const SessionOpening> opening_;  // null: nothing of it is kept
  std::unique_ptr<CallbackTimer> callbacks_;       // null until there is a timer
  std::unique_ptr<Ending> ending_;                 // null until something ends the session
};

}  // namespace weft

#endif  // WEFT_SERVER_SERVED_SESSION_H_
