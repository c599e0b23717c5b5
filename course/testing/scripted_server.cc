#include "course/testing/scripted_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <exception>
#include <stdexcept>
#include <utility>

namespace course::testing {
namespace {

constexpr int kTimeoutMs = 10000;

// A socket that is bound to a free port of loopback.
int Bind(int* port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  if (fd < 0 || bind(fd, generic, size) != 0 || getsockname(fd, generic, &size) != 0) {
    throw std::runtime_error("no port on loopback");
  }
  *port = ntohs(address.sin_port);
  return fd;
}

void WaitFor(int fd, short events) {
  pollfd polled = {fd, events, 0};
  if (poll(&polled, 1, kTimeoutMs) <= 0) {
    throw std::runtime_error("the server of the test waited for 10 seconds");
  }
}

}  // namespace

ScriptedPeer::~ScriptedPeer() { Close(); }

void ScriptedPeer::Close() {
  if (fd_ >= 0) close(fd_);
  fd_ = -1;
}

bool ScriptedPeer::ReadMore() {
  WaitFor(fd_, POLLIN);
  char buffer[4096];
  const ssize_t size = recv(fd_, buffer, sizeof buffer, 0);
  if (size < 0) throw std::runtime_error("the client reset the connection");
  read_.append(buffer, static_cast<size_t>(size));
  return size > 0;
}

std::string ScriptedPeer::ReadUntil(absl::string_view end) {
  const std::string wanted(end);
  while (read_.find(wanted) == std::string::npos) {
    if (!ReadMore()) throw std::runtime_error("the client closed the connection too early");
  }
  return Read(read_.find(wanted) + wanted.size());
}

std::string ScriptedPeer::Read(size_t size) {
  while (read_.size() < size) {
    if (!ReadMore()) throw std::runtime_error("the client closed the connection too early");
  }
  std::string bytes = read_.substr(0, size);
  read_.erase(0, size);
  return bytes;
}

std::string ScriptedPeer::ReadToEnd() {
  while (ReadMore()) {
  }
  return std::exchange(read_, "");
}

void ScriptedPeer::Write(absl::string_view bytes) {
  while (!bytes.empty()) {
    WaitFor(fd_, POLLOUT);
    const ssize_t size = send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (size < 0) throw std::runtime_error("the client closed the connection");
    bytes.remove_prefix(static_cast<size_t>(size));
  }
}

ScriptedServer::ScriptedServer(std::function<void(ScriptedPeer&)> script)
    : listener_(Bind(&port_)) {
  if (listen(listener_, 1) != 0) throw std::runtime_error("cannot listen");
  thread_ = std::thread([this, script = std::move(script)] {
    const int fd = accept(listener_, nullptr, nullptr);
    if (fd < 0) {
      trouble_ = "nobody connected";
      return;
    }
    ScriptedPeer peer(fd);
    try {
      script(peer);
    } catch (const std::exception& error) {
      trouble_ = error.what();
    }
  });
}

ScriptedServer::~ScriptedServer() {
  Finish();
  close(listener_);
}

std::string ScriptedServer::Finish() {
  if (thread_.joinable()) {
    shutdown(listener_, SHUT_RDWR);  // an accept() that still waits fails
    thread_.join();
  }
  return trouble_;
}

ClosedPort::ClosedPort() : fd_(Bind(&port_)) {}

ClosedPort::~ClosedPort() { close(fd_); }

}  // namespace course::testing
