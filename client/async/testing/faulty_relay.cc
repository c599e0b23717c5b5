#include "weft/client/async/testing/faulty_relay.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "weft/transport/listen.h"
#include "weft/transport/stream.h"

namespace weft::testing {
namespace {

constexpr int kIdleMs = 4;
constexpr size_t kSlowBytes = 1000;       // of RelayPlan::piece_bytes
constexpr size_t kMaxWaiting = 64 << 10;  // bytes for one end, before more are read

// Bound and not listening: connections to it are refused.
UniqueFd BindOnly() {
  UniqueFd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_storage storage;
  const socklen_t size = SocketAddress::FromIp("127.0.0.1", 0)->ToSockaddr(&storage);
  EXPECT_EQ(bind(fd.get(), reinterpret_cast<sockaddr*>(&storage), size), 0);
  return fd;
}

// Blocks, but the server listens on this machine.
UniqueFd ConnectToServer(const SocketAddress& server) {
  UniqueFd fd(socket(server.family(), SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_storage storage;
  const socklen_t size = server.ToSockaddr(&storage);
  EXPECT_EQ(connect(fd.get(), reinterpret_cast<sockaddr*>(&storage), size), 0);
  fcntl(fd.get(), F_SETFL, O_NONBLOCK);
  const int one = 1;
  setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  return fd;
}

void Reset(UniqueFd& fd) {
  const linger at_once = {.l_onoff = 1, .l_linger = 0};
  setsockopt(fd.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  fd.reset();
}

// The size of a SOCKS5 client's greeting (RFC 1928, section 3) or request (section 4), once it can
// be known from its first bytes.
std::optional<size_t> SocksSize(absl::string_view bytes, bool greeting) {
  if (greeting) {
    if (bytes.size() < 2) return std::nullopt;
    return 2 + static_cast<uint8_t>(bytes[1]);
  }
  if (bytes.size() < 5) return std::nullopt;
  const size_t address = bytes[3] == 1   ? 4
                         : bytes[3] == 4 ? 16
                                         : 1 + static_cast<uint8_t>(bytes[4]);
  return 4 + address + 2;
}

// The answers of a proxy that accepts; empty after the last one.
absl::string_view ProxyAnswer(RelayPlan::Proxy proxy, int number) {
  if (proxy == RelayPlan::Proxy::kHttp && number == 0) return "HTTP/1.1 200 OK\r\n\r\n";
  if (proxy != RelayPlan::Proxy::kSocks5 || number > 1) return "";
  return number == 0 ? absl::string_view("\x05\x00", 2)
                     : absl::string_view("\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00", 10);
}

}  // namespace

FaultyRelay::FaultyRelay(const SocketAddress& server, std::vector<RelayPlan> plans,
                         std::function<void()> on_idle)
    : server_(server),
      plans_(std::move(plans)),
      on_idle_(std::move(on_idle)),
      stop_(*Notification::Create()) {
  for (const RelayPlan& plan : plans_) {
    listeners_.push_back(plan.fault == RelayPlan::Fault::kRefuse
                             ? BindOnly()
                             : Listen(*SocketAddress::FromIp("127.0.0.1", 0)).value());
  }
  thread_ = std::thread([this] { Run(); });
}

FaultyRelay::~FaultyRelay() {
  stop_.Notify();
  thread_.join();
}

uint16_t FaultyRelay::port(size_t index) const {
  return LocalAddress(listeners_[index].get()).port();
}

void FaultyRelay::Run() {
  std::vector<pollfd> fds;
  while (true) {
    fds.assign({{.fd = stop_.fd(), .events = POLLIN, .revents = 0}});
    for (const UniqueFd& listener : listeners_) {
      fds.push_back({.fd = listener.get(), .events = POLLIN, .revents = 0});
    }
    // A refused port's descriptor is not listening, and reports POLLHUP.
    for (size_t i = 0; i < plans_.size(); ++i) {
      if (plans_[i].fault == RelayPlan::Fault::kRefuse) fds[1 + i].fd = -1;
    }
    const size_t first_link = fds.size();
    for (const Link& link : links_) {
      const auto add = [&](const End& end, const End& other) {
        short events = 0;
        if (!link.silent && !end.sent_end && other.out.size() < kMaxWaiting) events |= POLLIN;
        if (!link.silent && !end.out.empty()) events |= POLLOUT;
        fds.push_back({.fd = events == 0 ? -1 : end.fd.get(), .events = events, .revents = 0});
      };
      add(link.client, link.server);
      add(link.server, link.client);
    }
    const int ready = poll(fds.data(), fds.size(), kIdleMs);
    if (ready == 0) on_idle_();
    if (ready <= 0) continue;
    if (fds[0].revents != 0) return;
    size_t at = first_link;
    for (Link& link : links_) {
      const short client = fds[at++].revents, server = fds[at++].revents;
      if (client & ~POLLOUT) Read(link, link.client, link.server);
      if (server & ~POLLOUT && !link.gone) Read(link, link.server, link.client);
      if (!link.gone && !link.silent) Write(link, link.client);
      if (!link.gone && !link.silent) Write(link, link.server);
      if (link.client.receives_end && link.server.receives_end && link.client.out.empty() &&
          link.server.out.empty()) {
        link.gone = true;
      }
    }
    links_.remove_if([](const Link& link) { return link.gone; });
    for (size_t i = 0; i < listeners_.size(); ++i) {
      if (fds[1 + i].revents != 0) Accept(i);
    }
  }
}

void FaultyRelay::Accept(size_t index) {
  Stream stream;
  if (!weft::Accept(listeners_[index].get(), &stream).ok()) return;
  Link& link = links_.emplace_back(Link{.plan = plans_[index]});
  link.client.fd = UniqueFd(dup(stream.fd()));
  link.server.fd = ConnectToServer(server_);
  if (link.plan.fault != RelayPlan::Fault::kNone && link.plan.after_bytes == 0) {
    Fail(link, link.plan.to_client ? link.client : link.server);
  }
}

void FaultyRelay::Read(Link& link, End& from, End& to) {
  char buffer[16 << 10];
  const ssize_t size = recv(from.fd.get(), buffer, sizeof buffer, 0);
  if (size < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (size < 0) {
    Reset(link.client.fd);
    Reset(link.server.fd);
    link.gone = true;
  } else if (size == 0) {
    from.sent_end = to.receives_end = true;
    if (to.out.empty()) shutdown(to.fd.get(), SHUT_WR);
  } else if (&from == &link.client) {
    Receive(link, {buffer, static_cast<size_t>(size)});
  } else if (!to.drops) {
    to.out.append(buffer, static_cast<size_t>(size));
  }
}

// From the client: first a request to the proxy, if the relay is one.
void FaultyRelay::Receive(Link& link, absl::string_view bytes) {
  link.request.append(bytes.data(), bytes.size());
  const RelayPlan::Proxy proxy = link.plan.proxy;
  while (!ProxyAnswer(proxy, link.proxy_answers).empty()) {
    std::optional<size_t> size;
    if (proxy == RelayPlan::Proxy::kHttp) {
      const size_t end = link.request.find("\r\n\r\n");
      if (end != std::string::npos) size = end + 4;
    } else {
      size = SocksSize(link.request, /*greeting=*/link.proxy_answers == 0);
    }
    if (!size.has_value() || link.request.size() < *size) return;
    link.request.erase(0, *size);
    absl::StrAppend(&link.client.out, ProxyAnswer(proxy, link.proxy_answers++));
  }
  if (!link.server.drops) link.server.out += link.request;
  link.request.clear();
}

void FaultyRelay::Write(Link& link, End& to) {
  if (to.out.empty()) return;
  const bool counts = (&to == &link.client) == link.plan.to_client && !to.drops &&
                      link.plan.fault != RelayPlan::Fault::kNone;
  size_t size = to.out.size();
  if (to.passed < kSlowBytes) size = std::min(size, link.plan.piece_bytes);
  if (counts) size = std::min(size, link.plan.after_bytes - to.passed);
  const ssize_t sent = send(to.fd.get(), to.out.data(), size, MSG_NOSIGNAL);
  if (sent < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (sent < 0) {
    Reset(link.client.fd);
    Reset(link.server.fd);
    link.gone = true;
    return;
  }
  to.passed += static_cast<size_t>(sent);
  to.out.erase(0, static_cast<size_t>(sent));
  if (counts && to.passed == link.plan.after_bytes) return Fail(link, to);
  if (to.out.empty() && to.receives_end) shutdown(to.fd.get(), SHUT_WR);
}

void FaultyRelay::Fail(Link& link, End& to) {
  switch (link.plan.fault) {
    case RelayPlan::Fault::kReset:
      Reset(link.client.fd);
      Reset(link.server.fd);
      link.gone = true;
      break;
    case RelayPlan::Fault::kClose:
      link.gone = true;
      break;
    case RelayPlan::Fault::kEnd:
      to.out.clear();
      to.drops = to.receives_end = true;
      shutdown(to.fd.get(), SHUT_WR);
      break;
    case RelayPlan::Fault::kSilence:
      link.silent = true;
      break;
    case RelayPlan::Fault::kNone:
    case RelayPlan::Fault::kRefuse:
      break;
  }
}

}  // namespace weft::testing
