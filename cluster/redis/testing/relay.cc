#include "weft/cluster/redis/testing/relay.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "weft/transport/address.h"
#include "weft/transport/listen.h"
#include "weft/transport/stream.h"

namespace weft::testing {
namespace {

constexpr size_t kNever = static_cast<size_t>(-1);

// Reads are held beyond it, as a network would.
constexpr size_t kMaxHeldBytes = size_t{4} << 20;

// A close that the other end sees as a reset.
void Reset(UniqueFd& fd) {
  const linger now = {.l_onoff = 1, .l_linger = 0};
  setsockopt(fd.get(), SOL_SOCKET, SO_LINGER, &now, sizeof(now));
  fd.reset();
}

UniqueFd ConnectToLoopback(uint16_t port) {
  UniqueFd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_storage address;
  const socklen_t size = SocketAddress::FromIp("127.0.0.1", port)->ToSockaddr(&address);
  if (connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), size) != 0) fd.reset();
  return fd;
}

}  // namespace

Relay::Relay(uint16_t server_port)
    : server_port_(server_port), listener_(*Listen(*SocketAddress::FromIp("127.0.0.1", 0))) {
  port_ = LocalAddress(listener_.get()).port();
  thread_ = std::thread([this] { Run(); });
}

Relay::~Relay() {
  stopped_ = true;
  thread_.join();
}

std::string Relay::address() const { return absl::StrCat("redis://127.0.0.1:", port_); }

void Relay::Hold(bool to_nodes, bool to_server) {
  holds_to_nodes_ = to_nodes;
  holds_to_server_ = to_server;
}

void Relay::Cut(size_t after_bytes) {
  cut_after_ = after_bytes;
  while (cut_after_ != kNever && !stopped_) std::this_thread::yield();  // the relay has seen it
}

void Relay::Run() {
  while (!stopped_) {
    if (const size_t cut = cut_after_; cut != kNever) {
      for (Link& link : links_) link.cut_after = cut;
      cut_after_ = kNever;
    }
    for (Link& link : links_) {
      Read(link, link.node, link.to_server);
      Read(link, link.server, link.to_node);
      if (!holds_to_server_) Write(link, link.server, link.to_server, kNever);
      if (!holds_to_nodes_) Write(link, link.node, link.to_node, piece_);
      if (link.cut_after == 0) link.gone = true;
      if (link.gone) {
        Reset(link.node);
        Reset(link.server);
      }
    }
    links_.remove_if([](const Link& link) { return link.gone; });
    Accept();
    std::vector<pollfd> polled = {{.fd = listener_.get(), .events = POLLIN, .revents = 0}};
    bool busy = false;
    for (const Link& link : links_) {
      for (const int fd : {link.node.get(), link.server.get()}) {
        polled.push_back({.fd = fd, .events = POLLIN, .revents = 0});
      }
      busy = busy || (!link.to_node.empty() && !holds_to_nodes_);
    }
    // A change by the test is seen after a millisecond.
    poll(polled.data(), polled.size(), busy ? 0 : 1);
  }
  links_.clear();
}

void Relay::Accept() {
  Stream accepted;
  while (weft::Accept(listener_.get(), &accepted).ok()) {
    UniqueFd node(dup(accepted.fd()));
    accepted.Close();
    UniqueFd server;
    if (!refuses_) server = ConnectToLoopback(server_port_);
    if (!server.is_open()) {
      Reset(node);
      continue;
    }
    links_.push_back({.node = std::move(node), .server = std::move(server)});
  }
}

void Relay::Read(Link& link, UniqueFd& from, std::string& to) {
  std::array<char, 16384> buffer;
  if (link.gone || to.size() > kMaxHeldBytes) return;
  const ssize_t count = recv(from.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
  if (count > 0) {
    to.append(buffer.data(), static_cast<size_t>(count));
  } else if (count == 0 || (errno != EAGAIN && errno != EINTR)) {
    link.gone = true;
  }
}

void Relay::Write(Link& link, UniqueFd& to, std::string& from, size_t piece) {
  size_t size = std::min(from.size(), piece);
  if (&to == &link.node) size = std::min(size, link.cut_after);
  if (link.gone || size == 0) return;
  const ssize_t count = send(to.get(), from.data(), size, MSG_DONTWAIT | MSG_NOSIGNAL);
  if (count <= 0) {
    if (errno != EAGAIN && errno != EINTR) link.gone = true;
    return;
  }
  from.erase(0, static_cast<size_t>(count));
  if (&to == &link.node && link.cut_after != kNever) link.cut_after -= static_cast<size_t>(count);
}

}  // namespace weft::testing
