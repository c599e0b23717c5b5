#include "weft/bench/echo_run.h"

#include <sys/epoll.h>
#include <time.h>

#include <algorithm>
#include <iterator>

#include "absl/strings/str_cat.h"
#include "weft/transport/io.h"

namespace weft::bench {
namespace {

constexpr int kPatienceMs = 10000;

int64_t Now() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * int64_t{1000000000} + now.tv_nsec;
}

}  // namespace

EchoRun::EchoRun(const EchoStream& echoes, size_t depth, absl::Span<Stream> streams)
    : echoes_(echoes), depth_(depth), poller_(epoll_create1(EPOLL_CLOEXEC)), buffer_(512 * 1024) {
  for (size_t i = 0; i < streams.size(); ++i) {
    Peer peer = {.stream = &streams[i], .first = i % echoes.cycle(), .last = 0, .started = {}};
    peer.started.resize(depth);
    peer.sent = peer.first * echoes.sent_size();
    peer.received = peer.first * echoes.echo_size();
    peer.completed = peer.first;
    peers_.push_back(std::move(peer));
    epoll_event event = {.events = EPOLLIN, .data = {.u64 = i}};
    epoll_ctl(poller_.get(), EPOLL_CTL_ADD, streams[i].fd(), &event);
  }
}

absl::Status EchoRun::Start(uint64_t messages) {
  for (Peer& peer : peers_) {
    peer.last = messages > UINT64_MAX - peer.first ? UINT64_MAX : peer.first + messages;
    if (absl::Status status = Send(peer); !status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status EchoRun::RunFor(absl::Duration duration) {
  const int64_t end = Now() + absl::ToInt64Nanoseconds(duration);
  bool idle;
  for (int64_t now = Now(); now < end; now = Now()) {
    const int timeout = static_cast<int>((end - now) / 1000000 + 1);
    if (absl::Status status = Turn(timeout, &idle); !status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status EchoRun::RunPaced(absl::Duration duration, absl::Duration interval) {
  const int64_t between = absl::ToInt64Nanoseconds(interval) / static_cast<int64_t>(peers_.size());
  if (next_start_ == 0) next_start_ = Now();
  const int64_t end = Now() + absl::ToInt64Nanoseconds(duration);
  bool idle;
  for (int64_t now = Now(); now < end; now = Now()) {
    for (; next_start_ <= now; next_start_ += between) {
      Peer& peer = peers_[next_peer_];
      next_peer_ = (next_peer_ + 1) % peers_.size();
      ++peer.last;
      if (absl::Status status = Send(peer); !status.ok()) return status;
    }
    if (absl::Status status = Turn(1, &idle); !status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status EchoRun::Drain() {
  for (Peer& peer : peers_) peer.last = std::min(peer.last, StartedBy(peer));
  const auto done = [](const Peer& peer) { return peer.completed == peer.last; };
  // A finished peer stays finished, so a peer that was skipped is not checked again.
  for (auto peer = peers_.begin();;) {
    peer = std::find_if_not(peer, peers_.end(), done);
    if (peer == peers_.end()) return absl::OkStatus();
    bool idle;
    if (absl::Status status = Turn(kPatienceMs, &idle); !status.ok()) return status;
    if (idle) {
      absl::Status status = Failed(*peer, 0, "no byte in ten seconds");
      return absl::DeadlineExceededError(status.message());
    }
  }
}

void EchoRun::ResetCounts() {
  messages_ = 0;
  round_trips_ = Histogram();
}

absl::Status EchoRun::Turn(int timeout_ms, bool* idle) {
  epoll_event events[1024];
  const int count = epoll_wait(poller_.get(), events, std::size(events), timeout_ms);
  *idle = count == 0;
  for (int i = 0; i < count; ++i) {
    Peer& peer = peers_[events[i].data.u64];
    if (events[i].events & ~EPOLLOUT) {
      if (absl::Status status = Receive(peer); !status.ok()) return status;
    }
    if (absl::Status status = Send(peer); !status.ok()) return status;
  }
  return absl::OkStatus();
}

// Starts the message of the next byte to send, if it is not the first message.
uint64_t EchoRun::StartedBy(const Peer& peer) const {
  return (peer.sent + echoes_.sent_size() - 1) / echoes_.sent_size();
}

absl::Status EchoRun::Send(Peer& peer) {
  const size_t size = echoes_.sent_size();
  const uint64_t due = std::min(peer.last, peer.completed + depth_) * size;
  if (peer.sent == due) return absl::OkStatus();

  const int64_t now = Now();
  const IoResult put = peer.stream->Write(echoes_.Sent(peer.sent, due - peer.sent));
  if (put.status == IoStatus::kError) return Failed(peer, 0, peer.stream->Error(put).message());

  uint64_t message = StartedBy(peer);
  peer.sent += put.bytes;
  for (const uint64_t end = StartedBy(peer); message < end; ++message) {
    peer.started[message % depth_] = now;
  }
  const bool waits_to_send = peer.sent < due;
  if (waits_to_send != peer.waits_to_send) {
    peer.waits_to_send = waits_to_send;
    epoll_event event = {.events = EPOLLIN | (waits_to_send ? EPOLLOUT : 0u),
                         .data = {.u64 = static_cast<uint64_t>(&peer - peers_.data())}};
    epoll_ctl(poller_.get(), EPOLL_CTL_MOD, peer.stream->fd(), &event);
  }
  return absl::OkStatus();
}

absl::Status EchoRun::Receive(Peer& peer) {
  IoResult got;
  do {
    got = peer.stream->Read(absl::MakeSpan(buffer_));
    if (got.status == IoStatus::kWouldBlock) return absl::OkStatus();
    if (got.status == IoStatus::kEof) return Failed(peer, 0, "closed by the server");
    if (!got.ok()) return Failed(peer, 0, peer.stream->Error(got).message());
    absl::Status status = Check(peer, {buffer_.data(), got.bytes});
    if (!status.ok()) return status;
  } while (got.more);
  return absl::OkStatus();
}

absl::Status EchoRun::Check(Peer& peer, absl::string_view bytes) {
  const size_t wrong = echoes_.Mismatch(peer.received, bytes);
  if (wrong != absl::string_view::npos) {
    return Failed(peer, wrong, echoes_.Describe(peer.received, bytes, wrong));
  }
  const uint64_t due = StartedBy(peer) * echoes_.echo_size();
  if (peer.received + bytes.size() > due) {
    return Failed(peer, due - peer.received, "an echo without a message");
  }
  peer.received += bytes.size();
  Complete(peer);
  return absl::OkStatus();
}

void EchoRun::Complete(Peer& peer) {
  const uint64_t end = peer.received / echoes_.echo_size();
  if (peer.completed == end) return;
  messages_ += end - peer.completed;
  const int64_t now = Now();
  for (; peer.completed < end; ++peer.completed) {
    round_trips_.Add(now - peer.started[peer.completed % depth_]);
  }
}

absl::Status EchoRun::Failed(const Peer& peer, size_t index, absl::string_view what) const {
  const uint64_t at = peer.received - peer.first * echoes_.echo_size() + index;
  return absl::DataLossError(
      absl::StrCat("connection ", &peer - peers_.data(), ", byte ", at, ": ", what));
}

}  // namespace weft::bench
