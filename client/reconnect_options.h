// The options of a client that reconnects.

#ifndef WEFT_CLIENT_RECONNECT_OPTIONS_H_
#define WEFT_CLIENT_RECONNECT_OPTIONS_H_

#include <functional>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "weft/client/client.h"
#include "weft/client/connecting/client_options.h"
#include "weft/client/reconnecting/reconnect_event.h"
#include "weft/client/reconnecting/retry_options.h"

namespace weft {

// ReconnectOptions::hooks: functions of the application, called by the thread that is in Receive()
// or Connect(), one at a time. Each may call any function of the ReconnectingClient except these
// two.
struct ReconnectHooks {
  // Called before each attempt, with a copy of ReconnectOptions::client: for example, to set a new
  // token. An error fails the attempt.
  std::function<absl::Status(ClientOptions&)> before_connect{};

  // Called with each new connection, before any other thread can send on it: to log in, to
  // subscribe again. It may receive, too. An error fails the attempt.
  std::function<absl::Status(Client&)> after_connect{};

  std::function<void(const ReconnectEvent&)> on_event{};
};

// ReconnectOptions::for_tests: the time since an arbitrary fixed moment, a wait, and a random
// number from 0 (inclusive) to 1 (exclusive). Empty: the monotonic clock, a wait that Close() and
// Cancel() end, and the system's random numbers.
struct ReconnectForTests {
  std::function<absl::Duration()> now{};
  std::function<void(absl::Duration)> sleep{};
  std::function<double()> random{};
};

struct ReconnectOptions {
  // For each connection. `client.cancel` is ignored: use ReconnectingClient::Cancel().
  ClientOptions client{};

  // When to connect again, and when to give up.
  RetryOptions retry{};

  ReconnectHooks hooks{};
  ReconnectForTests for_tests{};
};

}  // namespace weft

#endif  // WEFT_CLIENT_RECONNECT_OPTIONS_H_
