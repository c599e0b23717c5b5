#include "weft/transport/connect.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <string>
#include <system_error>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "weft/transport/fd.h"
#include "weft/transport/io.h"
#include "weft/transport/resolve.h"

namespace weft {
namespace {

// An attempt to connect to one address.
class Attempt {
 public:
  // Starts the attempt without waiting.
  explicit Attempt(const SocketAddress& address) : address_(address) {
    if (const int error = Start(); error != 0) Fail(error);
  }

  // To be called once the descriptor is writable: returns whether the attempt succeeded. If not, it
  // has failed.
  bool Finish() {
    int error = 0;
    socklen_t size = sizeof(error);
    if (getsockopt(fd_.get(), SOL_SOCKET, SO_ERROR, &error, &size) < 0) error = errno;
    if (error != 0) Fail(error);
    return error == 0;
  }

  bool failed() const { return !fd_.is_open(); }
  int fd() const { return fd_.get(); }
  Stream TakeStream() { return Stream(std::move(fd_)); }

  // "127.0.0.1:80 (Connection refused)". `pending` is the reason for an attempt that has not
  // failed.
  std::string ToString(absl::string_view pending) const {
    return absl::StrCat(address_.ToString(), " (", failed() ? reason_ : pending, ")");
  }

 private:
  // 0, or an errno.
  int Start() {
    fd_.reset(socket(address_.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!fd_.is_open()) return errno;
    if (address_.is_ip()) {
      const int on = 1;
      setsockopt(fd_.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    }
    sockaddr_storage storage;
    const socklen_t size = address_.ToSockaddr(&storage);
    if (connect(fd_.get(), reinterpret_cast<const sockaddr*>(&storage), size) == 0) return 0;
    // After EINTR the attempt continues by itself, as after EINPROGRESS.
    return errno == EINPROGRESS || errno == EINTR ? 0 : errno;
  }

  void Fail(int error) {
    fd_.reset();
    reason_ = std::generic_category().message(error);
  }

  SocketAddress address_;
  UniqueFd fd_;
  std::string reason_;
};

bool AllFailed(const std::vector<Attempt>& attempts) {
  return std::all_of(attempts.begin(), attempts.end(),
                     [](const Attempt& attempt) { return attempt.failed(); });
}

// Checked before each attempt, because an attempt that need not wait would not check.
absl::Status Stopped(Deadline deadline, const Notification* cancel) {
  if (cancel != nullptr && cancel->HasBeenNotified()) return absl::CancelledError("cancelled");
  if (deadline.HasPassed()) return absl::DeadlineExceededError("deadline exceeded");
  return absl::OkStatus();
}

// The error of the whole call: `why` ended the attempts that have not failed, or came before the
// one at `first`.
absl::Status Failure(const absl::Status& why, absl::string_view name, const SocketAddress& first,
                     const std::vector<Attempt>& attempts) {
  std::string message = absl::StrCat("cannot connect to ", name);
  if (attempts.empty()) absl::StrAppend(&message, first.ToString(), " (", why.message(), ")");
  absl::string_view separator = "";
  for (const Attempt& attempt : attempts) {
    absl::StrAppend(&message, std::exchange(separator, ", "), attempt.ToString(why.message()));
  }
  return absl::Status(why.code(), message);
}

// Waits until one of the attempts has ended, and returns it if it has succeeded; null if it has
// failed, or `wake` comes first.
absl::StatusOr<Attempt*> AwaitEnd(std::vector<Attempt>& attempts, Deadline wake,
                                  const Notification* cancel) {
  std::vector<Attempt*> pending;
  std::vector<int> fds;
  for (Attempt& attempt : attempts) {
    if (attempt.failed()) continue;
    pending.push_back(&attempt);
    fds.push_back(attempt.fd());
  }
  const absl::StatusOr<size_t> ready = WaitForAny(fds, Interest::kWrite, wake, cancel);
  if (absl::IsDeadlineExceeded(ready.status())) return nullptr;
  if (!ready.ok()) return ready.status();
  return pending[*ready]->Finish() ? pending[*ready] : nullptr;
}

}  // namespace

namespace internal {

std::vector<SocketAddress> Interleaved(absl::Span<const SocketAddress> addresses) {
  std::vector<SocketAddress> order(addresses.begin(), addresses.end());
  for (size_t i = 1; i < order.size(); ++i) {
    const auto other = std::find_if(order.begin() + i, order.end(), [&](const SocketAddress& next) {
      return next.family() != order[i - 1].family();
    });
    if (other == order.end()) break;
    std::rotate(order.begin() + i, other, other + 1);
  }
  return order;
}

absl::StatusOr<Stream> Race(absl::string_view name, absl::Span<const SocketAddress> addresses,
                            absl::Duration attempt_delay, Deadline deadline,
                            const Notification* cancel) {
  if (addresses.empty()) return absl::InvalidArgumentError("no address to connect to");
  const std::vector<SocketAddress> order = Interleaved(addresses);
  std::vector<Attempt> attempts;
  Deadline next = Deadline::Never();  // when the next attempt is due while others continue
  while (true) {
    const bool more = attempts.size() < order.size();
    absl::Status status = Stopped(deadline, cancel);
    if (!more && AllFailed(attempts)) status = absl::UnavailableError("");
    if (!status.ok()) return Failure(status, name, order[0], attempts);

    // Section 5: after a failure the next attempt starts at once.
    if (more && (attempts.empty() || attempts.back().failed() || next.HasPassed())) {
      attempts.emplace_back(order[attempts.size()]);
      next = Deadline::After(attempt_delay);
      continue;
    }
    const Deadline wake = more ? std::min(deadline, next) : deadline;
    const absl::StatusOr<Attempt*> winner = AwaitEnd(attempts, wake, cancel);
    if (!winner.ok()) return Failure(winner.status(), name, order[0], attempts);
    if (*winner != nullptr) return (*winner)->TakeStream();
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
