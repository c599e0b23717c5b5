// What the bare servers share: a socket that listens, one thread, epoll.

#ifndef WEFT_BENCH_RAW_SERVER_H_
#define WEFT_BENCH_RAW_SERVER_H_

#include <cstdint>

#include "absl/status/status.h"

namespace weft::bench {

// What a bare server does with its connections.
class RawHandler {
 public:
  virtual ~RawHandler() = default;

  // The command line has been read, and serving begins; an error prevents it.
  virtual absl::Status Start() { return absl::OkStatus(); }

  // `fd` was accepted.
  virtual void OnOpen(int /*fd*/) {}

  // `fd` is ready for `events`. False when it shall be closed. `poller` is the epoll descriptor,
  // for a handler that wants other events than EPOLLIN from now on.
  virtual bool OnReady(int poller, int fd, uint32_t events) = 0;

  // `fd` is about to be closed.
  virtual void OnClose(int /*fd*/) {}

 protected:
  // From now on `fd` is waited for to be ready for `events`.
  static void WaitFor(uint32_t events, int poller, int fd);
};

// Reads --address, --port and --pin from the command line, prints "Server Listening on
// ADDRESS:PORT" and serves, level-triggered, until SIGINT or SIGTERM. Returns main()'s result.
int RunRawServer(int argc, char** argv, RawHandler& handler);

}  // namespace weft::bench

#endif  // WEFT_BENCH_RAW_SERVER_H_
