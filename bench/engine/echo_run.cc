#include "weft/bench/engine/echo_run.h"

#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <utility>

#include "absl/strings/str_cat.h"
#include "weft/bench/engine/now.h"
#include "weft/transport/io.h"

namespace weft::bench {
namespace {

constexpr absl::Duration kPatience = absl::Seconds(10);
constexpr absl::Duration kMaxAttention = absl::Milliseconds(50);  // to those that wait
// Messages started before the next look at the time and at the echoes: at a rate that is too high,
// more become due meanwhile than were started.
constexpr int kMaxStarts = 1000;
constexpr uint64_t kTimer = UINT64_MAX;  // the timer's place among the events
constexpr uint64_t kNoLimit = std::numeric_limits<uint64_t>::max();

// An empty Close frame with 1000, masked with 0.
constexpr absl::string_view kCloseFrame("\x88\x82\0\0\0\0\x03\xe8", 8);

}  // namespace

EchoRun::EchoRun(const EchoStream& echoes, size_t depth, absl::Span<Stream> streams,
                 OnFailure on_failure)
    : echoes_(echoes),
      depth_(depth),
      on_failure_(std::move(on_failure)),
      poller_(epoll_create1(EPOLL_CLOEXEC)),
      timer_(poller_.is_open() ? timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC) : -1),
      status_(timer_.is_open() ? absl::OkStatus()
                               : absl::ErrnoToStatus(errno, "cannot create epoll and a timer")),
      buffer_(512 * 1024) {
  epoll_event event = {.events = EPOLLIN, .data = {.u64 = kTimer}};
  epoll_ctl(poller_.get(), EPOLL_CTL_ADD, timer_.get(), &event);
  for (Stream& stream : streams) Add(stream);
}

void EchoRun::Add(Stream& stream, std::string early, const std::optional<DeflateAgreement>& deflate,
                  std::optional<size_t> number) {
  const size_t i = peers_.size();
  Peer peer = {.stream = &stream,
               .number = number.value_or(i),
               .first = i % echoes_.cycle(),
               .last = 0,
               .started = {}};
  peer.last = peer.first;
  peer.started.resize(depth_);
  peer.sent = peer.first * echoes_.sent_size();
  peer.received = peer.first * echoes_.echo_size();
  peer.completed = peer.first;
  peer.early = std::move(early);
  if (deflate.has_value()) {
    peer.parsed = std::make_unique<ParsedEchoes>(echoes_);
    peer.parsed->UseDeflate(*deflate);
  }
  peers_.push_back(std::move(peer));
  epoll_event event = {.events = EPOLLIN, .data = {.u64 = i}};
  epoll_ctl(poller_.get(), EPOLL_CTL_ADD, stream.fd(), &event);
}

// ---- Starting ----

absl::Status EchoRun::Begin(Pace pace, absl::Duration after) {
  if (!status_.ok()) return status_;
  pace_ = pace;
  begin_ = Now() + absl::ToInt64Nanoseconds(after);
  next_ = 0;
  stopped_ = false;
  for (Peer& peer : peers_) peer.paced_from = StartedBy(peer);
  return TakeEarly();
}

absl::Status EchoRun::TakeEarly() {
  for (Peer& peer : peers_) {
    if (peer.early.empty()) continue;
    absl::Status status = Check(peer, std::exchange(peer.early, ""));
    if (!status.ok()) status = Survive(peer, std::move(status));
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status EchoRun::Start(uint64_t messages) {
  absl::Status begun = Begin(Pace::kClosed, absl::ZeroDuration());
  if (!begun.ok()) return begun;
  for (Peer& peer : peers_) {
    peer.last = messages > kNoLimit - peer.first ? kNoLimit : peer.first + messages;
    if (absl::Status status = Serve(peer, false); !status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status EchoRun::StartGradually(absl::Duration ramp_up) {
  if (ramp_up <= absl::ZeroDuration()) return Start();
  schedule_ = RateSchedule(static_cast<double>(peers_.size()) / absl::ToDoubleSeconds(ramp_up));
  return Begin(Pace::kGradual, absl::ZeroDuration());
}

absl::Status EchoRun::StartPaced(const RateSchedule& schedule, absl::Duration after) {
  schedule_ = schedule;
  return Begin(Pace::kOpen, after);
}

// When more is to be started, or INT64_MAX.
int64_t EchoRun::NextDue() const {
  const bool none = stopped_ || pace_ == Pace::kClosed || peers_.empty() ||
                    (pace_ == Pace::kGradual && next_ == peers_.size());
  return none ? INT64_MAX : begin_ + schedule_.Due(next_);
}

// The next message of the open loop, or the next connection.
EchoRun::Peer& EchoRun::TakeNext() {
  Peer& peer = peers_[next_++ % peers_.size()];
  if (peer.failed) return peer;
  if (pace_ == Pace::kOpen) {
    ++peer.last;
    ++due_;
  } else {
    peer.last = kNoLimit;
  }
  return peer;
}

absl::Status EchoRun::StartDue(int64_t now) {
  for (int left = kMaxStarts; left > 0 && NextDue() <= now; --left) {
    if (absl::Status status = Serve(TakeNext(), false); !status.ok()) return status;
  }
  return absl::OkStatus();
}

void EchoRun::StopStarting() {
  if (pace_ == Pace::kOpen) {
    const int64_t now = Now();
    while (NextDue() <= now) TakeNext();
    // An error is found again by FinishFor().
    for (Peer& peer : peers_) Serve(peer, false).IgnoreError();
  }
  stopped_ = true;
  for (Peer& peer : peers_) {
    peer.at_stop = peer.completed;
    // In an open loop those that are due wait for their turn.
    if (pace_ != Pace::kOpen) peer.last = std::min(peer.last, StartedBy(peer));
  }
}

// ---- Running ----

absl::Status EchoRun::Attend() {
  if (absl::Status status = TakeEarly(); !status.ok()) return status;
  const int64_t end = Now() + absl::ToInt64Nanoseconds(kMaxAttention);
  for (bool idle = false; !idle && Now() < end;) {
    if (absl::Status status = Turn(0, &idle); !status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status EchoRun::RunFor(absl::Duration duration) {
  const int64_t end = Now() + absl::ToInt64Nanoseconds(duration);
  bool idle;
  for (int64_t now = Now(); now < end; now = Now()) {
    if (absl::Status status = StartDue(now); !status.ok()) return status;
    if (absl::Status status = Turn(std::min(end, NextDue()), &idle); !status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::StatusOr<bool> EchoRun::FinishFor(absl::Duration duration) {
  const int64_t end = Now() + absl::ToInt64Nanoseconds(duration);
  const auto done = [](const Peer& peer) { return peer.failed || peer.completed == peer.last; };
  // A finished peer stays finished, so a peer that was skipped is not checked again.
  for (auto peer = peers_.begin();;) {
    peer = std::find_if_not(peer, peers_.end(), done);
    if (peer == peers_.end()) return true;
    if (Now() >= end) return false;
    bool idle;
    if (absl::Status status = Turn(end, &idle); !status.ok()) return status;
  }
}

void EchoRun::GiveUp(absl::Duration waited) {
  const int64_t now = Now();
  for (Peer& peer : peers_) {
    if (peer.failed || peer.completed == peer.last) continue;
    if (peer.completed == peer.at_stop) {
      const absl::Status why = absl::DeadlineExceededError(
          absl::StrCat("no echo within ", absl::FormatDuration(waited)));
      Survive(peer, Failed(peer, 0, why)).IgnoreError();
    } else {
      CountUnanswered(peer, now);
      peer.last = StartedBy(peer);
    }
  }
}

void EchoRun::CountUnanswered(const Peer& peer, int64_t now) {
  const uint64_t sent = StartedBy(peer);
  const uint64_t end = pace_ == Pace::kOpen ? peer.last : std::min(peer.last, sent);
  for (uint64_t message = peer.completed; message < end; ++message) {
    const int64_t start =
        message < sent ? peer.started[message % depth_] : StartOf(peer, message, now);
    round_trips_.Add(std::max<int64_t>(0, now - start));
    ++unanswered_;
  }
}

absl::Status EchoRun::Drain() {
  StopStarting();
  while (true) {
    const uint64_t before = messages_;
    const absl::StatusOr<bool> finished = FinishFor(kPatience);
    if (!finished.ok()) return finished.status();
    if (*finished) return absl::OkStatus();
    if (messages_ != before) continue;
    const auto waiting = std::find_if(peers_.begin(), peers_.end(),
                                      [](const Peer& peer) { return peer.completed != peer.last; });
    return Failed(*waiting, 0, absl::DeadlineExceededError("no echo in ten seconds"));
  }
}

void EchoRun::Close() {
  for (Peer& peer : peers_) {
    if (peer.failed) continue;
    if (peer.parsed != nullptr && peer.sent >= peer.plain_until) {
      peer.parsed->Close();
      peer.parsed->Write(*peer.stream);
    } else if (peer.sent % echoes_.sent_size() == 0) {
      peer.stream->Write(kCloseFrame);
    }
    peer.stream->Close();
  }
}

void EchoRun::ResetCounts() {
  messages_ = 0;
  due_ = 0;
  unanswered_ = 0;
  round_trips_ = Histogram();
}

absl::Status EchoRun::Turn(int64_t wake, bool* idle) {
  const int64_t wait = std::max<int64_t>(0, wake - Now());
  // epoll_wait() takes milliseconds, which would delay messages of an open loop.
  if (pace_ == Pace::kOpen && !stopped_) {
    const int64_t at = std::max<int64_t>(1, wake);
    const itimerspec timer = {.it_interval = {},
                              .it_value = {.tv_sec = at / 1000000000, .tv_nsec = at % 1000000000}};
    timerfd_settime(timer_.get(), TFD_TIMER_ABSTIME, &timer, nullptr);
  }
  const int64_t milliseconds = std::min<int64_t>((wait + 999999) / 1000000, 1000);
  epoll_event events[1024];
  const int count =
      epoll_wait(poller_.get(), events, std::size(events), static_cast<int>(milliseconds));
  *idle = count == 0;
  for (int i = 0; i < count; ++i) {
    if (events[i].data.u64 == kTimer) {
      uint64_t expirations;
      [[maybe_unused]] const ssize_t size = read(timer_.get(), &expirations, sizeof(expirations));
      continue;
    }
    absl::Status status = Serve(peers_[events[i].data.u64], (events[i].events & ~EPOLLOUT) != 0);
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status EchoRun::Serve(Peer& peer, bool readable) {
  if (peer.failed) return absl::OkStatus();
  absl::Status status = readable ? Receive(peer) : absl::OkStatus();
  if (status.ok()) status = Send(peer);
  return status.ok() ? status : Survive(peer, std::move(status));
}

// OK if the run continues without this connection.
absl::Status EchoRun::Survive(Peer& peer, absl::Status why) {
  if (on_failure_ == nullptr) return why;
  CountUnanswered(peer, Now());
  peer.failed = true;
  ++failed_;
  peer.stream->Close();
  on_failure_(why);
  return absl::OkStatus();
}

// ---- Sending ----

// Starts the message of the next byte to send, if it is not the first message.
uint64_t EchoRun::StartedBy(const Peer& peer) const {
  return (peer.sent + echoes_.sent_size() - 1) / echoes_.sent_size();
}

int64_t EchoRun::StartOf(const Peer& peer, uint64_t message, int64_t now) const {
  if (pace_ != Pace::kOpen || message < peer.paced_from) return now;
  const uint64_t index = static_cast<uint64_t>(&peer - peers_.data());
  return begin_ + schedule_.Due((message - peer.paced_from) * peers_.size() + index);
}

absl::Status EchoRun::Send(Peer& peer) {
  if (peer.parsed != nullptr) return SendParsed(peer);
  const uint64_t due = std::min(peer.last, peer.completed + depth_) * echoes_.sent_size();
  if (peer.sent >= due) return absl::OkStatus();
  if (absl::Status status = WriteBytes(peer, due, Now()); !status.ok()) return status;
  AwaitWriting(peer, peer.sent < due);
  return absl::OkStatus();
}

absl::Status EchoRun::WriteBytes(Peer& peer, uint64_t end, int64_t now) {
  const IoResult put = peer.stream->Write(echoes_.Sent(peer.sent, end - peer.sent));
  if (put.status == IoStatus::kError) return Failed(peer, 0, peer.stream->Error(put));
  uint64_t message = StartedBy(peer);
  peer.sent += put.bytes;
  for (const uint64_t started = StartedBy(peer); message < started; ++message) {
    peer.started[message % depth_] = StartOf(peer, message, now);
  }
  return absl::OkStatus();
}

absl::Status EchoRun::SendParsed(Peer& peer) {
  const uint64_t due = std::min(peer.last, peer.completed + depth_);
  const int64_t now = Now();
  if (peer.sent < peer.plain_until) {
    absl::Status status = WriteBytes(peer, peer.plain_until, now);
    if (!status.ok()) return status;
  }
  bool blocked = peer.sent < peer.plain_until;
  while (!blocked) {
    uint64_t message = StartedBy(peer);
    for (; message < due && peer.parsed->Send(message); ++message) {
      peer.started[message % depth_] = StartOf(peer, message, now);
      peer.sent += echoes_.sent_size();
    }
    if (!peer.parsed->has_output()) break;
    const IoResult put = peer.parsed->Write(*peer.stream);
    if (put.status == IoStatus::kError) return Failed(peer, 0, peer.stream->Error(put));
    blocked = !put.ok();
  }
  AwaitWriting(peer, blocked);
  return absl::OkStatus();
}

void EchoRun::AwaitWriting(Peer& peer, bool waits) {
  if (waits == peer.waits_to_send) return;
  peer.waits_to_send = waits;
  epoll_event event = {.events = EPOLLIN | (waits ? EPOLLOUT : 0u),
                       .data = {.u64 = static_cast<uint64_t>(&peer - peers_.data())}};
  epoll_ctl(poller_.get(), EPOLL_CTL_MOD, peer.stream->fd(), &event);
}

// ---- Receiving ----

absl::Status EchoRun::Receive(Peer& peer) {
  IoResult got;
  do {
    got = peer.stream->Read(absl::MakeSpan(buffer_));
    if (got.status == IoStatus::kWouldBlock) return absl::OkStatus();
    if (got.status == IoStatus::kEof) {
      return Failed(peer, 0, absl::UnavailableError("closed by the server"));
    }
    if (!got.ok()) return Failed(peer, 0, peer.stream->Error(got));
    absl::Status status = Check(peer, {buffer_.data(), got.bytes});
    if (!status.ok()) return status;
  } while (got.more);
  return absl::OkStatus();
}

absl::Status EchoRun::Check(Peer& peer, absl::string_view bytes) {
  if (peer.parsed != nullptr) return CheckParsed(peer, bytes);
  const size_t wrong = echoes_.Mismatch(peer.received, bytes);
  const uint64_t started = StartedBy(peer) * echoes_.echo_size();
  if (wrong != absl::string_view::npos && !echoes_.raw() &&
      peer.received + wrong < started + echoes_.echo_size()) {
    return Parse(peer, wrong, bytes);
  }
  if (wrong != absl::string_view::npos) {
    return Failed(peer, wrong, absl::DataLossError(echoes_.Describe(peer.received, bytes, wrong)));
  }
  if (peer.received + bytes.size() > started) {
    return Failed(peer, started - peer.received, absl::DataLossError("an echo without a message"));
  }
  peer.received += bytes.size();
  Complete(peer);
  return absl::OkStatus();
}

// From the frame of the first byte that is not of a plain echo.
absl::Status EchoRun::Parse(Peer& peer, size_t wrong, absl::string_view bytes) {
  const uint64_t at = peer.received + wrong;
  const uint64_t frame = at / echoes_.echo_size() * echoes_.echo_size();
  const std::string beginning(echoes_.Echo(frame, at - frame));
  peer.received = frame;
  Complete(peer);
  peer.parsed = std::make_unique<ParsedEchoes>(echoes_);
  // A message that was begun, and with TLS also one that is encrypted already, is sent as it is.
  const uint64_t size = echoes_.sent_size();
  peer.plain_until = StartedBy(peer) * size;
  if (peer.waits_to_send) {
    peer.plain_until =
        std::max(peer.plain_until, std::min(peer.last, peer.completed + depth_) * size);
  }
  absl::Status status = CheckParsed(peer, beginning);
  return status.ok() ? CheckParsed(peer, bytes.substr(wrong)) : status;
}

absl::Status EchoRun::CheckParsed(Peer& peer, absl::string_view bytes) {
  uint64_t completed = peer.completed;
  absl::Status status = peer.parsed->Take(bytes, StartedBy(peer), &completed);
  peer.received = completed * echoes_.echo_size();
  Complete(peer);
  return status.ok() ? status : Failed(peer, 0, status);
}

void EchoRun::Complete(Peer& peer) {
  const uint64_t end = peer.received / echoes_.echo_size();
  if (peer.completed == end) return;
  messages_ += end - peer.completed;
  const int64_t now = Now();
  for (; peer.completed < end; ++peer.completed) {
    round_trips_.Add(std::max<int64_t>(0, now - peer.started[peer.completed % depth_]));
  }
}

absl::Status EchoRun::Failed(const Peer& peer, size_t index, const absl::Status& why) const {
  const uint64_t at = peer.received - peer.first * echoes_.echo_size() + index;
  return absl::Status(why.code(),
                      absl::StrCat("connection ", peer.number, ", byte ", at, ": ", why.message()));
}

}  // namespace weft::bench
