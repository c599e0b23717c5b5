// The options and events of a client that reconnects.

#ifndef WEFT_CLIENT_RECONNECT_OPTIONS_H_
#define WEFT_CLIENT_RECONNECT_OPTIONS_H_

#include <functional>
#include <limits>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "weft/client/backoff.h"
#include "weft/client/client.h"
#include "weft/client/connecting/client_options.h"

namespace weft {

// The state of a ReconnectingClient.
struct ReconnectEvent {
  enum class Type {
    kConnecting,
    kConnected,  // and `after_connect` succeeded
    kLost,       // a connection has ended: `status` is the reason
    kWaiting,    // for `wait`, because of `status`; then attempt number `attempt` follows
    kGaveUp,     // every call returns `status` from now on
  };

  Type type = Type::kConnecting;
  int attempt = 0;        // counted from the start, or from the end of a connection that lasted
  absl::Duration wait{};  // kWaiting
  absl::Status status{};  // kLost, kWaiting, kGaveUp

  // One line for a log: "waiting 1.5s before attempt 3: ...".
  std::string ToString() const {
    switch (type) {
      case Type::kConnecting:
        return absl::StrCat("connecting, attempt ", attempt);
      case Type::kConnected:
        return absl::StrCat("connected at attempt ", attempt);
      case Type::kLost:
        return absl::StrCat("lost the connection: ", status.message());
      case Type::kWaiting:
        return absl::StrCat("waiting ",
                            absl::FormatDuration(absl::Trunc(wait, absl::Milliseconds(1))),
                            " before attempt ", attempt, ": ", status.message());
      case Type::kGaveUp:
        return absl::StrCat("gave up: ", status.message());
    }
    return "";
  }
};

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

  BackoffOptions backoff{};

  // When to give up on errors that another attempt might not have: after this number of attempts,
  // at least 1, or this time, since the start or the end of a connection that lasted
  // (backoff.reset_after). By default never.
  int max_attempts = std::numeric_limits<int>::max();
  absl::Duration give_up_after = absl::InfiniteDuration();

  // The minimum wait, and its random part, after a server closed with 1012 (service restart) or
  // 1013 (try again later).
  Pause service_restart = {.at_least = absl::Seconds(5), .spread = absl::Seconds(25)};
  Pause try_again_later = {.at_least = absl::Seconds(30), .spread = absl::Seconds(30)};

  ReconnectHooks hooks{};
  ReconnectForTests for_tests{};
};

}  // namespace weft

#endif  // WEFT_CLIENT_RECONNECT_OPTIONS_H_
