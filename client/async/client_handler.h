// The interface that an application implements: one object for each asynchronous connection.

#ifndef WEFT_CLIENT_ASYNC_CLIENT_HANDLER_H_
#define WEFT_CLIENT_ASYNC_CLIENT_HANDLER_H_

#include "absl/status/status.h"
#include "weft/core/frame/close_info.h"
#include "weft/core/message.h"

namespace weft {

class AsyncClient;
class LoopClientHandler;

// The application's side of one connection; its fields are the connection's state. Owned by the
// connection, and destroyed after the last call. The thread of the connection's loop calls its
// methods, one at a time: they need no locks of their own, and must not block, because every
// connection of the loop waits for them.
//
// The last call is OnFailed(), or OnClose() after OnOpen(): exactly one of them.
// ClientLoop::Connect names the one case without a call.
class ClientHandler {
 public:
  virtual ~ClientHandler() = default;

  // The connection is open: messages can be sent from now on.
  virtual void OnOpen(AsyncClient& /*client*/) {}

  // The message is valid until this returns.
  virtual void OnMessage(AsyncClient& client, const Message& message) = 0;

  // There is room to send again: as Handler::OnWritable of a server.
  virtual void OnWritable(AsyncClient& /*client*/) {}

  // The connection has ended, whatever ended it. Sending has no effect any more.
  virtual void OnClose(AsyncClient& /*client*/, const CloseInfo& /*info*/) {}

  // The connection could not be opened: `error` is the one that Client::Connect() would return;
  // Cancelled if ClientRef::Close() was called or the loop ends, Unavailable if it is drained. If
  // the loop has ended before ClientLoop::Connect() is called, the caller's thread calls this.
  virtual void OnFailed(const absl::Status& /*error*/) {}

 private:
  friend class LoopClient;
  friend class LoopClientHandler;

  virtual LoopClientHandler* AsLoopHandler() { return nullptr; }
};

}  // namespace weft

#endif  // WEFT_CLIENT_ASYNC_CLIENT_HANDLER_H_
