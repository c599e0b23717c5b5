#include "weft/coro/handler.h"

#include <exception>

#include "weft/coro/channel.h"
#include "weft/coro/session_state.h"
#include "weft/server/loop_session.h"

namespace weft::coro::internal {
namespace {

// The handler of a server's session, and its channel.
class ServedCoroutine final : public LoopHandler, private Channel {
 public:
  explicit ServedCoroutine(std::shared_ptr<const Coroutine> function)
      : function_(std::move(function)) {}
  ~ServedCoroutine() override {
    if (state_ != nullptr) state_->Unref();
  }

  // ---- LoopHandler

  void Attach(LoopSession& session) override { session_ = &session; }
  void OnOpen(weft::Session& session) override;
  void OnMessage(weft::Session&, const Message& message) override {
    if (state_ != nullptr) state_->OnMessage(message);
  }
  void OnWritable(weft::Session&) override {
    if (state_ != nullptr) state_->OnWritable();
  }
  void OnRoundTrip() override {
    if (state_ != nullptr) state_->OnPong();
  }
  void OnClose(weft::Session& session, const CloseInfo& info) override {
    if (state_ != nullptr) state_->OnEnd(info, session.status());
  }

 private:
  // ---- Channel

  absl::Status Send(const Message& message) override { return session_->Send(message); }
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
  absl::Status Subscribe(absl::string_view topic) override { return session_->Subscribe(topic); }
  void Unsubscribe(absl::string_view topic) override { session_->Unsubscribe(topic); }
  absl::Status Publish(absl::string_view topic, const EncodedMessage& message,
                       const SendOptions& options) override {
    return session_->Publish(topic, message, options);
  }
  size_t queued_bytes() const override { return session_->queued_bytes(); }
  size_t high_mark_bytes() const override { return session_->high_mark_bytes(); }
  WhenFull when_full() const override { return session_->when_full(); }
  void AskForWritable() override { session_->AskForWritable(); }
  void HoldReading() override { session_->HoldReading(); }
  void ResumeReading() override { session_->ResumeReading(); }
  std::optional<Reservation> Reserve(size_t bytes) override {
    return session_->ReserveForHandler(bytes);
  }
  absl::StatusOr<DeadlineKey> SetAlarm(absl::Duration delay, Alarm& alarm) override {
    return session_->RunUnbudgeted(
        delay, [state = state_, &alarm](weft::Session&) { state->OnAlarm(alarm); });
  }
  void CancelAlarm(const DeadlineKey& key) override { session_->CancelTimer(key); }
  void Fail(std::exception_ptr exception) override {
    const absl::Status posted =
        session_->Post([exception](weft::Session&) { std::rethrow_exception(exception); });
    // There is no room for the callback: the session ends, without a line in the log.
    if (!posted.ok()) session_->HandlerFailed();
  }
  const std::shared_ptr<Mailbox>& mailbox() const override { return session_->mailbox(); }
  std::optional<absl::Duration> round_trip_time() const override {
    return session_->round_trip_time();
  }
  uint64_t id() const override { return session_->id(); }
  const SocketAddress& peer_address() const override { return session_->peer_address(); }
  absl::string_view subprotocol() const override { return session_->subprotocol(); }
  bool compressed() const override { return session_->compressed(); }
  const SessionRequest* request() const override { return session_->request(); }
  SessionRef ref() override { return session_->ref(); }

  std::shared_ptr<const Coroutine> function_;  // until OnOpen
  LoopSession* session_ = nullptr;
  SessionState* state_ = nullptr;
};

void ServedCoroutine::OnOpen(weft::Session& session) {
  if (session_ == nullptr) {
    // Another handler wraps this one.
    session.Close(CloseCode::kInternalError, "a coroutine needs its own handler").IgnoreError();
    return;
  }
  state_ = new SessionState(*this);
  Task<> task = (*function_)(coro::Session(*state_));
  state_->Start(std::move(task), std::move(function_));
}

}  // namespace

std::unique_ptr<weft::Handler> NewHandler(std::shared_ptr<const Coroutine> function) {
  return std::make_unique<ServedCoroutine>(std::move(function));
}

}  // namespace weft::coro::internal
