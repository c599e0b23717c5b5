// Being connected to.

#ifndef WEFT_TRANSPORT_LISTEN_H_
#define WEFT_TRANSPORT_LISTEN_H_

#include "absl/status/statusor.h"
#include "weft/transport/address.h"
#include "weft/transport/fd.h"
#include "weft/transport/io.h"
#include "weft/transport/stream.h"

namespace weft {

struct ListenOptions {
  // Connections that the kernel completes and keeps until they are accepted; it cuts the number to
  // its own limit (net.core.somaxconn).
  int backlog = 4096;

  // Lets several sockets listen on one address; the kernel spreads connections over them. Set it on
  // each of them, the first too. For TCP; an error for Unix sockets.
  bool reuse_port = false;
};

// Listens on `address`. Port 0 gets a free port, which LocalAddress(fd) tells. The socket is
// non-blocking and not inherited by programs that this one starts.
//
// "::" takes IPv4 connections as well, whatever the system's default is, and so excludes "0.0.0.0"
// on the same port.
//
// A Unix path: a socket file that no process has open any more is replaced, by one process where
// several try; a live one is an error, also if its process does not listen yet.
// The file stays when the socket is closed; who may connect is up to the umask and the folder.
//
// Errors name the address: "cannot listen on 127.0.0.1:80: Permission denied".
absl::StatusOr<UniqueFd> Listen(const SocketAddress& address, const ListenOptions& options = {});

// Accepts one connection from `listener`, non-blocking and, for TCP, without Nagle's delay. kOk;
// kWouldBlock when none is waiting; or kError: EMFILE, ENFILE, ENOBUFS and ENOMEM mean "later", and
// the connection is still waiting. One that its peer gave up before it was accepted is passed over.
// `peer` may be null. Several threads may accept from one listener.
IoResult Accept(int listener, Stream* stream, SocketAddress* peer = nullptr);

}  // namespace weft

#endif  // WEFT_TRANSPORT_LISTEN_H_
