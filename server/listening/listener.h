// The listening socket of one endpoint of a server.

#ifndef WEFT_SERVER_LISTENING_LISTENER_H_
#define WEFT_SERVER_LISTENING_LISTENER_H_

#include <sys/types.h>

#include <memory>
#include <utility>

#include "absl/status/statusor.h"
#include "weft/server/listening/endpoint.h"
#include "weft/transport/fd.h"
#include "weft/transport/tls_context.h"

namespace weft {

// Owns a listening socket. The destructor closes it, and removes the file of a Unix socket if that
// is still this socket's file.
class Listener {
 public:
  // Listens on `endpoint`. Blocks while its name is resolved. Errors name the endpoint.
  static absl::StatusOr<Listener> Open(const Endpoint& endpoint);

  Listener(Listener&&) = default;
  ~Listener();

  int fd() const { return fd_.get(); }

  // Null without TLS.
  const std::shared_ptr<TlsContext>& tls() const { return tls_; }

 private:
  Listener(UniqueFd fd, std::shared_ptr<TlsContext> tls);

  UniqueFd fd_;
  dev_t device_ = 0;  // of the file of a Unix socket
  ino_t inode_ = 0;
  std::shared_ptr<TlsContext> tls_;
};

}  // namespace weft

#endif  // WEFT_SERVER_LISTENING_LISTENER_H_
