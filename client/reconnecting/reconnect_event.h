// The events of a client that reconnects.

#ifndef WEFT_CLIENT_RECONNECTING_RECONNECT_EVENT_H_
#define WEFT_CLIENT_RECONNECTING_RECONNECT_EVENT_H_

#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"

namespace weft {

// The state of a client that reconnects.
struct ReconnectEvent {
  enum class Type {
    kConnecting,
    kConnected,  // of a ReconnectingClient: and `after_connect` succeeded
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

}  // namespace weft

#endif  // WEFT_CLIENT_RECONNECTING_RECONNECT_EVENT_H_
