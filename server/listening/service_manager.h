// The protocols between a service and its manager, such as systemd.
//
//   // Before other threads are started:
//   auto sockets = weft::TakeActivatedEndpoints();
//   if (!sockets.ok()) return Fail(sockets.status());
//   if (!sockets->empty()) options.address = sockets->front().endpoint.address;
//   for (size_t i = 1; i < sockets->size(); ++i) {
//     options.more_endpoints.push_back((*sockets)[i].endpoint);
//   }
//   auto server = weft::Server::Listen(std::move(options), acceptor);
//   weft::NotifyServiceManager("READY=1").IgnoreError();
//
// They are those of sd_listen_fds(3) and sd_notify(3), which other managers have too.
// docs/howto/systemd.md has the files for systemd.

#ifndef WEFT_SERVER_LISTENING_SERVICE_MANAGER_H_
#define WEFT_SERVER_LISTENING_SERVICE_MANAGER_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "weft/server/listening/endpoint.h"

namespace weft {

// A listening socket that the manager has opened.
struct ActivatedEndpoint {
  // FileDescriptorName= of its unit; by default the name of the socket unit. Empty if the manager
  // gives no names.
  std::string name{};

  Endpoint endpoint{};  // "fd:3" and so on, without TLS
};

// The sockets that the environment variables LISTEN_PID, LISTEN_FDS and LISTEN_FDNAMES say, in the
// order of the units' files. Empty if there are none, or if they are for another process. Removes
// the variables, and marks the descriptors as close-on-exec, so that programs that this process
// starts see neither: a second call returns nothing. InvalidArgument for values that are malformed.
// Whether the descriptors are sockets is checked when a server is started with them.
//
// Changes the environment: no other thread may read it meanwhile.
absl::StatusOr<std::vector<ActivatedEndpoint>> TakeActivatedEndpoints();

// Tells the manager the state of this service, as lines NAME=VALUE: "READY=1" when it serves,
// "STOPPING=1" when its end begins, "STATUS=..." for people. OK, and without effect, if there is no
// manager that wants to know (NOTIFY_SOCKET is not set). Waits up to 5 s for a manager that is
// busy. Errors: NOTIFY_SOCKET is neither a path nor an abstract name ("@..."), or nobody reads from
// it.
absl::Status NotifyServiceManager(absl::string_view state);

namespace internal {

// The values of the variables; none for one that is not set.
struct ActivationVariables {
  std::optional<std::string> pid{};
  std::optional<std::string> fds{};
  std::optional<std::string> names{};
};

// TakeActivatedEndpoints() for a process with the number `own_pid`.
absl::StatusOr<std::vector<ActivatedEndpoint>> ParseActivation(const ActivationVariables& variables,
                                                               int own_pid);

}  // namespace internal
}  // namespace weft

#endif  // WEFT_SERVER_LISTENING_SERVICE_MANAGER_H_
