// The interface that an application implements for an asynchronous client that reconnects.

#ifndef WEFT_CLIENT_ASYNC_RECONNECT_HANDLER_H_
#define WEFT_CLIENT_ASYNC_RECONNECT_HANDLER_H_

#include "absl/status/status.h"
#include "weft/client/connecting/client_options.h"
#include "weft/client/reconnecting/reconnect_event.h"
#include "weft/core/frame/close_info.h"
#include "weft/core/message.h"

namespace weft {

class AsyncClient;

// The application's side of one client of ClientLoop::Reconnect(), over all its connections; its
// fields are the client's state. Owned by the client, and destroyed after the last call, OnEnd().
// One thread of the loop calls its methods, one at a time: they need no locks of their own, and
// must not block, because every connection of the loop waits for them.
//
//   class Feed : public weft::ReconnectHandler {
//     void OnOpen(weft::AsyncClient& client) override {
//       client.SendText("subscribe news").IgnoreError();
//     }
//     void OnMessage(weft::AsyncClient&, const weft::Message& message) override { Use(message); }
//   };
//
// An exception that OnOpen, OnMessage or OnWritable throws ends the connection with 1011, and a new
// one follows; one that BeforeConnect throws fails the attempt; others have no effect.
class ReconnectHandler {
 public:
  virtual ~ReconnectHandler() = default;

  // Called before each attempt, with a copy of AsyncReconnectOptions::client: for example, to set a
  // new token. An error fails the attempt.
  virtual absl::Status BeforeConnect(ClientOptions& /*options*/) { return absl::OkStatus(); }

  // As those of ClientHandler, for each connection. For each OnOpen() there is one OnClose(),
  // before the next OnOpen(). No other thread sends on a connection before its OnOpen() has
  // returned: log in there, and subscribe again.
  virtual void OnOpen(AsyncClient& /*client*/) {}
  virtual void OnMessage(AsyncClient& client, const Message& message) = 0;
  virtual void OnWritable(AsyncClient& /*client*/) {}
  virtual void OnClose(AsyncClient& /*client*/, const CloseInfo& /*info*/) {}

  // For a log: kConnected comes before OnOpen(), kLost after OnClose(), kGaveUp before OnEnd().
  virtual void OnEvent(const ReconnectEvent& /*event*/) {}

  // The last call: no connection follows. `why` is FailedPrecondition after Close() or Terminate()
  // of ReconnectRef, Cancelled if the loop ends, and Unavailable if it is drained; otherwise the
  // client gave up: RetryOptions say with which error. InvalidArgument for options out of their
  // range. If the loop has ended before ClientLoop::Reconnect() is called, the caller's thread
  // calls this.
  virtual void OnEnd(const absl::Status& /*why*/) {}
};

}  // namespace weft

#endif  // WEFT_CLIENT_ASYNC_RECONNECT_HANDLER_H_
