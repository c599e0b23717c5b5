// The inner interface of an asynchronous connection, for its loop's thread.

#ifndef WEFT_CLIENT_ASYNC_REMOTE_CLIENT_H_
#define WEFT_CLIENT_ASYNC_REMOTE_CLIENT_H_

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "weft/client/async/async_client.h"
#include "weft/core/frame/close_code.h"
#include "weft/sending/send_options.h"
#include "weft/sending/waiting_message.h"

namespace weft {

// The methods, besides those of AsyncClient, that a ClientRef calls on the connection that it
// represents.
class RemoteClient : public AsyncClient {
 public:
  void DeliverPublished() {}  // nothing is published to a client

  // Sends a message that took its room when it was posted.
  virtual void SendReserved(WaitingMessage message, const SendOptions& options) = 0;

  // There was no room for a message: the server reads too slowly.
  virtual void Disconnect() = 0;

  // Closes an open connection, and stops one that is being opened.
  virtual void CloseOrCancel(CloseCode code, absl::string_view reason) = 0;

  virtual void RunPosted(absl::AnyInvocable<void(AsyncClient&)> callback) = 0;

 protected:
  ~RemoteClient() = default;
};

}  // namespace weft

#endif  // WEFT_CLIENT_ASYNC_REMOTE_CLIENT_H_
