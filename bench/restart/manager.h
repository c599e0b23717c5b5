// Starts a server as a service manager does, again and again on one listening socket.

#ifndef BENCH_RESTART_MANAGER_H_
#define BENCH_RESTART_MANAGER_H_

#include <sys/types.h>

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "weft/transport/address.h"
#include "weft/transport/fd.h"

namespace weft::bench {

// Starts a server as systemd does: with the listening socket as descriptor 3, and a socket for what
// it notifies. For one thread.
class Manager {
 public:
  // `command` is the program of the server and its flags. The socket is on loopback, at a free
  // port.
  static absl::StatusOr<Manager> Make(std::vector<std::string> command);

  Manager(Manager&& other) noexcept;
  ~Manager();  // stops the server

  SocketAddress address() const { return LocalAddress(listener_.get()); }

  // Returns when the server is ready.
  absl::Status Start();

  // Sends SIGTERM, and returns when the process has ended; an error if it did not end with 0.
  absl::Status Stop();

 private:
  Manager() = default;

  absl::Status WaitForReady();

  std::vector<std::string> command_;
  UniqueFd listener_;
  UniqueFd notify_;
  std::string notify_name_;
  pid_t pid_ = 0;
};

}  // namespace weft::bench

#endif  // BENCH_RESTART_MANAGER_H_
