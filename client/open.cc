#include "weft/client/open.h"

#include <algorithm>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "weft/transport/deadline.h"
#include "weft/transport/notification.h"
#include "weft/transport/resolve.h"
#include "weft/transport/wait.h"

namespace weft {

absl::StatusOr<Connector::Result> Open(absl::string_view url, const ClientOptions& options) {
  const Deadline deadline = Deadline::After(options.timeouts.connect);
  const Notification* cancel = options.cancel.get();
  Connector connector(url, options);
  while (true) {
    // Because a step that need not wait does not check.
    if (absl::Status stopped = CheckStopped(deadline, cancel); !stopped.ok()) {
      connector.Stop(stopped);
    }
    switch (connector.Continue(SteadyNow())) {
      case Connector::State::kResolve:
        connector.Resolved(Resolve(connector.host(), connector.port(), deadline, cancel));
        break;
      case Connector::State::kWait: {
        const Deadline wake = std::min(deadline, Deadline::After(connector.wake() - SteadyNow()));
        const absl::Status status =
            WaitForAny(connector.fds(), connector.interest(), wake, cancel).status();
        if (!status.ok() && !absl::IsDeadlineExceeded(status)) connector.Stop(status);
        break;
      }
      case Connector::State::kDone:
        return connector.TakeResult();
    }
  }
}

}  // namespace weft
