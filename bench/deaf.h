// Connections that send and never read.

#ifndef WEFT_BENCH_DEAF_H_
#define WEFT_BENCH_DEAF_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "weft/bench/engine/echo_stream.h"
#include "weft/transport/stream.h"

namespace weft::bench {

// Sends messages to an echo server as long as it accepts them, and reads none of the answers: a
// server without a limit for such a client runs out of memory.
class Deaf {
 public:
  // `streams` are ready for echoes. `echoes` must outlive this object.
  Deaf(const EchoStream& echoes, std::vector<Stream> streams);

  // Sends at most this many of the bytes that the kernel accepts now: a load that fills the buffers
  // of hundreds of connections at once would measure its own time.
  void Push(size_t bytes);

  // Bytes sent on all connections, and the number of connections that the server has closed.
  uint64_t sent() const { return sent_; }
  size_t dropped() const { return dropped_; }

 private:
  struct Peer {
    Stream stream;
    uint64_t sent = 0;
  };

  const EchoStream& echoes_;
  std::vector<Peer> peers_;
  size_t next_ = 0;  // the connection whose turn is next
  uint64_t sent_ = 0;
  size_t dropped_ = 0;
};

}  // namespace weft::bench

#endif  // WEFT_BENCH_DEAF_H_
