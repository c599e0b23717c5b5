// A bare TCP fan-out on one thread: the bytes received on a connection are written, unchanged, to
// all. One recv, and one write per connection: the minimum cost of publishing to that many
// subscribers, with which a server's topics are compared.

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <vector>

#include "weft/bench/raw_server.h"

namespace weft::bench {
namespace {

class RawFanout final : public RawHandler {
 public:
  void OnOpen(int fd) override { all_.push_back(fd); }

  // A connection that does not accept all bytes is outside this measurement: it is closed.
  bool OnReady(int /*poller*/, int fd, uint32_t /*events*/) override {
    const ssize_t got = recv(fd, buffer_.data(), buffer_.size(), 0);
    if (got <= 0) return got < 0 && errno == EAGAIN;
    for (const int each : all_) {
      if (write(each, buffer_.data(), got) != got) shutdown(each, SHUT_RDWR);
    }
    return true;
  }

  void OnClose(int fd) override { all_.erase(std::find(all_.begin(), all_.end(), fd)); }

 private:
  std::vector<char> buffer_ = std::vector<char>(512 * 1024);
  std::vector<int> all_;
};

}  // namespace
}  // namespace weft::bench

int main(int argc, char** argv) {
  weft::bench::RawFanout fanout;
  return weft::bench::RunRawServer(argc, argv, fanout);
}
