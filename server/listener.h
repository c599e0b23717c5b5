// The socket of one of a server's endpoints.

#ifndef WEFT_SERVER_LISTENER_H_
#define WEFT_SERVER_LISTENER_H_

#include <memory>
#include <utility>

#include "absl/status/statusor.h"
#include "weft/server/server_options.h"
#include "weft/transport/fd.h"
#include "weft/transport/tls_context.h"

namespace weft {

// Closes the socket when it is destroyed, and removes the file of a Unix socket.
class Listener {
 public:
  // Listens at `endpoint`. Blocks while its name is resolved. Errors name the endpoint.
  static absl::StatusOr<Listener> Open(const Endpoint& endpoint);

  Listener(Listener&&) = default;
  ~Listener();

  int fd() const { return fd_.get(); }

  // Null: plain.
  const std::shared_ptr<TlsContext>& tls() const { return tls_; }

 private:
  Listener(UniqueFd fd, std::shared_ptr<TlsContext> tls)
      : fd_(std::move(fd)), tls_(std::move(tls)) {}

  UniqueFd fd_;
  std::shared_ptr<TlsContext> tls_;
};

}  // namespace weft

#endif  // WEFT_SERVER_LISTENER_H_
