// The inner interface of a session, for its loop's thread.

#ifndef WEFT_SERVER_LOOP_SESSION_H_
#define WEFT_SERVER_LOOP_SESSION_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "weft/core/deflate/compression.h"
#include "weft/core/frame/opcode.h"
#include "weft/loop/exception_guard.h"
#include "weft/loop/mailbox.h"
#include "weft/sending/send_options.h"
#include "weft/sending/waiting_message.h"
#include "weft/server/session.h"
#include "weft/server/topics/topic_event.h"

namespace weft {

// The methods, besides those of Session, that a SessionRef or PooledSession calls on the session
// that it represents, and a LoopHandler on its own. For the loop's thread.
class LoopSession : public Session {
 public:
  // ---- For a SessionRef ----

  // Delivers published messages. Called before a posted message returns its room, so that earlier
  // published messages keep their order and their room.
  virtual void DeliverPublished() = 0;

  // Sends a message that took its room when it was posted.
  virtual void SendReserved(WaitingMessage message, const SendOptions& options) = 0;

  // There was no room for a message: the client reads too slowly.
  virtual void Disconnect() = 0;

  // Runs the first of the posted callbacks.
  virtual void RunPosted() = 0;

  // Calls OnTopic.
  virtual void TellTopic(absl::string_view topic, const TopicEvent& event) = 0;

  // A subscription failed, and its caller gets no error: logs it, and calls OnTopic.
  virtual void TellRefused(absl::string_view topic, const absl::Status& why) = 0;

  // ---- For a LoopHandler ----

  // The loop's mailbox, which outlives the session; and what catches the exceptions of its
  // handlers, as long as the loop.
  virtual const std::shared_ptr<Mailbox>& mailbox() const = 0;
  virtual ExceptionGuard& guard() const = 0;

  // Whether ServerSending::high_mark_bytes or more are queued.
  virtual bool is_high() const = 0;

  // As Send() with WhenFull::kFail, whatever ServerSending::when_full is.
  virtual absl::Status SendIfRoom(const Message& message) = 0;

  // As RunAfter, without taking room in the loop's budget: for a coroutine, which has its memory
  // already, and could only try again if there was none.
  virtual absl::StatusOr<TimerId> RunUnbudgeted(absl::Duration delay, SessionCallback callback) = 0;

  // ---- For a PooledSession or a LoopHandler ----

  // Takes room in the loop's budget for a message that waits for its handler. None: there is no
  // memory left, and the session was dropped.
  virtual std::optional<Reservation> ReserveForHandler(size_t bytes) = 0;

  // Stops reading after the present message, because too much waits for the handler. Call it in
  // OnMessage.
  virtual void HoldReading() = 0;

  // Continues. Calls OnMessage, for messages that were read before, before it returns.
  virtual void ResumeReading() = 0;

  // The handler has seen a full queue, so OnWritable must follow.
  virtual void AskForWritable() = 0;

  // ---- For a PooledSession ----

  // The deadline of the first timer of the PooledSession has changed.
  virtual void ArmCallbackTimer() = 0;

  virtual void SendReservedFragment(Opcode opcode, absl::string_view payload, bool fin,
                                    Compress compress) = 0;

  // The handler has returned from the OnTopic with this number.
  virtual void TopicTold(absl::string_view topic, uint64_t number) = 0;

  // The handler threw: the session ends with 1011.
  virtual void HandlerFailed() = 0;

  // The handler has returned from OnClose: the session may be destroyed.
  virtual void HandlerIsDone() = 0;

 protected:
  ~LoopSession() = default;
};

}  // namespace weft

#endif  // WEFT_SERVER_LOOP_SESSION_H_
