#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <set>
#include <unordered_map>
#include <utility>

#include "absl/status/status.h"
#include "course/10_limits/limits.h"

namespace course {
namespace {

// Bytes of one read of a connection: all their answers become output before a limit is looked at.
constexpr size_t kReadSize = 16384;
constexpr int kMaxEvents = 256;
constexpr absl::Duration kMaxWait = absl::Hours(1);

}  // namespace

struct GuardedServer::State {
  struct Connection {
    Connection(const State& state, absl::Time now)
        : guard(state.options.limits, state.on_message, state.options.make_wire(), now) {}

    Guard guard;
    uint32_t polled = EPOLLIN;
    absl::Time deadline = absl::InfiniteFuture();  // its entry of `deadlines`
    bool half_closed = false;
  };

  ServerOptions options;
  Conversation::OnMessage on_message;
  int listener = -1;
  int epoll = -1;
  int stop = -1;        // an eventfd, which is readable after Stop()
  bool accepts = true;  // the listener is in the poll
  int port = 0;
  std::unordered_map<int, Connection> connections;  // by their socket
  std::set<std::pair<absl::Time, int>> deadlines;   // of all connections; the next one is first

  ~State() {
    for (const auto& [fd, connection] : connections) close(fd);
    for (const int fd : {listener, epoll, stop}) {
      if (fd >= 0) close(fd);
    }
  }

  void Poll(int operation, int fd, uint32_t events) {
    epoll_event event = {};
    event.events = events;
    event.data.fd = fd;
    epoll_ctl(epoll, operation, fd, &event);
  }

  void Accept(absl::Time now) {
    while (true) {
      const int fd = accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (fd >= 0 && connections.size() >= options.limits.connections) {
        close(fd);
      } else if (fd >= 0) {
        Connection& connection = connections.try_emplace(fd, *this, now).first->second;
        Poll(EPOLL_CTL_ADD, fd, EPOLLIN);
        Schedule(fd, connection, connection.guard.deadline());
      } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
        accepts = false;  // until a connection is closed
        epoll_ctl(epoll, EPOLL_CTL_DEL, listener, nullptr);
        return;
      } else if (errno != EINTR && errno != ECONNABORTED) {
        return;  // EAGAIN: nobody else waits
      }
    }
  }

  void Schedule(int fd, Connection& connection, absl::Time deadline) {
    if (deadline == connection.deadline) return;
    deadlines.erase({connection.deadline, fd});
    connection.deadline = deadline;
    if (deadline != absl::InfiniteFuture()) deadlines.emplace(deadline, fd);
  }

  void Read(int fd, Guard& guard, absl::Time now) {
    char buffer[kReadSize];
    const ssize_t size = recv(fd, buffer, sizeof buffer, 0);
    if (size > 0) {
      guard.Take({buffer, static_cast<size_t>(size)}, now);
    } else if (size == 0 || (errno != EAGAIN && errno != EINTR)) {
      guard.TakeEnd();
    }
  }

  void Write(int fd, Guard& guard, absl::Time now) {
    const absl::string_view output = guard.output();
    size_t written = 0;
    while (written < output.size()) {
      const ssize_t size = send(fd, output.data() + written, output.size() - written, MSG_NOSIGNAL);
      if (size >= 0) {
        written += static_cast<size_t>(size);
      } else if (errno == EAGAIN) {
        break;
      } else if (errno != EINTR) {
        guard.TakeEnd();
        break;
      }
    }
    guard.Wrote(written, now);
  }

  // Reads, writes, and takes the next step of a connection.
  void Serve(int fd, Connection& connection, uint32_t events, absl::Time now) {
    Guard& guard = connection.guard;
    if ((events & EPOLLIN) != 0) {
      Read(fd, guard, now);
    } else if ((events & (EPOLLHUP | EPOLLERR)) != 0) {
      guard.TakeEnd();  // lost, while its bytes are not read
    }
    if (guard.socket() != Socket::kClose) Write(fd, guard, now);
    Schedule(fd, connection, guard.deadline());
    if (guard.socket() == Socket::kClose) {
      connections.erase(fd);
      close(fd);
      if (!std::exchange(accepts, true)) Poll(EPOLL_CTL_ADD, listener, EPOLLIN);
      return;
    }
    if (guard.socket() == Socket::kHalfClose && guard.output().empty() &&
        !std::exchange(connection.half_closed, true)) {
      shutdown(fd, SHUT_WR);
    }
    const uint32_t wanted =
        (guard.wants_bytes() ? EPOLLIN : 0u) | (guard.output().empty() ? 0u : EPOLLOUT);
    if (std::exchange(connection.polled, wanted) != wanted) Poll(EPOLL_CTL_MOD, fd, wanted);
  }

  // Until the next deadline, in milliseconds; one more, because a fraction of one is cut off.
  int Wait() const {
    if (deadlines.empty()) return -1;
    const absl::Duration left = deadlines.begin()->first - options.clock();
    return static_cast<int>(
               absl::ToInt64Milliseconds(std::clamp(left, absl::ZeroDuration(), kMaxWait))) +
           1;
  }
};

GuardedServer::GuardedServer() : state_(std::make_unique<State>()) {}

GuardedServer::~GuardedServer() = default;

absl::StatusOr<std::unique_ptr<GuardedServer>> GuardedServer::Listen(
    ServerOptions options, Conversation::OnMessage on_message) {
  std::unique_ptr<GuardedServer> server(new GuardedServer);
  State& state = *server->state_;
  state.options = std::move(options);
  state.on_message = std::move(on_message);
  state.epoll = epoll_create1(EPOLL_CLOEXEC);
  state.stop = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  if (state.epoll < 0 || state.stop < 0) return absl::UnavailableError("no epoll or no eventfd");
  const absl::StatusOr<int> listener = ListenOn(state.options.port, &state.port);
  if (!listener.ok()) return listener.status();
  state.listener = *listener;
  state.Poll(EPOLL_CTL_ADD, state.listener, EPOLLIN);
  state.Poll(EPOLL_CTL_ADD, state.stop, EPOLLIN);
  return server;
}

int GuardedServer::port() const { return state_->port; }

void GuardedServer::Run() {
  State& state = *state_;
  epoll_event events[kMaxEvents];
  while (true) {
    const int count = epoll_wait(state.epoll, events, kMaxEvents, state.Wait());
    const absl::Time now = state.options.clock();
    for (int i = 0; i < count; ++i) {
      const int fd = events[i].data.fd;
      if (fd == state.stop) return;
      if (fd == state.listener) {
        state.Accept(now);
      } else {
        state.Serve(fd, state.connections.at(fd), events[i].events, now);
      }
    }
    while (!state.deadlines.empty() && state.deadlines.begin()->first <= now) {
      const int fd = state.deadlines.begin()->second;
      State::Connection& connection = state.connections.at(fd);
      connection.guard.TakeTime(now);
      state.Serve(fd, connection, 0, now);
    }
  }
}

void GuardedServer::Stop() { eventfd_write(state_->stop, 1); }

}  // namespace course
