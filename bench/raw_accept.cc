// A bare server for `load --scenario=open`: accepts, reads 200 bytes, writes 150, and keeps the
// connection until its end, like a server that opens WebSocket connections. It does nothing with
// the bytes, so its cost is the minimum for such a server.

#include <sys/socket.h>

#include <cerrno>
#include <cstdint>

#include "weft/bench/raw_server.h"

namespace weft::bench {
namespace {

class RawAccept final : public RawHandler {
 public:
  bool OnReady(int /*poller*/, int fd, uint32_t /*events*/) override {
    char request[200];
    static constexpr char kAnswer[150] = {};
    const ssize_t got = recv(fd, request, sizeof(request), 0);
    if (got < 0) return errno == EAGAIN;
    // A message this small, sent in one piece, arrives in one piece, and is sent in one piece.
    return got == sizeof(request) &&
           send(fd, kAnswer, sizeof(kAnswer), MSG_NOSIGNAL) == sizeof(kAnswer);
  }
};

}  // namespace
}  // namespace weft::bench

int main(int argc, char** argv) {
  weft::bench::RawAccept accept;
  return weft::bench::RunRawServer(argc, argv, accept);
}
