#include "weft/coro/handler.h"

#include <exception>

#include "weft/coro/root.h"
#include "weft/coro/session_state.h"
#include "weft/loop/exception_guard.h"
#include "weft/loop/mailbox.h"
#include "weft/server/loop_session.h"

namespace weft::coro::internal {
namespace {

// A server's session and its task.
class ServedRoot final : public Root, public SessionState {
 public:
  ServedRoot(LoopSession& session, std::shared_ptr<const SessionFunction> function)
      : Root(std::move(function)), SessionState(static_cast<Root&>(*this)), session_(&session) {}

  // ---- For the handler. These throw what the coroutine throws.

  void Open() {
    Start((*static_cast<const SessionFunction*>(function().get()))(coro::Session(*this)));
    Continue();
  }
  using SessionState::OnMessage;
  using SessionState::OnPong;
  using SessionState::OnTopic;
  using SessionState::OnWritable;
  void OnClose(const CloseInfo& info) { OnEnd(info, session_->status()); }

  // ---- Root

  void Ref() override { SessionState::Ref(); }
  void Unref() override { SessionState::Unref(); }
  const std::shared_ptr<Mailbox>& mailbox() const override {
    return kept_ != nullptr ? kept_->mailbox : session_->mailbox();
  }
  absl::StatusOr<DeadlineKey> SetAlarm(absl::Duration delay, Alarm& alarm) override;
  void CancelAlarm(const DeadlineKey& key) override {
    if (channel() != nullptr) session_->CancelTimer(key);
  }
  void ExpectResume() override {
    Ref();
    Keep();
  }

 private:
  void OnPause() override { ReadAgain(); }
  void OnDone(bool returned, std::exception_ptr exception, bool in_callback) override;

  // Of the loop, for what outlives the session.
  struct Kept {
    const std::shared_ptr<Mailbox> mailbox;
    ExceptionGuard& guard;  // as long as the loop
  };

  // Not again: a thread that resumes a coroutine may be reading it.
  void Keep() {
    if (kept_ == nullptr) kept_.reset(new Kept{session_->mailbox(), session_->guard()});
  }

  // ---- SessionState

  void OnUnreferenced() override { delete this; }
  void Continue() override { Root::RunCoroutines(/*in_callback=*/true); }
  void EndWaits() override;

  // ---- Channel

  absl::Status SendIfRoom(const Message& message) override { return session_->SendIfRoom(message); }
  absl::Status Send(const Message& message, const SendOptions& options) override {
    return session_->Send(message, options);
  }
  absl::Status Send(const EncodedMessage& message, const SendOptions& options) override {
    return session_->Send(message, options);
  }
  absl::Status SendFragment(Opcode opcode, absl::string_view payload, bool fin,
                            Compress compress) override {
    return session_->SendFragment(opcode, payload, fin, compress);
  }
  absl::Status SendPing() override { return session_->SendPing(); }
  absl::Status Close(CloseCode code, absl::string_view reason) override {
    return session_->Close(code, reason);
  }
  absl::Status Subscribe(absl::string_view topic, const SubscribeOptions& options) override {
    return session_->Subscribe(topic, options);
  }
  void Unsubscribe(absl::string_view topic) override { session_->Unsubscribe(topic); }
  absl::Status Publish(absl::string_view topic, const EncodedMessage& message,
                       const SendOptions& options) override {
    return session_->Publish(topic, message, options);
  }
  size_t queued_bytes() const override { return session_->queued_bytes(); }
  bool is_high() const override { return session_->is_high(); }
  void AskForWritable() override { session_->AskForWritable(); }
  void HoldReading() override { session_->HoldReading(); }
  void ResumeReading() override { session_->ResumeReading(); }
  std::optional<Reservation> Reserve(size_t bytes) override {
    return session_->ReserveForHandler(bytes);
  }
  std::optional<absl::Duration> round_trip_time() const override {
    return session_->round_trip_time();
  }
  uint64_t id() const override { return session_->id(); }
  const SocketAddress& peer_address() const override { return session_->peer_address(); }
  absl::string_view subprotocol() const override { return session_->subprotocol(); }
  bool compressed() const override { return session_->compressed(); }
  const SessionRequest* request() const override { return session_->request(); }
  SessionRef ref() override { return session_->ref(); }
  ClientRef client_ref() override { return ClientRef(); }

  LoopSession* const session_;  // not used once channel() is null
  std::unique_ptr<Kept> kept_;  // null until it must outlive session_
};

absl::StatusOr<DeadlineKey> ServedRoot::SetAlarm(absl::Duration delay, Alarm& alarm) {
  if (Root::ended()) return absl::FailedPreconditionError("the session has ended");
  return session_->RunUnbudgeted(delay, [this, &alarm](weft::Session&) {
    alarm.OnAlarm();
    Continue();
  });
}

void ServedRoot::EndWaits() {
  struct Closer {
    ~Closer() { root.CloseChannel(); }
    ServedRoot& root;
  } closer{*this};
  Keep();
  End();
  Continue();
}

void ServedRoot::OnDone(bool /*returned*/, std::exception_ptr exception, bool in_callback) {
  ReleaseMessage();
  DiscardMessages();
  if (exception != nullptr && in_callback) std::rethrow_exception(exception);
  if (SessionState::ended()) {
    // No callback follows that could throw it. Without its loop, it is dropped.
    if (exception != nullptr && kept_->mailbox->OnLoopThread()) {
      kept_->guard.Run("a coroutine", [&] { std::rethrow_exception(exception); });
    }
    return;
  }
  if (exception == nullptr) {
    Close(CloseCode::kNormal, "").IgnoreError();
    return ReadAgain();
  }
  // The session ends as if its handler had thrown the exception.
  const absl::Status posted =
      session_->Post([exception](weft::Session&) { std::rethrow_exception(exception); });
  // Without room for the callback the session ends all the same, but without a line in the log.
  if (!posted.ok()) session_->HandlerFailed();
}

// The handler of a server's session. The rest of it outlives it, if a coroutine awaits an awaitable
// of the application.
class ServedCoroutine final : public LoopHandler {
 public:
  explicit ServedCoroutine(std::shared_ptr<const SessionFunction> function)
      : function_(std::move(function)) {}
  ~ServedCoroutine() override {
    if (root_ != nullptr) root_->Unref();
  }

  void Attach(LoopSession& session) override {
    root_ = new ServedRoot(session, std::move(function_));
  }
  void OnOpen(weft::Session& session) override {
    if (root_ != nullptr) return root_->Open();
    // Another handler wraps this one.
    session.Close(CloseCode::kInternalError, "a coroutine needs its own handler").IgnoreError();
  }
  void OnMessage(weft::Session&, const Message& message) override {
    if (root_ != nullptr) root_->OnMessage(message);
  }
  void OnWritable(weft::Session&) override {
    if (root_ != nullptr) root_->OnWritable();
  }
  void OnRoundTrip() override { root_->OnPong(); }
  void OnTopic(weft::Session& session, absl::string_view topic, const TopicEvent& event) override {
    if (root_ == nullptr || !root_->OnTopic(topic, event)) Handler::OnTopic(session, topic, event);
  }
  void OnClose(weft::Session&, const CloseInfo& info) override {
    if (root_ != nullptr) root_->OnClose(info);
  }

 private:
  std::shared_ptr<const SessionFunction> function_;  // until Attach()
  ServedRoot* root_ = nullptr;
};

}  // namespace

std::unique_ptr<weft::Handler> NewHandler(std::shared_ptr<const SessionFunction> function) {
  return std::make_unique<ServedCoroutine>(std::move(function));
}

}  // namespace weft::coro::internal
