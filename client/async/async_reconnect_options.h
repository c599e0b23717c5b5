// The options of an asynchronous client that reconnects.

#ifndef WEFT_CLIENT_ASYNC_ASYNC_RECONNECT_OPTIONS_H_
#define WEFT_CLIENT_ASYNC_ASYNC_RECONNECT_OPTIONS_H_

#include "weft/client/connecting/client_options.h"
#include "weft/client/reconnecting/retry_options.h"

namespace weft {

// For ClientLoop::Reconnect(). The rest of what a ReconnectingClient has in its hooks are methods
// of ReconnectHandler.
struct AsyncReconnectOptions {
  // For each connection, with the exceptions of ClientLoop::Connect().
  ClientOptions client{};

  // When to connect again, and when to give up.
  RetryOptions retry{};
};

}  // namespace weft

#endif  // WEFT_CLIENT_ASYNC_ASYNC_RECONNECT_OPTIONS_H_
