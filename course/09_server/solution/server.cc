#include "course/09_server/server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <unordered_map>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace course {
namespace {

constexpr size_t kReadSize = 65536;
constexpr int kMaxEvents = 256;

absl::Status Failed(absl::string_view what) {
  return absl::UnavailableError(absl::StrCat(what, ": ", std::strerror(errno)));
}

}  // namespace

absl::StatusOr<int> ListenOn(int port, int* bound) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return Failed("socket");
  const int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  if (bind(fd, generic, size) != 0 || listen(fd, SOMAXCONN) != 0 ||
      getsockname(fd, generic, &size) != 0) {
    const absl::Status status = Failed(absl::StrCat("port ", port));
    close(fd);
    return status;
  }
  *bound = ntohs(address.sin_port);
  return fd;
}

struct Server::State {
  struct Connection {
    explicit Connection(Conversation::OnMessage on_message) : conversation(std::move(on_message)) {}

    Conversation conversation;
    bool waits_to_write = false;  // the poll includes EPOLLOUT
    bool half_closed = false;
  };

  Conversation::OnMessage on_message;
  int listener = -1;
  int epoll = -1;
  int stop = -1;        // an eventfd, which is readable after Stop()
  bool accepts = true;  // the listener is in the poll
  int port = 0;
  std::unordered_map<int, Connection> connections;  // by their socket

  ~State() {
    for (const auto& [fd, connection] : connections) close(fd);
    for (const int fd : {listener, epoll, stop}) {
      if (fd >= 0) close(fd);
    }
  }

  // Adds a socket to the poll (EPOLL_CTL_ADD) or changes it there (EPOLL_CTL_MOD).
  void Poll(int operation, int fd, uint32_t events) {
    epoll_event event = {};
    event.events = events;
    event.data.fd = fd;
    epoll_ctl(epoll, operation, fd, &event);
  }

  void Accept() {
    while (true) {
      const int fd = accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (fd >= 0) {
        connections.try_emplace(fd, on_message);
        Poll(EPOLL_CTL_ADD, fd, EPOLLIN);
      } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
        // No room for another socket until one is closed. Polling the listener would not wait.
        accepts = false;
        epoll_ctl(epoll, EPOLL_CTL_DEL, listener, nullptr);
        return;
      } else if (errno != EINTR && errno != ECONNABORTED) {
        return;  // EAGAIN: nobody else waits
      }
    }
  }

  void Read(int fd, Connection& connection) {
    char buffer[kReadSize];
    const ssize_t size = recv(fd, buffer, sizeof buffer, 0);
    if (size > 0) {
      connection.conversation.Take({buffer, static_cast<size_t>(size)});
    } else if (size == 0 || (errno != EAGAIN && errno != EINTR)) {
      connection.conversation.TakeEnd();
    }
  }

  // Writes as much output as the socket takes.
  void Write(int fd, Connection& connection) {
    std::string& output = connection.conversation.output();
    size_t written = 0;
    while (written < output.size()) {
      const ssize_t size = send(fd, output.data() + written, output.size() - written, MSG_NOSIGNAL);
      if (size >= 0) {
        written += static_cast<size_t>(size);
      } else if (errno == EAGAIN) {
        break;
      } else if (errno != EINTR) {
        connection.conversation.TakeEnd();
        break;
      }
    }
    output.erase(0, written);
  }

  // Reads, writes, and takes the next step of a connection.
  void Serve(int fd, Connection& connection, uint32_t events) {
    if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) Read(fd, connection);
    Write(fd, connection);
    const Socket next = connection.conversation.socket();
    if (next == Socket::kClose) {
      connections.erase(fd);
      close(fd);
      if (!std::exchange(accepts, true)) Poll(EPOLL_CTL_ADD, listener, EPOLLIN);
      return;
    }
    const bool all_written = connection.conversation.output().empty();
    if (next == Socket::kHalfClose && all_written && !connection.half_closed) {
      shutdown(fd, SHUT_WR);
      connection.half_closed = true;
    }
    if (connection.waits_to_write == all_written) {
      connection.waits_to_write = !all_written;
      Poll(EPOLL_CTL_MOD, fd, connection.waits_to_write ? EPOLLIN | EPOLLOUT : EPOLLIN);
    }
  }
};

Server::Server() : state_(std::make_unique<State>()) {}

Server::~Server() = default;

absl::StatusOr<std::unique_ptr<Server>> Server::Listen(int port,
                                                       Conversation::OnMessage on_message) {
  std::unique_ptr<Server> server(new Server);
  State& state = *server->state_;
  state.on_message = std::move(on_message);
  state.epoll = epoll_create1(EPOLL_CLOEXEC);
  state.stop = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  if (state.epoll < 0 || state.stop < 0) return Failed("epoll");
  const absl::StatusOr<int> listener = ListenOn(port, &state.port);
  if (!listener.ok()) return listener.status();
  state.listener = *listener;
  state.Poll(EPOLL_CTL_ADD, state.listener, EPOLLIN);
  state.Poll(EPOLL_CTL_ADD, state.stop, EPOLLIN);
  return server;
}

int Server::port() const { return state_->port; }

void Server::Run() {
  epoll_event events[kMaxEvents];
  while (true) {
    const int count = epoll_wait(state_->epoll, events, kMaxEvents, -1);
    for (int i = 0; i < count; ++i) {
      const int fd = events[i].data.fd;
      if (fd == state_->stop) return;
      if (fd == state_->listener) {
        state_->Accept();
      } else {
        state_->Serve(fd, state_->connections.at(fd), events[i].events);
      }
    }
  }
}

void Server::Stop() { eventfd_write(state_->stop, 1); }

}  // namespace course
