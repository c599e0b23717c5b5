#include "weft/loop/event_loop.h"

#include <cerrno>

#include "absl/types/span.h"

namespace weft {
namespace {

constexpr size_t kMaxReadyPerTurn = 256;

}  // namespace

EventLoop::EventLoop(const Clock& clock)
    : clock_(clock),
      now_ms_(clock.NowMs()),
      timers_(now_ms_),
      mailbox_(std::make_shared<Mailbox>()),
      ready_(kMaxReadyPerTurn) {
  // A null tag is the mailbox: the loop's only descriptor of its own.
  if (mailbox_->error() != 0) {
    error_ = mailbox_->error();
  } else if (!poller_.Add(mailbox_->fd(), Poller::kRead, nullptr)) {
    error_ = errno;
  }
}

EventLoop::~EventLoop() { mailbox_->Close(); }

void EventLoop::Run() {
  mailbox_->BindToThisThread();
  while (!stopped_) Turn();
}

void EventLoop::Turn() {
  int64_t wait_ms = timers_.NextMs(now_ms_);
  if (wait_ms >= 0) wait_ms = clock_.WaitMs(wait_ms);
  const size_t count = poller_.Wait(absl::MakeSpan(ready_), wait_ms);
  now_ms_ = clock_.NowMs();

  bool mail = false;
  for (const Poller::Ready& ready : absl::MakeConstSpan(ready_).first(count)) {
    auto* source = static_cast<EventSource*>(ready.tag);
    if (source == nullptr) {
      mail = true;
      continue;
    }
    if (ready.readable) source->OnReadable();
    if (ready.writable) source->OnWritable();
  }
  timers_.Advance(now_ms_);
  if (mail) mailbox_->RunTasks();
  end_of_turn_();
}

}  // namespace weft
