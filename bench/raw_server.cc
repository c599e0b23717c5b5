#include "weft/bench/raw_server.h"

#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <cstdio>
#include <string>

#include "absl/flags/flag.h"
#include "absl/flags/parse.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "weft/bench/engine/process.h"
#include "weft/loop/signals.h"
#include "weft/transport/address.h"
#include "weft/transport/fd.h"
#include "weft/transport/listen.h"

ABSL_FLAG(std::string, address, "127.0.0.1", "the IP address to listen on");
ABSL_FLAG(uint16_t, port, 8080, "the port to listen on; 0 for a free one");
ABSL_FLAG(int, pin, -1, "the processor to run on; -1 for any");

namespace weft::bench {
namespace {

void Watch(int poller, int fd) {
  epoll_event event = {.events = EPOLLIN, .data = {.fd = fd}};
  epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event);
}

// Returns when `end` is readable.
void Serve(int listener, int end, RawHandler& handler) {
  const UniqueFd poller(epoll_create1(EPOLL_CLOEXEC));
  Watch(poller.get(), listener);
  Watch(poller.get(), end);
  epoll_event events[1024];
  for (;;) {
    const int count = epoll_wait(poller.get(), events, std::size(events), -1);
    for (int i = 0; i < count; ++i) {
      const int fd = events[i].data.fd;
      if (fd == end) return;
      if (fd == listener) {
        // TCP_NODELAY comes from the listener.
        int accepted;
        while ((accepted = accept4(fd, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
          Watch(poller.get(), accepted);
          handler.OnOpen(accepted);
        }
      } else if (!handler.OnReady(poller.get(), fd, events[i].events)) {
        handler.OnClose(fd);
        close(fd);
      }
    }
  }
}

absl::Status Run(RawHandler& handler) {
  // As many connections as the system allows this process.
  rlimit files;
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);

  if (const int cpu = absl::GetFlag(FLAGS_pin); cpu >= 0) {
    if (absl::Status status = PinToCpu(cpu); !status.ok()) return status;
  }
  if (absl::Status status = handler.Start(); !status.ok()) return status;
  const auto address =
      SocketAddress::FromIp(absl::GetFlag(FLAGS_address), absl::GetFlag(FLAGS_port));
  if (!address.ok()) return address.status();
  const absl::StatusOr<SignalWaiter> signals = SignalWaiter::Create({SIGINT, SIGTERM});
  if (!signals.ok()) return signals.status();
  const absl::StatusOr<UniqueFd> listener = Listen(*address);
  if (!listener.ok()) return listener.status();
  std::printf("Server Listening on %s\n", LocalAddress(listener->get()).ToString().c_str());
  std::fflush(stdout);
  Serve(listener->get(), signals->fd(), handler);
  return absl::OkStatus();
}

}  // namespace

void RawHandler::WaitFor(uint32_t events, int poller, int fd) {
  epoll_event event = {.events = events, .data = {.fd = fd}};
  epoll_ctl(poller, EPOLL_CTL_MOD, fd, &event);
}

int RunRawServer(int argc, char** argv, RawHandler& handler) {
  absl::ParseCommandLine(argc, argv);
  const absl::Status status = Run(handler);
  if (status.ok()) return 0;
  std::fprintf(stderr, "%s\n", status.ToString().c_str());
  return 1;
}

}  // namespace weft::bench
