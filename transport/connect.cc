#include "weft/transport/connect.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "weft/transport/connect_attempts.h"
#include "weft/transport/io.h"
#include "weft/transport/resolve.h"

namespace weft {

namespace internal {

absl::StatusOr<Stream> Race(absl::string_view name, absl::Span<const SocketAddress> addresses,
                            absl::Duration attempt_delay, Deadline deadline,
                            const Notification* cancel) {
  if (addresses.empty()) return absl::InvalidArgumentError("no address to connect to");
  ConnectAttempts attempts(name, addresses, attempt_delay);
  while (true) {
    // Because an attempt that need not wait does not check.
    absl::Status status = CheckStopped(deadline, cancel);
    if (!status.ok()) return attempts.Error(status);
    absl::StatusOr<std::optional<Stream>> stream = attempts.Continue(SteadyNow());
    if (!stream.ok()) return stream.status();
    if (stream->has_value()) return **std::move(stream);
    const Deadline wake = std::min(deadline, Deadline::After(attempts.due() - SteadyNow()));
    status = WaitForAny(attempts.fds(), Interest::kWrite, wake, cancel).status();
    if (!status.ok() && !absl::IsDeadlineExceeded(status)) return attempts.Error(status);
  }
}

}  // namespace internal

absl::StatusOr<Stream> ConnectTo(absl::Span<const SocketAddress> addresses, Deadline deadline,
                                 const Notification* cancel) {
  return internal::Race("", addresses, kConnectAttemptDelay, deadline, cancel);
}

absl::StatusOr<Stream> ConnectTo(absl::string_view host, uint16_t port, Deadline deadline,
                                 const Notification* cancel) {
  const absl::StatusOr<std::vector<SocketAddress>> addresses =
      Resolve(host, port, deadline, cancel);
  if (!addresses.ok()) return addresses.status();
  return internal::Race(absl::StrCat("\"", host, "\": "), *addresses, kConnectAttemptDelay,
                        deadline, cancel);
}

}  // namespace weft
