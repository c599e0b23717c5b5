// A session whose handler is called by the threads of a pool.

#ifndef WEFT_SERVER_POOLED_SESSION_H_
#define WEFT_SERVER_POOLED_SESSION_H_

#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "weft/core/deflate/compression.h"
#include "weft/core/encoded_message.h"
#include "weft/core/frame/close_code.h"
#include "weft/core/frame/close_info.h"
#include "weft/core/frame/fragmented_message.h"
#include "weft/core/frame/opcode.h"
#include "weft/core/message.h"
#include "weft/loop/deadline_queue.h"
#include "weft/loop/mailbox.h"
#include "weft/loop/moment.h"
#include "weft/loop/thread_pool.h"
#include "weft/sending/send_options.h"
#include "weft/sending/send_queue.h"
#include "weft/sending/waiting_message.h"
#include "weft/server/handler.h"
#include "weft/server/loop_context.h"
#include "weft/server/loop_session.h"
#include "weft/server/session.h"
#include "weft/server/session_ref.h"
#include "weft/server/topics/publish_callback.h"
#include "weft/server/topics/subscribe_options.h"
#include "weft/server/topics/topic_event.h"
#include "weft/transport/address.h"

namespace weft {

// Connects a session with its application's handler where ServerOptions::handler_threads is set.
// For the loop it is the session's handler: it records each callback and returns, and a thread of
// the pool then calls the application's handler, one callback after the other. If more sessions
// wait than there are threads, each gets one call in turn.
//
// For the application's handler it is the session: it passes each call to the loop by the mailbox,
// as a SessionRef does.
class PooledSession final : public Handler, public Session {
 public:
  // `session` owns this, and is not destroyed before HandlerIsDone() was called.
  PooledSession(LoopContext& context, LoopSession& session, std::unique_ptr<Handler> handler);
  ~PooledSession() override;

  // ---- For the loop's thread ----

  void OnOpen(Session& session) override;

  // Copies the message. Calls HoldReading() when max_waiting_messages or max_waiting_bytes is
  // reached; ResumeReading() follows on the loop's thread when half of that is left.
  void OnMessage(Session& session, const Message& message) override;

  void OnWritable(Session& session) override;

  // The handler's OnClose follows after all messages. The views in `info` must be valid until
  // HandlerIsDone() is called.
  void OnClose(Session& session, const CloseInfo& info) override;

  // The client has sent Close, or broke a rule. Calls ResumeReading() when the handler has
  // processed all earlier messages, and its answers have arrived.
  void KeepClose();
  bool keeps_close() const { return keeps_close_; }

  // The bytes of the messages that wait for the handler.
  size_t waiting_bytes();

  // When the last OnOpen or OnMessage ended; `now_ms` if one is running or waits. Timers and posted
  // callbacks are not for the client, which may be silent meanwhile.
  Moment LastServed(int64_t now_ms);

  // Gives a posted callback to the handler's thread.
  void TakePosted(SessionRef::HeldCallback posted);

  // Calls OnTopic on the handler's thread, and then LoopSession::TopicTold() with `number`.
  void TellTopic(absl::string_view topic, const TopicEvent& event, uint64_t number);

  // The same for the timers that are due; and the deadline of the first of the others.
  void TakeDueTimers(int64_t now_ms);
  int64_t first_timer_ms();

  // Discards the messages and callbacks that wait, and all later ones. Any thread.
  void Discard();

  // ---- For the handler's thread: Session ----

  absl::Status Send(const Message& message) override;
  absl::Status SendMessage(Opcode opcode, absl::string_view payload) override;
  absl::Status Send(const EncodedMessage& message, const SendOptions& options) override;
  absl::Status SendFragment(Opcode opcode, absl::string_view payload, bool fin,
                            Compress compress) override;
  absl::Status SendPing(absl::string_view payload) override;
  absl::Status Close(CloseCode code, absl::string_view reason) override;
  void Terminate() override;
  absl::Status Subscribe(absl::string_view topic, const SubscribeOptions& options) override {
    return ref_.Subscribe(topic, options);
  }
  void Unsubscribe(absl::string_view topic) override { ref_.Unsubscribe(topic).IgnoreError(); }
  absl::Status Publish(absl::string_view topic, const EncodedMessage& message,
                       const SendOptions& options) override;
  void Publish(absl::string_view topic, const EncodedMessage& message, const SendOptions& options,
               PublishCallback done) override;
  size_t subscribers(absl::string_view topic) const override;
  absl::Status status() const override { return status_; }
  uint64_t id() const override { return session_.id(); }
  const SocketAddress& peer_address() const override { return session_.peer_address(); }
  absl::string_view subprotocol() const override { return session_.subprotocol(); }
  const SessionRequest* request() const override { return session_.request(); }
  bool compressed() const override { return compressed_; }
  size_t queued_bytes() const override;
  std::optional<absl::Duration> round_trip_time() const override {
    return session_.round_trip_time();
  }
  SessionRef ref() override { return ref_; }
  absl::StatusOr<TimerId> RunAfter(absl::Duration delay, SessionCallback callback) override;
  bool CancelTimer(TimerId timer) override;
  absl::Status Post(SessionCallback callback) override { return ref_.Post(std::move(callback)); }

 private:
  // A message that waits.
  struct Waiting {
    Message message;  // its payload is the one below
    std::string payload;
    Reservation reservation;
  };

  // A callback that is due.
  struct Due {
    TimerId timer;  // none: it was posted
    SessionRef::HeldCallback callback;
  };

  // The arguments of the next call.
  struct Next {
    std::list<Waiting> message;
    std::list<Due> callback;
  };

  enum class Call { kNone, kOpen, kWritable, kCallback, kMessage, kClose };

  void StartTurn(std::unique_lock<std::mutex> lock);
  void TakeTurn();
  bool CallHandler();
  template <typename Function>
  void Guarded(const char* what, Function call);
  Call FindNext(Next& next);
  void TakeMessage(std::list<Waiting>* message);
  void ResumeSession();
  void DropCallbacks();
  absl::Status CheckOpen() const;
  absl::Status Submit(WaitingMessage message, const SendOptions& options) override;
  bool in_fragmented_message() const override { return fragments_.open(); }
  absl::Status DidSend(absl::Status status);
  void AskForWritable() const;

  LoopContext& context_;
  LoopSession& session_;
  const SessionRef ref_;
  ThreadPool& pool_;
  const bool compressed_;

  // For the loop's thread.
  bool keeps_close_ = false;

  // For the thread that calls the handler.
  std::unique_ptr<Handler> handler_;
  FragmentedMessage fragments_;
  absl::Status status_;
  bool failed_ = false;   // the handler has thrown: only OnClose is called
  bool closing_ = false;  // the handler has closed the session, or OnClose is called
  mutable bool asked_for_writable_ = false;  // and OnWritable was not called yet

  std::mutex mutex_;
  bool at_work_ = false;        // a turn is scheduled, or runs
  bool serves_client_ = false;  // OnOpen or OnMessage is called: the client waits for it
  bool open_due_ = false;
  bool writable_due_ = false;
  bool callback_was_last_ = false;  // rather than a message
  bool discards_ = false;
  bool resumes_at_half_ = false;    // reading is held: too much waits
  bool resumes_when_idle_ = false;  // reading is held: the close is kept
  std::list<Waiting> messages_;
  size_t bytes_ = 0;  // of their payloads
  DeadlineQueue<SessionRef::HeldCallback> timers_;
  std::list<Due> due_;
  std::optional<CloseInfo> ending_;
  Moment last_served_;
};

}  // namespace weft

#endif  // WEFT_SERVER_POOLED_SESSION_H_
