#include "weft/transport/stream.h"

#include <sys/socket.h>
#include <sys/uio.h>

#include <cerrno>

namespace weft {
namespace {

IoResult Failed(int error, Interest wanted) {
  if (error == EAGAIN || error == EWOULDBLOCK) {
    return {.status = IoStatus::kWouldBlock, .wanted = wanted};
  }
  return {.status = IoStatus::kError, .error = error};
}

// What sendmsg() or send() returned.
IoResult Written(ssize_t count) {
  if (count < 0) return Failed(errno, Interest::kWrite);
  return {.bytes = static_cast<size_t>(count)};
}

}  // namespace

IoResult Stream::Read(absl::Span<char> buffer) {
  // recv() into no room returns 0, which is the mark of the end.
  if (buffer.empty()) return {};
  ssize_t count;
  do {
    count = recv(fd_.get(), buffer.data(), buffer.size(), 0);
  } while (count < 0 && errno == EINTR);
  if (count < 0) return Failed(errno, Interest::kRead);
  if (count == 0) return {.status = IoStatus::kEof};
  return {.bytes = static_cast<size_t>(count)};
}

IoResult Stream::Write(absl::string_view data) {
  ssize_t count;
  do {
    count = send(fd_.get(), data.data(), data.size(), MSG_NOSIGNAL);
  } while (count < 0 && errno == EINTR);
  return Written(count);
}

IoResult Stream::Writev(absl::Span<const absl::string_view> pieces) {
  iovec vectors[kMaxPieces];
  size_t size = 0;
  for (absl::string_view piece : pieces.subspan(0, kMaxPieces)) {
    vectors[size++] = {.iov_base = const_cast<char*>(piece.data()), .iov_len = piece.size()};
  }
  msghdr message = {};
  message.msg_iov = vectors;
  message.msg_iovlen = size;
  ssize_t count;
  do {
    count = sendmsg(fd_.get(), &message, MSG_NOSIGNAL);
  } while (count < 0 && errno == EINTR);
  return Written(count);
}

IoResult Stream::ShutdownWrite() {
  if (shutdown(fd_.get(), SHUT_WR) < 0) return {.status = IoStatus::kError, .error = errno};
  return {};
}

}  // namespace weft
