// The inner interface of an asynchronous connection, for its loop's thread.

#ifndef WEFT_CLIENT_ASYNC_REMOTE_CLIENT_H_
#define WEFT_CLIENT_ASYNC_REMOTE_CLIENT_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "weft/client/async/async_client.h"
#include "weft/client/async/client_handler.h"
#include "weft/core/deflate/compression.h"
#include "weft/core/frame/close_code.h"
#include "weft/core/frame/opcode.h"
#include "weft/sending/send_options.h"
#include "weft/sending/waiting_message.h"

namespace weft {

// The methods, besides those of AsyncClient, that a ClientRef calls on the connection that it
// represents, and a LoopClientHandler on its own.
class RemoteClient : public AsyncClient {
 public:
  // ---- For a ClientRef ----

  void DeliverPublished() {}  // nothing is published to a client

  // Sends a message that took its room when it was posted.
  virtual void SendReserved(WaitingMessage message, const SendOptions& options) = 0;

  // There was no room for a message: the server reads too slowly.
  virtual void Disconnect() = 0;

  // Closes an open connection, and stops one that is being opened.
  virtual void CloseOrCancel(CloseCode code, absl::string_view reason) = 0;

  virtual void RunPosted(ClientCallback callback) = 0;

  // ---- For a LoopClientHandler ----

  // Sends a fragment whose sender, on another thread, has looked for room.
  virtual void SendReservedFragment(Opcode opcode, absl::string_view payload, bool fin,
                                    Compress compress) = 0;

  // The same for a ping.
  virtual void SendReservedPing() = 0;

  // Stops reading after the present message; continues at the end of the present turn.
  virtual void HoldReading() = 0;
  virtual void ResumeReading() = 0;

  // The handler has seen a full queue, so OnWritable must follow.
  virtual void AskForWritable() = 0;

 protected:
  ~RemoteClient() = default;
};

// A handler of the library.
class LoopClientHandler : public ClientHandler {
 public:
  // Called before any other call.
  virtual void Attach(RemoteClient& client) = 0;

  // The server has answered a ping: AsyncClient::round_trip_time() has changed.
  virtual void OnRoundTrip() = 0;

 private:
  LoopClientHandler* AsLoopHandler() final { return this; }
};

}  // namespace weft

#endif  // WEFT_CLIENT_ASYNC_REMOTE_CLIENT_H_
