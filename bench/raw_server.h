// Shared by the bare servers: a listening socket, one thread, epoll.

#ifndef WEFT_BENCH_RAW_SERVER_H_
#define WEFT_BENCH_RAW_SERVER_H_

#include <cstdint>

#include "absl/status/status.h"

namespace weft::bench {

// The actions of a bare server with its connections.
class RawHandler {
 public:
  virtual ~RawHandler() = default;

  // Called after the command line was parsed and before serving; an error prevents it.
  virtual absl::Status Start() { return absl::OkStatus(); }

  // `fd` was accepted.
  virtual void OnOpen(int /*fd*/) {}

  // `fd` is ready for `events`. Returns false to close it. `poller` is the epoll descriptor, for a
  // handler that wants events other than EPOLLIN from now on.
  virtual bool OnReady(int poller, int fd, uint32_t events) = 0;

  // `fd` is about to be closed.
  virtual void OnClose(int /*fd*/) {}

 protected:
  // Waits for `events` on `fd` from now on.
  static void WaitFor(uint32_t events, int poller, int fd);
};

// Reads --address, --port and --pin from the command line, prints "Server Listening on
// ADDRESS:PORT" and serves, level-triggered, until SIGINT or SIGTERM. Returns main()'s result.
int RunRawServer(int argc, char** argv, RawHandler& handler);

}  // namespace weft::bench

#endif  // WEFT_BENCH_RAW_SERVER_H_
