#include "course/08_client/client.h"

#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "course/02_handshake/handshake.h"
#include "course/04_masking/masking.h"

namespace course {
namespace {

constexpr size_t kReadSize = 16384;
constexpr size_t kMaxHead = 16384;
constexpr absl::Duration kMaxPoll = absl::Hours(1);

absl::Status Lost(absl::string_view what) {
  return absl::UnavailableError(absl::StrCat(what, ": ", std::strerror(errno)));
}

// Waits until the socket is readable (POLLIN) or writable (POLLOUT).
absl::Status WaitFor(int fd, short events, absl::Time deadline) {
  while (true) {
    const absl::Duration left = std::clamp(deadline - absl::Now(), absl::ZeroDuration(), kMaxPoll);
    pollfd polled = {fd, events, 0};
    // One millisecond more, because a fraction of one is cut off.
    const int ready = poll(&polled, 1, static_cast<int>(absl::ToInt64Milliseconds(left)) + 1);
    if (ready > 0) return absl::OkStatus();
    if (ready < 0 && errno != EINTR) return Lost("poll");
    if (absl::Now() >= deadline) return absl::DeadlineExceededError("it took too long");
  }
}

// 16 random bytes in base64 (section 4.1).
std::string NewKey() {
  std::string bytes(16, '\0');
  if (getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) std::abort();
  return absl::Base64Escape(bytes);
}

absl::StatusOr<int> DialAddress(const addrinfo& address, absl::Time deadline) {
  const int fd = socket(address.ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return Lost("socket");
  absl::Status status;
  if (connect(fd, address.ai_addr, address.ai_addrlen) != 0) {
    status = errno == EINPROGRESS ? WaitFor(fd, POLLOUT, deadline) : Lost("connect");
    if (status.ok()) {
      int error = 0;
      socklen_t size = sizeof error;
      getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
      errno = error;
      if (error != 0) status = Lost("connect");
    }
  }
  if (status.ok()) return fd;
  close(fd);
  return status;
}

}  // namespace

absl::StatusOr<int> Dial(const std::string& host, int port, absl::Time deadline) {
  addrinfo hints = {};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (const int error = getaddrinfo(host.c_str(), absl::StrCat(port).c_str(), &hints, &found)) {
    return absl::UnavailableError(absl::StrCat(host, ": ", gai_strerror(error)));
  }
  absl::StatusOr<int> fd = absl::UnavailableError("no address");
  for (const addrinfo* address = found; address != nullptr && !fd.ok();
       address = address->ai_next) {
    fd = DialAddress(*address, deadline);
  }
  freeaddrinfo(found);
  return fd;
}

absl::Status WriteAll(int fd, absl::string_view bytes, absl::Time deadline) {
  while (!bytes.empty()) {
    const ssize_t size = send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (size >= 0) {
      bytes.remove_prefix(static_cast<size_t>(size));
    } else if (errno == EAGAIN) {
      if (absl::Status status = WaitFor(fd, POLLOUT, deadline); !status.ok()) return status;
    } else if (errno != EINTR) {
      return Lost("send");
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> ReadSome(int fd, absl::Time deadline) {
  std::string bytes(kReadSize, '\0');
  while (true) {
    const ssize_t size = recv(fd, bytes.data(), bytes.size(), 0);
    if (size >= 0) {
      bytes.resize(static_cast<size_t>(size));
      return bytes;
    }
    if (errno == EAGAIN) {
      if (absl::Status status = WaitFor(fd, POLLIN, deadline); !status.ok()) return status;
    } else if (errno != EINTR) {
      return Lost("recv");
    }
  }
}

struct Client::State {
  int fd = -1;
  MessageReader reader{Role::kClient, kMaxMessage};
  Closing closing{Role::kClient};
  std::deque<Event> events;  // that were read, and not received yet

  absl::Status SendFrame(Opcode opcode, absl::string_view payload, absl::Time deadline) {
    absl::Status status = WriteAll(fd, ClientFrame(opcode, payload, NewMaskingKey()), deadline);
    if (!status.ok()) closing.Ended();  // what followed would be the rest of a frame that was cut
    return status;
  }

  // Sends a Close frame, if one is to be sent. A peer that is gone does not read it anyway.
  void SendClose(const std::optional<std::string>& payload, absl::Time deadline) {
    if (payload.has_value()) SendFrame(Opcode::kClose, *payload, deadline).IgnoreError();
  }

  // Reads bytes into events, answers control frames, and notes the end of the connection.
  void TakeBytes(absl::string_view bytes, absl::Time deadline) {
    for (Event& event : reader.Read(bytes)) {
      switch (event.opcode) {
        case Opcode::kPing:
          if (closing.may_send()) SendFrame(Opcode::kPong, event.payload, deadline).IgnoreError();
          break;
        case Opcode::kPong:
          break;
        case Opcode::kClose:
          SendClose(closing.PeerSent(event.payload), deadline);
          break;
        default:
          events.push_back(std::move(event));
      }
    }
    if (reader.failure().has_value() && closing.socket() == Socket::kOpen) {
      SendClose(closing.Fail(*reader.failure()), deadline);
    }
  }

  // Waits for bytes and takes them.
  absl::Status ReadOnce(absl::Time deadline) {
    const absl::StatusOr<std::string> bytes = ReadSome(fd, deadline);
    if (absl::IsDeadlineExceeded(bytes.status())) return bytes.status();
    if (!bytes.ok() || bytes->empty()) {
      closing.Ended();
    } else {
      TakeBytes(*bytes, deadline);
    }
    return absl::OkStatus();
  }
};

Client::Client() : state_(std::make_unique<State>()) {}

Client::~Client() {
  if (state_->fd >= 0) close(state_->fd);
}

absl::StatusOr<std::unique_ptr<Client>> Client::Connect(const std::string& host, int port,
                                                        const std::string& target,
                                                        absl::Duration timeout) {
  const absl::Time deadline = absl::Now() + timeout;
  const absl::StatusOr<int> fd = Dial(host, port, deadline);
  if (!fd.ok()) return fd.status();
  std::unique_ptr<Client> client(new Client);
  client->state_->fd = *fd;

  const std::string key = NewKey();
  const std::string request = RequestFor(absl::StrCat(host, ":", port), target, key);
  if (absl::Status status = WriteAll(*fd, request, deadline); !status.ok()) return status;
  std::string received;
  size_t head_size = 0;
  while (head_size == 0) {
    const absl::StatusOr<std::string> bytes = ReadSome(*fd, deadline);
    if (!bytes.ok()) return bytes.status();
    if (bytes->empty()) {
      return absl::UnavailableError("the server closed the connection without a response");
    }
    received += *bytes;
    head_size = HeadSize(received);
    if (head_size == 0 && received.size() > kMaxHead) {
      return absl::InvalidArgumentError("the head of the response is too large");
    }
  }
  const absl::StatusOr<Head> head = ParseHead(received.substr(0, head_size));
  if (!head.ok()) return head.status();
  if (absl::Status status = CheckResponse(*head, key); !status.ok()) return status;
  client->state_->TakeBytes(absl::string_view(received).substr(head_size), deadline);
  return client;
}

absl::Status Client::Send(Opcode opcode, absl::string_view payload, absl::Duration timeout) {
  if (!state_->closing.may_send()) return absl::FailedPreconditionError("the connection is closed");
  return state_->SendFrame(opcode, payload, absl::Now() + timeout);
}

absl::StatusOr<Event> Client::Receive(absl::Duration timeout) {
  const absl::Time deadline = absl::Now() + timeout;
  while (state_->events.empty()) {
    if (state_->closing.socket() != Socket::kOpen) {
      return absl::FailedPreconditionError("the connection is closed");
    }
    if (absl::Status status = state_->ReadOnce(deadline); !status.ok()) return status;
  }
  Event event = std::move(state_->events.front());
  state_->events.pop_front();
  return event;
}

absl::Status Client::Close(int code, absl::string_view reason, absl::Duration timeout) {
  const absl::Time deadline = absl::Now() + timeout;
  state_->SendClose(state_->closing.Start(code, reason), deadline);
  absl::Status status;
  while (status.ok() && state_->closing.socket() != Socket::kClose) {
    if (state_->closing.socket() == Socket::kHalfClose) shutdown(state_->fd, SHUT_WR);
    status = state_->ReadOnce(deadline);
  }
  state_->closing.Ended();
  return status;
}

const CloseInfo& Client::info() const { return state_->closing.info(); }

}  // namespace course
