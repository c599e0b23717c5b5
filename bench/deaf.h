// Connections that speak and never listen.

#ifndef WEFT_BENCH_DEAF_H_
#define WEFT_BENCH_DEAF_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "weft/bench/echo_stream.h"
#include "weft/transport/stream.h"

namespace weft::bench {

// Sends messages to an echo server for as long as it takes them, and reads nothing of what comes
// back: a server that does not bound what it keeps for such a client runs out of memory.
class Deaf {
 public:
  // `streams` are open for echoes. `echoes` must outlive this.
  Deaf(const EchoStream& echoes, std::vector<Stream> streams);

  // Sends so many bytes at most of what the kernel takes now: a load that fills the buffers of
  // hundreds of connections at once measures how long it was busy with that.
  void Push(size_t bytes);

  // Bytes that were sent on all of them, and how many the server has given up.
  uint64_t sent() const { return sent_; }
  size_t dropped() const { return dropped_; }

 private:
  struct Peer {
    Stream stream;
    uint64_t sent = 0;
  };

  const EchoStream& echoes_;
  std::vector<Peer> peers_;
  size_t next_ = 0;  // whose turn it is
  uint64_t sent_ = 0;
  size_t dropped_ = 0;
};

}  // namespace weft::bench

#endif  // WEFT_BENCH_DEAF_H_
