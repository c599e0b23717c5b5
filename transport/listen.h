// Accepting connections.

#ifndef WEFT_TRANSPORT_LISTEN_H_
#define WEFT_TRANSPORT_LISTEN_H_

#include "absl/status/statusor.h"
#include "weft/transport/address.h"
#include "weft/transport/fd.h"
#include "weft/transport/io.h"
#include "weft/transport/stream.h"

namespace weft {

struct ListenOptions {
  // The maximum number of connections that the kernel completes and keeps until they are accepted;
  // it reduces the number to its own limit (net.core.somaxconn).
  int backlog = 4096;

  // Lets several sockets listen on one address; the kernel distributes connections among them. Set
  // it on each, including the first. For TCP; an error for Unix sockets.
  bool reuse_port = false;
};

// Listens on `address`. Port 0 selects a free port, which LocalAddress(fd) returns. The socket is
// non-blocking and not inherited by programs that this one starts.
//
// "::" also accepts IPv4 connections, whatever the system's default is, and so excludes "0.0.0.0"
// on the same port.
//
// A Unix path: a stale socket file, which no process has open, is replaced, by one process if
// several try; a live one is an error, even if its process does not listen yet. The file remains
// when the socket is closed; the umask and the folder determine who may connect.
//
// Errors name the address: "cannot listen on 127.0.0.1:80: Permission denied".
absl::StatusOr<UniqueFd> Listen(const SocketAddress& address, const ListenOptions& options = {});

// Accepts one connection from `listener`, non-blocking and, for TCP, with Nagle's algorithm off.
// kOk; kWouldBlock if none is waiting; or kError: EMFILE, ENFILE, ENOBUFS and ENOMEM mean "later",
// and the connection is still waiting. A connection that its peer closed before it was accepted is
// skipped. `peer` may be null. Several threads may accept from one listener.
IoResult Accept(int listener, Stream* stream, SocketAddress* peer = nullptr);

}  // namespace weft

#endif  // WEFT_TRANSPORT_LISTEN_H_
