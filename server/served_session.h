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
#include "absl/types/span.h"
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
#include "weft/sending/callbacks.h"
#include "weft/sending/outbox.h"
#include "weft/sending/send_options.h"
#include "weft/sending/send_queue.h"
#include "weft/sending/waiting_message.h"
#include "weft/server/access_log.h"
#include "weft/server/handler.h"
#include "weft/server/held_topics.h"
#include "weft/server/limits/message_pace.h"
#include "weft/server/limits/rate_limiter.h"
#include "weft/server/loop_context.h"
#include "weft/server/loop_session.h"
#include "weft/server/pooled_session.h"
#include "weft/server/served_stream.h"
#include "weft/server/session_ref.h"
#include "weft/server/topics/publish_batch.h"
#include "weft/server/topics/publish_callback.h"
#include "weft/server/topics/subscribe_options.h"
#include "weft/server/topics/topic_event.h"
#include "weft/server/topics/topic_options.h"
#include "weft/server/topics/topic_update.h"
#include "weft/server/topics/topics.h"
#include "weft/server/upgrade.h"
#include "weft/transport/address.h"
#include "weft/transport/io.h"

namespace weft {

// The stream of a WebSocket: reads it, calls the handler, writes the output of the Outbox, and
// watches the time limits. For the loop's thread, except for id(), peer_address(), subprotocol(),
// request() and round_trip_time(), which a handler on another thread calls.
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
  // were read after the request. `target` is that of the request, as sent. `more`: TLS holds more
  // bytes that the socket does not announce.
  void Open(AcceptedUpgrade upgrade, absl::string_view target, absl::string_view bytes, bool more);

  // Sends the messages of a batch that was published to a topic of this session. Returns false if
  // the queue had no room for one of them.
  bool SendPublished(const PublishBatch& batch, const SendOptions& options);

  // The same of a topic that a broker carries: `entries` has the messages of the batch. Not
  // `is_live`: they belong to the answer to its join.
  void GiveMessages(const PublishBatch& batch, absl::Span<const TopicUpdate::Entry> entries,
                    const TopicOptions& of_topic, bool is_live);

  // ---- Session ----

  absl::Status Send(const Message& message) override;
  absl::Status SendMessage(Opcode opcode, absl::string_view payload) override;
  absl::Status Send(const EncodedMessage& message, const SendOptions& options) override;
  absl::Status SendFragment(Opcode opcode, absl::string_view payload, bool fin,
                            Compress compress) override;
  absl::Status SendPing(absl::string_view payload) override;
  absl::Status Close(CloseCode code, absl::string_view reason) override;
  void Terminate() override;
  absl::Status Subscribe(absl::string_view topic, const SubscribeOptions& options) override;
  void Unsubscribe(absl::string_view topic) override;
  absl::Status Publish(absl::string_view topic, const EncodedMessage& message,
                       const SendOptions& options) override;
  void Publish(absl::string_view topic, const EncodedMessage& message, const SendOptions& options,
               PublishCallback done) override;
  size_t subscribers(absl::string_view topic) const override;
  absl::Status status() const override;
  uint64_t id() const override { return id_; }
  const SocketAddress& peer_address() const override { return peer_; }
  absl::string_view subprotocol() const override {
    return opening() == nullptr ? "" : absl::string_view(opening()->subprotocol);
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
  void TellTopic(absl::string_view topic, const TopicEvent& event) override;
  void TellRefused(absl::string_view topic, const absl::Status& why) override;
  void TopicTold(absl::string_view topic, uint64_t number) override;
  void ArmCallbackTimer() override;
  const std::shared_ptr<Mailbox>& mailbox() const override { return context_.mailbox(); }
  ExceptionGuard& guard() const override { return context_.guard(); }
  bool is_high() const override {
    return queued_bytes() >= context_.sending().limits.high_mark_bytes;
  }
  absl::Status SendIfRoom(const Message& message) override;
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

  // The cause of the end.
  struct Ending {
    CloseInfo info;
    std::string reason;  // of `info`
    std::string detail;  // the error of a socket
    bool logged = false;
  };

  // The counts of each read and each event, of a server that has a rate or an access log.
  struct Meter {
    RateLimiter rates;
    std::unique_ptr<SessionAccess> access;  // null without an access log
  };

  // The fields that few sessions need at a time.
  struct Extras {
    std::unique_ptr<Meter> meter;  // null: nothing is counted
    Topics::Subscriptions subscriptions;
    std::unique_ptr<HeldTopics> held_topics;        // null unless a pool calls the handler
    std::vector<std::string> missed_topics;         // a gap follows when the queue has room
    std::unique_ptr<const SessionOpening> opening;  // null: nothing of it is kept
    std::shared_ptr<SessionRef::Shared> shared;     // null until ref() is first called
    // Null until there is a timer. With handler threads the PooledSession has the callbacks, and
    // this only knows when the first is due.
    std::unique_ptr<CallbackTimers<Session>> callbacks;
    std::unique_ptr<Ending> ending;  // null until something ends the session
    MessagePace pace;                // of an unfinished message

    bool used() const {
      return meter != nullptr || subscriptions.bytes() > 0 || opening != nullptr ||
             shared != nullptr || callbacks != nullptr || ending != nullptr || pace.started();
    }
  };
  Extras& extras() {
    if (extras_ == nullptr) AddExtras();
    return *extras_;
  }
  [[gnu::cold, gnu::noinline]] void AddExtras() { extras_ = std::make_unique<Extras>(); }

  [[gnu::cold, gnu::noinline]] static std::unique_ptr<Extras> ExtrasWithMeter(LoopContext& context);
  static OutboxContext& SendingOf(LoopContext& context, const Extras* extras);

  RateLimiter& rates() const { return extras_->meter->rates; }  // if is_metered_

  // These are null, or 0, if there is none.
  SessionAccess* access() const { return is_metered_ ? extras_->meter->access.get() : nullptr; }
  CallbackTimers<Session>* callbacks() const {
    return extras_ == nullptr ? nullptr : extras_->callbacks.get();
  }
  Ending* ending() const { return extras_ == nullptr ? nullptr : extras_->ending.get(); }
  const SessionOpening* opening() const {
    return extras_ == nullptr ? nullptr : extras_->opening.get();
  }
  const KeptRequest* kept_request() const {
    return opening() == nullptr ? nullptr : opening()->kept.get();
  }
  SessionRef::Shared* shared() const {
    return extras_ == nullptr ? nullptr : extras_->shared.get();
  }
  bool paces() const { return extras_ != nullptr && extras_->pace.started(); }

  // The memory of the subscriptions and of the kept request, in bytes.
  size_t extra_bytes() const {
    if (extras_ == nullptr) return 0;
    const size_t kept = kept_request() == nullptr ? 0 : kept_request()->bytes;
    return extras_->subscriptions.bytes() + kept;
  }

  // Reading.
  bool HasMore() const { return input_ == StreamInput::kMore && !paused_; }
  void ReadOnce();
  void Receive(absl::string_view bytes);
  void Deliver();
  void HeardFromPeer() { heard_ = Moment(now_ms()); }
  [[gnu::cold, gnu::noinline]] void BlameRead(const IoResult& failed);
  [[gnu::noinline]] void OnPong(absl::string_view payload);
  template <typename Call>
  void CallHandler(const char* what, Call call) {
    if (!context_.guard().Run(what, call)) FailHandler();
  }
  [[gnu::cold, gnu::noinline]] void FailHandler();
  [[gnu::cold, gnu::noinline]] void TakeEnd(CloseCode code, absl::string_view reason);
  void EndNow(CloseCode code, absl::string_view reason);

  // If there is a Meter: CountBytes() is called for each read, CountEvent() for each event (false:
  // the event exceeds the rate, and the session has ended), and IsOverRate() to decide whether to
  // wait before the next read.
  [[gnu::noinline]] void CountBytes(size_t bytes);
  [[gnu::noinline]] bool CountEvent(const Event& event);
  bool IsOverRate();
  void Refuse(CloseCode code, const char* why, ClosedBy by, const char* option);

  // The rate of an unfinished message: MessagePace.
  void WatchUnfinished(bool is_new);
  [[gnu::noinline]] void StopPace();
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
  void SendCarried(const PublishBatch& batch, const TopicOptions& of_topic);
  void TellMissed();

  // Of messages and events that wait for a handler thread.
  size_t BytesForHandlerThread() const;

  // The callbacks of RunAfter().
  CallbackTimers<Session>& MakeCallbacks();
  void OnCallbacksDue();
  void RunCallback(const char* what, SessionCallback call);
  void DropCallbacks();

  // Adapts memory, interest and timer to the connection's state, and ends the stream when it is
  // due.
  using ServedStream::Account;
  void Account();

  // Whether Settle() would change nothing after Connection::Rest(). It depends on the outbox and
  // input_, which are checked here, and on held_, the subscriptions and the bytes that other
  // threads see as queued: a change of one of these must clear settled_.
  bool IsSettled() const {
    return settled_ && input_ == StreamInput::kAwaited && outbox_.is_plain();
  }
  [[gnu::noinline]] void Settle();
  void SettleReading(size_t queued);
  void ArmTimer();
  void CheckSilence();
  bool WaitsForPong() const { return ping_.IsAfter(heard_); }
  void ExcuseForHandler();

  // The end. Blame() records the cause that ends the session; the first one counts. `option` is a
  // literal.
  void Blame(ClosedBy by, absl::string_view option = "", absl::string_view detail = "");
  void BlameConnection(CloseCode code);
  absl::Status CloseFor(ClosedBy by, absl::string_view option, CloseCode code,
                        absl::string_view reason);
  [[gnu::cold, gnu::noinline]] void Lose(absl::string_view why);
  void LogEnd(CloseCode code, absl::string_view reason);
  [[gnu::cold, gnu::noinline]] void LogAccess();
  void NotifyClosed(CloseCode code, absl::string_view reason);

  Moment heard_;   // when the client last sent or took a byte
  Moment ping_;    // when an empty ping without a pong was sent, if any
  Moment active_;  // when the last message was read; while silent_, when the session started; while
                   // closing_, when the closing handshake started
  std::unique_ptr<Handler> handler_;
  std::unique_ptr<Extras> extras_;  // null: none is needed
  [[no_unique_address]] Outbox outbox_;
  StreamInput input_ : 2 = StreamInput::kAwaited;
  HandledBy handled_by_ : 2 = HandledBy::kLoop;
  bool in_callback_ : 1 = false;   // Flush() follows
  bool flush_queued_ : 1 = false;  // OnEndOfTurn follows
  bool settled_ : 1 = false;       // the last Settle() left an idle session: see IsSettled()
  bool paused_ : 1 = false;        // nothing is read: too much is queued, or one of the next two
  bool held_ : 1 = false;          // too much waits for the handler, or a close is kept for it
  bool over_rate_ : 1 = false;     // the client exceeds a rate
  bool silent_ : 1 = true;         // no message was read
  bool is_metered_ : 1 = false;    // extras_->meter counts
  bool closing_ : 1 = false;       // the closing handshake has begun
  bool close_notified_ : 1 = false;
  std::atomic<int32_t> round_trip_ms_ = -1;  // -1: none was measured
};

}  // namespace weft

#endif  // WEFT_SERVER_SERVED_SESSION_H_
