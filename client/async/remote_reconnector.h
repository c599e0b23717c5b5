// The inner interface of an asynchronous client that reconnects, for its loop's thread.

#ifndef WEFT_CLIENT_ASYNC_REMOTE_RECONNECTOR_H_
#define WEFT_CLIENT_ASYNC_REMOTE_RECONNECTOR_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "weft/core/frame/close_code.h"

namespace weft {

// The methods that a ReconnectRef calls on the client that it represents. They end it for the
// reason `why`: with a closing handshake of the connection, if there is one, or without.
class RemoteReconnector {
 public:
  virtual void Close(const absl::Status& why, CloseCode code, absl::string_view reason) = 0;
  virtual void Terminate(const absl::Status& why) = 0;

 protected:
  ~RemoteReconnector() = default;
};

}  // namespace weft

#endif  // WEFT_CLIENT_ASYNC_REMOTE_RECONNECTOR_H_
