// The listening socket of one endpoint of a server.

#ifndef WEFT_SERVER_LISTENING_LISTENER_H_
#define WEFT_SERVER_LISTENING_LISTENER_H_

#include <sys/types.h>

#include <memory>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "weft/server/listening/endpoint.h"
#include "weft/transport/fd.h"
#include "weft/transport/tls_context.h"

namespace weft {

// Owns a listening socket. The destructor closes it, and removes the file of a Unix socket if the
// listener has made it and it is still this socket's file.
class Listener {
 public:
  // Listens on `endpoint`. Blocks while its name is resolved. Errors name the endpoint.
  static absl::StatusOr<Listener> Open(const Endpoint& endpoint);

  Listener(Listener&&) = default;
  ~Listener();

  int fd() const { return fd_.get(); }

  // Whether this process has inherited the socket ("fd:3"). Another one may have it as well, and
  // accept the clients that this one does not.
  bool is_inherited() const { return is_inherited_; }

  // Null without TLS.
  const std::shared_ptr<TlsContext>& tls() const { return tls_; }

 private:
  Listener(UniqueFd fd, bool is_inherited, std::shared_ptr<TlsContext> tls);

  UniqueFd fd_;
  bool is_inherited_;
  dev_t device_ = 0;  // of the file of a Unix socket
  ino_t inode_ = 0;
  std::shared_ptr<TlsContext> tls_;
};

// The listeners of a server, in the order of `endpoints`. An error is that of the first endpoint
// that has one; InvalidArgument for a descriptor that two endpoints name.
absl::StatusOr<std::vector<std::shared_ptr<const Listener>>> OpenListeners(
    const std::vector<Endpoint>& endpoints);

}  // namespace weft

#endif  // WEFT_SERVER_LISTENING_LISTENER_H_
