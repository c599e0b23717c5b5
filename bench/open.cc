#include "weft/bench/open.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstdint>
#include <iterator>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "absl/types/span.h"
#include "weft/transport/fd.h"
#include "weft/transport/io.h"

namespace weft::bench {
namespace {

constexpr size_t kBareRequest = 200;
constexpr size_t kBareAnswer = 150;
constexpr int kPatienceMs = 10000;
constexpr size_t kPortsPerSource = 20000;

// RFC 6455, section 1.3.
constexpr absl::string_view kNonce = "dGhlIHNhbXBsZSBub25jZQ==";
constexpr absl::string_view kAccept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

absl::Status CheckHead(absl::string_view head) {
  bool accepted = false;
  for (absl::string_view line : absl::StrSplit(head, "\r\n")) {
    if (!absl::StartsWithIgnoreCase(line, "sec-websocket-accept:")) continue;
    accepted = absl::StripAsciiWhitespace(line.substr(line.find(':') + 1)) == kAccept;
  }
  if (absl::StartsWith(head, "HTTP/1.1 101 ") && accepted) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat("the handshake was refused: ", absl::CEscape(head.substr(0, 300))));
}

// One address of the loopback network for every kPortsPerSource connections.
absl::Status BindSource(int fd, size_t index) {
  const int one = 1;
  setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof(one));
  sockaddr_in source = {};
  source.sin_family = AF_INET;
  source.sin_addr.s_addr = htonl(INADDR_LOOPBACK + index / kPortsPerSource);
  if (bind(fd, reinterpret_cast<sockaddr*>(&source), sizeof(source)) == 0) return absl::OkStatus();
  return absl::ErrnoToStatus(errno, "cannot bind its source address");
}

absl::StatusOr<Stream> Connect(const SocketAddress& server, size_t index) {
  UniqueFd fd(socket(server.family(), SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd.is_open()) return absl::ErrnoToStatus(errno, "cannot make a socket");
  const int one = 1;
  setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
  if (absl::StartsWith(server.ip(), "127.")) {
    if (absl::Status status = BindSource(fd.get(), index); !status.ok()) return status;
  }
  sockaddr_storage storage;
  const socklen_t size = server.ToSockaddr(&storage);
  // Blocks: connecting takes no time on one machine, as long as the server's backlog has room.
  if (connect(fd.get(), reinterpret_cast<sockaddr*>(&storage), size) < 0) {
    return absl::ErrnoToStatus(errno, absl::StrCat("cannot connect to ", server.ToString()));
  }
  fcntl(fd.get(), F_SETFL, O_NONBLOCK);
  return Stream(std::move(fd));
}

// The connections of one call of Open().
class Opening {
 public:
  explicit Opening(const OpenOptions& options)
      : options_(options),
        poller_(epoll_create1(EPOLL_CLOEXEC)),
        streams_(options.connections),
        sent_(options.connections),
        answers_(options.connections) {}

  absl::StatusOr<std::vector<Stream>> Run() {
    size_t started = 0;
    while (answered_ < options_.connections) {
      for (; started < options_.connections && started - answered_ < options_.concurrency;
           ++started) {
        if (absl::Status status = Start(started); !status.ok()) return Named(started, status);
      }
      epoll_event events[256];
      if (answered_ == started) continue;  // without a greeting, a connected connection is open
      const int count = epoll_wait(poller_.get(), events, std::size(events), kPatienceMs);
      if (count == 0) {
        return absl::DeadlineExceededError(absl::StrCat("no answer in ten seconds to ",
                                                        started - answered_, " greetings, after ",
                                                        answered_, " answers"));
      }
      for (int i = 0; i < count; ++i) {
        const size_t index = events[i].data.u64;
        absl::Status status = Advance(index, (events[i].events & ~EPOLLOUT) != 0);
        if (!status.ok()) return Named(index, status);
      }
    }
    if (!options_.keep) streams_.clear();
    return std::move(streams_);
  }

 private:
  static absl::Status Named(size_t index, const absl::Status& status) {
    return absl::Status(status.code(), absl::StrCat("connection ", index, ": ", status.message()));
  }

  absl::Status Start(size_t index) {
    absl::StatusOr<Stream> stream = Connect(options_.server, index);
    if (!stream.ok()) return stream.status();
    if (options_.tls != nullptr) {
      absl::Status status = stream->StartTlsClient(*options_.tls, options_.tls_name);
      if (!status.ok()) return status;
    }
    streams_[index] = *std::move(stream);
    epoll_event event = {.events = EPOLLIN, .data = {.u64 = index}};
    epoll_ctl(poller_.get(), EPOLL_CTL_ADD, streams_[index].fd(), &event);
    return Advance(index, false);
  }

  // Performs the handshake, sends the greeting, and reads the answer.
  absl::Status Advance(size_t index, bool readable) {
    Stream& stream = streams_[index];
    const absl::string_view request = options_.greeting.request();
    IoResult result = stream.Handshake();
    while (result.ok() && sent_[index] < request.size()) {
      result = stream.Write(request.substr(sent_[index]));
      sent_[index] += result.bytes;
    }
    if (result.ok() && (!readable || request.empty())) return Check(index);
    if (result.ok()) {
      char buffer[4096];
      result = stream.Read(absl::MakeSpan(buffer));
      if (result.status == IoStatus::kEof) {
        return absl::UnavailableError("closed by the server while others were opened");
      }
      answers_[index].append(buffer, result.bytes);
      if (result.ok()) return Check(index);
    }
    if (result.status == IoStatus::kError) return stream.Error(result);
    epoll_event event = {.events = EPOLLIN | (result.wanted == Interest::kRead ? 0u : EPOLLOUT),
                         .data = {.u64 = index}};
    epoll_ctl(poller_.get(), EPOLL_CTL_MOD, stream.fd(), &event);
    return absl::OkStatus();
  }

  // Counts the connection once its answer is complete.
  absl::Status Check(size_t index) {
    const absl::StatusOr<bool> answered = options_.greeting.Answered(answers_[index]);
    if (!answered.ok()) return answered.status();
    if (!*answered) return absl::OkStatus();
    ++answered_;
    if (!options_.keep) streams_[index].Close();
    return absl::OkStatus();
  }

  const OpenOptions& options_;
  UniqueFd poller_;
  std::vector<Stream> streams_;
  std::vector<size_t> sent_;  // of the greeting
  std::vector<std::string> answers_;
  size_t answered_ = 0;
};

}  // namespace

Greeting Greeting::Bare() { return Greeting(Kind::kBare, std::string(kBareRequest, 'r')); }

Greeting Greeting::WebSocket(absl::string_view host, absl::string_view path) {
  return Greeting(Kind::kWebSocket, absl::StrCat("GET ", path, " HTTP/1.1\r\nHost: ", host,
                                                 "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                                                 "Sec-WebSocket-Key: ",
                                                 kNonce,
                                                 "\r\nSec-WebSocket-Version: 13\r\n"
                                                 "User-Agent: Weft load generator\r\n\r\n"));
}

absl::StatusOr<bool> Greeting::Answered(absl::string_view answer) const {
  size_t size = 0;
  switch (kind_) {
    case Kind::kNone:
      break;
    case Kind::kBare:
      if (answer.size() < kBareAnswer) return false;
      size = kBareAnswer;
      break;
    case Kind::kWebSocket: {
      const size_t end = answer.find("\r\n\r\n");
      if (end == absl::string_view::npos) {
        if (answer.size() < 16384) return false;
        return absl::FailedPreconditionError("the response to its handshake is too long");
      }
      size = end + 4;
      if (absl::Status status = CheckHead(answer.substr(0, end)); !status.ok()) return status;
      break;
    }
  }
  if (answer.size() == size) return true;
  return absl::FailedPreconditionError(
      absl::StrCat(answer.size() - size, " bytes came that are not part of an answer"));
}

absl::StatusOr<std::vector<Stream>> Open(const OpenOptions& options) {
  return Opening(options).Run();
}

}  // namespace weft::bench
