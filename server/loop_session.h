// A session as the loop that serves it sees it: the inner side of Session.

#ifndef WEFT_SERVER_LOOP_SESSION_H_
#define WEFT_SERVER_LOOP_SESSION_H_

#include <cstddef>
#include <optional>

#include "absl/strings/string_view.h"
#include "weft/core/deflate/compression.h"
#include "weft/core/frame/opcode.h"
#include "weft/loop/mailbox.h"
#include "weft/server/sending/send_options.h"
#include "weft/server/sending/waiting_message.h"
#include "weft/server/session.h"

namespace weft {

// What a SessionRef and a PooledSession ask of the session that they stand for, on its loop's
// thread, beside what every Session does.
class LoopSession : public Session {
 public:
  // ---- For a SessionRef ----

  // Published messages take their place, and their room, before a posted one gives up its own.
  virtual void DeliverPublished() = 0;

  // Sends what took its room as it was posted.
  virtual void SendReserved(WaitingMessage message, const SendOptions& options) = 0;

  // There was no room for a message: the client reads too slowly.
  virtual void Disconnect() = 0;

  // ---- For a PooledSession ----

  virtual void SendReservedFragment(Opcode opcode, absl::string_view payload, bool fin,
                                    Compress compress) = 0;

  // Room in the loop's budget for a message that waits for its handler. None: there is no memory
  // left, and the session has been dropped.
  virtual std::optional<Reservation> ReserveForHandler(size_t bytes) = 0;

  // Nothing is read between HoldReading and ResumeReading: the handler has too much to do.
  virtual void HoldReading() = 0;
  virtual void ResumeReading() = 0;

  // The handler has seen the queue full: OnWritable follows.
  virtual void AskForWritable() = 0;

  // The handler threw: the session ends with 1011.
  virtual void HandlerFailed() = 0;

  // The handler has returned from OnClose: the session may be destroyed.
  virtual void HandlerIsDone() = 0;

 protected:
  ~LoopSession() = default;
};

}  // namespace weft

#endif  // WEFT_SERVER_LOOP_SESSION_H_
