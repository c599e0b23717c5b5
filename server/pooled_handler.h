// A handler that is called by the threads of a pool.

#ifndef WEFT_SERVER_POOLED_HANDLER_H_
#define WEFT_SERVER_POOLED_HANDLER_H_

#include <cstddef>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "weft/core/deflate/compression.h"
#include "weft/core/frame/close_code.h"
#include "weft/core/frame/fragmented_message.h"
#include "weft/core/frame/opcode.h"
#include "weft/core/message.h"
#include "weft/loop/mailbox.h"
#include "weft/loop/moment.h"
#include "weft/loop/thread_pool.h"
#include "weft/server/handler.h"
#include "weft/server/sending/send_options.h"
#include "weft/server/sending/send_queue.h"
#include "weft/server/session_ref.h"

namespace weft {

class Session;
class Worker;

// Stands between a session and its application's handler where ServerOptions::handler_threads asks
// for it. The loop calls this one, which writes down what it was told and returns; a thread of the
// pool calls the other one, for one thing after the other. Where more sessions wait than there are
// threads, each gets one call in turn.
//
// What the handler asks of its Session meanwhile ends here as well, and goes to the loop by the
// mailbox, as from a SessionRef.
class PooledHandler final : public Handler {
 public:
  // `session` owns this, and is not destroyed before Session::HandlerIsDone was called.
  PooledHandler(Worker& worker, Session& session, std::unique_ptr<Handler> handler);
  ~PooledHandler() override;

  // ---- For the loop's thread ----

  void OnOpen(Session& session) override;

  // Copies the message. Past the marks it calls Session::Hold, and Session::Resume is called on the
  // loop's thread when half of what waits is gone; where the server has no memory left it calls
  // Session::OutOfMemory.
  void OnMessage(Session& session, const Message& message) override;

  void OnWritable(Session& session) override;

  // Behind all messages.
  void OnClose(Session& session, CloseCode code, absl::string_view reason) override;

  // The client has said Close, or broke a rule. Keeps that, and calls Session::Resume when the
  // handler has had all messages that came before, and its answers have arrived.
  void KeepClose(CloseCode code, absl::string_view reason);

  struct Ending {
    CloseCode code;
    std::string reason;
  };
  const std::optional<Ending>& kept_close() const { return kept_close_; }

  // What waits for the handler, in bytes.
  size_t waiting_bytes();

  // When the handler last had something to do, which may be the present.
  Moment LastAtWork(int64_t now_ms);

  // Messages that wait, or still come, are not delivered. Any thread.
  void Discard();

  // ---- For the handler's thread: what a Session's methods do there ----

  absl::Status Send(WaitingMessage message, const SendOptions& options);
  absl::Status SendFragment(Opcode opcode, absl::string_view payload, bool fin, Compress compress);
  bool in_fragmented_message() const { return fragments_.open(); }
  absl::Status SendPing(absl::string_view payload);
  absl::Status Close(CloseCode code, absl::string_view reason);
  void Terminate();
  size_t queued_bytes();

 private:
  // A message that waits.
  struct Waiting {
    Message message;  // its payload is the one below
    std::string payload;
    Reservation reservation;
  };

  enum class Call { kNone, kOpen, kWritable, kMessage, kClose };

  void StartTurn(std::unique_lock<std::mutex> lock);
  void TakeTurn();
  bool CallHandler();
  template <typename Function>
  void Guarded(const char* what, Function call);
  Call Next(std::list<Waiting>* message);
  void TakeMessage(std::list<Waiting>* message);
  void ResumeSession();
  absl::Status CheckOpen() const;
  absl::Status DidSend(absl::Status status);
  void AskForWritable();

  Worker& worker_;
  Session& session_;
  const SessionRef ref_;
  ThreadPool& pool_;

  // For the loop's thread.
  std::optional<Ending> kept_close_;

  // For the thread that calls the handler.
  std::unique_ptr<Handler> handler_;
  FragmentedMessage fragments_;
  bool failed_ = false;              // the handler has thrown: it hears of the end only
  bool closing_ = false;             // the handler has closed the session, or hears of its end
  bool asked_for_writable_ = false;  // and OnWritable was not called yet

  std::mutex mutex_;
  bool at_work_ = false;  // a turn waits for its thread, or has one
  bool open_due_ = false;
  bool writable_due_ = false;
  bool discards_ = false;
  bool resumes_at_half_ = false;    // the session is held for what waits
  bool resumes_when_idle_ = false;  // the session is held for its Close
  std::list<Waiting> messages_;
  size_t bytes_ = 0;  // of their payloads
  std::optional<Ending> ending_;
  Moment last_at_work_;
};

}  // namespace weft

#endif  // WEFT_SERVER_POOLED_HANDLER_H_
