#include "weft/bench/fanout_run.h"

#include <sys/epoll.h>

#include <iterator>

#include "absl/strings/str_cat.h"
#include "weft/bench/engine/now.h"
#include "weft/transport/io.h"

namespace weft::bench {
namespace {

constexpr int kPatienceMs = 10000;

}  // namespace

FanoutRun::FanoutRun(const EchoStream& messages, size_t depth, absl::Span<Stream> streams)
    : messages_(messages),
      depth_(depth),
      poller_(epoll_create1(EPOLL_CLOEXEC)),
      buffer_(512 * 1024),
      started_(depth),
      missing_(depth) {
  for (size_t i = 0; i < streams.size(); ++i) {
    peers_.push_back({.stream = &streams[i]});
    epoll_event event = {.events = EPOLLIN, .data = {.u64 = i}};
    epoll_ctl(poller_.get(), EPOLL_CTL_ADD, streams[i].fd(), &event);
  }
}

absl::Status FanoutRun::RunFor(absl::Duration duration) {
  const int64_t end = Now() + absl::ToInt64Nanoseconds(duration);
  bool idle;
  for (int64_t now = Now(); now < end; now = Now()) {
    if (absl::Status status = Send(); !status.ok()) return status;
    const int timeout = static_cast<int>((end - now) / 1000000 + 1);
    if (absl::Status status = Turn(timeout, &idle); !status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status FanoutRun::Drain() {
  while (delivered_ < sent_) {
    bool idle;
    if (absl::Status status = Turn(kPatienceMs, &idle); !status.ok()) return status;
    if (idle) {
      return absl::DeadlineExceededError(
          absl::StrCat("no byte in ten seconds, and message ", delivered_, " has not reached ",
                       missing_[delivered_ % depth_], " connections"));
    }
  }
  return absl::OkStatus();
}

void FanoutRun::ResetCounts() {
  deliveries_ = 0;
  delays_ = Histogram();
}

absl::Status FanoutRun::Turn(int timeout_ms, bool* idle) {
  epoll_event events[1024];
  const int count = epoll_wait(poller_.get(), events, std::size(events), timeout_ms);
  *idle = count == 0;
  for (int i = 0; i < count; ++i) {
    if (absl::Status status = Receive(peers_[events[i].data.u64]); !status.ok()) return status;
  }
  return absl::OkStatus();
}

// All messages that may be in flight, in one write.
absl::Status FanoutRun::Send() {
  const uint64_t messages = delivered_ + depth_ - sent_;
  if (messages == 0) return absl::OkStatus();
  const size_t size = messages_.sent_size();
  const int64_t now = Now();
  for (uint64_t i = 0; i < messages; ++i) {
    started_[(sent_ + i) % depth_] = now;
    missing_[(sent_ + i) % depth_] = peers_.size();
  }
  const IoResult put = peers_[0].stream->Write(messages_.Sent(sent_ * size, messages * size));
  if (put.status == IoStatus::kError) {
    return Failed(peers_[0], peers_[0].stream->Error(put).message());
  }
  if (put.bytes != messages * size) return Failed(peers_[0], "its socket accepts no more bytes");
  sent_ += messages;
  return absl::OkStatus();
}

absl::Status FanoutRun::Receive(Peer& peer) {
  const IoResult got = peer.stream->Read(absl::MakeSpan(buffer_));
  if (got.status == IoStatus::kWouldBlock) return absl::OkStatus();
  if (got.status == IoStatus::kEof) return Failed(peer, "closed by the server");
  if (!got.ok()) return Failed(peer, peer.stream->Error(got).message());
  const absl::string_view bytes(buffer_.data(), got.bytes);
  const size_t wrong = messages_.Mismatch(peer.received, bytes);
  if (wrong != absl::string_view::npos) {
    return Failed(peer, messages_.Describe(peer.received, bytes, wrong));
  }
  peer.received += bytes.size();
  if (peer.received > sent_ * messages_.echo_size())
    return Failed(peer, "bytes that no connection sent");
  const uint64_t end = peer.received / messages_.echo_size();
  if (peer.completed == end) return absl::OkStatus();
  const int64_t now = Now();
  deliveries_ += end - peer.completed;
  for (; peer.completed < end; ++peer.completed) {
    delays_.Add(now - started_[peer.completed % depth_]);
    --missing_[peer.completed % depth_];
  }
  while (delivered_ < sent_ && missing_[delivered_ % depth_] == 0) ++delivered_;
  return absl::OkStatus();
}

absl::Status FanoutRun::Failed(const Peer& peer, absl::string_view what) const {
  return absl::DataLossError(absl::StrCat("connection ", &peer - peers_.data(), ": ", what));
}

}  // namespace weft::bench
