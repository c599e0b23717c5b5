// A bare TCP echo server on one thread: the minimum work of any echo server, with which WebSocket
// echo servers are compared. One recv and one send for each readable socket in a turn of the loop;
// bytes that the socket does not accept wait, and reading waits with them.

#include <sys/epoll.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "weft/bench/raw_server.h"

namespace weft::bench {
namespace {

class RawEcho final : public RawHandler {
 public:
  bool OnReady(int poller, int fd, uint32_t /*events*/) override {
    if (static_cast<size_t>(fd) >= unsent_.size()) unsent_.resize(fd + 1);
    Rest& rest = unsent_[fd];
    if (!rest.bytes.empty()) return SendRest(poller, fd, rest);

    const ssize_t got = recv(fd, buffer_.data(), buffer_.size(), 0);
    if (got <= 0) return got < 0 && errno == EAGAIN;
    const ssize_t put = Send(fd, absl::string_view(buffer_.data(), got));
    if (put < 0) return false;
    if (put < got) {
      rest = {.bytes = std::string(buffer_.data() + put, got - put)};
      WaitFor(EPOLLOUT, poller, fd);
    }
    return true;
  }

  void OnClose(int fd) override { unsent_[fd] = Rest(); }

 private:
  struct Rest {
    std::string bytes;
    size_t sent = 0;
  };

  static ssize_t Send(int fd, absl::string_view bytes) {
    const ssize_t put = send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    return put < 0 && errno == EAGAIN ? 0 : put;
  }

  static bool SendRest(int poller, int fd, Rest& rest) {
    const ssize_t put = Send(fd, absl::string_view(rest.bytes).substr(rest.sent));
    if (put < 0) return false;
    rest.sent += put;
    if (rest.sent < rest.bytes.size()) return true;
    rest = Rest();
    WaitFor(EPOLLIN, poller, fd);
    return true;
  }

  std::vector<char> buffer_ = std::vector<char>(512 * 1024);
  std::vector<Rest> unsent_;  // indexed by descriptor; at most one buffer each
};

}  // namespace
}  // namespace weft::bench

int main(int argc, char** argv) {
  weft::bench::RawEcho echo;
  return weft::bench::RunRawServer(argc, argv, echo);
}
