// Sends every message back, compressed where the client can: a server on poll(2).

#include <cstdlib>
#include <iostream>
#include <map>
#include <vector>

#include "examples/own_loop/end.h"

absl::Status Accept(weft::Connection& connection, absl::string_view head) {
  const absl::StatusOr<weft::UpgradeRequest> request = weft::ReadUpgradeRequest(head);
  if (!request.ok()) return request.status();
  if (request->origin && !weft::IsSameOrigin(*request->origin, request->host)) {
    return weft::HttpError(403, "pages of other origins may not connect");
  }
  const auto accepted = weft::AcceptHandshake(*request, kOptions.compression);
  if (!accepted.ok()) return accepted.status();
  if (accepted->deflate) connection.UseDeflate(*accepted->deflate, kOptions);
  connection.QueueHandshake(accepted->response);
  return absl::OkStatus();
}

// False: the connection has ended, or the client does not read its echoes.
bool Serve(End& end) {
  const absl::Status status =
      end.Turn([&](absl::string_view head) { return Accept(end.connection, head); },
               [&](auto& m) { end.connection.SendMessage(m.opcode, m.payload).IgnoreError(); });
  if (status.ok()) return !end.connection.done() && end.connection.queued_bytes() < 16 << 20;
  const std::string refusal = weft::RejectResponse(status);
  send(end.fd, refusal.data(), refusal.size(), MSG_NOSIGNAL);
  return false;
}

int main(int argc, char** argv) {
  const in_port_t port = htons(argc > 1 ? std::atoi(argv[1]) : 8080);
  sockaddr_in address = {AF_INET, port, {htonl(INADDR_LOOPBACK)}, {}};
  auto* const bound = reinterpret_cast<sockaddr*>(&address);
  socklen_t size = sizeof address;
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (bind(listener, bound, size) || listen(listener, 128) || getsockname(listener, bound, &size)) {
    return std::cerr << "cannot listen on port " << ntohs(port) << "\n", 1;
  }
  std::cout << "ws://127.0.0.1:" << ntohs(address.sin_port) << "/" << std::endl;
  std::map<int, End> ends;
  while (true) {
    std::vector<pollfd> polled = {{listener, POLLIN, 0}};
    for (const auto& [fd, end] : ends) polled.push_back(end.Wanted());
    poll(polled.data(), polled.size(), -1);
    for (const pollfd& ready : polled) {
      if (ready.revents == 0) continue;
      if (ready.fd != listener) {
        if (!Serve(ends.at(ready.fd))) ends.erase(ready.fd);
      } else if (int fd = accept4(listener, nullptr, nullptr, SOCK_NONBLOCK); fd >= 0) {
        ends.try_emplace(fd, weft::Role::kServer, fd);
      }
    }
  }
}
