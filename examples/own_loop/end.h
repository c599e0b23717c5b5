// One end of a WebSocket on a socket that does not block: what any event loop has to do for it.

#ifndef EXAMPLES_OWN_LOOP_END_H_
#define EXAMPLES_OWN_LOOP_END_H_

#include <arpa/inet.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>

#include "weft/core.h"

const weft::ConnectionOptions kOptions = {.compression = {weft::CompressionOptions::Use::kOn}};

struct End {
  End(weft::Role role, int fd) : fd(fd), connection(role, kOptions) {}
  ~End() { close(fd); }

  // What to wait for, before the next Turn.
  pollfd Wanted() const {
    return {fd, static_cast<short>(connection.queued_bytes() > 0 ? POLLIN | POLLOUT : POLLIN), 0};
  }

  // Reads once, delivers, and writes what the socket takes. The peer's head is delivered first.
  absl::Status Turn(auto on_head, auto on_message) {
    static char scratch[64 << 10];
    const absl::Span<char> into = connection.ReadBuffer(absl::MakeSpan(scratch));
    const ssize_t size = recv(fd, into.data(), into.size(), 0);
    if (size == 0 || (size < 0 && errno != EAGAIN)) connection.DidReadEof();
    if (size > 0 && handshake.complete()) connection.DidRead(size);
    if (size > 0 && !handshake.complete()) {
      absl::Status status = handshake.Read(into.first(size));
      if (status.ok() && handshake.complete()) status = on_head(handshake.head());
      if (!status.ok()) return status;
      handshake.GiveRestTo(connection);
    }
    while (std::optional<weft::Event> event = connection.NextEvent()) {
      if (event->type == weft::Event::Type::kMessage) on_message(*event);
    }
    while (connection.queued_bytes() > 0) {
      const absl::string_view out = connection.WriteBuffer();
      const ssize_t written = send(fd, out.data(), out.size(), MSG_NOSIGNAL);
      if (written < 0 && errno == EAGAIN) break;
      connection.DidWrite(written < 0 ? out.size() : written);  // recv tells of errors, too
    }
    return absl::OkStatus();
  }

  const int fd;
  weft::Connection connection;
  weft::HandshakeReader handshake;
};

#endif  // EXAMPLES_OWN_LOOP_END_H_
